// phases: where the time went, from events that prove each step.
#include <fmt/core.h>

#include <algorithm>

#include "reports/timeline.h"

namespace ernstfall {
namespace {

struct Milestone {
  TimeNs at = 0;
  std::string name;
  std::string proof;
};

// The first thing that a node other than the victim heard of the loss.
std::optional<Milestone> noticed_by_drbd(const DrbdTimeline& drbd, const RunFacts& facts,
                                         TimeNs effect) {
  std::optional<Milestone> first;
  for (const DrbdNodeTimeline& node : drbd.nodes) {
    const bool victim = std::any_of(facts.faults.begin(), facts.faults.end(),
                                    [&](const FaultFacts& f) { return f.node == node.node; });
    if (victim) continue;
    for (const DrbdObservation& now : node.stream) {
      if (now.at < effect || (first && now.at >= first->at)) continue;
      for (const auto& [name, connection] : now.state.connections)
        if (connection.connection != "Connected" && (!first || now.at < first->at))
          first = Milestone{now.at, "noticed by DRBD",
                            fmt::format("{}: connection {}", node.source, connection.connection)};
    }
  }
  return first;
}

// The first node that becomes Primary after the effect, and was not before.
std::optional<Milestone> promoted(const DrbdTimeline& drbd, TimeNs effect) {
  std::optional<Milestone> first;
  for (const DrbdNodeTimeline& node : drbd.nodes) {
    std::string role;
    TimeNs role_since = 0;
    for (const DrbdObservation& now : node.stream) {
      const bool changed = now.state.role != role;
      // A node that was Primary when it lost power starts again as something else.
      if (changed && now.state.role == "Primary" && now.at > effect && role_since != 0 &&
          (!first || now.at < first->at))
        first = Milestone{now.at, "promoted", fmt::format("{}: role Primary", node.source)};
      if (changed) role_since = now.at;
      role = now.state.role;
    }
  }
  return first;
}

std::optional<Milestone> reachable_again(const History& history, const std::string& node,
                                         TimeNs since) {
  std::optional<Milestone> first;
  bool away = false;
  std::optional<TimeNs> back;
  std::string source_name;
  for (const Sample& sample : history.samples) {
    if (sample.source >= history.sources.size()) continue;
    const Source& source = history.sources[sample.source];
    if (source.kind != "node.reach" || source.node != node || sample.scheduled < since) continue;
    if (sample.outcome == Outcome::missed) continue;
    if (!is_available(sample.outcome)) {
      away = true;
    } else if (away && !back) {
      back = sample.ended;
      source_name = source.name;
    }
  }
  if (back) first = Milestone{*back, "node reachable", source_name + " answers again"};
  return first;
}

void add_operator(const RunFacts& facts, std::vector<Milestone>& milestones) {
  const OperatorFacts* last = nullptr;
  for (const OperatorFacts& step : facts.operator_steps) {
    if (step.restore) continue;
    if (last == nullptr)
      milestones.push_back({step.begin, "operator begins", "first step: " + step.step});
    last = &step;
  }
  if (last != nullptr && last->end)
    milestones.push_back(
        {*last->end, "operator done",
         fmt::format("last step: {}{}", last->step, last->failed ? " failed" : "")});
}

}  // namespace

std::vector<PhaseSpan> phases_of(const History& history, const Scenario& scenario,
                                 const RunFacts& facts, const DrbdTimeline& drbd,
                                 const RtoMeasurement& rto) {
  std::vector<PhaseSpan> spans;
  if (!facts.effect_at()) return spans;
  const TimeNs effect = *facts.effect_at();
  TimeNs baseline_at = effect;
  for (const PhaseFact& phase : facts.phases)
    if (phase.name == "baseline") baseline_at = std::min(baseline_at, phase.at);
  if (baseline_at < effect)
    spans.push_back({"baseline", baseline_at, effect, "the fault takes effect"});

  std::vector<Milestone> milestones;
  if (rto.outage) {
    milestones.push_back({std::max(rto.outage->first_bad_at, effect), "first failure",
                          rto.probe->name + ": first bad answer"});
    if (rto.outage->ended_by) {
      milestones.push_back(
          {*rto.outage->ended_by, "service answers", rto.probe->name + ": first lasting answer"});
      milestones.push_back(
          {*rto.outage->ended_by + scenario.stable.count(), "stable", "no bad answer since"});
    }
  }
  if (auto milestone = noticed_by_drbd(drbd, facts, effect)) milestones.push_back(*milestone);
  if (auto milestone = promoted(drbd, effect)) milestones.push_back(*milestone);
  add_operator(facts, milestones);
  for (const FaultFacts& fault : facts.faults) {
    const bool power = fault.fault == "node.power-off";
    if (power && fault.undo_begin_at)
      milestones.push_back(
          {*fault.undo_begin_at, "power back", "power on was sent to " + fault.node});
    if (auto milestone = reachable_again(history, fault.node, fault.effect_from.value_or(effect)))
      milestones.push_back(*milestone);
  }
  if (facts.redundancy_at)
    milestones.push_back({*facts.redundancy_at, "redundancy restored",
                          "every replica UpToDate, nothing out of sync"});
  std::stable_sort(milestones.begin(), milestones.end(),
                   [](const Milestone& a, const Milestone& b) { return a.at < b.at; });
  TimeNs at = effect;
  for (Milestone& milestone : milestones) {
    if (milestone.at < at || (facts.first_restore_at() && milestone.at > *facts.first_restore_at()))
      continue;
    spans.push_back({milestone.name, at, milestone.at, milestone.proof});
    at = milestone.at;
  }
  return spans;
}

}  // namespace ernstfall
