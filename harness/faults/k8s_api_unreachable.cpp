// k8s.api-unreachable: a node goes on running its pods, and cannot reach the API server.
#include <array>

#include "harness/faults/net_filter.h"

namespace ernstfall {

extern const FaultType kK8sApiUnreachable;

namespace k8s_api_unreachable {
namespace {

constexpr int kMostPort = 65535;

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const ParamValue port, param_of(kK8sApiUnreachable, step, "port"));
  ERNSTFALL_TRY(const ParamValue mode, param_of(kK8sApiUnreachable, step, "mode"));
  if (port.number < 1 || port.number > kMostPort)
    return fail(Errc::usage, "k8s.api-unreachable: port is {}; expected 1 to {}", port.text,
                kMostPort);
  if (mode.text != "drop" && mode.text != "reject")
    return fail(Errc::usage, "k8s.api-unreachable: mode is \"{}\"; expected drop or reject",
                mode.text);
  ERNSTFALL_TRY(NetScope scope, net_scope(kK8sApiUnreachable, target, step));
  if (scope.peers == "any")
    return fail(Errc::usage, "k8s.api-unreachable: from: name the nodes that have the API server");
  scope.ports = fmt::format("{:.0f}", port.number);
  scope.words += ", ports " + scope.ports;
  NetFilter filter;
  filter.reject = mode.text == "reject";
  filter.answers = true;
  return plan_net_filter(target, scope, filter);
}

constexpr std::array kParams{
    ParamSpec{"from", ParamValue::Kind::text, "role:control", false,
              "where the API server is: nodes and role:ROLE, separated by commas"},
    ParamSpec{"port", ParamValue::Kind::integer, "6443", false, "of the API server"},
    ParamSpec{"mode", ParamValue::Kind::text, "drop", false,
              "drop (silence) or reject (the sender is told)"}};

}  // namespace
}  // namespace k8s_api_unreachable

const FaultType kK8sApiUnreachable{
    "k8s.api-unreachable",
    "let a node not reach the API server",
    k8s_api_unreachable::kParams,
    "nftables, iputils-ping and bash on the node, which is no control node itself; the API "
    "server's "
    "port takes connections from it",
    "the rules' counters have counted packets, and the port takes no connection any more",
    kNetFilterUndoneBy,
    false,
    k8s_api_unreachable::plan};

}  // namespace ernstfall
