// observer.prometheus: the node loses what watches it: does anyone notice, and does the verdict say
// so?
#include <array>

#include "harness/faults/unit_script.h"

namespace ernstfall {

extern const FaultType kObserverPrometheus;

namespace observer_prometheus {
namespace {

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  return plan_unit_stop(kObserverPrometheus, target, step);
}

constexpr std::array kParams{ParamSpec{"unit", ParamValue::Kind::text, "prometheus.service", false,
                                       "its service on the node"}};

}  // namespace
}  // namespace observer_prometheus

const FaultType kObserverPrometheus{
    "observer.prometheus",
    "stop prometheus on a node",
    observer_prometheus::kParams,
    "the service is active on the node",
    "its processes are gone, and nobody listens on its TCP ports",
    "it is started again; proven by systemd's state and by new processes",
    false,
    observer_prometheus::plan};

}  // namespace ernstfall
