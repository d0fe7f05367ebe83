// net.loss: some packets vanish, each independently of the others.
#include <array>

#include "harness/faults/net_shape.h"

namespace ernstfall {

extern const FaultType kNetLoss;

namespace net_loss {
namespace {

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const NetScope scope, net_scope(kNetLoss, target, step));
  ERNSTFALL_TRY(const double share, net_share(kNetLoss, step));
  NetShape shape;
  shape.kind = NetShape::Kind::loss;
  shape.amount = share;
  shape.queue = fmt::format("{} loss random {:g}%", kNetem, share);
  shape.words = fmt::format("lose {:g}% of the", share);
  return plan_net_shape(target, scope, shape);
}

constexpr std::array kParams{kNetFrom, kNetPorts, kNetDirection, kNetShare};

}  // namespace
}  // namespace net_loss

const FaultType kNetLoss{"net.loss",
                         "lose some of the packets between a node and others",
                         net_loss::kParams,
                         kNetShapeNeeds,
                         "the queue has counted lost packets",
                         kNetShapeUndoneBy,
                         false,
                         net_loss::plan};

}  // namespace ernstfall
