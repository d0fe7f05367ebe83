// drbd.detach: a node loses its disk below DRBD and goes on with that of its peer.
#include <array>

#include "harness/faults/drbd_script.h"

namespace ernstfall {

extern const FaultType kDrbdDetach;

namespace drbd_detach {
namespace {

constexpr std::string_view kReady = R"sh(
case $(values device disk) in *UpToDate*) ;; *) no "$res has no disk here" ;; esac
case $(values peer-device peer-disk) in *UpToDate*) ;; *) no "no peer of $res has a disk to go on with" ;; esac
)sh";

constexpr std::string_view kApply = R"sh(
remember
begin
drbdadm detach "$res" || no "$res does not let go of its disk"
)sh";

constexpr std::string_view kConfirm = R"sh(
for d in $(values device disk); do
  [ "$d" = Diskless ] || no "the disk of $res is $d"
done
for disk in $(cat "$keep/disks"); do
  free_disk "$disk" || no "someone still holds $disk"
done
say "$res is Diskless, and nobody holds $(cat "$keep/disks")"
)sh";

constexpr std::string_view kUndo = "put_back\n";
constexpr std::string_view kUndone = "is_whole\n";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const std::string res, drbd_resource(kDrbdDetach, target, step));
  return plan_drbd_scripts(target, res, {kReady, kApply, kConfirm, kUndo, kUndone}, {},
                           "detach the disk of " + res + " on " + target.node.name,
                           res + " has no disk here");
}

constexpr std::array kParams{kDrbdResource};

}  // namespace
}  // namespace drbd_detach

const FaultType kDrbdDetach{
    "drbd.detach",
    "take the backing disk from a DRBD resource",
    drbd_detach::kParams,
    "the resource is connected and UpToDate, here and on a peer, and runs as its file says",
    "DRBD says Diskless, and nobody holds the disk",
    "attached again; proven when every disk is UpToDate again, after the resync",
    false,
    drbd_detach::plan,
    Takes::copy};

}  // namespace ernstfall
