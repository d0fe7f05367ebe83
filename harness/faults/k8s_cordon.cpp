// k8s.cordon: no new pod is put on a node; those that are there stay.
#include <array>

#include "harness/faults/k8s_script.h"

namespace ernstfall {

extern const FaultType kK8sCordon;

namespace k8s_cordon {
namespace {

constexpr std::string_view kReady = R"sh(
node=$(kube_node) || no "Kubernetes has not exactly one node with the name $node_name or an address of $node_addresses"
set -- $(node_state "$node")
[ $# -gt 2 ] || no "the API does not tell the state of node $node"
[ "$2" != true ] || no "node $node is cordoned already: the fault would change nothing"
)sh";

constexpr std::string_view kApply = R"sh(
node=$(kube_node) || no "Kubernetes has not exactly one node with the name $node_name"
echo "$node" >"$keep/node"
cordon_marked "$node" || no "node $node is cordoned by somebody else meanwhile"
)sh";

constexpr std::string_view kConfirm = R"sh(
[ -s "$keep/node" ] || no "no node was cordoned"
node=$(cat "$keep/node")
see_cordon "$node"
say "node $node is unschedulable, and the control plane has tainted it"
)sh";

constexpr std::string_view kUndone = R"sh(
is_uncordoned
say "no node is cordoned by this fault"
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  // What the API keeps outlives a reboot.
  return plan_k8s_scripts(kK8sCordon, target, step,
                          {kReady, kApply, kConfirm, "uncordon_marked\n", kUndone, true}, {},
                          "cordon " + target.node.name, "no new pod is put on " + target.node.name);
}

constexpr std::array kParams{kK8sControl};

}  // namespace
}  // namespace k8s_cordon

const FaultType kK8sCordon{
    "k8s.cordon",
    "let no new pod be put on a node of Kubernetes",
    k8s_cordon::kParams,
    "kubectl (or K3s) with root's key on a control node; the node is not cordoned",
    "the node is unschedulable, and the control plane has tainted it for that",
    "uncordoned if it has the fault's mark, an annotation set in the request that cordoned it, "
    "also "
    "after a reboot; proven by mark and taint",
    false,
    k8s_cordon::plan};

}  // namespace ernstfall
