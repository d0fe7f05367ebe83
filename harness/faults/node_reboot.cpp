// node.reboot: a node restarts, in good order as after an update, or at once.
#include <array>

#include "harness/faults/fault.h"

namespace ernstfall {

extern const FaultType kNodeReboot;

namespace node_reboot {
namespace {

// A stop in good order takes its time, and so does a start: power comes into it only much later.
constexpr Nanos kGrace = std::chrono::minutes(2);

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  const Node& node = target.node;
  ERNSTFALL_TRY(const ParamValue force, param_of(kNodeReboot, step, "force"));
  const bool at_once = force.number != 0;
  FaultPlan plan;
  plan.ends_by_itself = true;
  plan.intended = "reboot " + node.name +
                  (at_once ? " at once, without stopping its services" : " in good order");
  plan.apply = {RemoteAction{"reboot", node.name,
                             at_once ? Argv{"reboot", "-f"} : Argv{"systemctl", "reboot"},
                             std::chrono::seconds(10), 1, true}};
  plan.confirm = {NodeWentDown{node.name, target.boot_id}};
  if (node.power.kind != PowerConfig::Kind::none) plan.undo = {ReviveAction{node.name, kGrace}};
  plan.undone = {NodeIsBack{node.name, target.boot_id, false}};
  return plan;
}

constexpr std::array kParams{ParamSpec{"force", ParamValue::Kind::boolean, "false", false,
                                       "at once: nothing is stopped, files are flushed"}};

}  // namespace
}  // namespace node_reboot

const FaultType kNodeReboot{
    "node.reboot",
    "reboot a node from inside",
    node_reboot::kParams,
    "root on the node; it starts again without anybody's help",
    "the node stopped answering or has another boot id",
    "it returns by itself; power-cycled when it does not; proven by SSH with a new boot id",
    false,
    node_reboot::plan,
    Takes::node};

}  // namespace ernstfall
