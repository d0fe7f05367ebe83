// net.burst-loss: packets vanish in bursts, as on bad radio links and full buffers.
#include <array>

#include "harness/faults/net_shape.h"

namespace ernstfall {

extern const FaultType kNetBurstLoss;

namespace net_burst_loss {
namespace {

constexpr double kMostPercent = 90;
constexpr int kLongest = 10000;

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const NetScope scope, net_scope(kNetBurstLoss, target, step));
  ERNSTFALL_TRY(const double share, net_share(kNetBurstLoss, step, kMostPercent));
  ERNSTFALL_TRY(const ParamValue burst, param_of(kNetBurstLoss, step, "burst"));
  if (burst.number < 1 || burst.number > kLongest)
    return fail(Errc::usage, "net.burst-loss: burst is {}; expected 1 to {}", burst.text, kLongest);
  // Gilbert: from good to bad with probability p, back with r. A burst lasts 1/r packets, and
  // p / (p + r) of all packets are in one.
  const double r = 100 / burst.number;
  const double p = share * r / (100 - share);
  if (p > 100)
    return fail(Errc::usage, "net.burst-loss: {:g}% lost needs bursts longer than {}", share,
                burst.text);
  NetShape shape;
  shape.kind = NetShape::Kind::loss;
  shape.amount = share;
  shape.queue = fmt::format("{} loss gemodel {:.4f}% {:.4f}%", kNetem, p, r);
  shape.words = fmt::format("lose, in bursts of {}, {:g}% of the", burst.text, share);
  return plan_net_shape(target, scope, shape);
}

constexpr std::array kParams{kNetFrom, kNetPorts, kNetDirection, kNetShare,
                             ParamSpec{"burst", ParamValue::Kind::integer, "10", false,
                                       "how many packets in a row are lost, on average"}};

}  // namespace
}  // namespace net_burst_loss

const FaultType kNetBurstLoss{"net.burst-loss",
                              "lose packets between a node and others in bursts",
                              net_burst_loss::kParams,
                              kNetShapeNeeds,
                              "the queue has counted lost packets",
                              kNetShapeUndoneBy,
                              false,
                              net_burst_loss::plan};

}  // namespace ernstfall
