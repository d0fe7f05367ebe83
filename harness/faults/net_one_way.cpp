// net.one-way: packets pass one way only; connections need both.
#include <array>

#include "harness/faults/net_filter.h"

namespace ernstfall {

extern const FaultType kNetOneWay;

namespace net_one_way {
namespace {

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const NetScope scope, net_scope(kNetOneWay, target, step));
  if (scope.direction == "both")
    return fail(Errc::usage,
                "net.one-way: direction is in or out; for both there is net.partition");
  return plan_net_filter(target, scope, {});
}

constexpr std::array kParams{kNetFrom, kNetPorts,
                             ParamSpec{"direction", ParamValue::Kind::text, "in", false,
                                       "which way is cut, as seen from the node: in or out"}};

}  // namespace
}  // namespace net_one_way

const FaultType kNetOneWay{
    "net.one-way",
    "let packets pass between a node and others one way only",
    net_one_way::kParams,
    kNetFilterNeeds,
    "the rules' counters have counted packets, and the others do not answer a ping",
    kNetFilterUndoneBy,
    false,
    net_one_way::plan};

}  // namespace ernstfall
