// drbd_script: what the faults of DRBD share: which resource, how its state is read, and the way
// back to Connected and UpToDate. For DRBD 8.4 and 9.
#pragma once

#include <string>
#include <string_view>

#include "harness/faults/fault.h"
#include "harness/faults/node_script.h"

namespace ernstfall {

inline constexpr ParamSpec kDrbdResource{"resource", ParamValue::Kind::text, "", false,
                                         "a DRBD resource; without it, that of the cluster file"};

// The parameter `resource`, or the cluster file's. Errc::usage for none, and for a node that does
// not run it.
Result<std::string> drbd_resource(const FaultType& type, const FaultTarget& target,
                                  const FaultStep& step);

// plan_scripts() with these lines before every script:
//   $res                    the resource, the first argument; the fault's own begin at $2
//   values OBJECT KEY       of events2: `values device disk` says UpToDate
//   trouble                 what keeps it from being whole, nothing when it is
//   remember                role, backing disks and ports as they are now: once, in $keep
//   links                   how many TCP connections of the resource stand
//   free_disk DISK          whether nobody holds the disk (an exclusive open succeeds)
//   put_back                as the configuration file says; undo's work
//   is_whole                no, unless it is connected and all disks are UpToDate
// and before `ready`: the resource is whole, and runs as its configuration file says.
FaultPlan plan_drbd_scripts(const FaultTarget& target, const std::string& resource,
                            const NodeScripts& scripts, Argv args, std::string intended,
                            std::string effect);

// One script alone with the same lines, for a peer: it has no $keep there.
std::string drbd_script_text(std::string_view body);

// What FaultType says of drbd.split-brain and drbd.force-primary.
inline constexpr std::string_view kSecondPrimaryNeeds =
    "a disposable cluster; the node is Secondary, its peer Primary, and both are UpToDate";
inline constexpr std::string_view kSecondPrimaryConfirmedBy =
    "the node is Primary, cut off, and takes a write; its peer is Primary, too, and alone";
inline constexpr std::string_view kSecondPrimaryUndoneBy =
    "what was written on this node since is thrown away (--discard-my-data) and synced from its "
    "peer; proven when every disk is UpToDate again";

// One side cut off and made Primary while the other one is, too: drbd.split-brain, and with `force`
// on outdated data drbd.force-primary.
Result<FaultPlan> plan_second_primary(const FaultType& type, const FaultTarget& target,
                                      const FaultStep& step, bool force);

}  // namespace ernstfall
