// net.corrupt: some packets arrive with a bit flipped.
#include <array>

#include "harness/faults/net_shape.h"

namespace ernstfall {

extern const FaultType kNetCorrupt;

namespace net_corrupt {
namespace {

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const NetScope scope, net_scope(kNetCorrupt, target, step));
  ERNSTFALL_TRY(const double share, net_share(kNetCorrupt, step));
  NetShape shape;
  shape.kind = NetShape::Kind::corrupt;
  shape.amount = share;
  shape.queue = fmt::format("{} corrupt {:g}%", kNetem, share);
  shape.words = fmt::format("flip a bit in {:g}% of the", share);
  return plan_net_shape(target, scope, shape);
}

constexpr std::array kParams{kNetFrom, kNetPorts, kNetDirection, kNetShare};

}  // namespace
}  // namespace net_corrupt

const FaultType kNetCorrupt{
    "net.corrupt",
    "flip a bit in some of the packets between a node and others",
    net_corrupt::kParams,
    "iproute2, iputils-ping and kmod on the node; ifb and netem or tbf in its kernel",
    "answers to pings are damaged or lost, of peers that had answered all; with ports: packets led "
    "through the queue are counted",
    "the fault's own filters and device are removed by their mark, and what it had to add (clsact, "
    "the ifb module) if nobody else uses it",
    false,
    net_corrupt::plan};

}  // namespace ernstfall
