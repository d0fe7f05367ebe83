// assess_gaps: single points of failure, and what would close the gap to the next class. Internal
// to the assessment.
#pragma once

#include "reports/assess_rules.h"
#include "reports/protocol_advice.h"

namespace ernstfall {

void find_single_points(Assessment& assessment, const Cluster& cluster,
                        const std::vector<std::vector<const AssessedRun*>>& runs_of_need);
// `protocols`: that were recorded where acknowledged data was lost.
void find_gaps(Assessment& assessment, const Cluster& cluster,
               const std::vector<EarlyProtocol>& protocols);

}  // namespace ernstfall
