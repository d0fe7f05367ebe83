// milestones: the moments that a recovery is made of, each with the event that proves it, as bounds
// on our axis. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/cluster/cluster.h"
#include "harness/scenario/scenario.h"
#include "probes/checks/drbd_timeline.h"
#include "probes/checks/node_time.h"
#include "probes/checks/rto.h"
#include "probes/checks/run_facts.h"

namespace ernstfall {

// Names of the steps of a recovery, in the order in which they are expected.
namespace step {
inline constexpr std::string_view kEffect = "effect";
inline constexpr std::string_view kFirstFailure = "first failure";
inline constexpr std::string_view kDrbd = "noticed by DRBD";
inline constexpr std::string_view kKubernetes = "noticed by Kubernetes";
inline constexpr std::string_view kEvicted = "evicted";
inline constexpr std::string_view kPromoted = "promoted";
inline constexpr std::string_view kMounted = "mounted";
inline constexpr std::string_view kStarted = "started";
inline constexpr std::string_view kAnswers = "service answers";
inline constexpr std::string_view kStable = "stable";
inline constexpr std::string_view kRedundant = "redundancy restored";
}  // namespace step

struct Milestone {
  TimeNs at = 0;     // what the report counts with: the moment of the proof
  TimeNs lower = 0;  // it happened between these
  TimeNs upper = 0;
  std::string name;
  Text proof;
  std::string node = {};  // where; empty: not about one node
};

struct MilestoneInput {
  const History& history;
  const Cluster& cluster;
  const Scenario& scenario;
  const RunFacts& facts;
  const DrbdTimeline& drbd;
  const RtoMeasurement& rto;
  const NodeTimes& times;
  const std::vector<JournalLine>& journal;
};

// A milestone, or why there is none.
struct Found {
  std::optional<Milestone> milestone;
  Text gap;
};

std::optional<Milestone> effect_of(const RunFacts& facts);

// milestones_drbd.cpp: by DRBD's own lines, polls and roles.
Found noticed_by_drbd(const MilestoneInput& input, TimeNs effect);
Found promoted_by_drbd(const MilestoneInput& input, TimeNs effect);
Found redundancy_restored(const MilestoneInput& input, TimeNs effect);

// milestones_journal.cpp: by the nodes' journals and the operator's steps.
Found noticed_by_kubernetes(const MilestoneInput& input, TimeNs effect);
Found evicted_by_kubernetes(const MilestoneInput& input, TimeNs effect);
// `after`: what must have happened before; `until`: when the service answered, if it did.
Found mounted_on_node(const MilestoneInput& input, TimeNs after, std::optional<TimeNs> until);
Found started_on_node(const MilestoneInput& input, TimeNs after, std::optional<TimeNs> until);

}  // namespace ernstfall
