// drbd.force-primary: a cut-off Secondary with outdated data is promoted by force, while its peer
// is Primary.
#include <array>

#include "harness/faults/drbd_script.h"

namespace ernstfall {

extern const FaultType kDrbdForcePrimary;

namespace drbd_force_primary {
namespace {

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  return plan_second_primary(kDrbdForcePrimary, target, step, true);
}

constexpr std::array kParams{kDrbdResource};

}  // namespace
}  // namespace drbd_force_primary

const FaultType kDrbdForcePrimary{
    "drbd.force-primary",
    "cut a Secondary off, outdate it, and force it to be Primary",
    drbd_force_primary::kParams,
    "a disposable cluster; the node is Secondary, its peer Primary, and both are UpToDate",
    "the node is Primary, cut off, and takes a write; its peer is Primary, too, and alone",
    "what was written on this node since is thrown away (--discard-my-data) and synced from its "
    "peer;"
    " proven when every disk is UpToDate again",
    false,
    drbd_force_primary::plan,
    Takes::copy,
    true};

}  // namespace ernstfall
