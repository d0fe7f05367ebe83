// phases: where the time went, from events that prove each step.
#include <algorithm>

#include "harness/lang/messages.h"
#include "reports/timeline.h"

namespace ernstfall {
namespace {

struct Expected {
  std::string_view name;
  Found found;
};

Milestone exactly(TimeNs at, std::string_view name, Text proof) {
  return {at, at, at, std::string(name), std::move(proof), {}};
}

Found first_failure(const MilestoneInput& input, TimeNs effect) {
  const RtoMeasurement& rto = input.rto;
  if (!rto.outage)
    return {std::nullopt, rto.probe == nullptr  ? Text(Msg::gap_no_probe)
                          : rto.problem.empty() ? Text(Msg::gap_answered)
                                                : rto.problem};
  Milestone milestone;
  milestone.name = step::kFirstFailure;
  milestone.proof = {Msg::proof_first_bad, {rto.probe->name}};
  milestone.at = std::max(rto.outage->first_bad_at, effect);
  milestone.lower = std::min(std::max(rto.outage->began_after, effect), milestone.at);
  milestone.upper = std::max(rto.outage->began_by, milestone.at);
  return {milestone, {}};
}

Found service_answers(const MilestoneInput& input) {
  const RtoMeasurement& rto = input.rto;
  if (!rto.outage) return {std::nullopt, Msg::gap_no_outage};
  if (!rto.outage->ended_by) return {std::nullopt, Msg::gap_not_before_end};
  Milestone milestone;
  milestone.name = step::kAnswers;
  milestone.proof = {Msg::proof_lasting, {rto.probe->name}};
  milestone.at = milestone.upper = *rto.outage->ended_by;
  milestone.lower = std::min(rto.outage->ended_after, milestone.at);
  return {milestone, {}};
}

Found stable(const MilestoneInput& input, const Found& answers) {
  if (!answers.milestone) return {std::nullopt, answers.gap};
  const TimeNs held = input.scenario.stable.count();
  Milestone milestone = *answers.milestone;
  milestone.name = step::kStable;
  milestone.proof = Msg::proof_stable;
  milestone.at += held;
  milestone.lower += held;
  milestone.upper += held;
  return {milestone, {}};
}

std::optional<Milestone> reachable_again(const History& history, const std::string& node,
                                         TimeNs since) {
  std::optional<Milestone> back;
  TimeNs last_bad = since;
  bool away = false;
  for (const Sample& sample : history.samples) {
    if (sample.source >= history.sources.size()) continue;
    const Source& source = history.sources[sample.source];
    if (source.kind != "node.reach" || source.node != node || sample.scheduled < since) continue;
    if (sample.outcome == Outcome::missed) continue;
    if (!is_available(sample.outcome)) {
      away = true;
      last_bad = std::max(last_bad, sample.started);
    } else if (away && !back) {
      back = Milestone{sample.ended,     std::min(last_bad, sample.ended),          sample.ended,
                       "node reachable", {Msg::proof_answers_again, {source.name}}, node};
    }
  }
  return back;
}

void add_operator(const RunFacts& facts, std::vector<Milestone>& milestones) {
  const OperatorFacts* last = nullptr;
  for (const OperatorFacts& step : facts.operator_steps) {
    if (step.restore) continue;
    if (last == nullptr)
      milestones.push_back(
          exactly(step.begin, "operator begins", {Msg::proof_first_step, {step.step}}));
    last = &step;
  }
  if (last != nullptr && last->end)
    milestones.push_back(
        exactly(*last->end, "operator done",
                {last->failed ? Msg::proof_last_step_failed : Msg::proof_last_step, {last->step}}));
}

// What is not a step of every recovery, but explains how long one took.
std::vector<Milestone> beside(const MilestoneInput& input, TimeNs effect) {
  std::vector<Milestone> milestones;
  add_operator(input.facts, milestones);
  for (const FaultFacts& fault : input.facts.faults) {
    if (fault.fault == "node.power-off" && fault.undo_begin_at)
      milestones.push_back(
          exactly(*fault.undo_begin_at, "power back", {Msg::proof_power_on, {fault.node}}));
    if (auto back = reachable_again(input.history, fault.node, fault.effect_from.value_or(effect)))
      milestones.push_back(*back);
  }
  return milestones;
}

std::vector<Expected> expected_steps(const MilestoneInput& input, const Milestone& effect) {
  const TimeNs at = effect.lower;
  std::vector<Expected> steps;
  const auto add = [&steps](std::string_view name, Found found) -> const Found& {
    return steps.emplace_back(Expected{name, std::move(found)}).found;
  };
  steps.reserve(16);  // references into it are kept
  add(step::kEffect, {effect, {}});
  add(step::kFirstFailure, first_failure(input, at));
  add(step::kDrbd, noticed_by_drbd(input, at));
  add(step::kKubernetes, noticed_by_kubernetes(input, at));
  add(step::kEvicted, evicted_by_kubernetes(input, at));
  const Found& promoted = add(step::kPromoted, promoted_by_drbd(input, at));
  const Found answers = service_answers(input);
  const auto until = answers.milestone ? std::optional(answers.milestone->upper) : std::nullopt;
  const TimeNs since = promoted.milestone && (!until || promoted.milestone->lower <= *until)
                           ? promoted.milestone->lower
                           : at;
  const Found& mounted = add(step::kMounted, mounted_on_node(input, since, until));
  add(step::kStarted,
      started_on_node(input, mounted.milestone ? mounted.milestone->lower : since, until));
  add(step::kAnswers, answers);
  add(step::kStable, stable(input, answers));
  add(step::kRedundant, redundancy_restored(input, at));
  return steps;
}

bool may_be_swapped(const Milestone& a, const Milestone& b) {
  return a.lower < b.upper && b.lower < a.upper;
}

std::vector<Boundary> boundaries_of(const std::vector<Expected>& steps) {
  std::vector<Boundary> boundaries;
  for (const Expected& expected : steps) {
    Boundary boundary;
    boundary.name = expected.name;
    boundary.gap = expected.found.gap;
    if (const auto& milestone = expected.found.milestone) {
      boundary.at = milestone->at;
      boundary.lower = milestone->lower;
      boundary.upper = milestone->upper;
      boundary.proof = milestone->proof;
      for (const Expected& other : steps)
        if (&other != &expected && other.found.milestone &&
            may_be_swapped(*milestone, *other.found.milestone))
          boundary.unordered_with.emplace_back(other.name);
    }
    boundaries.push_back(std::move(boundary));
  }
  return boundaries;
}

// Of the outage; what follows the first lasting answer keeps nobody from working.
void name_largest(Timeline& timeline) {
  const auto& phases = timeline.phases;
  const auto answered = std::find_if(phases.begin(), phases.end(), [](const PhaseSpan& phase) {
    return phase.name == step::kAnswers;
  });
  const auto end = answered == phases.end() ? phases.end() : std::next(answered);
  const auto counts = [](const PhaseSpan& phase) {
    return phase.name != "baseline" && phase.name != step::kStable;
  };
  const PhaseSpan* largest = nullptr;
  for (auto it = phases.begin(); it != end; ++it)
    if (counts(*it) && (largest == nullptr || it->end - it->begin > largest->end - largest->begin))
      largest = &*it;
  if (largest == nullptr) return;
  timeline.recovery.largest = largest->name;
  timeline.recovery.largest_governed_by = largest->governed_by;
  for (auto it = phases.begin(); it != end; ++it)
    if (counts(*it) && &*it != largest && it->upper_ns > largest->lower_ns)
      timeline.recovery.or_largest.push_back(it->name);
}

}  // namespace

std::optional<Milestone> effect_of(const RunFacts& facts) {
  const auto at = facts.effect_at();
  if (!at) return std::nullopt;
  Milestone milestone = exactly(*at, step::kEffect, "");
  for (const FaultFacts& fault : facts.faults) {
    const auto from = fault.effect_from   ? fault.effect_from
                      : fault.intended_at ? fault.intended_at
                                          : fault.applied_at;
    if (from != at) continue;
    milestone.proof = {Msg::proof_fault, {fault.fault, fault.node}};
    if (!fault.confirmed_by.empty())
      milestone.proof = {Msg::proof_fault_by,
                         {fault.fault, fault.node, inner(recorded(fault.confirmed_by))}};
    // Without a word of the node it began before our command came back.
    if (const auto until = fault.begun_until ? fault.begun_until : fault.applied_at)
      milestone.upper = std::max(*at, *until);
    break;
  }
  return milestone;
}

Timeline timeline_of(const MilestoneInput& input,
                     const std::map<std::string, std::string>& settings) {
  Timeline timeline;
  const auto effect = effect_of(input.facts);
  if (!effect) return timeline;
  TimeNs baseline_at = effect->at;
  for (const PhaseFact& phase : input.facts.phases)
    if (phase.name == "baseline") baseline_at = std::min(baseline_at, phase.at);
  if (baseline_at < effect->at)
    timeline.phases.push_back({"baseline",
                               baseline_at,
                               effect->at,
                               Msg::proof_takes_effect,
                               effect->lower - baseline_at,
                               effect->upper - baseline_at,
                               false,
                               {}});
  const std::vector<Expected> steps = expected_steps(input, *effect);
  timeline.recovery.boundaries = boundaries_of(steps);

  std::vector<Milestone> milestones = beside(input, effect->lower);
  for (const Expected& expected : steps)
    if (expected.found.milestone && expected.name != step::kEffect)
      milestones.push_back(*expected.found.milestone);
  std::stable_sort(milestones.begin(), milestones.end(),
                   [](const Milestone& a, const Milestone& b) { return a.at < b.at; });
  const auto first_restore = input.facts.first_restore_at();
  Milestone last = *effect;
  for (const Milestone& milestone : milestones) {
    if (milestone.at < last.at || (first_restore && milestone.at > *first_restore)) continue;
    timeline.phases.push_back({milestone.name, last.at, milestone.at, milestone.proof,
                               std::max<TimeNs>(0, milestone.lower - last.upper),
                               std::max<TimeNs>(0, milestone.upper - last.lower),
                               last.name != step::kEffect && may_be_swapped(last, milestone),
                               governed_by(milestone.name, input, settings)});
    last = milestone;
  }
  name_largest(timeline);
  return timeline;
}

}  // namespace ernstfall
