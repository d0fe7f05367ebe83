// net.flap: the link to others is down, up, down, up.
#include <array>

#include "harness/core/units.h"
#include "harness/faults/net_filter.h"

namespace ernstfall {

extern const FaultType kNetFlap;

namespace net_flap {
namespace {

constexpr Nanos kShortest = std::chrono::milliseconds(500);

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const NetScope scope, net_scope(kNetFlap, target, step));
  ERNSTFALL_TRY(const ParamValue down, param_of(kNetFlap, step, "down"));
  ERNSTFALL_TRY(const ParamValue up, param_of(kNetFlap, step, "up"));
  NetFilter filter;
  filter.down = Nanos(static_cast<std::int64_t>(down.number));
  filter.up = Nanos(static_cast<std::int64_t>(up.number));
  // Putting the rules there and away takes a while itself.
  if (filter.down < kShortest || filter.up < kShortest)
    return fail(Errc::usage, "net.flap: down and up are at least {}", format_duration(kShortest));
  return plan_net_filter(target, scope, filter);
}

constexpr std::array kParams{
    kNetFrom, kNetPorts, kNetDirection,
    ParamSpec{"down", ParamValue::Kind::duration, "5s", false, "how long it is down each time"},
    ParamSpec{"up", ParamValue::Kind::duration, "5s", false, "how long it is up between"}};

}  // namespace
}  // namespace net_flap

const FaultType kNetFlap{"net.flap",
                         "let packets pass between a node and others on and off",
                         net_flap::kParams,
                         kNetFilterNeeds,
                         "the rules' counters have counted packets while it was down",
                         "the process that flaps is ended, and the fault's own nft table deleted; "
                         "proven by their absence",
                         false,
                         net_flap::plan};

}  // namespace ernstfall
