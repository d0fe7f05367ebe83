// net.delay: packets arrive later, each way that is named.
#include <array>
#include <cmath>

#include "harness/faults/net_shape.h"

namespace ernstfall {

extern const FaultType kNetDelay;

namespace net_delay {
namespace {

constexpr double kNsPerUs = 1e3;
constexpr double kLeastNs = 1e6;
constexpr double kMostNs = 5e9;  // the confirmation has to wait for it, twice

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const NetScope scope, net_scope(kNetDelay, target, step));
  ERNSTFALL_TRY(const ParamValue delay, param_of(kNetDelay, step, "delay"));
  ERNSTFALL_TRY(const ParamValue jitter, param_of(kNetDelay, step, "jitter"));
  if (delay.number < kLeastNs || delay.number > kMostNs)
    return fail(Errc::usage, "net.delay: delay is {}; expected 1ms to 5s", delay.text);
  if (jitter.number > delay.number)
    return fail(Errc::usage, "net.delay: jitter is at most the delay; a packet cannot be early");
  NetShape shape;
  shape.kind = NetShape::Kind::delay;
  shape.amount = std::floor(delay.number / kNsPerUs);
  shape.jitter = std::floor(jitter.number / kNsPerUs);
  shape.queue = fmt::format("{} delay {:.0f}us", kNetem, shape.amount);
  if (shape.jitter > 0) shape.queue += fmt::format(" {:.0f}us", shape.jitter);
  shape.words = "delay by " + delay.text + (shape.jitter > 0 ? " +- " + jitter.text : "");
  return plan_net_shape(target, scope, shape);
}

constexpr std::array kParams{
    kNetFrom, kNetPorts, kNetDirection,
    ParamSpec{"delay", ParamValue::Kind::duration, "100ms", false,
              "of every packet; with both directions a round trip takes twice as much"},
    ParamSpec{"jitter", ParamValue::Kind::duration, "0ms", false,
              "more or less by up to this, at random; packets then overtake each other"}};

}  // namespace
}  // namespace net_delay

const FaultType kNetDelay{"net.delay",
                          "make packets between a node and others late",
                          net_delay::kParams,
                          kNetShapeNeeds,
                          "round trips take longer by at least 80% of what was asked",
                          kNetShapeUndoneBy,
                          false,
                          net_delay::plan};

}  // namespace ernstfall
