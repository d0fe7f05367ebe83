// heal: finishes the undo of a run after any crash, from its run folder alone.
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "harness/core/result.h"
#include "harness/inject/executor.h"

namespace ernstfall {

struct HealReport {
  std::vector<std::string> done;      // what was undone, in words and in order
  std::vector<std::string> problems;  // what could not be proven; empty = clean
  bool was_clean = false;             // there was nothing to do

  bool clean() const { return problems.empty(); }
};

struct HealOptions {
  std::string by = "heal";  // or "keeper"
  // A keeper heals also when a harness that hangs still holds the run's lock.
  bool ignore_lock = false;
  Deadline lock_deadline = Deadline::after(std::chrono::minutes(15));
  std::function<void(std::string_view)> say = [](std::string_view) {};
  // Tests give simulated nodes.
  std::function<Result<std::unique_ptr<NodeSet>>(const Cluster&)> open_nodes = NodeSet::open;
};

// Undoes every open undo of the journal: faults first, newest first; then waits for redundancy;
// then the runbook's way back; then compares the cluster with its state before the run.
// Errc::conflict-like refusals (Errc::refused) when the run is still in progress.
Result<HealReport> heal_run(const std::filesystem::path& run_folder, const HealOptions& options,
                            const std::stop_token& stop);

// Without a journal: powers on every node that is off, undoes every fault whose marks are found on
// a node, and waits for redundancy.
Result<HealReport> heal_cluster(const Cluster& cluster, const HealOptions& options,
                                const std::stop_token& stop);

}  // namespace ernstfall
