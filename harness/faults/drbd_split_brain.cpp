// drbd.split-brain: two Primaries that cannot see each other, each with writes of its own.
#include <array>

#include "harness/faults/drbd_script.h"

namespace ernstfall {

extern const FaultType kDrbdSplitBrain;

namespace drbd_split_brain {
namespace {

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  return plan_second_primary(kDrbdSplitBrain, target, step, false);
}

constexpr std::array kParams{kDrbdResource};

}  // namespace
}  // namespace drbd_split_brain

const FaultType kDrbdSplitBrain{"drbd.split-brain",
                                "cut a Secondary off and make it Primary while its peer is",
                                drbd_split_brain::kParams,
                                kSecondPrimaryNeeds,
                                kSecondPrimaryConfirmedBy,
                                kSecondPrimaryUndoneBy,
                                false,
                                drbd_split_brain::plan,
                                Takes::copy,
                                true};

}  // namespace ernstfall
