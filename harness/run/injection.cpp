// injection: lanes, and the targets of a step that begin and end together.
#include "harness/run/injection.h"

#include <algorithm>
#include <barrier>
#include <thread>

#include "harness/core/units.h"
#include "harness/run/guards.h"

namespace ernstfall {
namespace {

constexpr Nanos kConfirmMax = std::chrono::seconds(60);    // scaled
constexpr Nanos kAskCopiesMax = std::chrono::seconds(20);  // scaled
constexpr Nanos kGuardPeriod = std::chrono::milliseconds(250);
constexpr Nanos kAskClockMax = std::chrono::seconds(10);  // scaled
constexpr int kClockQuestions = 10;
// From the last target that is prepared to the moment at which all begin: every script has to be
// there and wait by then. Never longer than a script is willing to wait (node_script).
constexpr Nanos kLeadMin = std::chrono::milliseconds(200);
constexpr Nanos kLeadMax = std::chrono::seconds(5);

}  // namespace

void Injection::run(const std::stop_token& stop) {
  std::stop_source end;
  const std::stop_callback forward(stop, [&end] { end.request_stop(); });
  if (scenario_.soak) return run_soak(end);
  std::vector<const FaultStep*> in_sequence;
  std::vector<std::jthread> beside;
  for (const FaultStep& step : scenario_.faults) {
    if (!step.at) {
      in_sequence.push_back(&step);
      continue;
    }
    const int lane = static_cast<int>(beside.size()) + 1;
    beside.emplace_back([this, &step, lane, &end] {
      if (sleep_until(Deadline::after(*step.at), end.get_token())) run_lane({&step}, lane, end);
    });
  }
  run_lane(in_sequence, 0, end);
}

void Injection::run_lane(const std::vector<const FaultStep*>& steps, int lane,
                         std::stop_source& end) {
  for (const FaultStep* step : steps)
    for (int round = 0; round < step->repeat; ++round) {
      if (round > 0 && !sleep_until(Deadline::after(step->pause), end.get_token())) return;
      if (end.stop_requested()) return;
      // A run whose fault failed proves nothing more: the other lanes end as well.
      if (!run_step(*step, lane, end.get_token())) {
        end.request_stop();
        return;
      }
    }
}

bool Injection::run_step(const FaultStep& step, int lane, const std::stop_token& stop) {
  const auto planned = plan_when_allowed(step, stop);
  if (!planned) {
    hooks_.abort(step.fault + " was not applied: " + to_string(planned.error()));
    return false;
  }
  return carry_out(*planned, lane, stop) == StepEnd::held;
}

// A fault that was not seen proves nothing more. A soak goes on: it has many.
void Injection::not_seen(const std::string& why) {
  if (scenario_.soak)
    progress_.warn(why);
  else
    hooks_.abort(why);
}

Injection::StepEnd Injection::carry_out(const PlannedStep& planned, int lane,
                                        const std::stop_token& stop) {
  std::vector<Target> targets;
  std::string intended;
  for (const FaultPlan& plan : planned.plans) {
    targets.push_back({next_id_++, plan, {}});
    intended += (intended.empty() ? "" : "; ") + plan.intended;
  }
  hooks_.phase("inject", intended);
  inject_together(planned, targets, stop);
  StepEnd end = StepEnd::held;
  bool touched = false;
  for (const Target& target : targets) {
    touched = touched || target.outcome.touched;
    if (target.outcome.confirmed) continue;
    end = StepEnd::not_seen;
    not_seen("the fault was not seen to take effect: " + target.outcome.problem);
  }
  if (touched) touched_ = true;
  if (end == StepEnd::held) {
    progress_.note("in effect, and seen to be");
    if (!hold(planned, lane, stop)) end = StepEnd::stopped;
    for (const Target& target : targets)
      if (const auto held = injector_.still_held(target.id, target.plan, stop); !held)
        not_seen("the fault may have ended before its time: " + to_string(held.error()));
  }
  if (!touched) return StepEnd::not_seen;
  hooks_.phase("undo", "taking " + planned.step.fault + " away");
  if (!undo_together(targets)) return StepEnd::dirty;
  return stop.stop_requested() ? StepEnd::stopped : end;
}

// Planned anew each time: a node that was restarted meanwhile has another boot id, and no mark is
// used twice. What was true in preflight may not be any more after the step before; a step that
// follows another one waits until the cluster is over that one, a step at a stated moment does not.
Result<PlannedStep> Injection::plan_when_allowed(const FaultStep& step,
                                                 const std::stop_token& stop) {
  const Deadline deadline = Deadline::after(nodes_.cluster().scaled(scenario_.settle_max));
  bool said = false;
  while (true) {
    auto planned = plan_step(nodes_, step, seed_, stop);
    if (planned)
      if (const auto allowed = check_copies_now(*planned, stop); !allowed)
        planned = tl::unexpected(allowed.error());
    if (planned || planned.error().code != Errc::refused || !touched_ || step.at) return planned;
    if (!said) progress_.note("waiting, because " + to_string(planned.error()));
    said = true;
    if (!sleep_until(deadline.at_most(std::chrono::seconds(1)), stop) || deadline.expired())
      return planned;
  }
}

Status Injection::check_copies_now(const PlannedStep& planned, const std::stop_token& stop) {
  const Cluster& cluster = nodes_.cluster();
  if (!takes_a_copy(planned, cluster)) return {};
  const Deadline deadline = Deadline::after(cluster.scaled(kAskCopiesMax));
  return check_last_copy(planned, observe_replicas(nodes_, deadline, stop), cluster);
}

// False when a guard ended it.
bool Injection::hold(const PlannedStep& planned, int lane, const std::stop_token& stop) {
  std::stop_source end;
  const std::stop_callback forward(stop, [&end] { end.request_stop(); });
  bool ended = false;
  std::jthread guard([&](const std::stop_token& done) {
    while (sleep_until(Deadline::after(kGuardPeriod), done)) {
      const std::string why = hooks_.guard();
      if (why.empty()) continue;
      ended = true;
      hooks_.abort("stopped by a guard: " + why);
      end.request_stop();
      return;
    }
  });
  hooks_.hold(planned, lane, clock_.now(), end.get_token());
  guard.request_stop();
  guard.join();
  return !ended;
}

// The first step finds the service as it was in the baseline, or does not begin.
Status Injection::steady_still(const PlannedStep& planned, const std::stop_token& stop) {
  if (!hooks_.steady || scenario_.soak) return {};
  const Steady steady = hooks_.steady();
  if (!steady.trouble.empty()) return fail(Errc::refused, "{}", steady.trouble);
  return steady.copies_may_differ ? check_copies_now(planned, stop) : Status{};
}

// All prepared before the first is touched. Then all begin at one stated moment: their scripts are
// on the nodes by then and wait for it.
void Injection::inject_together(const PlannedStep& planned, std::vector<Target>& targets,
                                const std::stop_token& stop) {
  const int step = next_step_++;
  const bool together = targets.size() > 1;
  {
    std::vector<std::jthread> threads;
    for (Target& target : targets)
      threads.emplace_back(
          [&] { target.outcome = injector_.prepare(target.id, target.plan, stop); });
  }
  std::string why;
  if (std::any_of(targets.begin(), targets.end(),
                  [](const Target& target) { return !target.outcome.problem.empty(); }))
    why = "another target of the same step could not be prepared";
  else if (step == 0)
    if (const auto steady = steady_still(planned, stop); !steady) why = to_string(steady.error());
  if (!why.empty()) {
    for (Target& target : targets) {
      if (!target.outcome.problem.empty()) continue;
      target.outcome.problem = why;
      // Its way back is journalled: it is gone, and shown to be needless.
      target.outcome.touched = true;
    }
    return;
  }
  std::atomic<std::int64_t> slowest_ns = 0;
  std::optional<SteadyTime> at;
  const auto choose_moment = [&]() noexcept {
    if (!together) return;
    const Nanos lead = std::clamp(3 * Nanos(slowest_ns.load()), kLeadMin, kLeadMax);
    at = std::chrono::steady_clock::now() + lead;
  };
  std::barrier start(static_cast<std::ptrdiff_t>(targets.size()), choose_moment);
  std::vector<std::jthread> threads;
  for (Target& target : targets)
    threads.emplace_back([&] {
      StartSignal signal;
      signal.step = step;
      if (together) {
        signal.clock = clock_of(target.plan.node, stop);
        const std::int64_t mine = signal.clock ? signal.clock->command_time.count() : 0;
        std::int64_t seen = slowest_ns;
        while (mine > seen && !slowest_ns.compare_exchange_weak(seen, mine)) {
        }
      }
      start.arrive_and_wait();
      signal.at = at;
      injector_.apply(target.id, target.plan, target.outcome, signal,
                      Deadline::after(nodes_.cluster().scaled(kConfirmMax)), stop);
    });
}

// None when it cannot be asked: the skew is then known only between our command and its return.
std::optional<NodeClock> Injection::clock_of(const std::string& node, const std::stop_token& stop) {
  Remote* remote = nodes_.remote(node);
  if (remote == nullptr) return std::nullopt;
  const Deadline deadline = Deadline::after(nodes_.cluster().scaled(kAskClockMax));
  const auto clock = measure_node_clock(*remote, kClockQuestions, deadline, stop);
  if (clock) return *clock;
  progress_.note("the clock of " + node + " is not known: " + to_string(clock.error()));
  return std::nullopt;
}

bool Injection::undo_together(std::vector<Target>& targets) {
  std::atomic<bool> clean = true;
  {
    std::vector<std::jthread> threads;
    for (Target& target : targets) {
      if (!target.outcome.touched) continue;
      threads.emplace_back([&] {
        const Deadline by = Deadline::after(nodes_.cluster().scaled(scenario_.node_back_max));
        const auto undone = injector_.undo(target.id, target.plan, target.outcome.confirmed, by);
        if (undone) return;
        clean = false;
        progress_.warn("DIRTY: " + to_string(undone.error()));
      });
    }
  }
  if (clean) progress_.note("undone, and seen to be");
  return clean;
}

}  // namespace ernstfall
