// drbd.pause-sync: no resync runs: what a replica missed it goes on missing.
#include <array>

#include "harness/faults/drbd_script.h"

namespace ernstfall {

extern const FaultType kDrbdPauseSync;

namespace drbd_pause_sync {
namespace {

constexpr std::string_view kReady = R"sh(
for s in $(values peer-device resync-suspended); do
  [ "$s" = no ] || no "the resync of $res is suspended already: $s"
done
)sh";

constexpr std::string_view kApply = R"sh(
remember
begin
drbdadm pause-sync "$res" || no "the resync of $res does not pause"
)sh";

constexpr std::string_view kConfirm = R"sh(
for s in $(values peer-device resync-suspended); do
  case $s in *user*) ;; *) no "resync-suspended of $res is $s" ;; esac
done
say "the resync of $res is suspended: $(values peer-device resync-suspended)"
)sh";

constexpr std::string_view kUndo = R"sh(
[ -e "$keep/was" ] || exit 0
case $(values peer-device resync-suspended) in
  *user*) drbdadm resume-sync "$res" || no "the resync of $res does not go on" ;;
esac
)sh";

constexpr std::string_view kUndone = R"sh(
case $(values peer-device resync-suspended) in *user*) no "the resync of $res is still suspended" ;; esac
is_whole
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const std::string res, drbd_resource(kDrbdPauseSync, target, step));
  return plan_drbd_scripts(target, res, {kReady, kApply, kConfirm, kUndo, kUndone}, {},
                           "pause every resync of " + res + " on " + target.node.name,
                           "a resync of " + res + " cannot run");
}

constexpr std::array kParams{kDrbdResource};

}  // namespace
}  // namespace drbd_pause_sync

const FaultType kDrbdPauseSync{
    "drbd.pause-sync",
    "pause the resync of a DRBD resource, also one that begins later",
    drbd_pause_sync::kParams,
    "the resource is connected and UpToDate, and its resync is not paused",
    "DRBD says that the resync is suspended by the user",
    "resumed, unless it was paused before; proven by the flag, and by disks that are UpToDate",
    false,
    drbd_pause_sync::plan};

}  // namespace ernstfall
