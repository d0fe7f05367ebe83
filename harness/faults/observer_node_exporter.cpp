// observer.node-exporter: the node loses what watches it: does anyone notice, and does the verdict
// say so?
#include <array>

#include "harness/faults/unit_script.h"

namespace ernstfall {

extern const FaultType kObserverNodeExporter;

namespace observer_node_exporter {
namespace {

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  return plan_unit_stop(kObserverNodeExporter, target, step);
}

constexpr std::array kParams{ParamSpec{"unit", ParamValue::Kind::text,
                                       "prometheus-node-exporter.service", false,
                                       "its service on the node"}};

}  // namespace
}  // namespace observer_node_exporter

const FaultType kObserverNodeExporter{
    "observer.node-exporter",
    "stop prometheus-node-exporter on a node",
    observer_node_exporter::kParams,
    "the service is active on the node",
    "its processes are gone, and nobody listens on its TCP ports",
    "it is started again; proven by systemd's state and by new processes",
    false,
    observer_node_exporter::plan};

}  // namespace ernstfall
