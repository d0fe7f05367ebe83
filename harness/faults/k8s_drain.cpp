// k8s.drain: every pod leaves a node, in good order, and none is put there.
#include <array>

#include "harness/faults/k8s_script.h"

namespace ernstfall {

extern const FaultType kK8sDrain;

namespace k8s_drain {
namespace {

constexpr std::chrono::seconds kShortest{5};
constexpr std::chrono::minutes kLongest{15};
constexpr std::chrono::seconds kApiTakes{60};  // what is asked before and after

// $3 seconds to wait; $4 yes: also pods that keep data in an emptyDir
constexpr std::string_view kFunctions = R"sh(
within=$3 emptydir=$4
options() { [ "$emptydir" = no ] || echo --delete-emptydir-data; }
# Those of DaemonSets stay, as do the kubelet's own; finished ones are nothing to lose.
that_leave() { awk '$7 != "DaemonSet" && $7 != "Node" && $5 != "Succeeded" && $5 != "Failed"'; }
pods_on() { pods -A --field-selector "spec.nodeName=$1"; }
owners() { awk '{print $8}' "$keep/pods" | sort -u; }
)sh";

constexpr std::string_view kReady = R"sh(
node=$(kube_node) || no "Kubernetes has not exactly one node with the name $node_name or an address of $node_addresses"
set -- $(node_state "$node")
[ $# -gt 2 ] || no "the API does not tell the state of node $node"
[ "$3" = '<none>' ] || no "node $node is cordoned by another fault of ours, $3"
all=$(pods_on "$node") || no "the API does not tell the pods of node $node"
list=$(printf '%s\n' "$all" | sed '/^$/d' | that_leave)
[ -n "$list" ] || no "no pod would leave node $node: that is k8s.cordon"
alone=$(printf '%s\n' "$list" | while read -r ns name uid on phase ready kind rest; do comes_back "$kind" || echo "$ns/$name ($kind)"; done)
[ -z "$alone" ] || no "nothing would bring these pods back: $(echo $alone)"
why=$(kube 30 drain "$node" --dry-run=client --ignore-daemonsets $(options) 2>&1 >/dev/null) || no "kubectl would not drain node $node: $why"
)sh";

constexpr std::string_view kApply = R"sh(
node=$(kube_node) || no "Kubernetes has not exactly one node with the name $node_name"
echo "$node" >"$keep/node"
pods_on "$node" >"$keep/found" || no "the API does not tell the pods of node $node"
that_leave <"$keep/found" >"$keep/pods"
ready_with $(owners) >"$keep/had" || no "the API does not tell the pods"
# Cordoned by somebody else: it stays so.
cordon_marked "$node" || : >"$keep/was-cordoned"
timeout $((within + 15)) $(client) --kubeconfig "$kubeconfig" --cache-dir=/dev/null drain "$node" --ignore-daemonsets $(options) --timeout="${within}s" >/dev/null 2>"$keep/why" ||
  no "node $node is not drained: $(tail -n 1 "$keep/why")"
)sh";

constexpr std::string_view kConfirm = R"sh(
[ -s "$keep/pods" ] || no "it is not known which pods there were"
node=$(cat "$keep/node")
if [ -e "$keep/was-cordoned" ]; then
  set -- $(node_state "$node")
  [ "$2" = true ] || no "node $node is schedulable"
else
  see_cordon "$node"
fi
all=$(pods_on "$node") || no "the API does not tell the pods of node $node"
left=$(printf '%s\n' "$all" | sed '/^$/d' | that_leave | awk '{print $1 "/" $2}')
[ -z "$left" ] || no "still on node $node: $(echo $left)"
# The kubelet itself, not what the API believes.
running=$(kube 20 get --raw "/api/v1/nodes/$node/proxy/runningpods/" 2>/dev/null) || no "the kubelet of node $node does not tell what it runs"
while read -r ns name uid rest; do
  case $running in *"\"$uid\""*) no "the kubelet of node $node still runs $ns/$name" ;; esac
done <"$keep/pods"
say "$(wc -l <"$keep/pods") pods have left node $node, and its kubelet runs none of them"
)sh";

constexpr std::string_view kUndone = R"sh(
is_uncordoned
if [ ! -s "$keep/had" ]; then say "no node is cordoned by this fault"; exit 0; fi
now=$(ready_with $(owners)) || no "the API does not tell the pods"
[ "$now" -ge "$(cat "$keep/had")" ] || no "of $(cat "$keep/had") pods that were Ready $now are"
say "no node is cordoned by this fault; $now pods are Ready, $(cat "$keep/had") were"
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const ParamValue within, param_of(kK8sDrain, step, "within"));
  ERNSTFALL_TRY(const ParamValue emptydir, param_of(kK8sDrain, step, "emptydir"));
  const auto wait =
      std::chrono::duration_cast<std::chrono::seconds>(Nanos(static_cast<long>(within.number)));
  if (wait < kShortest || wait > kLongest)
    return fail(Errc::usage, "k8s.drain: within is {}; expected 5s to 15min", within.text);
  ERNSTFALL_TRY(
      FaultPlan plan,
      plan_k8s_scripts(kK8sDrain, target, step,
                       {kReady, kApply, kConfirm, "uncordon_marked\n", kUndone, true, {kFunctions}},
                       {std::to_string(wait.count()), emptydir.number != 0 ? "yes" : "no"},
                       "drain " + target.node.name, "every pod has left " + target.node.name));
  std::get<ScriptAction>(plan.apply.front()).timeout = wait + kApiTakes;
  return plan;
}

constexpr std::array kParams{ParamSpec{"within", ParamValue::Kind::duration, "2min", false,
                                       "how long it may take: disruption budgets are kept"},
                             ParamSpec{"emptydir", ParamValue::Kind::boolean, "false", false,
                                       "also pods that keep data in an emptyDir, which is lost"},
                             kK8sControl};

}  // namespace
}  // namespace k8s_drain

const FaultType kK8sDrain{
    "k8s.drain",
    "let every pod leave a node of Kubernetes, and put none there",
    k8s_drain::kParams,
    "kubectl (or K3s) with root's key on a control node; pods on the node, each with a controller "
    "that makes a new one",
    "the API has no pod on the node but those of DaemonSets, and its kubelet runs none of those "
    "that left",
    "uncordoned if the fault cordoned it (an annotation with its mark says so), also after a "
    "reboot; proven by mark and taint, and by as many Ready pods of the same controllers as before",
    false,
    k8s_drain::plan};

}  // namespace ernstfall
