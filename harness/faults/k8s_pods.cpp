// k8s_pods: deletes by name and UID, so that a pod that took the name meanwhile is left alone.
#include "harness/faults/k8s_pods.h"

#include <algorithm>

namespace ernstfall {
namespace k8s_pods {
namespace {

constexpr int kMostPods = 1000;

// $3 namespace $4 selector $5 count, 0: all $6 yes: on whatever node $7 seconds of grace, or "own"
constexpr std::string_view kFunctions = R"sh(
ns=$3 selector=$4 count=$5 anywhere=$6 grace=$7
# Of `pods` the ones that the fault is about.
victims() { # NODE
  awk -v node="$1" -v anywhere="$anywhere" '$6 == "True" && $10 == "<none>" && (anywhere == "yes" || $4 == node)' |
    sort -k 2,2 | if [ "$count" = 0 ]; then cat; else head -n "$count"; fi
}
owners() { awk '{print $8}' "$keep/victims" | sort -u; }
# Those of the pods that the API still has.
not_gone() {
  all=$(pods -n "$ns") || no "the API does not tell the pods"
  while read -r in name uid rest; do
    case $all in *" $uid "*) echo "$name ($uid)" ;; esac
  done <"$keep/victims"
}
)sh";

// Longer is more than anybody waits for the confirmation.
constexpr std::string_view kReady = R"sh(
node=$(kube_node) || no "Kubernetes has not exactly one node with the name $node_name or an address of $node_addresses"
all=$(pods -n "$ns" -l "$selector") || no "the API does not tell the pods $selector of namespace $ns"
list=$(printf '%s\n' "$all" | sed '/^$/d' | victims "$node")
n=$(printf '%s' "$list" | grep -c .)
where="on node $node"
[ "$anywhere" = no ] || where="of namespace $ns"
[ "$n" -gt 0 ] || no "no Ready pod $selector $where"
[ "$n" -ge "$count" ] || no "only $n Ready pods $selector $where; $count are asked for"
alone=$(printf '%s\n' "$list" | while read -r in name uid on phase ready kind rest; do comes_back "$kind" || echo "$name ($kind)"; done)
[ -z "$alone" ] || no "nothing would bring these pods back: $(echo $alone)"
slow=$(printf '%s\n' "$list" | awk -v grace="$grace" 'grace == "own" && $9 > 45 {print $2 " (" $9 " s)"}')
[ -z "$slow" ] || no "these pods may take longer to end than anybody waits here: $(echo $slow); k8s.pod-kill does not ask them"
for on in $(printf '%s\n' "$list" | awk '{print $4}' | sort -u); do
  kube 20 get --raw "/api/v1/nodes/$on/proxy/runningpods/" >/dev/null 2>&1 || no "the kubelet of node $on does not tell what it runs"
done
)sh";

constexpr std::string_view kApply = R"sh(
node=$(kube_node) || no "Kubernetes has not exactly one node with the name $node_name"
pods -n "$ns" -l "$selector" >"$keep/all" || no "the API does not tell the pods"
victims "$node" <"$keep/all" >"$keep/victims.new"
[ -s "$keep/victims.new" ] || no "no Ready pod $selector is there any more"
mv "$keep/victims.new" "$keep/victims"
ready_with $(owners) >"$keep/had" || no "the API does not tell the pods"
period=
[ "$grace" = own ] || period="\"gracePeriodSeconds\":$grace,"
while read -r in name uid rest; do
  printf '{"kind":"DeleteOptions","apiVersion":"v1",%s"preconditions":{"uid":"%s"}}' "$period" "$uid" |
    kube 20 delete --raw "/api/v1/namespaces/$in/pods/$name" -f - >/dev/null 2>"$keep/why" || no "pod $name cannot be deleted: $(cat "$keep/why")"
done <"$keep/victims"
)sh";

// A pod that was forced out of the API may go on running: the kubelet is asked, too.
constexpr std::string_view kConfirm = R"sh(
[ -s "$keep/victims" ] || no "no pod was deleted"
left=$(not_gone) || exit 1
[ -z "$left" ] || no "the API still has $(echo $left)"
for on in $(awk '{print $4}' "$keep/victims" | sort -u); do
  running=$(kube 20 get --raw "/api/v1/nodes/$on/proxy/runningpods/" 2>/dev/null) || no "the kubelet of node $on does not tell what it runs"
  for uid in $(awk -v on="$on" '$4 == on {print $3}' "$keep/victims"); do
    case $running in *"\"$uid\""*) no "the kubelet of node $on still runs $uid" ;; esac
  done
done
say "gone, with their UIDs: $(awk '{print $2}' "$keep/victims" | tr '\n' ' ')"
)sh";

// It is for their controllers to bring them back, and for `undone` to see that they did.
constexpr std::string_view kUndo = R"sh(
[ -s "$keep/victims" ] || exit 0
say "$(wc -l <"$keep/victims") pods are their controllers' to replace"
)sh";

constexpr std::string_view kUndone = R"sh(
if [ ! -s "$keep/had" ]; then say "no pod was deleted"; exit 0; fi
left=$(not_gone) || exit 1
[ -z "$left" ] || no "not gone yet: $(echo $left)"
now=$(ready_with $(owners)) || no "the API does not tell the pods"
[ "$now" -ge "$(cat "$keep/had")" ] || no "of $(cat "$keep/had") pods that were Ready $now are"
say "$now pods of the same controllers are Ready, $(cat "$keep/had") were"
)sh";

bool made_of(const std::string& text, std::string_view signs) {
  return !text.empty() && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), [&](unsigned char c) {
           return std::isalnum(c) != 0 || signs.find(static_cast<char>(c)) != signs.npos;
         });
}

}  // namespace
}  // namespace k8s_pods

Result<FaultPlan> plan_k8s_pods(const FaultType& type, const FaultTarget& target,
                                const FaultStep& step, bool at_once) {
  ERNSTFALL_TRY(const ParamValue space, param_of(type, step, "namespace"));
  ERNSTFALL_TRY(const ParamValue selector, param_of(type, step, "selector"));
  ERNSTFALL_TRY(const ParamValue count, param_of(type, step, "count"));
  ERNSTFALL_TRY(const ParamValue anywhere, param_of(type, step, "anywhere"));
  if (!k8s_pods::made_of(space.text, "-"))
    return fail(Errc::usage, "{}: namespace is \"{}\"; expected a name", type.name, space.text);
  if (!k8s_pods::made_of(selector.text, "-_./=!,() "))
    return fail(Errc::usage, "{}: selector is \"{}\"; expected labels, as app=cloud", type.name,
                selector.text);
  if (count.number < 0 || count.number > k8s_pods::kMostPods)
    return fail(Errc::usage, "{}: count is {}; expected 0 to {}", type.name, count.text,
                k8s_pods::kMostPods);
  const bool all = count.number == 0;
  ERNSTFALL_TRY(
      FaultPlan plan,
      plan_k8s_scripts(type, target, step,
                       {k8s_pods::kReady,
                        k8s_pods::kApply,
                        k8s_pods::kConfirm,
                        k8s_pods::kUndo,
                        k8s_pods::kUndone,
                        false,
                        {k8s_pods::kFunctions}},
                       {space.text, selector.text, fmt::format("{:.0f}", count.number),
                        anywhere.number != 0 ? "yes" : "no", at_once ? "0" : "own"},
                       fmt::format("{} {} pods {} of namespace {}{}", at_once ? "kill" : "delete",
                                   all ? std::string("all") : count.text, selector.text, space.text,
                                   anywhere.number != 0 ? "" : " on " + target.node.name),
                       "the pods are gone"));
  plan.ends_by_itself = true;
  return plan;
}

}  // namespace ernstfall
