// store: where labs live, and what is remembered about one.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "harness/core/clock.h"
#include "harness/core/files.h"
#include "harness/core/result.h"
#include "lab/topology.h"

namespace ernstfall {

Result<std::filesystem::path> cache_folder();  // .../ernstfall
// Files of ours that are needed at run time: $ERNSTFALL_DATA, else the source tree, else
// /usr/share/ernstfall.
std::filesystem::path data_folder();

// A process that may since have been replaced by another with the same number.
struct ProcessId {
  int pid = 0;
  std::uint64_t start_ticks = 0;
  bool alive() const;
};

struct LabState {
  std::string accelerator;
  std::string image;        // folder of the image
  double boot_seconds = 0;  // last boot of all nodes from disk
  bool has_snapshot = false;
  std::set<std::string> done;  // steps of `up`: "disks", "drbd", "service"
};

// One lab's folder. Everything in it is written atomically.
class LabStore {
 public:
  // Errc::usage when there is no such lab.
  static Result<LabStore> open(const std::string& lab);
  static Result<LabStore> create(const std::string& lab, const std::string& topology_text);

  const std::string& name() const { return name_; }
  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path file(const std::string& name) const { return folder_ / name; }
  std::filesystem::path node_file(const std::string& node, const std::string& what) const {
    return folder_ / (node + "." + what);
  }

  Result<Topology> topology() const;
  Result<LabState> state() const;
  Status save(const LabState& state) const;
  // Process of a virtual machine ("qemu") or of the namespace ("namespace"); nullopt when it is
  // gone.
  std::optional<ProcessId> process(const std::string& what) const;
  Status remember_process(const std::string& what, int pid) const;
  void forget_process(const std::string& what) const;

 private:
  LabStore(std::string name, std::filesystem::path folder)
      : name_(std::move(name)), folder_(std::move(folder)) {}
  std::string name_;
  std::filesystem::path folder_;
};

// Every process that carries the lab's mark in its environment: also those that a killed `up` had
// no time to write down.
inline constexpr const char* kLabMark = "ERNSTFALL_LAB_FOLDER";
std::vector<ProcessId> marked_processes(const std::filesystem::path& lab_folder);
// SIGKILL, and wait until it is gone.
Status kill_process(const ProcessId& process, Deadline deadline);

}  // namespace ernstfall
