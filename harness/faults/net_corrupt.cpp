// net.corrupt: some packets arrive with a bit flipped.
#include <array>

#include "harness/faults/net_shape.h"

namespace ernstfall {

extern const FaultType kNetCorrupt;

namespace net_corrupt {
namespace {

// With more, so few answers come back that what comes in could not be seen.
constexpr double kMostPercent = 90;

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const NetScope scope, net_scope(kNetCorrupt, target, step));
  ERNSTFALL_TRY(const double share, net_share(kNetCorrupt, step, kMostPercent));
  ERNSTFALL_CHECK(net_can_be_watched(kNetCorrupt, scope, share));
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
    kNetWatchedNeeds,
    "packets of our own are read behind the queue: their bytes are not those that went in",
    kNetShapeUndoneBy,
    false,
    net_corrupt::plan};

}  // namespace ernstfall
