// k8s_script: what the faults of Kubernetes share: where kubectl runs, how nodes and pods are read,
// and a cordon that carries our mark.
//
// A fault is aimed at a node of the cluster file, and carried out by kubectl on a control node,
// with the key that lies there for root. Undo and dead-man run there as well: they need the API,
// and nobody else.
#pragma once

#include <string>
#include <string_view>

#include "harness/faults/fault.h"
#include "harness/faults/node_script.h"

namespace ernstfall {

inline constexpr ParamSpec kK8sControl{
    "control", ParamValue::Kind::text, "role:control", false,
    "the node on which kubectl runs: the first of these nodes or of this role"};

// Shell functions: which kubectl with which key.
//   kube SECONDS WORDS...   kubectl, for at most so long
// and `kube_ready`, for `ready`: the tools, the key and an API that answers.
extern const std::string_view kKubectl;

// plan_scripts() on the control node, with these lines before every script:
//   $1 and $2               name and addresses of the node aimed at; the fault's own begin at $3
//   kube_node               the name that Kubernetes has for it; fails unless it is exactly one
//   node_state NODE         version cordoned by-whom ready taints, of a node
//   pods WHICH...           a line for each pod, `kubectl get pods WHICH`:
//                           ns name uid node phase ready kind owner grace leaving
//                           (kind and owner of its controller; <none> for what it has not)
//   comes_back KIND         whether such a controller makes a new pod for one that is gone
//   ready_with OWNERS       how many Ready pods of the cluster have one of these controllers
//   cordon_marked NODE      cordons and marks in one request; fails when it is cordoned already
//   see_cordon NODE         no, unless it is cordoned with our mark and tainted for it
//   uncordon_marked         what has our mark, and nothing else; undo's work
//   is_uncordoned           no, while a node has our mark or we left the taint
// and kube_ready before `ready`. Errc::usage for a `control` that is no node.
Result<FaultPlan> plan_k8s_scripts(const FaultType& type, const FaultTarget& target,
                                   const FaultStep& step, const NodeScripts& scripts, Argv args,
                                   std::string intended, std::string effect);

}  // namespace ernstfall
