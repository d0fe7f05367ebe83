// redundancy: nothing that a node said between two moments, and nothing unsaid.
#include "probes/checks/redundancy.h"

#include <algorithm>

namespace ernstfall {
namespace {

bool heard_all_the_time(const DrbdNodeTimeline& node, TimeNs from, TimeNs until) {
  return std::all_of(node.segments.begin(), node.segments.end(), [&](const RoleSegment& segment) {
    const bool apart = segment.end < from || segment.begin > until;
    return apart || segment.knowledge == RoleSegment::Knowledge::own;
  });
}

// What was so at `from` is what the last line before it says.
bool whole_all_the_time(const std::vector<DrbdObservation>& said, TimeNs from, TimeNs until) {
  bool known = false;
  for (const DrbdObservation& now : said) {
    if (now.at > until) break;
    if (now.at <= from)
      known = now.state.fully_redundant();
    else if (!now.state.fully_redundant())
      return false;
  }
  return known;
}

}  // namespace

bool redundancy_was_kept(const DrbdTimeline& timeline, const Cluster& cluster, TimeNs from,
                         TimeNs until) {
  if (!cluster.drbd || timeline.nodes.size() < cluster.drbd->nodes.size()) return false;
  if (from < timeline.window_begin || until > timeline.window_end) return false;
  return std::all_of(timeline.nodes.begin(), timeline.nodes.end(),
                     [&](const DrbdNodeTimeline& node) {
                       return heard_all_the_time(node, from, until) &&
                              whole_all_the_time(node.stream, from, until) &&
                              whole_all_the_time(node.polls, from, until);
                     });
}

}  // namespace ernstfall
