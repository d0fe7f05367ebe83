// single-primary: at no moment were two nodes Primary. Lines are ordered by when they reached us,
// so two roles that touch within the time a line may take to arrive are told apart by what DRBD
// itself said.
#include <algorithm>

#include "harness/lang/messages.h"
#include "probes/checks/check.h"
#include "probes/checks/drbd_timeline.h"
#include "probes/checks/split_brain.h"

namespace ernstfall {
namespace single_primary_check {
namespace {

using Knowledge = RoleSegment::Knowledge;

// How late a line of one node may reach us compared with a line of another.
constexpr TimeNs kArrivalUncertainty = kNsPerSecond;
// Longer than this without knowing a node's role, while another may be Primary, is not a pass.
constexpr TimeNs kMaxBlind = 15 * kNsPerSecond;

TextValue span(TimeNs begin, TimeNs end) {
  return inner({Msg::check_span, {seconds_value(begin), seconds_value(end)}});
}

Evidence primary_evidence(const DrbdNodeTimeline& node, const RoleSegment& segment) {
  return {segment.begin,
          segment.known_by,
          {Msg::sp_was_primary, {node.node, span(segment.begin, segment.end)}}};
}

// Does the node that became Primary later say, in its own stream and before its own promotion, that
// the other one was a connected Secondary? Lines of one stream come in order: that settles it.
bool handed_over(const DrbdConfig& config, const DrbdNodeTimeline& later, TimeNs promoted_at,
                 const std::string& other) {
  for (const DrbdObservation& now : later.stream) {
    if (now.at != promoted_at || now.state.role != "Primary") continue;
    for (const auto& [name, connection] : now.state.connections)
      if (peer_node(config, later.node, name) == other)
        return connection.connection == "Connected" && connection.peer_role == "Secondary";
  }
  return false;
}

// A node that sees itself and a connected peer as Primary.
void find_admitted(const CheckContext& context, const DrbdTimeline& timeline, CheckResult& result) {
  for (const DrbdNodeTimeline& node : timeline.nodes)
    for (const DrbdObservation& now : node.stream) {
      if (now.state.role != "Primary") continue;
      for (const auto& [name, connection] : now.state.connections) {
        if (connection.connection != "Connected" || connection.peer_role != "Primary") continue;
        result.verdict = Verdict::fail;
        result.message = {
            Msg::sp_admitted,
            {node.node, peer_node(*context.cluster.drbd, node.node, name), node.node}};
        result.evidence.push_back({now.at, node.source, now.state.summary()});
        return;
      }
    }
}

void compare(const CheckContext& context, const DrbdNodeTimeline& a, const DrbdNodeTimeline& b,
             CheckResult& result) {
  for (const RoleSegment& left : a.segments) {
    if (!left.primary()) continue;
    for (const RoleSegment& right : b.segments) {
      if (!right.primary()) continue;
      const TimeNs begin = std::max(left.begin, right.begin);
      const TimeNs end = std::min(left.end, right.end);
      const bool at_one_moment = left.begin == left.end || right.begin == right.end;
      // A single sighting counts when the other was Primary well before and well after it.
      const bool well_inside = begin >= std::min(left.begin, right.begin) + kArrivalUncertainty &&
                               std::max(left.end, right.end) >= end + kArrivalUncertainty;
      if (end < begin || (end == begin && !at_one_moment)) continue;
      const bool proven = end - begin > kArrivalUncertainty || (at_one_moment && well_inside);
      const bool left_is_later = left.begin >= right.begin;
      if (!proven && handed_over(*context.cluster.drbd, left_is_later ? a : b, begin,
                                 left_is_later ? b.node : a.node))
        continue;
      const Verdict verdict = proven ? Verdict::fail : Verdict::unknown;
      if (verdict > result.verdict || result.message.empty())
        result.message =
            proven ? Text(Msg::sp_both, {a.node, b.node, span(begin, end)})
                   : Text(Msg::sp_look_both, {a.node, b.node, duration_value(Nanos(end - begin))});
      result.verdict = merge(result.verdict, verdict);
      result.evidence.push_back(primary_evidence(a, left));
      result.evidence.push_back(primary_evidence(b, right));
    }
  }
}

// How long others may have been Primary during a blind stretch.
TimeNs at_risk(const DrbdTimeline& timeline, const DrbdNodeTimeline& node,
               const RoleSegment& blind) {
  TimeNs longest = 0;
  for (const DrbdNodeTimeline& other : timeline.nodes) {
    if (other.node == node.node) continue;
    for (const RoleSegment& segment : other.segments)
      if (segment.primary() || segment.knowledge == Knowledge::blind)
        longest = std::max(longest,
                           std::min(segment.end, blind.end) - std::max(segment.begin, blind.begin));
  }
  return longest;
}

// A node that lost its memory in a power cut starts as Secondary. Had it been promoted and written
// while nobody heard it, DRBD's handshake would have found the two apart; it Connected instead.
bool settled_by_handshake(const CheckContext& context, const RunFacts& facts,
                          const DrbdTimeline& timeline, const DrbdNodeTimeline& node,
                          const RoleSegment& blind) {
  const bool restarted = std::any_of(facts.faults.begin(), facts.faults.end(), [&](const auto& f) {
    return f.node == node.node && f.effect_from && *f.effect_from <= blind.begin &&
           f.fault.rfind("node.", 0) == 0;
  });
  // Or its own cluster did it: this stretch begins where its power control last said off.
  const bool fenced =
      std::any_of(facts.powers_off.begin(), facts.powers_off.end(),
                  [&](const auto& off) { return off.node == node.node && off.to == blind.begin; });
  if ((!restarted && !fenced) || !split_brain_signs(context, facts, timeline).empty()) return false;
  for (const DrbdNodeTimeline& teller : timeline.nodes)
    for (const DrbdObservation& now : teller.stream)
      for (const auto& [name, connection] : now.state.connections)
        if (now.at >= blind.begin && connection.connection == "Connected" &&
            (teller.node == node.node ||
             peer_node(*context.cluster.drbd, teller.node, name) == node.node))
          return true;
  return false;
}

void judge_blind(const CheckContext& context, const RunFacts& facts, const DrbdTimeline& timeline,
                 CheckResult& result) {
  for (const DrbdNodeTimeline& node : timeline.nodes)
    for (const RoleSegment& segment : node.segments) {
      if (segment.knowledge != Knowledge::blind || segment.end - segment.begin <= kMaxBlind)
        continue;
      if (at_risk(timeline, node, segment) <= kMaxBlind) continue;
      if (settled_by_handshake(context, facts, timeline, node, segment)) {
        result.evidence.push_back(
            {segment.begin,
             node.source,
             {Msg::sp_handshake, {node.node, span(segment.begin, segment.end)}}});
        continue;
      }
      if (result.verdict == Verdict::pass)
        result.message = {Msg::sp_role_unknown, {node.node, span(segment.begin, segment.end)}};
      result.verdict = merge(result.verdict, Verdict::unknown);
      Text why(Msg::sp_nothing_known);
      for (const auto& [since, text] : node.stalls)
        if (since <= segment.end && since >= segment.begin - kNsPerSecond)
          why = {Msg::sp_deaf, {inner(recorded(text))}};
      result.evidence.push_back({segment.begin, node.source, why});
    }
}

void add_account(const DrbdTimeline& timeline, CheckResult& result) {
  for (const DrbdNodeTimeline& node : timeline.nodes)
    for (const RoleSegment& segment : node.segments) {
      if (segment.primary()) result.evidence.push_back(primary_evidence(node, segment));
      if (segment.knowledge == Knowledge::off)
        result.evidence.push_back(
            {segment.begin,
             segment.known_by,
             {Msg::sp_no_power, {node.node, span(segment.begin, segment.end)}}});
    }
}

bool applies(const Cluster& cluster, const Scenario&) {
  return cluster.drbd.has_value() && cluster.drbd->nodes.size() > 1;
}

CheckResult judge(const CheckContext& context) {
  const RunFacts facts = read_facts(context.history);
  const DrbdTimeline timeline = fold_drbd(context.history, context.cluster, facts);
  CheckResult result;
  const bool heard = std::any_of(timeline.nodes.begin(), timeline.nodes.end(),
                                 [](const auto& node) { return !node.stream.empty(); });
  if (!heard) {
    result.message = Msg::sp_none_heard;
    return result;
  }
  result.verdict = Verdict::pass;
  find_admitted(context, timeline, result);
  for (std::size_t i = 0; i < timeline.nodes.size(); ++i)
    for (std::size_t k = i + 1; k < timeline.nodes.size(); ++k)
      compare(context, timeline.nodes[i], timeline.nodes[k], result);
  judge_blind(context, facts, timeline, result);
  if (result.verdict == Verdict::pass) {
    result.message = {Msg::sp_never_two, {plain_number(timeline.nodes.size())}};
    add_account(timeline, result);
  }
  return result;
}

}  // namespace
}  // namespace single_primary_check

extern const CheckType kSinglePrimary;
const CheckType kSinglePrimary{"single-primary", "at no moment were two nodes Primary",
                               single_primary_check::applies, single_primary_check::judge};

}  // namespace ernstfall
