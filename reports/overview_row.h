// overview_row: what the runs of one scenario, and those of one cluster, come to.
#pragma once

#include "reports/overview.h"

namespace ernstfall {

// dirty > violated > inconclusive > pass.
int severity_of(RunVerdict verdict);
RunVerdict worse_verdict(RunVerdict a, RunVerdict b);

// `runs`: of one scenario in one version on one cluster, the oldest first; never empty. Fills
// everything but the version.
OverviewScenario overview_row(const std::vector<const ComparedRun*>& runs);
OverviewCluster overview_cluster(const std::string& name,
                                 const std::vector<const ComparedRun*>& runs);

}  // namespace ernstfall
