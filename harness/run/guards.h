// guards: what a run may not do, checked before anything is touched, and what ends it while it
// runs.
//
//   max-nodes        more nodes at the same time than the cluster file allows
//   all-copies       every copy of the replicated data out of reach at the same time
//   last-quorum      so many nodes of a DRBD with quorum that the rest is no majority
//   last-good-copy   a copy is to be taken, and no other one is UpToDate now
//   window           outside the hours that the cluster file allows
// Those of a single fault (protected node, no way to power on again, destructive) are in
// plan_fault().
#pragma once

#include <ctime>
#include <string>
#include <vector>

#include "harness/run/cluster_state.h"
#include "harness/run/live_board.h"
#include "harness/run/preflight.h"

namespace ernstfall {

// Errc::refused, with the name of the rule. `planned` are all steps of the scenario: what two lanes
// may do at the same time counts as done at the same time.
Status check_blast_radius(const std::vector<PlannedStep>& planned, const Cluster& cluster);
Status check_window(const Cluster& cluster, const std::tm& local);
// Whether check_last_copy() has anything to look at.
bool takes_a_copy(const PlannedStep& step, const Cluster& cluster);
// For a step that is about to begin, by the state of now.
Status check_last_copy(const PlannedStep& step, const ClusterState& state, const Cluster& cluster);

// Why a run in progress must end its fault; empty: it may go on.
std::string stop_condition(const StopConditions& conditions, const LiveBoard& board, TimeNs now);

}  // namespace ernstfall
