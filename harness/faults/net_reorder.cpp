// net.reorder: some packets overtake others.
#include <array>

#include "harness/faults/net_shape.h"

namespace ernstfall {

extern const FaultType kNetReorder;

namespace net_reorder {
namespace {

constexpr double kMostPercent = 99;
constexpr double kNsPerUs = 1e3;
constexpr double kLeastNs = 1e6;
constexpr double kMostNs = 5e9;

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const NetScope scope, net_scope(kNetReorder, target, step));
  ERNSTFALL_TRY(const double share, net_share(kNetReorder, step, kMostPercent));
  ERNSTFALL_TRY(const ParamValue delay, param_of(kNetReorder, step, "delay"));
  if (delay.number < kLeastNs || delay.number > kMostNs)
    return fail(Errc::usage, "net.reorder: delay is {}; expected 1ms to 5s", delay.text);
  NetShape shape;
  shape.kind = NetShape::Kind::reorder;
  shape.amount = share;
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
    "iproute2, iputils-ping and kmod on the node; ifb and netem or tbf in its kernel",
    "answers to pings come out of order; with ports: packets led through the queue are counted",
    "the fault's own filters and device are removed by their mark, and what it had to add (clsact, "
    "the ifb module) if nobody else uses it",
    false,
    net_reorder::plan};

}  // namespace ernstfall
