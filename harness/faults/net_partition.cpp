// net.partition: no packet passes between a node and others, of established connections neither.
#include <array>

#include "harness/faults/net_filter.h"

namespace ernstfall {

extern const FaultType kNetPartition;

namespace net_partition {
namespace {

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const NetScope scope, net_scope(kNetPartition, target, step));
  ERNSTFALL_TRY(const ParamValue mode, param_of(kNetPartition, step, "mode"));
  if (mode.text != "drop" && mode.text != "reject")
    return fail(Errc::usage, "net.partition: mode is \"{}\"; expected drop or reject", mode.text);
  NetFilter filter;
  filter.reject = mode.text == "reject";
  return plan_net_filter(target, scope, filter);
}

constexpr std::array kParams{
    kNetFrom, kNetPorts, kNetDirection,
    ParamSpec{"mode", ParamValue::Kind::text, "drop", false,
              "drop (silence, as when a cable is cut) or reject (the sender is told)"}};

}  // namespace
}  // namespace net_partition

const FaultType kNetPartition{
    "net.partition",
    "let no packet pass between a node and others",
    net_partition::kParams,
    kNetFilterNeeds,
    "the rules' counters have counted packets, and the others do not answer a ping",
    kNetFilterUndoneBy,
    false,
    net_partition::plan};

}  // namespace ernstfall
