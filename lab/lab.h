// lab: virtual machines that run real DRBD, on this machine, in a network namespace of their own.
//
//   CACHE/images/HASH/   root.img vmlinuz initrd.img: shared by all labs with the same content
//   CACHE/labs/NAME/     everything of one lab: state, disks, keys, consoles, cluster files
//
// CACHE is ${XDG_CACHE_HOME:-~/.cache}/ernstfall. Nothing else of the host is changed.
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "harness/core/clock.h"
#include "harness/core/result.h"

namespace ernstfall {

using LabSay = std::function<void(std::string_view)>;

struct LabUpOptions {
  std::string name;                // empty: the topology's
  std::filesystem::path topology;  // empty: homelab
  bool fresh = false;              // ignore the snapshot: boot from new disks
  LabSay say = [](std::string_view) {};
};

struct LabNodeStatus {
  std::string name;
  std::string address;
  bool powered = false;
  int pid = 0;
  bool answers_ssh = false;
};
struct LabStatus {
  std::string name;
  bool exists = false;
  bool up = false;  // the namespace is there and every step of `up` was done
  std::string accelerator;
  double boot_seconds = 0;  // of the last boot from disk
  bool has_snapshot = false;
  std::filesystem::path folder;
  std::vector<LabNodeStatus> nodes;
};

// Idempotent; resumes where an earlier `up` was ended. From the snapshot where there is one.
Status lab_up(const LabUpOptions& options, const std::stop_token& stop);
// Ends every process of the lab, also after SIGKILL of `up`. Keeps disks and snapshot; purge:
// nothing.
Status lab_down(const std::string& lab, bool purge);
Result<LabStatus> lab_status(const std::string& lab);
std::vector<std::string> list_labs();

// Snapshot of all machines together, and back to it: disks, memory, everything; clocks are stepped.
Status lab_snapshot(const std::string& lab, const std::stop_token& stop, const LabSay& say);
Status lab_reset(const std::string& lab, const std::stop_token& stop, const LabSay& say);

// Moves the calling process, which must have one thread only, into the lab's network.
Status enter_lab_namespace(const std::string& lab);
Result<std::filesystem::path> lab_cluster_file(const std::string& lab);
Result<std::filesystem::path> lab_folder(const std::string& lab);
// The ssh command line that reaches a node from inside the namespace.
Result<std::vector<std::string>> lab_ssh_argv(const std::string& lab, const std::string& node);

// A power cut is SIGKILL to the virtual machine; on is a boot from its disks. Callable from any
// process, inside the namespace or not yet.
enum class LabPower { on, off, cycle };
Status lab_power(const std::string& lab, const std::string& node, LabPower what, Deadline deadline,
                 const std::stop_token& stop);
Result<bool> lab_power_status(const std::string& lab, const std::string& node);

}  // namespace ernstfall
