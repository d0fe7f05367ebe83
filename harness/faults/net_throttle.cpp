// net.throttle: a slow line: packets queue, and those that would wait too long vanish.
#include <algorithm>
#include <array>

#include "harness/faults/net_shape.h"

namespace ernstfall {

extern const FaultType kNetThrottle;

namespace net_throttle {
namespace {

constexpr double kNsPerUs = 1e3;
constexpr double kLeastNs = 1e6;
constexpr double kMostNs = 60e9;
constexpr double kLeastRate = 8e3;
constexpr double kMostRate = 10e9;
constexpr double kLeastBurst = 6000;

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const NetScope scope, net_scope(kNetThrottle, target, step));
  ERNSTFALL_TRY(const ParamValue rate, param_of(kNetThrottle, step, "rate"));
  ERNSTFALL_TRY(const ParamValue queue, param_of(kNetThrottle, step, "queue"));
  if (rate.number < kLeastRate || rate.number > kMostRate)
    return fail(Errc::usage, "net.throttle: rate is {}; expected 8kbit to 10Gbit", rate.text);
  if (queue.number < kLeastNs || queue.number > kMostNs)
    return fail(Errc::usage, "net.throttle: queue is {}; expected 1ms to 1min", queue.text);
  NetShape shape;
  shape.kind = NetShape::Kind::throttle;
  shape.amount = rate.number;
  // What may pass at once: 2.5 ms of the rate, and never less than a few packets.
  const double burst = std::max(kLeastBurst, rate.number / 8 / 400);
  shape.queue = fmt::format("tbf rate {:.0f}bit burst {:.0f}b latency {:.0f}us", rate.number, burst,
                            queue.number / kNsPerUs);
  shape.words = "pass at " + rate.text + " the";
  return plan_net_shape(target, scope, shape);
}

constexpr std::array kParams{kNetFrom, kNetPorts, kNetDirection,
                             ParamSpec{"rate", ParamValue::Kind::bitrate, "1Mbit", false,
                                       "bits per second, each direction for itself"},
                             ParamSpec{"queue", ParamValue::Kind::duration, "200ms", false,
                                       "how long a packet waits at most"}};

}  // namespace
}  // namespace net_throttle

const FaultType kNetThrottle{"net.throttle",
                             "limit the rate of packets between a node and others",
                             net_throttle::kParams,
                             kNetShapeNeeds,
                             "a burst of packets was held back by the queue",
                             kNetShapeUndoneBy,
                             false,
                             net_throttle::plan};

}  // namespace ernstfall
