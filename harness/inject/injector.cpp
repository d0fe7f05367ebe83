// injector: carries the injection protocol out, and records each step in journal and history.
#include "harness/inject/injector.h"

#include <nlohmann/json.hpp>

#include "harness/history/kinds.h"

namespace ernstfall {

using nlohmann::json;

void Injector::event(std::string_view kind, const FaultPlan& plan, int id, const std::string& key,
                     const std::string& value, TimeNs effect_from) {
  json text{{"fault", plan.fault}, {"node", plan.node}, {"index", id}};
  if (!key.empty()) text[key] = value;
  if (effect_from >= 0) text["effect_from_ns"] = effect_from;
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

InjectOutcome Injector::inject(int id, const FaultPlan& plan, Deadline confirm_by,
                               const std::stop_token& stop) {
  InjectOutcome outcome;
  const auto failed = [&](const Error& error) {
    outcome.problem = to_string(error);
    event(kinds::kFaultNotConfirmed, plan, id, "why", outcome.problem);
    return outcome;
  };

  event(kinds::kFaultIntended, plan, id, "intended", plan.intended);
  UndoEntry entry;
  entry.id = id;
  entry.what = plan.fault + " on " + plan.node;
  entry.node = plan.node;
  entry.undo = plan.undo;
  entry.undone = plan.undone;
  if (const auto status = plan_undo(entry); !status) return failed(status.error());
  if (const auto status = keeper_.prove(); !status) return failed(status.error());
  if (const auto status = journal_.record("armed", {{"id", id}, {"by", "local dead-man"}}); !status)
    return failed(status.error());
  if (const auto status = journal_.record("applying", {{"id", id}}); !status)
    return failed(status.error());
  if (const auto status = history_.sync(); !status) return failed(status.error());

  outcome.touched = true;
  const TimeNs effect_from = history_.clock().now();
  for (const Action& action : plan.apply)
    if (const auto status = executor_.perform(action, stop); !status) return failed(status.error());
  event(kinds::kFaultApplied, plan, id, "", "", effect_from);
  if (const auto status = journal_.record("applied", {{"id", id}}); !status)
    return failed(status.error());

  std::string seen_by;
  for (const Observation& observation : plan.confirm) {
    const auto seen = executor_.observe(observation, confirm_by, stop);
    if (!seen) return failed(seen.error());
    seen_by += (seen_by.empty() ? "" : "; ") + *seen;
  }
  outcome.confirmed = true;
  event(kinds::kFaultConfirmed, plan, id, "by", seen_by, effect_from);
  (void)journal_.record("confirmed", {{"id", id}, {"by", seen_by}});
  return outcome;
}

Status Injector::undo(int id, const FaultPlan& plan, bool confirmed, Deadline undone_by) {
  (void)journal_.record("undoing", {{"id", id}});
  event(kinds::kFaultUndoBegin, plan, id, "", "");
  const auto dirty = [&](const Error& error) -> Status {
    event(kinds::kFaultDirty, plan, id, "why", to_string(error));
    (void)mark_dirty(id, to_string(error));
    return tl::unexpected(error);
  };
  for (const Action& action : plan.undo)
    if (const auto status = executor_.perform(action, {}); !status) return dirty(status.error());
  std::string seen_by;
  for (const Observation& observation :
       confirmed ? plan.undone : accepting_unchanged(plan.undone)) {
    const auto seen = executor_.observe(observation, undone_by, {});
    if (!seen) return dirty(seen.error());
    seen_by += (seen_by.empty() ? "" : "; ") + *seen;
  }
  event(kinds::kFaultUndone, plan, id, "by", seen_by);
  return journal_.record("clean", {{"id", id}, {"by", seen_by}});
}

}  // namespace ernstfall
