// k8s_pods: the faults that take pods away: which ones, and how it is known that they are gone and
// that their controllers made new ones.
#pragma once

#include <array>

#include "harness/faults/k8s_script.h"

namespace ernstfall {

inline constexpr ParamSpec kK8sNamespace{"namespace", ParamValue::Kind::text, "default", false,
                                         "the pods' namespace"};
inline constexpr ParamSpec kK8sSelector{"selector", ParamValue::Kind::text, "", true,
                                        "labels of the pods: app=cloud or app=cloud,tier=web"};
inline constexpr ParamSpec kK8sCount{"count", ParamValue::Kind::integer, "1", false,
                                     "how many of them, the first by name; 0: all"};
inline constexpr ParamSpec kK8sAnywhere{"anywhere", ParamValue::Kind::boolean, "false", false,
                                        "also pods that run on other nodes than the one aimed at"};

inline constexpr std::array kK8sPodsParams{kK8sNamespace, kK8sSelector, kK8sCount, kK8sAnywhere,
                                           kK8sControl};

// What FaultType says of each of them.
inline constexpr std::string_view kK8sPodsNeed =
    "kubectl (or K3s) with root's key on a control node; as many Ready pods, each with a "
    "controller "
    "that makes a new one";
inline constexpr std::string_view kK8sPodsConfirmedBy =
    "their UIDs are gone from the API, and the kubelets of their nodes do not run them any more";
inline constexpr std::string_view kK8sPodsUndoneBy =
    "their controllers; proven by as many Ready pods of the same controllers as before";

// With the grace period of the pods, or none at all.
Result<FaultPlan> plan_k8s_pods(const FaultType& type, const FaultTarget& target,
                                const FaultStep& step, bool at_once);

}  // namespace ernstfall
