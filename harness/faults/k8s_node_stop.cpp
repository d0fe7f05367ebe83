// k8s.node-stop: K3s stops on a node, and its pods go on running without it.
#include <array>

#include "harness/faults/k8s_script.h"
#include "harness/faults/unit_script.h"

namespace ernstfall {

extern const FaultType kK8sNodeStop;

namespace k8s_node_stop {
namespace {

constexpr std::chrono::minutes kStopTakes{2};

// $3 the node's name in the cluster file
// An agent has no other key than its kubelet's, which may read its own node and its own lease.
constexpr std::string_view kFunctions = R"sh(
node_name=$3
[ -r "$kubeconfig" ] || kubeconfig=/var/lib/rancher/k3s/agent/kubelet.kubeconfig
own_node() { # its name, and whether it is Ready
  for name in "$(hostname)" "$node_name"; do
    kube 10 get node "$name" --no-headers -o custom-columns='NAME:.metadata.name,READY:.status.conditions[?(@.type=="Ready")].status' 2>/dev/null && return 0
  done
  return 1
}
# Seconds since 1970, by this node's own clock: the kubelet's last sign of life.
renewed() { date -d "$(kube 10 get lease "$1" -n kube-node-lease -o 'jsonpath={.spec.renewTime}' 2>/dev/null)" +%s 2>/dev/null; }
)sh";

constexpr std::string_view kReady = R"sh(
kube_ready
[ "$(prop CanStop)" = yes ] || no "systemd does not let anybody stop $unit"
[ "$(prop MainPID)" != 0 ] || no "$unit has no main process"
state=$(own_node) || no "the API does not tell the state of this node (neither as $(hostname) nor as $node_name)"
case $state in *True) ;; *) no "this node is not Ready: $state" ;; esac
[ -n "$(renewed "${state%% *}")" ] || no "the API does not tell the lease of node ${state%% *}"
)sh";

// Containers and their shims belong to the unit, and live on when it stops.
constexpr std::string_view kApply = R"sh(
state=$(own_node) || no "the API does not tell the state of this node"
echo "${state%% *}" >"$keep/node"
main=$(prop MainPID)
echo "$main $(started "$main")" >"$keep/main"
remember
begin
systemctl stop -- $(triggers) "$unit" || no "$unit does not stop"
)sh";

constexpr std::string_view kConfirm = R"sh(
[ -s "$keep/main" ] || no "it is not known what ran before"
state=$(prop ActiveState)
case $state in inactive | failed) ;; *) no "$unit is $state" ;; esac
read -r main since <"$keep/main"
[ "$(started "$main")" != "$since" ] || no "its main process $main lives on"
left=$(still_listening)
[ -z "$left" ] || no "someone still listens on its port $left"
say "$unit is $state, its process $main is gone, nobody listens on its $(wc -l <"$keep/ports") TCP ports; of its processes $(survivors | wc -l) live on, with the pods"
)sh";

// Ready alone may be what the API remembers: the kubelet's lease has to be younger than its start.
constexpr std::string_view kUndone = R"sh(
if [ ! -s "$keep/node" ] || [ ! -e "$keep/was" ]; then is_back; exit 0; fi
is_back >"$keep/back" || exit 1
node=$(cat "$keep/node")
why=$(kube 10 get --raw /readyz 2>&1 >/dev/null) || no "the API is not ready: $why"
state=$(own_node) || no "the API does not tell the state of node $node"
case $state in *True) ;; *) no "node $node is not Ready: $state" ;; esac
renewed=$(renewed "$node")
began=$(date -d "$(prop ActiveEnterTimestamp)" +%s)
[ -n "$renewed" ] && [ "$renewed" -ge "$began" ] || no "the kubelet of node $node has not reported since $unit is back"
say "$(cat "$keep/back"); node $node is Ready, and its kubelet reports"
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  FaultStep with_unit = step;
  const auto given = step.params.find("unit");
  if (given == step.params.end() || given->second.text.empty())
    with_unit.params["unit"] = {
        ParamValue::Kind::text,
        target.node.has_role("control") ? "k3s.service" : "k3s-agent.service", 0};
  ERNSTFALL_TRY(const std::string unit, unit_of(kK8sNodeStop, target, with_unit));
  FaultPlan plan = plan_unit_scripts(
      target, unit,
      {kReady, kApply, kConfirm, "bring_back\n", kUndone, false, {kKubectl, kFunctions}},
      {target.node.name}, "stop " + unit + " on " + target.node.name,
      unit + " is stopped, and its pods are on their own");
  std::get<ScriptAction>(plan.apply.front()).timeout = kStopTakes;
  std::get<ScriptAction>(plan.undo.front()).timeout = kStopTakes;
  return plan;
}

constexpr std::array kParams{
    ParamSpec{"unit", ParamValue::Kind::text, "", false,
              "the service; without it k3s.service on a node with the role control, else "
              "k3s-agent.service"}};

}  // namespace
}  // namespace k8s_node_stop

const FaultType kK8sNodeStop{
    "k8s.node-stop",
    "stop K3s on a node; its pods go on running",
    k8s_node_stop::kParams,
    "K3s on the node, active and Ready",
    "its main process is gone, and nobody listens on its TCP ports",
    "it and what stopped with it are started again; proven by systemd's state, a Ready node, and a "
    "lease that its kubelet renewed since",
    false,
    k8s_node_stop::plan};

}  // namespace ernstfall
