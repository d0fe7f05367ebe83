// milestones_drbd: what DRBD noticed, who was promoted, when every copy was whole again.
#include <algorithm>

#include "harness/lang/messages.h"
#include "probes/checks/redundancy.h"
#include "reports/milestones.h"

namespace ernstfall {
namespace {

bool is_victim(const RunFacts& facts, const std::string& node) {
  return std::any_of(facts.faults.begin(), facts.faults.end(),
                     [&](const FaultFacts& fault) { return fault.node == node; });
}

// The moment of a line: made after the last poll that still showed the old state was asked, before
// it arrived, and between what the node's clock said.
template <typename Shows>
Milestone bounded(const MilestoneInput& input, const DrbdNodeTimeline& node,
                  const DrbdObservation& now, TimeNs not_before, const Shows& shows) {
  Milestone milestone;
  milestone.node = node.node;
  milestone.at = milestone.upper = now.at;
  milestone.lower = std::min(not_before, now.at);
  for (const DrbdObservation& poll : node.polls) {
    if (poll.at > now.at) break;
    const auto asked = poll.event == nullptr ? std::nullopt : input.times.poll_asked(*poll.event);
    if (asked && !shows(poll.state)) milestone.lower = std::max(milestone.lower, *asked);
  }
  milestone.lower = std::min(milestone.lower, milestone.upper);
  if (now.poll || now.event == nullptr) return milestone;
  const std::string_view line = now.event->text;
  const auto stamp = parse_drbd_stamp(line.substr(0, line.find(' ')));
  if (!stamp) return milestone;
  const auto placed = input.times.place(node.node, *stamp, milestone.lower, milestone.upper);
  // A stamp that fits nowhere says only that the clock is not understood: the arrival stands.
  if (!placed) return milestone;
  milestone.lower = placed->lower;
  milestone.at = milestone.upper = placed->upper;
  return milestone;
}

const DrbdConnection* lost_connection(const DrbdNodeState& state) {
  for (const auto& [name, connection] : state.connections)
    if (!connection.connection.empty() && connection.connection != "Connected") return &connection;
  return nullptr;
}

std::optional<Milestone> first_notice(const MilestoneInput& input, TimeNs effect, bool victims) {
  std::optional<Milestone> first;
  const auto shows = [](const DrbdNodeState& state) { return lost_connection(state) != nullptr; };
  for (const DrbdNodeTimeline& node : input.drbd.nodes) {
    if (is_victim(input.facts, node.node) != victims) continue;
    for (const DrbdObservation& now : node.stream) {
      if (now.at < effect) continue;
      const DrbdConnection* lost = lost_connection(now.state);
      if (lost == nullptr) continue;
      Milestone milestone = bounded(input, node, now, effect, shows);
      milestone.name = step::kDrbd;
      milestone.proof = {Msg::proof_connection, {node.source, lost->connection}};
      if (!first || milestone.at < first->at) first = milestone;
      break;
    }
  }
  return first;
}

}  // namespace

// The first thing that a node other than the victim heard of the loss; of a fault that takes no
// node away, also the victim itself.
Found noticed_by_drbd(const MilestoneInput& input, TimeNs effect) {
  if (!input.cluster.drbd) return {std::nullopt, Msg::gap_no_drbd};
  const bool heard = std::any_of(input.drbd.nodes.begin(), input.drbd.nodes.end(),
                                 [](const DrbdNodeTimeline& node) { return !node.stream.empty(); });
  if (!heard) return {std::nullopt, Msg::gap_not_listened};
  if (auto first = first_notice(input, effect, false)) return {first, {}};
  const bool takes_node =
      std::any_of(input.facts.faults.begin(), input.facts.faults.end(),
                  [](const FaultFacts& fault) { return fault.fault.rfind("node.", 0) == 0; });
  if (!takes_node)
    if (auto first = first_notice(input, effect, true)) return {first, {}};
  return {std::nullopt, Msg::gap_stayed_connected};
}

// The first node that becomes Primary after the effect, and was not before.
Found promoted_by_drbd(const MilestoneInput& input, TimeNs effect) {
  if (!input.cluster.drbd) return {std::nullopt, Msg::gap_no_drbd};
  std::optional<Milestone> first;
  for (const DrbdNodeTimeline& node : input.drbd.nodes) {
    std::string role;
    bool heard_before = false;
    for (const DrbdObservation& now : node.stream) {
      const bool changed = now.state.role != role;
      // A node that was Primary when it lost power starts again as something else.
      if (changed && now.state.role == "Primary" && now.at > effect && heard_before) {
        Milestone milestone = bounded(input, node, now, effect, [](const DrbdNodeState& state) {
          return state.role == "Primary";
        });
        milestone.name = step::kPromoted;
        milestone.proof = {Msg::proof_role_primary, {node.source}};
        if (!first || milestone.at < first->at) first = milestone;
        break;
      }
      heard_before = true;
      role = now.state.role;
    }
  }
  if (first) return {first, {}};
  return {std::nullopt, Msg::gap_no_primary};
}

// The runner looks now and then; DRBD's own lines say since when it was so.
Found redundancy_restored(const MilestoneInput& input, TimeNs effect) {
  if (!input.cluster.drbd) return {std::nullopt, Msg::gap_no_drbd};
  if (!input.facts.redundancy_at) return {std::nullopt, Msg::gap_not_seen_before_end};
  if (redundancy_was_kept(input.drbd, input.cluster, effect, *input.facts.redundancy_at))
    return {std::nullopt, Msg::gap_redundancy_kept};
  Milestone milestone;
  milestone.name = step::kRedundant;
  milestone.proof = Msg::proof_redundant;
  milestone.at = milestone.upper = *input.facts.redundancy_at;
  milestone.lower = std::min(effect, milestone.at);
  for (const DrbdNodeTimeline& node : input.drbd.nodes) {
    const DrbdObservation* before = nullptr;
    for (const DrbdObservation& now : node.stream) {
      if (now.at > milestone.at) break;
      // Not before this line was made, or, when it says nothing of it yet, not before that.
      const bool was_whole = before == nullptr || before->state.fully_redundant();
      const bool whole = now.state.fully_redundant();
      if (!now.poll && !(was_whole && whole) && before != nullptr) {
        const auto shows = [whole](const DrbdNodeState& state) {
          return state.fully_redundant() == whole;
        };
        const TimeNs since = bounded(input, node, now, before->at, shows).lower;
        milestone.lower = std::max(milestone.lower, std::min(since, milestone.at));
      }
      before = &now;
    }
  }
  return {milestone, {}};
}

}  // namespace ernstfall
