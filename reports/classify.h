// classify: the published rubric (docs/explanation/rubric.md), rule by rule, and what it means in
// words.
#pragma once

#include "harness/cluster/cluster.h"
#include "harness/scenario/scenario.h"
#include "probes/checks/run_facts.h"
#include "reports/environment.h"
#include "reports/model.h"

namespace ernstfall {

// From bad (0: unsafe, or not known) to good (3: ha).
int class_rank(ClusterClass value);
// Fill cluster_class and class_reasons, why, next_steps, not_measured of a report whose numbers,
// checks and phases are complete.
void classify(RunReport& report, const RunFacts& facts);
void explain(RunReport& report, const RunFacts& facts, const Cluster& cluster,
             const Scenario& scenario, const Environment& settings);

}  // namespace ernstfall
