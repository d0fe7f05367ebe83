// no-split-brain: DRBD never found that two nodes had written apart. A handshake has two ends, so
// it is enough that one of the two was being listened to whenever it could have happened.
#include <algorithm>
#include <array>
#include <map>

#include "harness/history/kinds.h"
#include "harness/lang/messages.h"
#include "probes/checks/check.h"
#include "probes/checks/drbd_timeline.h"
#include "probes/checks/split_brain.h"

namespace ernstfall {
namespace {

constexpr std::array<std::string_view, 4> kDivergenceHelpers{"split-brain", "initial-split-brain",
                                                             "pri-lost", "pri-lost-after-sb"};
// A connection is StandAlone for a moment whenever it is made or taken down.
constexpr TimeNs kStandAloneMax = 5 * kNsPerSecond;
constexpr TimeNs kStepAftermath = 5 * kNsPerSecond;
constexpr TimeNs kMaxUnheard = 15 * kNsPerSecond;

bool separates_on_purpose(const Argv& argv) {
  return std::any_of(argv.begin(), argv.end(), [](const std::string& word) {
    return word == "disconnect" || word == "down" || word.find("drbdadm disconnect") != word.npos ||
           word.find("drbdadm down") != word.npos;
  });
}

// Did a step of the runbook take the connection down around `at`?
bool asked_for(const Scenario& scenario, const RunFacts& facts, TimeNs at) {
  if (!scenario.attended) return false;
  for (const OperatorFacts& done : facts.operator_steps) {
    const auto& steps = done.restore ? scenario.attended->restore : scenario.attended->steps;
    for (const OperatorStep& step : steps)
      if (step.name == done.step && separates_on_purpose(step.run) && at >= done.begin &&
          at <= done.end.value_or(facts.end) + kStepAftermath)
        return true;
  }
  return false;
}

void add_helper_calls(const CheckContext& context, std::vector<Evidence>& signs) {
  for (const Event& event : context.history.events) {
    if (event.kind != kinds::kDrbdLine || event.text.find("helper:") == std::string::npos) continue;
    const auto line = parse_events2_line(event.text);
    if (!line || line->action != "call" || line->object != "helper") continue;
    if (line->field("name") != context.cluster.drbd->resource) continue;
    const std::string_view helper = line->field("helper");
    if (std::find(kDivergenceHelpers.begin(), kDivergenceHelpers.end(), helper) ==
        kDivergenceHelpers.end())
      continue;
    std::string source = "drbd.state";
    if (event.source < context.history.sources.size())
      source = context.history.sources[event.source].name;
    signs.push_back({event.at, source, event.text});
  }
}

struct StandAlone {
  TimeNs since = 0;
  TimeNs last_seen = 0;
  bool ours = false;
};

void add_stand_alone(const CheckContext& context, const RunFacts& facts,
                     const DrbdNodeTimeline& node, std::vector<Evidence>& signs) {
  std::map<std::string, StandAlone> open;
  const auto close = [&](const std::string& connection, const StandAlone& seen) {
    if (seen.ours || seen.last_seen - seen.since < kStandAloneMax) return;
    signs.push_back({seen.since,
                     node.source,
                     {Msg::sb_stand_alone,
                      {peer_node(*context.cluster.drbd, node.node, connection),
                       duration_value(Nanos(seen.last_seen - seen.since))}}});
  };
  for (const DrbdObservation& now : node.stream) {
    for (const auto& [name, connection] : now.state.connections) {
      const auto it = open.find(name);
      if (connection.connection == "StandAlone") {
        if (it == open.end())
          open[name] = {now.at, now.at, asked_for(context.scenario, facts, now.at)};
        else
          it->second.last_seen = now.at;
      } else if (it != open.end()) {
        it->second.last_seen = now.at;
        close(name, it->second);
        open.erase(it);
      }
    }
    for (auto it = open.begin(); it != open.end();) {
      const bool gone = now.state.connections.find(it->first) == now.state.connections.end();
      it = gone ? open.erase(it) : std::next(it);  // taken down: a regular end
    }
  }
  for (const auto& [name, seen] : open) close(name, seen);
}

}  // namespace

std::vector<Evidence> split_brain_signs(const CheckContext& context, const RunFacts& facts,
                                        const DrbdTimeline& timeline) {
  std::vector<Evidence> signs;
  add_helper_calls(context, signs);
  for (const DrbdNodeTimeline& node : timeline.nodes) add_stand_alone(context, facts, node, signs);
  std::stable_sort(signs.begin(), signs.end(),
                   [](const Evidence& a, const Evidence& b) { return a.at < b.at; });
  return signs;
}

namespace no_split_brain_check {
namespace {

// Stretches in which neither of the two was heard by its own stream and neither was without power.
std::vector<std::pair<TimeNs, TimeNs>> unheard(const DrbdNodeTimeline& a,
                                               const DrbdNodeTimeline& b) {
  using Knowledge = RoleSegment::Knowledge;
  const auto deaf = [](const RoleSegment& s) {
    return s.knowledge == Knowledge::blind || s.knowledge == Knowledge::peer;
  };
  std::vector<std::pair<TimeNs, TimeNs>> result;
  for (const RoleSegment& left : a.segments) {
    if (!deaf(left)) continue;
    for (const RoleSegment& right : b.segments) {
      if (!deaf(right)) continue;
      const TimeNs begin = std::max(left.begin, right.begin);
      const TimeNs end = std::min(left.end, right.end);
      if (end - begin > kMaxUnheard) result.emplace_back(begin, end);
    }
  }
  return result;
}

void judge_silence(const DrbdTimeline& timeline, CheckResult& result) {
  for (std::size_t i = 0; i < timeline.nodes.size(); ++i) {
    const DrbdNodeTimeline& node = timeline.nodes[i];
    if (node.stream.empty()) {
      result.message = {Msg::sb_never_heard, {node.node}};
      return;
    }
    for (std::size_t k = i + 1; k < timeline.nodes.size(); ++k)
      for (const auto& [begin, end] : unheard(node, timeline.nodes[k])) {
        result.message = {
            Msg::sb_neither_heard,
            {node.node, timeline.nodes[k].node, seconds_value(begin), seconds_value(end)}};
        result.evidence.push_back({begin, node.source, Msg::sb_nothing_heard});
        return;
      }
  }
  result.verdict = Verdict::pass;
  result.message = {Msg::sb_none, {plain_number(timeline.nodes.size())}};
}

bool applies(const Cluster& cluster, const Scenario&) {
  return cluster.drbd.has_value();
}

CheckResult judge(const CheckContext& context) {
  const RunFacts facts = read_facts(context.history);
  const DrbdTimeline timeline = fold_drbd(context.history, context.cluster, facts);
  CheckResult result;
  result.evidence = split_brain_signs(context, facts, timeline);
  if (!result.evidence.empty()) {
    result.verdict = Verdict::fail;
    const NumberValue first = seconds_value(result.evidence.front().at);
    result.message = result.evidence.size() == 1
                         ? Text(Msg::sb_sign, {first})
                         : Text(Msg::sb_signs, {plain_number(result.evidence.size()), first});
    return result;
  }
  judge_silence(timeline, result);
  return result;
}

}  // namespace
}  // namespace no_split_brain_check

extern const CheckType kNoSplitBrain;
const CheckType kNoSplitBrain{"no-split-brain",
                              "DRBD never found that two nodes had written apart from each other",
                              no_split_brain_check::applies, no_split_brain_check::judge};

}  // namespace ernstfall
