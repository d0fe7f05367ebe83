// marks: everything that happened, as points in lanes for the timeline.
#include <algorithm>
#include <map>

#include "harness/lang/messages.h"
#include "probes/checks/samples.h"
#include "reports/timeline.h"

namespace ernstfall {
namespace {

class Lanes {
 public:
  void add(TimeNs at, const std::string& lane, Text text, std::string_view severity) {
    lanes_[lane].push_back({at, lane, std::move(text), std::string(severity)});
  }

  std::vector<TimelineMark> finish() {
    std::vector<TimelineMark> all;
    for (auto& [lane, marks] : lanes_) {
      std::stable_sort(marks.begin(), marks.end(), by_time);
      if (marks.size() > kMaxMarksPerLane) {
        const std::size_t dropped = marks.size() - kMaxMarksPerLane + 1;
        marks.resize(kMaxMarksPerLane);
        marks.back().text = {Msg::mark_more, {plain_number(dropped)}};
        marks.back().severity = "warn";
      }
      all.insert(all.end(), marks.begin(), marks.end());
    }
    std::stable_sort(all.begin(), all.end(), by_time);
    return all;
  }

 private:
  static bool by_time(const TimelineMark& a, const TimelineMark& b) { return a.at < b.at; }
  std::map<std::string, std::vector<TimelineMark>> lanes_;
};

void add_faults(const RunFacts& facts, Lanes& lanes) {
  for (const FaultFacts& fault : facts.faults) {
    const std::vector<TextValue> where{fault.fault, fault.node};
    if (fault.effect_from)
      lanes.add(*fault.effect_from, "fault", {Msg::mark_takes_effect, where}, "bad");
    else if (fault.applied_at)
      lanes.add(*fault.applied_at, "fault", {Msg::mark_applied, where}, "bad");
    if (fault.confirmed_at)
      lanes.add(*fault.confirmed_at, "fault",
                {Msg::mark_confirmed, {inner(recorded(fault.confirmed_by))}}, "info");
    if (fault.undo_begin_at)
      lanes.add(*fault.undo_begin_at, "fault", Msg::mark_undo_begins, "info");
    if (fault.undone_at)
      lanes.add(*fault.undone_at, "fault", {Msg::mark_undone, {inner(recorded(fault.undone_by))}},
                "good");
  }
  for (const OperatorFacts& step : facts.operator_steps) {
    const Text name(Msg::proof_fault, {step.step, step.node});
    lanes.add(step.begin, "operator", step.restore ? Text(Msg::mark_restore, {inner(name)}) : name,
              "info");
    if (step.end && step.failed)
      lanes.add(*step.end, "operator",
                {Msg::mark_failed, {inner(name), inner(recorded(step.detail))}}, "bad");
  }
  if (facts.redundancy_at) lanes.add(*facts.redundancy_at, "run", Msg::mark_redundant, "good");
}

std::string_view severity_of(std::string_view state) {
  if (state == "StandAlone" || state == "Failed") return "bad";
  if (state == "Connected" || state == "UpToDate" || state == "Established") return "good";
  if (state == "Primary" || state == "Secondary") return "info";
  return "warn";
}

Text changed(const Text& what, const std::string& from, const std::string& to) {
  if (from.empty()) return {Msg::mark_now, {inner(what), to}};
  return {Msg::mark_changed, {inner(what), from, to}};
}

void add_change(Lanes& lanes, TimeNs at, const std::string& lane, const Text& what,
                const std::string& from, const std::string& to) {
  if (from == to || to.empty()) return;
  lanes.add(at, lane, changed(what, from, to), severity_of(to));
}

void add_drbd(const DrbdNodeTimeline& node, Lanes& lanes) {
  const std::string lane = "drbd " + node.node;
  DrbdNodeState before;
  for (const DrbdObservation& now : node.stream) {
    const DrbdNodeState& state = now.state;
    if (!now.follows_previous && !now.poll) {
      lanes.add(now.at, lane, {Msg::mark_heard, {state.summary()}}, "info");
      before = state;
      continue;
    }
    add_change(lanes, now.at, lane, Msg::mark_role, before.role, state.role);
    for (const auto& [number, volume] : state.volumes)
      add_change(lanes, now.at, lane, Msg::mark_disk, before.volumes[number].disk, volume.disk);
    for (const auto& [name, connection] : state.connections) {
      DrbdConnection& old = before.connections[name];
      // DRBD 8.4 has one peer, without a name.
      const auto of_peer = [peer = name](Msg alone, Msg named) {
        return peer == "peer" ? Text(alone) : Text(named, {peer});
      };
      add_change(lanes, now.at, lane, of_peer(Msg::mark_connection, Msg::mark_connection_to),
                 old.connection, connection.connection);
      for (const auto& [number, volume] : connection.volumes) {
        add_change(lanes, now.at, lane, of_peer(Msg::mark_replication, Msg::mark_replication_to),
                   old.volumes[number].replication, volume.replication);
        add_change(lanes, now.at, lane, of_peer(Msg::mark_peer_disk, Msg::mark_peer_disk_to),
                   old.volumes[number].peer_disk, volume.peer_disk);
      }
    }
    for (std::size_t i = before.helpers.size(); i < state.helpers.size(); ++i)
      lanes.add(now.at, lane, {Msg::mark_helper, {state.helpers[i]}},
                state.helpers[i].find("split-brain") != std::string::npos ? "bad" : "info");
    before = state;
  }
  for (const auto& [since, why] : node.stalls)
    lanes.add(since, lane, {Msg::mark_deaf, {inner(recorded(why))}}, "warn");
}

// In order of asking: a question that ran into its timeout ends after later ones were answered.
void add_node(const Source& source, std::vector<const Sample*> samples, Lanes& lanes) {
  std::stable_sort(samples.begin(), samples.end(),
                   [](const Sample* a, const Sample* b) { return a->scheduled < b->scheduled; });
  std::optional<bool> up;  // after the first answer that counts
  for (const Sample* sample : samples) {
    if (sample->outcome == Outcome::missed) continue;
    const bool answers = is_available(sample->outcome);
    if (up == answers) continue;
    if (up || !answers)
      lanes.add(answers ? sample->ended : sample->started, "node " + source.node,
                answers ? Msg::mark_answers : Msg::mark_silent, answers ? "good" : "bad");
    up = answers;
  }
}

void add_nodes(const History& history, Lanes& lanes) {
  const auto by_source = samples_by_source(history);
  for (const Source& source : history.sources)
    if (source.kind == "node.reach" && source.id < by_source.size())
      add_node(source, by_source[source.id], lanes);
}

}  // namespace

std::vector<TimelineMark> marks_of(const History& history, const RunFacts& facts,
                                   const DrbdTimeline& drbd) {
  Lanes lanes;
  add_faults(facts, lanes);
  for (const DrbdNodeTimeline& node : drbd.nodes) add_drbd(node, lanes);
  add_nodes(history, lanes);
  return lanes.finish();
}

}  // namespace ernstfall
