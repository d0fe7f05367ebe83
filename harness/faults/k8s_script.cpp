// k8s_script: the lines before every script of a fault of Kubernetes.
#include "harness/faults/k8s_script.h"

namespace ernstfall {
namespace k8s_script {
namespace {

constexpr std::string_view kLines = R"sh(
node_name=$1 node_addresses=$2
kube_node() {
  kube 20 get nodes --no-headers -o custom-columns='NAME:.metadata.name,ADDRESSES:.status.addresses[*].address' |
    awk -v name="$node_name" -v addresses="$node_addresses" '
      BEGIN {n = split(addresses, a, " "); for (i = 1; i <= n; i++) mine[a[i]] = 1}
      {hit = $1 == name; split($2, has, ","); for (i in has) if (has[i] in mine) hit = 1
       if (hit) {print $1; found++}}
      END {exit found != 1}'
}
node_state() { # NODE
  kube 20 get node "$1" --no-headers -o custom-columns='VERSION:.metadata.resourceVersion,CORDONED:.spec.unschedulable,BY:.metadata.annotations.ernstfall/cordoned-by,READY:.status.conditions[?(@.type=="Ready")].status,TAINTS:.spec.taints[*].key'
}
pods() { # WHICH...
  kube 20 get pods "$@" --no-headers -o custom-columns='NS:.metadata.namespace,NAME:.metadata.name,UID:.metadata.uid,NODE:.spec.nodeName,PHASE:.status.phase,READY:.status.conditions[?(@.type=="Ready")].status,KIND:.metadata.ownerReferences[?(@.controller==true)].kind,OWNER:.metadata.ownerReferences[?(@.controller==true)].uid,GRACE:.spec.terminationGracePeriodSeconds,LEAVING:.metadata.deletionTimestamp' 2>/dev/null
}
comes_back() { case $1 in ReplicaSet | StatefulSet | DaemonSet | ReplicationController) return 0 ;; esac; return 1; }
ready_with() { # OWNERS
  all=$(pods -A) || return 1
  printf '%s\n' "$all" | awk -v owners="$*" '
    BEGIN {n = split(owners, o, " "); for (i = 1; i <= n; i++) want[o[i]] = 1}
    $8 in want && $6 == "True" && $10 == "<none>" {n_ready++} END {print n_ready + 0}'
}
taint=node.kubernetes.io/unschedulable
# With the version that we saw: what somebody else changes meanwhile makes the API refuse it.
patch_node() { # NODE VERSION MARK UNSCHEDULABLE
  kube 20 patch node "$1" --type=merge -p "{\"metadata\":{\"resourceVersion\":\"$2\",\"annotations\":{\"ernstfall/cordoned-by\":$3}},\"spec\":{\"unschedulable\":$4}}" >/dev/null 2>"$keep/why"
}
cordon_marked() { # NODE
  for attempt in 1 2 3 4 5; do
    state=$(node_state "$1") && [ -n "$state" ] || no "the API does not tell the state of node $1"
    set -- "$1" $state
    [ "$3" != true ] || return 1
    # Before the request: also one whose answer is lost has to be undone.
    : >"$keep/cordoning"
    if patch_node "$1" "$2" "\"$token\"" true; then return 0; fi
    sleep 1
  done
  no "node $1 cannot be cordoned: $(cat "$keep/why")"
}
see_cordon() { # NODE
  state=$(node_state "$1") && [ -n "$state" ] || no "the API does not tell the state of node $1"
  set -- "$1" $state
  [ "$3" = true ] || no "node $1 is schedulable"
  [ "$4" = "$token" ] || no "node $1 is cordoned, but not by this fault"
  case ,$6, in *",$taint,"*) ;; *) no "the control plane has not tainted node $1 for it: ${6}" ;; esac
}
# NODE, VERSION and whether it is cordoned, of every node with our mark.
marked() {
  all=$(kube 20 get nodes --no-headers -o custom-columns='NAME:.metadata.name,VERSION:.metadata.resourceVersion,CORDONED:.spec.unschedulable,BY:.metadata.annotations.ernstfall/cordoned-by') || return 1
  [ -n "$all" ] || return 1
  printf '%s\n' "$all" | awk -v by="$token" '$4 == by {print $1, $2, $3}'
}
# Nothing was sent, so that nothing can be there.
never_cordoned() { [ -d "$keep" ] && [ ! -e "$keep/cordoning" ]; }
uncordon_marked() {
  ! never_cordoned || return 0
  for attempt in 1 2 3 4 5; do
    list=$(marked) || no "the API does not answer"
    [ -n "$list" ] || return 0
    printf '%s\n' "$list" | while read -r node version cordoned; do patch_node "$node" "$version" null null; done
    sleep 1
  done
  no "still marked: $list; $(cat "$keep/why" 2>/dev/null)"
}
is_uncordoned() {
  ! never_cordoned || return 0
  list=$(marked) || no "the API does not answer"
  [ -z "$list" ] || no "still cordoned by this fault: $list"
  [ -s "$keep/node" ] || return 0
  state=$(node_state "$(cat "$keep/node")") && [ -n "$state" ] || no "the API does not tell the state of the node"
  set -- $state
  [ "$2" = true ] || case ,$5, in *",$taint,"*) no "the control plane has not taken its taint back yet" ;; esac
}
)sh";

}  // namespace
}  // namespace k8s_script

// No cache of kubectl's: it would be a file of ours on the node.
const std::string_view kKubectl = R"sh(
for kubeconfig in /etc/rancher/k3s/k3s.yaml /etc/rancher/rke2/rke2.yaml /etc/kubernetes/admin.conf; do
  [ ! -r "$kubeconfig" ] || break
done
client() { if command -v kubectl >/dev/null 2>&1; then echo kubectl; else echo k3s kubectl; fi; }
kube() { # SECONDS WORDS...
  seconds=$1
  shift
  timeout "$seconds" $(client) --kubeconfig "$kubeconfig" --cache-dir=/dev/null --request-timeout="${seconds}s" "$@"
}
kube_ready() {
  command -v kubectl >/dev/null 2>&1 || command -v k3s >/dev/null 2>&1 || no "neither kubectl nor k3s is installed here (package kubernetes-client, or K3s)"
  need timeout coreutils
  need awk mawk
  [ -r "$kubeconfig" ] || no "no key for the API is here: neither K3s's k3s.yaml nor RKE2's rke2.yaml nor kubeadm's admin.conf"
  why=$(kube 10 get --raw /readyz 2>&1 >/dev/null) || no "the API is not ready: $why"
}
)sh";

Result<FaultPlan> plan_k8s_scripts(const FaultType& type, const FaultTarget& target,
                                   const FaultStep& step, const NodeScripts& scripts, Argv args,
                                   std::string intended, std::string effect) {
  ERNSTFALL_TRY(const ParamValue control, param_of(type, step, "control"));
  if (target.cluster == nullptr) return fail(Errc::internal, "no cluster to look nodes up in");
  const auto nodes = resolve_targets(control.text, *target.cluster);
  if (!nodes || nodes->empty())
    return fail(Errc::usage, "{}: control: no node is meant by \"{}\"{}", type.name, control.text,
                nodes ? "" : ": " + nodes.error().what);
  const FaultTarget there{*target.cluster->find_node(nodes->front()), target.boot_id,
                          target.cluster, target.token, target.control_source};
  NodeScripts with_lines = scripts;
  with_lines.lines.insert(with_lines.lines.begin(), {kKubectl, k8s_script::kLines});
  with_lines.ready_lines.insert(with_lines.ready_lines.begin(), "kube_ready\n");
  Argv all{target.node.name, join(target.node.addresses(), " ")};
  all.insert(all.end(), args.begin(), args.end());
  return plan_scripts(there, with_lines, all, std::move(intended), std::move(effect));
}

}  // namespace ernstfall
