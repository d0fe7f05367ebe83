// net.dns-failure: no name can be resolved: port 53 is silent, of resolvers on the node as well.
#include <array>

#include "harness/faults/net_filter.h"

namespace ernstfall {

extern const FaultType kNetDnsFailure;

namespace net_dns_failure {
namespace {

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const NetScope scope, net_scope(kNetDnsFailure, target, step));
  ERNSTFALL_TRY(const ParamValue mode, param_of(kNetDnsFailure, step, "mode"));
  if (mode.text != "drop" && mode.text != "reject")
    return fail(Errc::usage, "net.dns-failure: mode is \"{}\"; expected drop or reject", mode.text);
  NetFilter filter;
  filter.reject = mode.text == "reject";
  filter.loopback = true;
  NetScope dns = scope;
  dns.ports = "53";
  dns.words = "of DNS on " + target.node.name;
  return plan_net_filter(target, dns, filter);
}

constexpr std::array kParams{ParamSpec{"mode", ParamValue::Kind::text, "drop", false,
                                       "drop (silence) or reject (the sender is told)"}};

}  // namespace
}  // namespace net_dns_failure

const FaultType kNetDnsFailure{
    "net.dns-failure",
    "let no DNS question or answer pass, of resolvers on the node neither",
    net_dns_failure::kParams,
    "nftables and iputils-ping on the node, and bash",
    "the rules' counters have counted packets, and the node's name servers do not answer",
    kNetFilterUndoneBy,
    false,
    net_dns_failure::plan};

}  // namespace ernstfall
