// assess_plan: the runs that an assessment needs, from scenario files and a cluster.
#pragma once

#include <string>
#include <vector>

#include "harness/core/clock.h"
#include "reports/assessment.h"

namespace ernstfall {

// A scenario with this tag is part of the assessment wherever it makes a fault that is asked for.
inline constexpr const char* kAssessTag = "assess";

struct PlannedScenario {
  const Scenario* scenario = nullptr;
  std::vector<std::size_t> needs;  // indices in AssessPlan::needs
  Nanos at_least{};                // baseline, faults, operator and stability; without settling
};
struct AssessPlan {
  std::vector<FaultNeed> needs;
  std::vector<PlannedScenario> scenarios;  // in the order of their first fault
  std::vector<std::size_t> missing;        // needs that no scenario makes
};

// How the scenario would look as a run in which everything went as written.
AssessedRun as_run(const Scenario& scenario, const Cluster& cluster);

// Of each fault: every scenario that makes it and has the tag, or else the first that makes it.
// Errc::usage: as needs_of().
Result<AssessPlan> plan_assessment(const std::vector<Scenario>& scenarios, const Cluster& cluster);

// Already there and counting: a run of the same scenario, in the same words, on the same cluster.
bool has_counted_run(const std::vector<AssessedRun>& runs, const Scenario& scenario,
                     const Cluster& cluster);

}  // namespace ernstfall
