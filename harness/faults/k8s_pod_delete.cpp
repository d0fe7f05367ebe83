// k8s.pod-delete: pods are asked to end, as by kubectl delete, and their controllers make new ones.
#include "harness/faults/k8s_pods.h"

namespace ernstfall {

extern const FaultType kK8sPodDelete;

namespace k8s_pod_delete {
namespace {

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  return plan_k8s_pods(kK8sPodDelete, target, step, false);
}

}  // namespace
}  // namespace k8s_pod_delete

const FaultType kK8sPodDelete{"k8s.pod-delete",
                              "delete pods of a node in good order",
                              kK8sPodsParams,
                              kK8sPodsNeed,
                              kK8sPodsConfirmedBy,
                              kK8sPodsUndoneBy,
                              false,
                              k8s_pod_delete::plan};

}  // namespace ernstfall
