// machine: one qemu process: how it is started, found and ended.
#pragma once

#include "harness/core/result.h"
#include "harness/core/text.h"
#include "lab/qmp.h"
#include "lab/store.h"

namespace ernstfall {

struct MachineStart {
  bool from_snapshot = false;  // resume the snapshot, paused
};

inline constexpr const char* kSnapshotTag = "base";

Argv qemu_argv(const LabStore& store, const Topology& topology, const LabState& state,
               const LabNode& node, const MachineStart& start);

// Makes the node's disks where they are missing (or all new).
Status make_disks(const LabStore& store, const Topology& topology, const LabState& state,
                  const LabNode& node, bool all_new, const std::stop_token& stop);
Status start_machine(const LabStore& store, const Topology& topology, const LabState& state,
                     const LabNode& node, const MachineStart& start, const std::stop_token& stop);
// The machine's monitor, once it answers. When qemu ended: what it said.
Result<Qmp> machine_monitor(const LabStore& store, const std::string& node, Deadline deadline,
                            const std::stop_token& stop);
Status stop_machine(const LabStore& store, const std::string& node, Deadline deadline);

// "kvm" when a kernel really boots with it, else "tcg". The device's presence proves nothing.
std::string choose_accelerator(const std::filesystem::path& image, const std::stop_token& stop);

}  // namespace ernstfall
