// node.crash: the kernel goes down from inside, by sysrq: panic (c) or immediate reset (b).
#include <array>

#include "harness/faults/fault.h"

namespace ernstfall {

extern const FaultType kNodeCrash;

namespace node_crash {
namespace {

// sysrq c: panic (stays down unless kernel.panic is set); b: reset without sync.
Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  const Node& node = target.node;
  ERNSTFALL_TRY(const ParamValue mode, param_of(kNodeCrash, step, "mode"));
  if (mode.text != "panic" && mode.text != "reset")
    return fail(Errc::usage, "node.crash: mode is \"{}\"; expected panic or reset", mode.text);
  const bool panic = mode.text == "panic";
  if (panic && node.power.kind == PowerConfig::Kind::none)
    return fail_at(Errc::refused, node.name,
                   "a panic may leave the node down, and nobody can power it on again from here; "
                   "use mode: reset");
  const std::string key = panic ? "c" : "b";
  FaultPlan plan;
  plan.ends_by_itself = !panic;
  plan.intended = (panic ? "panic the kernel of " : "reset ") + node.name + " from inside";
  plan.apply = {RemoteAction{
      "crash",
      node.name,
      {"sh", "-c", "echo 1 > /proc/sys/kernel/sysrq; echo " + key + " > /proc/sysrq-trigger"},
      std::chrono::seconds(5),
      1,
      true}};
  plan.confirm = {NodeWentDown{node.name, target.boot_id}};
  if (node.power.kind != PowerConfig::Kind::none) plan.undo = {ReviveAction{node.name}};
  plan.undone = {NodeIsBack{node.name, target.boot_id, false}};
  return plan;
}

constexpr std::array kParams{
    ParamSpec{"mode", ParamValue::Kind::text, "panic", false,
              "panic (sysrq c: the node halts unless kernel.panic is set) or reset (sysrq b: "
              "reboots at once, nothing is written to the disks)"}};

}  // namespace
}  // namespace node_crash

const FaultType kNodeCrash{
    "node.crash",
    "crash a node's kernel from inside",
    node_crash::kParams,
    "root on the node; a power control for mode: panic",
    "the node stopped answering or has another boot id",
    "power-cycled when it does not come back by itself; proven by SSH with a new boot id",
    false,
    node_crash::plan,
    Takes::node};

}  // namespace ernstfall
