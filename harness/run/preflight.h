// preflight: everything that is read and refused before anything is touched.
#pragma once

#include <filesystem>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/faults/fault.h"
#include "harness/inject/executor.h"
#include "harness/run/cluster_state.h"
#include "harness/scenario/scenario.h"

namespace ernstfall {

// A fault of the scenario, planned for its target.
struct PlannedFault {
  FaultStep step;
  FaultPlan plan;
};

struct PreflightResult {
  std::vector<PlannedFault> faults;
  std::vector<RemoteAction> operator_steps;
  std::vector<RemoteAction> restore_steps;
  ClusterState state;                           // before anything was touched
  std::map<std::string, std::string> versions;  // "kernel@prod", "drbd@prod"
};

// Errc::refused or usage for what the files ask for and must not; Errc::unreachable for a cluster
// that is not fit for a test now (a node away, a replica behind, a mark of an earlier run left, no
// room here).
Result<PreflightResult> preflight(const NodeSet& nodes, const Scenario& scenario,
                                  const std::filesystem::path& runs_root,
                                  const std::stop_token& stop);

// What a run would do, command by command, for --dry-run.
std::string describe_plan(const PreflightResult& result, const Scenario& scenario);

}  // namespace ernstfall
