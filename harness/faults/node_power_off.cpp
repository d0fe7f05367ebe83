// node.power-off: cuts a node's power, as when someone pulls the plug; undo is power on.
#include "harness/faults/fault.h"

namespace ernstfall {
namespace node_power_off {
namespace {

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep&) {
  const std::string& node = target.node.name;
  FaultPlan plan;
  plan.intended = "cut the power of " + node + ": nothing is flushed, nobody is told";
  plan.apply = {SwitchPower{node, SwitchPower::Operation::off, {}}};
  plan.confirm = {PowerIsOff{node}};
  plan.undo = {SwitchPower{node, SwitchPower::Operation::on, {}}};
  plan.undone = {NodeIsBack{node, target.boot_id, false}};
  return plan;
}

}  // namespace
}  // namespace node_power_off

extern const FaultType kNodePowerOff;
const FaultType kNodePowerOff{"node.power-off",
                              "cut a node's power and keep it off for the hold time",
                              {},
                              "the node has a power control that can switch it on again",
                              "the power control says off, and the node does not answer",
                              "power on; proven by SSH with a new boot id and a finished start-up",
                              true,
                              node_power_off::plan,
                              Takes::node};

}  // namespace ernstfall
