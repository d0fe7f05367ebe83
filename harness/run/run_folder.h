// run_folder: where a run is kept, what it is made of, and who may work on it.
//
//   RUN/{meta.json, scenario.yaml, cluster.yaml, journal.jsonl, history/, nodes/NAME/, lock, ...}
//   runs/latest -> RUN
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "harness/cluster/cluster.h"
#include "harness/core/clock.h"
#include "harness/core/files.h"
#include "harness/core/result.h"
#include "harness/scenario/scenario.h"
#include "harness/suite/suite_log.h"

namespace ernstfall {

struct RunMeta {
  std::string run_id;
  std::string scenario;
  std::string cluster;
  std::uint64_t seed = 0;
  std::string started_utc;
  std::string program_version;
};

// Creates runs_root/<time>-<scenario>[-N] with the resolved files and meta.json, and points
// `latest` at it.
Result<std::filesystem::path> create_run_folder(const std::filesystem::path& runs_root,
                                                const Cluster& cluster, const Scenario& scenario,
                                                std::uint64_t seed, const RunClock& clock);
Result<RunMeta> read_run_meta(const std::filesystem::path& run_folder);

// A lock that a dead process does not hold (flock). nullopt: someone else has it.
class FileLock {
 public:
  static Result<std::optional<FileLock>> try_lock(const std::filesystem::path& path);

 private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};
// Held by whoever works on this run: the harness, heal, or the keeper when it heals.
std::filesystem::path run_lock_path(const std::filesystem::path& run_folder);
// Held by whoever injects faults into the cluster from this machine.
Result<std::filesystem::path> cluster_lock_path(const std::string& cluster_name);

// The first older run of this cluster under runs_root, or in a suite there, that still owes an
// undo; empty when none does. When runs_root is itself a suite, all that is beside it counts as
// well.
std::string find_unhealed_run(const std::filesystem::path& runs_root, const std::string& cluster);

}  // namespace ernstfall
