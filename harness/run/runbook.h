// runbook: the operator's steps of a scenario as actions on nodes.
#pragma once

#include <string>
#include <vector>

#include "harness/cluster/cluster.h"
#include "harness/faults/plan.h"
#include "harness/scenario/scenario.h"

namespace ernstfall {

// Errc::usage when a step's `on` names no single node.
Result<std::vector<RemoteAction>> runbook_actions(const std::vector<OperatorStep>& steps,
                                                  const Cluster& cluster);

}  // namespace ernstfall
