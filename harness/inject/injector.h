// injector: the protocol around a fault. The only caller of faults.
//
//   journal the undo -> arm and prove the dead-man -> apply -> confirm -> (hold) -> undo -> prove
//
// Nothing is touched when journal or dead-man fail. Once apply was attempted, undo is owed whatever
// happens, also when apply itself failed: it may have worked in part.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stop_token>
#include <string>

#include "harness/faults/plan.h"
#include "harness/history/history.h"
#include "harness/inject/executor.h"
#include "harness/inject/journal.h"
#include "harness/inject/keeper.h"
#include "harness/inject/node_clock.h"
#include "harness/inject/node_dead_man.h"

namespace ernstfall {

struct InjectOutcome {
  bool touched = false;  // apply was attempted: undo is owed
  bool confirmed = false;
  std::string problem;  // why it was not applied or not confirmed
};

// When the targets of one step begin together, and what is known about this target's clock.
struct StartSignal {
  int step = 0;                    // counts the steps of the run
  std::optional<SteadyTime> at;    // none: as soon as it can be done
  std::optional<NodeClock> clock;  // of the node, measured just before
};

class Injector {
 public:
  Injector(Executor& executor, Journal& journal, HistoryWriter& history, SourceId run_source,
           Keeper& keeper, NodeDeadMen& dead_men)
      : executor_(executor),
        journal_(journal),
        history_(history),
        run_source_(run_source),
        keeper_(keeper),
        dead_men_(dead_men) {}

  // Up to the moment before the fault: undo journalled, dead-man armed and proven. `problem` is
  // empty when all of it is done.
  InjectOutcome prepare(int id, const FaultPlan& plan, const std::stop_token& stop);
  // After prepare(): the fault itself, and the look at its effect.
  void apply(int id, const FaultPlan& plan, InjectOutcome& outcome, const StartSignal& start,
             Deadline confirm_by, const std::stop_token& stop);
  // Both.
  InjectOutcome inject(int id, const FaultPlan& plan, Deadline confirm_by,
                       const std::stop_token& stop) {
    InjectOutcome outcome = prepare(id, plan, stop);
    if (outcome.problem.empty()) apply(id, plan, outcome, {}, confirm_by, stop);
    return outcome;
  }
  // Whether the fault could have stayed in effect until now: its dead-man was neither fired nor
  // removed, and the effect can still be seen. To be asked when the hold ends.
  Status still_held(int id, const FaultPlan& plan, const std::stop_token& stop);
  // Not stoppable by the user: a stopped run still has to be undone. Failure = dirty, and is
  // recorded.
  // `confirmed` as inject() said: an effect that was seen must also be seen to go away.
  Status undo(int id, const FaultPlan& plan, bool confirmed, Deadline undone_by);

  // Journals a way back that is not a fault's (the runbook's restore steps).
  Status plan_undo(const UndoEntry& entry);
  Status mark_clean(int id);
  Status mark_dirty(int id, const std::string& why);
  // A fault of the plan that was not made, and why.
  void skipped(int id, const std::string& fault, const std::string& nodes, const std::string& why);

 private:
  // When the effect began, on the axis of the run.
  struct Began {
    TimeNs from = 0;
    TimeNs until = 0;
    bool by_node = false;  // the node said it; else: between our command and its return
    std::optional<std::int64_t> node_ns = {};  // by the node's clock, as it said
  };
  Result<Began> carry_out(const FaultPlan& plan, const StartSignal& start,
                          const std::stop_token& stop);
  Status arm(int id, const FaultPlan& plan, const std::stop_token& stop);
  void not_confirmed(int id, const FaultPlan& plan, const Error& error, InjectOutcome& outcome);
  void event(std::string_view kind, const FaultPlan& plan, int id, const nlohmann::json& more);

  Executor& executor_;
  Journal& journal_;
  HistoryWriter& history_;
  SourceId run_source_;
  Keeper& keeper_;
  NodeDeadMen& dead_men_;
};

// An undo and its proof; then the dead-man's end and the proof that no mark is left. In words what
// was done and seen, through `done`; used by the injector and by heal. The error of the first step
// that failed: nothing after it was tried.
Status carry_out_undo(Executor& executor, const UndoEntry& entry, Deadline undone_by,
                      const std::stop_token& stop,
                      const std::function<void(const std::string&)>& done);

}  // namespace ernstfall
