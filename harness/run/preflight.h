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
#include "harness/run/soak.h"
#include "harness/scenario/scenario.h"

namespace ernstfall {

// A fault of the scenario, planned for its targets.
struct PlannedStep {
  FaultStep step;
  std::vector<FaultPlan> plans;  // one per target
};

// One entry of a soak's schedule, and why it would be skipped if it began now.
struct PlannedEntry {
  SoakEntry entry;
  std::string refused;  // empty: it is allowed
};

struct PreflightResult {
  std::vector<PlannedStep> faults;  // of a soak: each fault and target of the schedule once
  std::vector<PlannedEntry> soak;
  std::uint64_t seed = 0;
  std::vector<RemoteAction> operator_steps;
  std::vector<RemoteAction> restore_steps;
  std::vector<std::string> canaries;            // in words: where each block canary will write
  ClusterState state;                           // before anything was touched
  std::map<std::string, std::string> versions;  // "kernel@prod", "drbd@prod", "k3s@prod" ...
};

// Reads the targets as they are now and plans the step for each; asks the preconditions. Errors as
// those of preflight(). The seed decides which node "one" and "majority" mean.
Result<PlannedStep> plan_step(const NodeSet& nodes, const FaultStep& step, std::uint64_t seed,
                              const std::stop_token& stop);

// Errc::refused or usage for what the files ask for and must not; Errc::unreachable for a cluster
// that is not fit for a test now (a node away, a replica behind, a mark of an earlier run left, no
// room here).
Result<PreflightResult> preflight(const NodeSet& nodes, const Scenario& scenario,
                                  const std::filesystem::path& runs_root, std::uint64_t seed,
                                  const std::stop_token& stop);

// What a run would do, command by command, for --dry-run.
std::string describe_plan(const PreflightResult& result, const Scenario& scenario, Nanos dead_man);

}  // namespace ernstfall
