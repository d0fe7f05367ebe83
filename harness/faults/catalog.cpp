// catalog: the list of all faults, and the guards that hold for each of them.
#include <array>
#include <random>

#include "harness/faults/fault.h"

namespace ernstfall {

#define ERNSTFALL_FAULT(type) extern const FaultType type;
#include "harness/faults/catalog.inc"
#undef ERNSTFALL_FAULT

std::span<const FaultType* const> all_faults() {
  static const std::array kAll{
#define ERNSTFALL_FAULT(type) &type,
#include "harness/faults/catalog.inc"
#undef ERNSTFALL_FAULT
  };
  return kAll;
}

std::string make_token() {
  std::random_device random;
  return fmt::format("{:08x}", random() & 0xffffffffU);
}

const FaultType* find_fault(std::string_view name) {
  for (const FaultType* type : all_faults())
    if (type->name == name) return type;
  return nullptr;
}

Result<FaultPlan> plan_fault(const FaultTarget& target, const FaultStep& step) {
  const FaultType* type = find_fault(step.fault);
  if (type == nullptr) return fail(Errc::usage, "there is no fault \"{}\"", step.fault);
  const Node& node = target.node;
  if (node.is_protected)
    return fail_at(Errc::refused, node.name,
                   "the cluster file protects this node from every fault");
  if (type->needs_power_control && node.power.kind == PowerConfig::Kind::none)
    return fail_at(Errc::refused, node.name,
                   "{} needs a power control that can switch the node on again, and this node has "
                   "none; node.crash with mode: reset is the only power fault allowed there",
                   type->name);
  if (type->destructive && (target.cluster == nullptr || !target.cluster->may_be_destroyed())) {
    const std::string cluster = target.cluster == nullptr ? "unknown" : target.cluster->name;
    return fail_at(
        Errc::refused, node.name,
        "{} may destroy data, and cluster {} is not marked `disposable: true`; if you are "
        "sure: --i-know-what-i-do={}",
        type->name, cluster, cluster);
  }
  ERNSTFALL_TRY(FaultPlan plan, type->plan(target, step));
  plan.fault = std::string(type->name);
  plan.node = node.name;
  return plan;
}

Result<ParamValue> param_of(const FaultType& type, const FaultStep& step, std::string_view name) {
  return param_or_default(type.params, step.params, name);
}

}  // namespace ernstfall
