// injector: carries the injection protocol out, and records each step in journal and history.
#include "harness/inject/injector.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/history/kinds.h"

namespace ernstfall {

using nlohmann::json;

void Injector::event(std::string_view kind, const FaultPlan& plan, int id, const json& more) {
  json text{{"fault", plan.fault}, {"node", plan.node}, {"index", id}};
  text.update(more);
  // The journal is what undo depends on; a history that cannot take an event (full disk) must not
  // keep the protocol from going on, and the missing event makes the verdict unknown by itself.
  (void)history_.append(Event{run_source_, history_.clock().now(), std::string(kind),
                              text.dump(-1, ' ', false, json::error_handler_t::replace)});
}

Status Injector::plan_undo(const UndoEntry& entry) {
  return journal_.record("undo-planned", undo_to_json(entry));
}

Status Injector::mark_clean(int id) {
  return journal_.record("clean", {{"id", id}});
}

Status Injector::mark_dirty(int id, const std::string& why) {
  return journal_.record("dirty", {{"id", id}, {"why", why}});
}

namespace {

UndoEntry undo_of(int id, const FaultPlan& plan) {
  UndoEntry entry;
  entry.id = id;
  entry.what = plan.fault + " on " + plan.node;
  entry.node = plan.node;
  entry.undo = plan.undo;
  entry.undone = plan.undone;
  entry.disarm = plan.disarm;
  entry.disarmed = plan.disarmed;
  return entry;
}

constexpr Nanos kAskNodeAgain = std::chrono::seconds(1);

// A node may be away because its cluster cut its power for what we made of it: a script's undo
// waits until it is back.
Result<std::string> perform_undo(Executor& executor, const Action& action, Deadline undone_by,
                                 const std::stop_token& stop) {
  while (true) {
    auto said = executor.perform(action, stop);
    const bool away =
        !said && (said.error().code == Errc::unreachable || said.error().code == Errc::timeout);
    if (!away || !std::holds_alternative<ScriptAction>(action) || undone_by.expired()) return said;
    if (!sleep_until(undone_by.at_most(kAskNodeAgain), stop)) return said;
  }
}

}  // namespace

Status carry_out_undo(Executor& executor, const UndoEntry& entry, Deadline undone_by,
                      const std::stop_token& stop,
                      const std::function<void(const std::string&)>& done) {
  const auto perform = [&](const std::vector<Action>& actions) -> Status {
    for (const Action& action : actions) {
      ERNSTFALL_TRY(const std::string said, perform_undo(executor, action, undone_by, stop));
      done(describe(action) + (said.empty() ? "" : ": " + said));
    }
    return {};
  };
  const auto observe = [&](const std::vector<Observation>& observations) -> Status {
    for (const Observation& observation : observations) {
      ERNSTFALL_TRY(const std::string seen, executor.observe(observation, undone_by, stop));
      done("seen: " + seen);
    }
    return {};
  };
  ERNSTFALL_CHECK(perform(entry.undo));
  ERNSTFALL_CHECK(observe(entry.confirmed ? entry.undone : accepting_unchanged(entry.undone)));
  // Only now: until the effect is proven gone the dead-man stays as a second chance.
  ERNSTFALL_CHECK(perform(entry.disarm));
  return observe(entry.disarmed);
}

// The local keeper for every fault; for those that a script on the node can undo, its timer as
// well.
Status Injector::arm(int id, const FaultPlan& plan, const std::stop_token& stop) {
  ERNSTFALL_CHECK(keeper_.prove());
  std::string by = "local dead-man";
  if (plan.dead_man) {
    ERNSTFALL_CHECK(dead_men_.arm(*plan.dead_man, stop));
    by += ", timer on " + plan.dead_man->node;
  }
  return journal_.record("armed", {{"id", id}, {"by", by}});
}

InjectOutcome Injector::prepare(int id, const FaultPlan& plan, const std::stop_token& stop) {
  InjectOutcome outcome;
  const auto prepared = [&]() -> Status {
    event(kinds::kFaultIntended, plan, id, {{"intended", plan.intended}});
    ERNSTFALL_CHECK(plan_undo(undo_of(id, plan)));
    // What arming leaves on the node is undone like a fault, also when it failed half-way.
    outcome.touched = plan.dead_man.has_value();
    ERNSTFALL_CHECK(arm(id, plan, stop));
    ERNSTFALL_CHECK(journal_.record("applying", {{"id", id}}));
    return history_.sync();
  }();
  if (!prepared) not_confirmed(id, plan, prepared.error(), outcome);
  return outcome;
}

// The node's own word is believed only as far as it fits ours: what began before the command was
// sent, or after it came back, was said by a clock that was set meanwhile.
Result<Injector::Began> Injector::carry_out(const FaultPlan& plan, const StartSignal& start,
                                            const std::stop_token& stop) {
  const RunClock& clock = history_.clock();
  std::optional<std::int64_t> begun_ns;
  std::optional<Began> began;
  for (const Action& action : plan.apply) {
    const auto* script = std::get_if<ScriptAction>(&action);
    const bool first = !began;
    std::optional<std::int64_t> at_ns;
    if (first && start.at && script != nullptr && start.clock)
      at_ns = std::chrono::duration_cast<Nanos>(start.at->time_since_epoch()).count() +
              start.clock->ahead_ns();
    else if (first && start.at && !sleep_until(Deadline::at(*start.at), stop))
      return fail_at(Errc::cancelled, plan.node, "stopped before the fault was applied");
    const TimeNs sent = clock.now();
    if (script != nullptr) {
      ERNSTFALL_TRY(const Executor::Begun said, executor_.begin(*script, at_ns, stop));
      if (first) begun_ns = said.begun_ns;
    } else {
      ERNSTFALL_CHECK(executor_.perform(action, stop));
    }
    if (first) began = Began{sent, clock.now(), false, begun_ns};
  }
  if (!began) return Began{clock.now(), clock.now(), false};
  if (begun_ns && start.clock) {
    const TimeNs base = std::chrono::duration_cast<Nanos>(clock.base.time_since_epoch()).count();
    const TimeNs from = std::max(began->from, *begun_ns - start.clock->ahead_max_ns - base);
    const TimeNs until = std::min(began->until, *begun_ns - start.clock->ahead_min_ns - base);
    if (from <= until) began = Began{from, until, true, begun_ns};
  }
  return *began;
}

void Injector::apply(int id, const FaultPlan& plan, InjectOutcome& outcome,
                     const StartSignal& start, Deadline confirm_by, const std::stop_token& stop) {
  outcome.touched = true;
  TimeNs effect_from = 0;
  std::string seen_by;
  const auto applied = [&]() -> Status {
    ERNSTFALL_TRY(const Began began, carry_out(plan, start, stop));
    effect_from = began.from;
    json applied_fields{{"effect_from_ns", effect_from},
                        {"step", start.step},
                        {"begun_from_ns", began.from},
                        {"begun_until_ns", began.until},
                        {"begun_by", began.by_node ? "node" : "harness"}};
    // One target is not asked for its clock beforehand: the run's readings of it place this later.
    if (began.node_ns) applied_fields["begun_node_ns"] = *began.node_ns;
    event(kinds::kFaultApplied, plan, id, applied_fields);
    ERNSTFALL_CHECK(journal_.record("applied", {{"id", id}}));
    for (const Observation& observation : plan.confirm) {
      const auto seen = executor_.observe(observation, confirm_by, stop);
      if (!seen) return tl::unexpected(seen.error());
      seen_by += (seen_by.empty() ? "" : "; ") + *seen;
    }
    return {};
  }();
  if (!applied) return not_confirmed(id, plan, applied.error(), outcome);
  outcome.confirmed = true;
  event(kinds::kFaultConfirmed, plan, id, {{"by", seen_by}, {"effect_from_ns", effect_from}});
  (void)journal_.record("confirmed", {{"id", id}, {"by", seen_by}});
}

void Injector::skipped(int id, const std::string& fault, const std::string& nodes,
                       const std::string& why) {
  FaultPlan plan;
  plan.fault = fault;
  plan.node = nodes;
  event(kinds::kFaultSkipped, plan, id, {{"why", why}});
}

void Injector::not_confirmed(int id, const FaultPlan& plan, const Error& error,
                             InjectOutcome& outcome) {
  outcome.problem = to_string(error);
  event(kinds::kFaultNotConfirmed, plan, id, {{"why", outcome.problem}});
}

Status Injector::still_held(int id, const FaultPlan& plan, const std::stop_token& stop) {
  if (!plan.dead_man) return {};
  const auto proven = dead_men_.prove(plan.dead_man->token, stop);
  // A node that does not answer now proves nothing either way.
  if (proven || proven.error().code != Errc::refused) return {};
  event(kinds::kFaultNotConfirmed, plan, id,
        {{"why", "the fault may have ended before its time: " + to_string(proven.error())}});
  return proven;
}

Status Injector::undo(int id, const FaultPlan& plan, bool confirmed, Deadline undone_by) {
  (void)journal_.record("undoing", {{"id", id}});
  event(kinds::kFaultUndoBegin, plan, id, json::object());
  if (plan.dead_man) dead_men_.release(plan.dead_man->token);
  UndoEntry entry = undo_of(id, plan);
  entry.confirmed = confirmed;
  std::string seen_by;
  const auto status =
      carry_out_undo(executor_, entry, undone_by, {}, [&seen_by](const std::string& text) {
        if (text.rfind("seen: ", 0) == 0) seen_by += (seen_by.empty() ? "" : "; ") + text.substr(6);
      });
  if (!status) {
    event(kinds::kFaultDirty, plan, id, {{"why", to_string(status.error())}});
    (void)mark_dirty(id, to_string(status.error()));
    return status;
  }
  event(kinds::kFaultUndone, plan, id, {{"by", seen_by}});
  return journal_.record("clean", {{"id", id}, {"by", seen_by}});
}

}  // namespace ernstfall
