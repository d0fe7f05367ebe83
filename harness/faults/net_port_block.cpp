// net.port-block: no packet from or to some ports passes; everything else does.
#include <array>

#include "harness/faults/net_filter.h"

namespace ernstfall {

extern const FaultType kNetPortBlock;

namespace net_port_block {
namespace {

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const NetScope scope, net_scope(kNetPortBlock, target, step));
  if (scope.ports == "any")
    return fail(Errc::usage, "net.port-block: name the ports; for all there is net.partition");
  ERNSTFALL_TRY(const ParamValue mode, param_of(kNetPortBlock, step, "mode"));
  if (mode.text != "drop" && mode.text != "reject")
    return fail(Errc::usage, "net.port-block: mode is \"{}\"; expected drop or reject", mode.text);
  NetFilter filter;
  filter.reject = mode.text == "reject";
  return plan_net_filter(target, scope, filter);
}

constexpr std::array kParams{kNetFrom,
                             ParamSpec{"ports", ParamValue::Kind::text, "", true,
                                       "TCP and UDP ports: 7789 or 6443,10250-10260"},
                             kNetDirection,
                             ParamSpec{"mode", ParamValue::Kind::text, "drop", false,
                                       "drop (silence) or reject (the sender is told)"}};

}  // namespace
}  // namespace net_port_block

const FaultType kNetPortBlock{
    "net.port-block",
    "let no packet from or to some ports pass",
    net_port_block::kParams,
    "nftables and iputils-ping on the node, and bash",
    "the rules' counters have counted packets, of connections that were tried",
    kNetFilterUndoneBy,
    false,
    net_port_block::plan};

}  // namespace ernstfall
