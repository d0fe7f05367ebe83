// net.reorder: some packets overtake others.
#include <array>

#include "harness/faults/net_shape.h"

namespace ernstfall {

extern const FaultType kNetReorder;

namespace net_reorder {
namespace {

constexpr double kMostPercent = 99;
constexpr double kNsPerUs = 1e3;
constexpr double kLeastNs = 5e6;  // more than it takes to send some packets at once
constexpr double kMostNs = 2e9;   // the confirmation has to wait for it

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const NetScope scope, net_scope(kNetReorder, target, step));
  ERNSTFALL_TRY(const double share, net_share(kNetReorder, step, kMostPercent));
  ERNSTFALL_CHECK(net_can_be_watched(kNetReorder, scope, share));
  ERNSTFALL_TRY(const ParamValue delay, param_of(kNetReorder, step, "delay"));
  if (delay.number < kLeastNs || delay.number > kMostNs)
    return fail(Errc::usage, "net.reorder: delay is {}; expected 5ms to 2s", delay.text);
  NetShape shape;
  shape.kind = NetShape::Kind::reorder;
  shape.amount = share;
  shape.jitter = delay.number / kNsPerUs;
  // netem sends that share at once, and the others late.
  shape.queue =
      fmt::format("{} delay {:.0f}us reorder {:g}%", kNetem, delay.number / kNsPerUs, share);
  shape.words = fmt::format("delay by {}, but let pass at once {:g}% of the", delay.text, share);
  return plan_net_shape(target, scope, shape);
}

constexpr std::array kParams{kNetFrom, kNetPorts, kNetDirection, kNetShare,
                             ParamSpec{"delay", ParamValue::Kind::duration, "50ms", false,
                                       "of the packets that are overtaken"}};

}  // namespace
}  // namespace net_reorder

const FaultType kNetReorder{
    "net.reorder",
    "let some of the packets between a node and others overtake the rest",
    net_reorder::kParams,
    kNetWatchedNeeds,
    "packets of our own are read behind the queue: some left it before others that went in first",
    kNetShapeUndoneBy,
    false,
    net_reorder::plan};

}  // namespace ernstfall
