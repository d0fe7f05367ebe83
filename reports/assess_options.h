// assess_options: the ways to close a gap, each with what it costs. Internal to the assessment.
#pragma once

#include "reports/assessment.h"

namespace ernstfall {

// For a rule of recovery that a need did not meet. `replica`: the other node with data.
std::vector<GapOption> options_for(AssessRule rule, const FaultNeed& need, const Cluster& cluster);
// For a node with data that nothing keeps from writing.
std::vector<GapOption> fencing_options(const Node& node);
// For a rule that was not tested, or that is about the data.
std::vector<GapOption> options_for(AssessRule rule, RuleState state);

// Each once, in the order of their first mention.
void add_options(std::vector<GapOption>& to, const std::vector<GapOption>& more);

}  // namespace ernstfall
