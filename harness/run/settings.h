// settings: what a recovery's length follows from and preflight's look at the nodes does not hold:
// start and restart limits of the units that the scenario is about, Kubernetes' patience. DRBD's
// options are in the initial state already.
#pragma once

#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/inject/executor.h"
#include "harness/scenario/scenario.h"

namespace ernstfall {

// Node -> units that the scenario's faults and steps name there.
std::map<std::string, std::set<std::string>> units_of(const Cluster& cluster,
                                                      const Scenario& scenario);
// Lines "unit NAME KEY=VALUE" and "kubernetes FLAG=VALUE" as keys of kinds::kSettings.
void take_settings(const std::string& node, const std::string& out,
                   std::map<std::string, std::string>& settings);
// One question to each node that has something to tell, before anything is watched; best effort:
// what is not told counts with its default, and is named so.
std::map<std::string, std::string> read_settings(const NodeSet& nodes, const Scenario& scenario,
                                                 const std::set<std::string>& kubernetes,
                                                 Deadline deadline, const std::stop_token& stop);

}  // namespace ernstfall
