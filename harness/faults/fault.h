// fault: one disturbance of one target.
//
// Adding one: a file in this folder with `const FaultType kX{...}`, and a line in catalog.inc. From
// that follow `ernstfall list faults`, the scenario schema, completion, the reference page and the
// contract test that runs over every entry (tests/unit/faults/contract_test.cpp).
#pragma once

#include <span>
#include <string_view>

#include "harness/cluster/cluster.h"
#include "harness/faults/plan.h"
#include "harness/scenario/scenario.h"

namespace ernstfall {

// What a fault may know about its target when it plans: read in preflight.
struct FaultTarget {
  const Node& node;
  std::string boot_id;               // /proc/sys/kernel/random/boot_id
  const Cluster* cluster = nullptr;  // the others; nullptr only in tests of faults that need none
  std::string token = "00000000";    // our mark for this fault on this node
  std::string control_source = {};   // our own address as the node sees it: exempt from every fault
};

// Eight random hex digits.
std::string make_token();

// What is out of reach while a fault holds: for the guards.
enum class Takes {
  nothing,  // of the data
  copy,     // the node's copy of the replicated data: gone, stale, or cut off from the others
  node,     // the whole node
};

struct FaultType {
  std::string_view name;     // area.verb
  std::string_view summary;  // one line
  std::span<const ParamSpec> params;
  std::string_view precondition;  // in words, for the reference page
  std::string_view confirmed_by;
  std::string_view undone_by;
  bool needs_power_control;  // refused where the node's power cannot be switched back on
  // Pure. Errc::refused when the target does not allow it.
  Result<FaultPlan> (*plan)(const FaultTarget&, const FaultStep&);
  Takes takes = Takes::nothing;
  bool destructive = false;  // may destroy data: disposable clusters only, or by typed confirmation
};

std::span<const FaultType* const> all_faults();
const FaultType* find_fault(std::string_view name);

// find_fault + the guards that hold for every fault (protected node, power control) + plan.
Result<FaultPlan> plan_fault(const FaultTarget& target, const FaultStep& step);

// Whether every fault of the scenario could be planned on its targets, without reaching a node:
// power control, parameters, guards. Targets must be resolvable. All problems at once, each with
// its place.
Status check_fault_plans(const Scenario& scenario, const Cluster& cluster);

// A parameter's value, or its default when the step does not give it.
Result<ParamValue> param_of(const FaultType& type, const FaultStep& step, std::string_view name);

}  // namespace ernstfall
