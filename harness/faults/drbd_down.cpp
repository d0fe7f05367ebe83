// drbd.down: a replica is switched off on its node: the other one is alone.
#include <array>

#include "harness/faults/drbd_script.h"

namespace ernstfall {

extern const FaultType kDrbdDown;

namespace drbd_down {
namespace {

constexpr std::string_view kReady = R"sh(
[ "$(values resource role)" = Secondary ] || no "$res is $(values resource role) here; only a Secondary can be switched off"
)sh";

constexpr std::string_view kApply = R"sh(
remember
begin
drbdadm down "$res" || no "$res does not go down"
)sh";

constexpr std::string_view kConfirm = R"sh(
[ -z "$(values device disk)" ] || no "DRBD still has a device of $res"
n=$(links)
[ "$n" = 0 ] || no "$n TCP connections of $res still stand"
for disk in $(cat "$keep/disks"); do
  free_disk "$disk" || no "someone still holds $disk"
done
say "$res is not there, it has no TCP connection, and nobody holds $(cat "$keep/disks")"
)sh";

constexpr std::string_view kUndo = "put_back\n";
constexpr std::string_view kUndone = "is_whole\n";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const std::string res, drbd_resource(kDrbdDown, target, step));
  return plan_drbd_scripts(target, res, {kReady, kApply, kConfirm, kUndo, kUndone}, {},
                           "switch " + res + " off on " + target.node.name, res + " is down");
}

constexpr std::array kParams{kDrbdResource};

}  // namespace
}  // namespace drbd_down

const FaultType kDrbdDown{
    "drbd.down",
    "switch a DRBD replica off on its node",
    drbd_down::kParams,
    "the node is Secondary; the resource is connected and UpToDate, and runs as its file says",
    "DRBD does not know the resource, it has no TCP connection, and nobody holds its disks",
    "switched on again; proven when every disk is UpToDate again, after the resync",
    false,
    drbd_down::plan,
    Takes::copy};

}  // namespace ernstfall
