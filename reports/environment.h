// environment: what a run was made with: versions, settings of the nodes, cluster file, scenario
// file; and what differs between two sets of runs.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/core/result.h"

namespace ernstfall {

// Key -> value. Keys begin with what they belong to:
//   "version: drbd@prod"   "cluster: nodes.prod.address"   "scenario: faults.0.hold"
//   "node: prod drbd-options resource r0.options.on-no-quorum"   "node: prod sysctls vm.swappiness"
using Environment = std::map<std::string, std::string>;

// From cluster.yaml, scenario.yaml and the state of the nodes before the fault in journal.jsonl;
// versions come with the report. Errors: a file is missing or damaged.
Result<Environment> read_environment(const std::filesystem::path& run_folder);
void add_versions(Environment& environment, const std::map<std::string, std::string>& versions);

// Equal for two runs of the same test: every part of the scenario but words and limits.
// Empty: nothing of the scenario is known.
std::string test_identity(const Environment& environment);

struct EnvironmentDifference {
  std::string key;
  std::string base;  // the values of all runs, joined by " | "; "not recorded" where there is none
  std::string candidate;
  // Of the scenario, and not only words or limits: it is not the same test.
  bool other_test = false;
};

// Versions first, then the scenario, the cluster file, the nodes. Values that differ between the
// runs of one side are differences as well.
std::vector<EnvironmentDifference> environment_differences(
    const std::vector<const Environment*>& base, const std::vector<const Environment*>& candidate);

}  // namespace ernstfall
