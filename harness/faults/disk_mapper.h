// disk_mapper: the faults of a device-mapper device (a logical volume of LVM is one): its table is
// wrapped while it is in use, and restored.
#pragma once

#include <string>
#include <string_view>

#include "harness/faults/fault.h"
#include "harness/faults/node_script.h"

namespace ernstfall {

constexpr ParamSpec kDiskDevice{
    "device", ParamValue::Kind::text, "", true,
    "path of a device-mapper device, such as /dev/vg0/data or /dev/mapper/data"};

struct DiskMapper {
  std::string_view target;   // device-mapper's target that does it; empty: suspend the device
  std::string_view module;   // the kernel module that brings it
  std::string_view confirm;  // after the functions of all scripts
  Argv args;  // what the target's line has behind device and offset; see disk_mapper.cpp
  std::string intended;
  std::string effect;
};

// Shell functions for NodeScripts::lines, about DRBD's disks; each does nothing without DRBD:
//   drbd_disk RESOURCE   its state here
//   drbd_disks           RESOURCE DISK, line by line
//   drbd_attach          attaches the resources in $keep/drbd again that dropped their disk
//   drbd_attached        no, while one of them has none
extern const std::string_view kDrbdDisks;

// Shell function node_part_on MAJOR:MINOR, for NodeScripts::ready_lines: says which part of the
// node itself is on that device, nothing when none is. Without it our undo could not work.
extern const std::string_view kNodeParts;

// An absolute path below /dev, or Errc::usage.
Result<std::string> disk_device(const FaultType& type, const FaultStep& step);

FaultPlan plan_disk_mapper(const FaultTarget& target, const std::string& device,
                           const DiskMapper& mapper);

}  // namespace ernstfall
