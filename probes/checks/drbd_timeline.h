// drbd_timeline: what is known about the resource on every node, when, and by what evidence. Folded
// from each node's events2 stream and polls by time of arrival at the harness.
//
//   own    between two things heard from the node in one unbroken stream (lines come in order, so
//          nothing happened between them that we did not hear)
//   off    its power was cut and not yet given back: without power nobody is Primary
//   peer   a Connected peer, itself known, says what role the node has
//   blind  nobody knows
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/cluster/cluster.h"
#include "harness/drbd/events2.h"
#include "harness/history/history.h"
#include "harness/lang/text.h"
#include "probes/checks/run_facts.h"

namespace ernstfall {

// One thing heard from a node, with the whole state after it.
struct DrbdObservation {
  TimeNs at = 0;
  bool poll = false;
  bool follows_previous = false;  // same unbroken stream as the observation before
  DrbdNodeState state;
  const Event* event = nullptr;
};

struct RoleSegment {
  enum class Knowledge { own, off, peer, blind };
  TimeNs begin = 0;
  TimeNs end = 0;  // equal to begin: known at one moment only (a poll of a deaf stream)
  Knowledge knowledge = Knowledge::blind;
  std::string role;  // "Primary", "Secondary", "Unknown"; "" when off or blind
  Text known_by;     // source or reason, for evidence

  bool primary() const { return role == "Primary"; }
};

struct DrbdNodeTimeline {
  std::string node;
  std::string source;                   // "drbd.state@prod"
  std::vector<DrbdObservation> stream;  // whole lines' worth of state, from streams
  std::vector<DrbdObservation> polls;   // as read, in order
  std::vector<RoleSegment> segments;    // contiguous from window_begin to window_end, in order
  std::vector<std::pair<TimeNs, std::string>> stalls;  // since when, and why
};

struct DrbdTimeline {
  TimeNs window_begin = 0;  // first stream opened
  TimeNs window_end = 0;
  std::vector<DrbdNodeTimeline> nodes;  // in order of the cluster file

  const DrbdNodeTimeline* find(std::string_view node) const;
};

// Which node a connection of `node` leads to. DRBD 8.4 always says "peer", and there are two nodes
// then.
std::string peer_node(const DrbdConfig& config, std::string_view node, std::string_view conn_name);

DrbdTimeline fold_drbd(const History& history, const Cluster& cluster, const RunFacts& facts);

}  // namespace ernstfall
