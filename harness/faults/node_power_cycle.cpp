// node.power-cycle: cuts a node's power and gives it back at once; the node returns by itself.
#include <array>

#include "harness/faults/fault.h"

namespace ernstfall {

extern const FaultType kNodePowerCycle;

namespace node_power_cycle {
namespace {

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  const std::string& node = target.node.name;
  ERNSTFALL_TRY(const ParamValue off_for, param_of(kNodePowerCycle, step, "off_for"));
  FaultPlan plan;
  plan.ends_by_itself = true;
  plan.intended = "cut the power of " + node + " and give it back after " + off_for.text;
  plan.apply = {SwitchPower{node, SwitchPower::Operation::cycle,
                            Nanos(static_cast<std::int64_t>(off_for.number))}};
  plan.confirm = {NodeWentDown{node, target.boot_id}};
  // Right also when the harness died between off and on.
  plan.undo = {SwitchPower{node, SwitchPower::Operation::on, {}}};
  plan.undone = {NodeIsBack{node, target.boot_id, false}};
  return plan;
}

constexpr std::array kParams{ParamSpec{"off_for", ParamValue::Kind::duration, "2s", false,
                                       "how long the node is without power"}};

}  // namespace
}  // namespace node_power_cycle

const FaultType kNodePowerCycle{
    "node.power-cycle",
    "cut a node's power and give it back after a moment",
    node_power_cycle::kParams,
    "the node has a power control",
    "the node stopped answering or has another boot id",
    "power on if it is off; proven by SSH with a new boot id and a finished start-up",
    true,
    node_power_cycle::plan,
    Takes::node};

}  // namespace ernstfall
