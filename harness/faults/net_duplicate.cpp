// net.duplicate: some packets arrive twice.
#include <array>

#include "harness/faults/net_shape.h"

namespace ernstfall {

extern const FaultType kNetDuplicate;

namespace net_duplicate {
namespace {

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const NetScope scope, net_scope(kNetDuplicate, target, step));
  ERNSTFALL_TRY(const double share, net_share(kNetDuplicate, step));
  NetShape shape;
  shape.kind = NetShape::Kind::duplicate;
  shape.amount = share;
  shape.queue = fmt::format("{} duplicate {:g}%", kNetem, share);
  shape.words = fmt::format("duplicate {:g}% of the", share);
  return plan_net_shape(target, scope, shape);
}

constexpr std::array kParams{kNetFrom, kNetPorts, kNetDirection, kNetShare};

}  // namespace
}  // namespace net_duplicate

const FaultType kNetDuplicate{"net.duplicate",
                              "let some of the packets between a node and others arrive twice",
                              net_duplicate::kParams,
                              kNetShapeNeeds,
                              "more packets leave the queue than were led to it",
                              kNetShapeUndoneBy,
                              false,
                              net_duplicate::plan};

}  // namespace ernstfall
