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

const FaultType kDrbdForcePrimary{"drbd.force-primary",
                                  "cut a Secondary off, outdate it, and force it to be Primary",
                                  drbd_force_primary::kParams,
                                  kSecondPrimaryNeeds,
                                  kSecondPrimaryConfirmedBy,
                                  kSecondPrimaryUndoneBy,
                                  false,
                                  drbd_force_primary::plan,
                                  Takes::copy,
                                  true};

}  // namespace ernstfall
