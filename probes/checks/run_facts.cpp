// run_facts: decodes the run's own events; an unreadable one is counted, never fatal.
#include "probes/checks/run_facts.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/history/kinds.h"
#include "probes/checks/node_time.h"

namespace ernstfall {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& json, const char* key) {
  const auto it = json.find(key);
  return it != json.end() && it->is_string() ? it->get<std::string>() : std::string();
}

std::optional<std::int64_t> integer_of(const Json& json, const char* key) {
  const auto it = json.find(key);
  if (it == json.end() || !it->is_number()) return std::nullopt;
  return it->get<std::int64_t>();
}

FaultFacts& fault_of(RunFacts& facts, const Json& json) {
  const int index = static_cast<int>(integer_of(json, "index").value_or(0));
  auto it = std::find_if(facts.faults.begin(), facts.faults.end(),
                         [index](const FaultFacts& f) { return f.index == index; });
  if (it == facts.faults.end()) {
    facts.faults.push_back({});
    it = std::prev(facts.faults.end());
    it->index = index;
  }
  if (it->fault.empty()) it->fault = text_of(json, "fault");
  if (it->node.empty()) it->node = text_of(json, "node");
  if (const auto step = integer_of(json, "step")) it->step = static_cast<int>(*step);
  return *it;
}

bool take_fault(RunFacts& facts, const Event& event, const Json& json) {
  if (event.kind.rfind("fault.", 0) != 0) return false;
  FaultFacts& fault = fault_of(facts, json);
  if (event.kind == kinds::kFaultIntended) {
    fault.intended_at = event.at;
    fault.intended = text_of(json, "intended");
  } else if (event.kind == kinds::kFaultApplied) {
    fault.applied_at = event.at;
    fault.begun_from = integer_of(json, "begun_from_ns");
    fault.begun_until = integer_of(json, "begun_until_ns");
    fault.begun_by_node = text_of(json, "begun_by") == "node";
    fault.begun_node_ns = integer_of(json, "begun_node_ns");
  } else if (event.kind == kinds::kFaultSkipped) {
    fault.skipped = true;
    fault.problem = text_of(json, "why");
  } else if (event.kind == kinds::kFaultConfirmed) {
    fault.confirmed_at = event.at;
    fault.effect_from = integer_of(json, "effect_from_ns").value_or(event.at);
    fault.confirmed_by = text_of(json, "by");
  } else if (event.kind == kinds::kFaultNotConfirmed) {
    fault.not_confirmed = true;
    fault.problem = text_of(json, "why");
  } else if (event.kind == kinds::kFaultUndoBegin) {
    if (!fault.undo_begin_at) fault.undo_begin_at = event.at;
  } else if (event.kind == kinds::kFaultUndone) {
    fault.undone_at = event.at;
    fault.undone_by = text_of(json, "by");
    fault.dirty = false;  // a later proof beats an earlier doubt
  } else if (event.kind == kinds::kFaultDirty) {
    fault.dirty = true;
    fault.problem = text_of(json, "why");
  }
  return true;
}

bool take_operator(RunFacts& facts, const Event& event, const Json& json) {
  const bool restore = event.kind == kinds::kOperatorRestore;
  if (!restore && event.kind != kinds::kOperatorStep) return false;
  const std::string step = text_of(json, "step");
  const std::string node = text_of(json, "node");
  const std::string state = text_of(json, "state");
  if (state == "begin") {
    facts.operator_steps.push_back({step, node, event.at, std::nullopt, false, restore, {}});
    return true;
  }
  for (auto it = facts.operator_steps.rbegin(); it != facts.operator_steps.rend(); ++it) {
    if (it->step != step || it->node != node || it->end) continue;
    it->end = event.at;
    it->failed = state == "failed";
    it->detail = text_of(json, "detail");
    break;
  }
  return true;
}

// Longer without an answer is another stretch.
constexpr TimeNs kPowerUnasked = 12 * kNsPerSecond;

// What was said is true of some moment between question and answer.
void take_power(RunFacts& facts, const Event& event, const Json& json) {
  const auto on = json.find("on");
  const auto asked = integer_of(json, "asked_ns");
  if (on == json.end() || !on->is_boolean() || !asked) return;
  const std::string node = text_of(json, "node");
  const auto last = std::find_if(facts.powers_off.rbegin(), facts.powers_off.rend(),
                                 [&](const PowerOffFact& off) { return off.node == node; });
  const bool goes_on = last != facts.powers_off.rend() && !last->ended;
  if (on->get<bool>()) {
    if (goes_on) last->ended = true;
  } else if (goes_on && *asked - last->to <= kPowerUnasked) {
    last->to = std::max(last->to, *asked);
  } else {
    facts.powers_off.push_back({node, event.at, event.at, false});
  }
}

void take_run(RunFacts& facts, const Event& event, const Json& json) {
  if (event.kind == kinds::kPhase) {
    facts.phases.push_back({text_of(json, "phase"), event.at});
  } else if (event.kind == kinds::kBaseline) {
    const auto ok = json.find("ok");
    facts.baseline_ok = ok != json.end() && ok->is_boolean() && ok->get<bool>();
    facts.baseline_why = text_of(json, "why");
  } else if (event.kind == kinds::kRedundancy) {
    facts.redundancy_at = event.at;
  } else if (event.kind == kinds::kAborted) {
    facts.aborted = text_of(json, "why");
  } else if (event.kind == kinds::kPowerSeen) {
    take_power(facts, event, json);
  } else if (event.kind == kinds::kMetric) {
    const auto known = json.find("known");
    if (known != json.end() && known->is_boolean() && !known->get<bool>()) {
      ++facts.metric_unknown;
      facts.metric_unknown_why = text_of(json, "why");
    }
  } else if (event.kind == kinds::kVersions || event.kind == kinds::kSettings) {
    auto& known = event.kind == kinds::kVersions ? facts.versions : facts.settings;
    for (const auto& [key, value] : json.items())
      known[key] = value.is_string() ? value.get<std::string>() : value.dump();
  }
}

// A script that looks around before it begins has no effect yet: the moment that the node itself
// named, where its clock is known, is later than our command.
void place_begins(RunFacts& facts, const History& history) {
  const auto told = [](const FaultFacts& fault) {
    return fault.begun_node_ns && fault.begun_from && fault.begun_until && !fault.begun_by_node;
  };
  if (std::none_of(facts.faults.begin(), facts.faults.end(), told)) return;
  const NodeTimes times(history);
  for (FaultFacts& fault : facts.faults) {
    if (!told(fault)) continue;
    const auto placed =
        times.place(fault.node, *fault.begun_node_ns, *fault.begun_from, *fault.begun_until);
    if (!placed) continue;
    fault.begun_from = placed->lower;
    fault.begun_until = placed->upper;
    fault.begun_by_node = true;
    if (fault.effect_from) fault.effect_from = std::max(*fault.effect_from, placed->lower);
  }
}

TimeNs last_time(const History& history) {
  TimeNs end = 0;
  for (const Sample& sample : history.samples) end = std::max({end, sample.ended, sample.started});
  for (const Event& event : history.events) end = std::max(end, event.at);
  for (const LedgerRecord& record : history.ledger) end = std::max(end, record.at);
  return end;
}

}  // namespace

std::optional<TimeNs> RunFacts::effect_at() const {
  std::optional<TimeNs> earliest;
  const auto take = [&earliest](std::optional<TimeNs> at) {
    if (at && (!earliest || *at < *earliest)) earliest = at;
  };
  for (const FaultFacts& fault : faults) take(fault.effect_from);
  if (earliest) return earliest;
  for (const FaultFacts& fault : faults)
    take(fault.intended_at ? fault.intended_at : fault.applied_at);
  return earliest;
}

bool RunFacts::all_confirmed() const {
  bool any = false;
  for (const FaultFacts& fault : faults) {
    if (fault.skipped) continue;
    if (!fault.held()) return false;
    any = true;
  }
  return any;
}

std::optional<TimeNs> RunFacts::undo_begin_at() const {
  std::optional<TimeNs> earliest;
  for (const FaultFacts& fault : faults)
    if (fault.undo_begin_at && (!earliest || *fault.undo_begin_at < *earliest))
      earliest = fault.undo_begin_at;
  return earliest;
}

std::optional<TimeNs> RunFacts::undone_at() const {
  std::optional<TimeNs> latest;
  for (const FaultFacts& fault : faults) {
    if (fault.skipped) continue;
    if (!fault.undone_at) return std::nullopt;
    latest = std::max(latest.value_or(*fault.undone_at), *fault.undone_at);
  }
  return latest;
}

std::optional<TimeNs> RunFacts::first_operator_step_at() const {
  for (const OperatorFacts& step : operator_steps)
    if (!step.restore) return step.begin;
  return std::nullopt;
}

std::optional<TimeNs> RunFacts::first_restore_at() const {
  for (const OperatorFacts& step : operator_steps)
    if (step.restore) return step.begin;
  return std::nullopt;
}

std::optional<TimeNs> RunFacts::judged_until() const {
  for (const PhaseFact& phase : phases)
    if (phase.name == "verify" || phase.name == "collect") return phase.at;
  return std::nullopt;
}

std::vector<StartSkew> start_skews(const RunFacts& facts) {
  std::map<int, std::vector<const FaultFacts*>> steps;
  for (const FaultFacts& fault : facts.faults)
    if (fault.step && fault.begun_from && fault.begun_until) steps[*fault.step].push_back(&fault);
  std::vector<StartSkew> skews;
  for (const auto& [step, targets] : steps) {
    if (targets.size() < 2) continue;
    StartSkew skew;
    skew.step = step;
    skew.fault = targets.front()->fault;
    skew.by_nodes = true;
    std::optional<TimeNs> least;
    std::optional<TimeNs> most;
    for (const FaultFacts* target : targets) {
      skew.nodes.push_back(target->node);
      skew.by_nodes = skew.by_nodes && target->begun_by_node;
      for (const FaultFacts* other : targets) {
        if (other == target) continue;
        least = std::max(least.value_or(0), *target->begun_from - *other->begun_until);
        most = std::max(most.value_or(0), *target->begun_until - *other->begun_from);
      }
    }
    skew.skew_ns = *least + (*most - *least) / 2;
    skew.uncertainty_ns = *most - skew.skew_ns;
    skews.push_back(std::move(skew));
  }
  return skews;
}

RunFacts read_facts(const History& history) {
  RunFacts facts;
  for (const Event& event : history.events) {
    const bool ours = event.kind.rfind("run.", 0) == 0 || event.kind.rfind("fault.", 0) == 0 ||
                      event.kind.rfind("operator.", 0) == 0 || event.kind == kinds::kPowerSeen;
    if (!ours) continue;
    const Json json = Json::parse(event.text, nullptr, false);
    if (!json.is_object()) {
      if (event.kind == kinds::kRedundancy)
        facts.redundancy_at = event.at;  // has no fields
      else
        ++facts.unreadable_events;
      continue;
    }
    if (!take_fault(facts, event, json) && !take_operator(facts, event, json))
      take_run(facts, event, json);
  }
  std::sort(facts.faults.begin(), facts.faults.end(),
            [](const FaultFacts& a, const FaultFacts& b) { return a.index < b.index; });
  place_begins(facts, history);
  facts.end = last_time(history);
  return facts;
}

}  // namespace ernstfall
