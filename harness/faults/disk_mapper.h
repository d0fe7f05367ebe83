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

// An absolute path below /dev, or Errc::usage.
Result<std::string> disk_device(const FaultType& type, const FaultStep& step);

FaultPlan plan_disk_mapper(const FaultTarget& target, const std::string& device,
                           const DiskMapper& mapper);

}  // namespace ernstfall
