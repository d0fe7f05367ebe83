// assess_rules: what one run shows about one rule. Internal to the assessment.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reports/assessment.h"

namespace ernstfall {

inline constexpr const char* kBlockLossCheck = "block-loss";
inline constexpr const char* kWriteOrderCheck = "write-order";
// Of a node, in the cluster file: "false" says that the cluster cannot cut its power.
inline constexpr const char* kFenceableLabel = "fenceable";

RunRef ref_of(const AssessedRun& run);
OutageValue outage_of(const RunReport& report);

// The rules that every run can break: invariants and loss. `title` is what the run did.
bool is_safety_rule(AssessRule rule);
Statement judge_safety(AssessRule rule, const AssessedRun& run, const Text& title);
// The rules of recovery, for a run of a single fault.
Statement judge_recovery(AssessRule rule, const AssessedRun& run, const Text& title,
                         const AssessSettings& settings);
// Has a power control, and nothing says that the cluster cannot use it.
bool can_be_fenced(const Node& node);
// Not about faults, but about nodes. `counted`: the runs that count.
RuleResult judge_fencing(const std::vector<const AssessedRun*>& counted, const Cluster& cluster);

// Worst first: not met, untested, met.
RuleState merge(RuleState a, RuleState b);

}  // namespace ernstfall
