// net.black-hole: long packets vanish without a word, as behind a path whose MTU nobody tells.
#include <array>

#include "harness/faults/net_filter.h"

namespace ernstfall {

extern const FaultType kNetBlackHole;

namespace net_black_hole {
namespace {

constexpr int kLeast = 68;
constexpr int kMost = 65000;

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const NetScope scope, net_scope(kNetBlackHole, target, step));
  ERNSTFALL_TRY(const ParamValue longest, param_of(kNetBlackHole, step, "longer_than"));
  // Below: an IPv4 host may rely on packets of that size.
  if (longest.number < kLeast || longest.number > kMost)
    return fail(Errc::usage, "net.black-hole: longer_than is {}; expected {}B to {}B", longest.text,
                kLeast, kMost);
  NetFilter filter;
  filter.longer_than = static_cast<int>(longest.number);
  return plan_net_filter(target, scope, filter);
}

constexpr std::array kParams{kNetFrom, kNetPorts, kNetDirection,
                             ParamSpec{"longer_than", ParamValue::Kind::bytes, "1400B", false,
                                       "the longest packet that passes, with its IP header"}};

}  // namespace
}  // namespace net_black_hole

const FaultType kNetBlackHole{
    "net.black-hole",
    "lose packets longer than some size, silently",
    net_black_hole::kParams,
    kNetFilterNeeds,
    "the rules' counters have counted packets, and the others do not answer a long ping",
    kNetFilterUndoneBy,
    false,
    net_black_hole::plan};

}  // namespace ernstfall
