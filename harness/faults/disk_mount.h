// disk_mount: what the faults of a mounted file system share: the parameter and the checks of it.
#pragma once

#include <string>
#include <string_view>

#include "harness/faults/fault.h"
#include "harness/faults/node_script.h"

namespace ernstfall {

constexpr ParamSpec kDiskMount{"mount", ParamValue::Kind::text, "", true,
                               "where the file system is mounted: an absolute path"};

// An absolute path without odd components, or Errc::usage.
Result<std::string> disk_mount(const FaultType& type, const FaultStep& step);

// Shell functions, for NodeScripts::lines: mount_ready, space_free, space_used, block_size and
// inodes_free, all of "$mount". "$mount" is $1 of every script.
extern const std::string_view kMountFunctions;

// Before the undo and the proof of faults whose files lie on the file system: at boot it may not be
// mounted yet, and what is below the mount point then is not what we left there. The undo is tried
// again until it is.
extern const std::string_view kMountAwaited;

}  // namespace ernstfall
