// k8s.pod-kill: pods end at once, without the time that they have to tidy up.
#include "harness/faults/k8s_pods.h"

namespace ernstfall {

extern const FaultType kK8sPodKill;

namespace k8s_pod_kill {
namespace {

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  return plan_k8s_pods(kK8sPodKill, target, step, true);
}

}  // namespace
}  // namespace k8s_pod_kill

const FaultType kK8sPodKill{"k8s.pod-kill",
                            "delete pods of a node without any grace period",
                            kK8sPodsParams,
                            kK8sPodsNeed,
                            kK8sPodsConfirmedBy,
                            kK8sPodsUndoneBy,
                            false,
                            k8s_pod_kill::plan};

}  // namespace ernstfall
