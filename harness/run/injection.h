// injection: carries a scenario's faults out: one after the other, beside each other, again and
// again.
//
//   lane 0     every step without `at`, in file order
//   lane 1...  one for each step with `at`, begun that long after the first lane
// or, for a soak, `at_once` lanes that each follow their part of the schedule (injection_soak.cpp).
//
// A step aims at one or several nodes. All of them are prepared (journal, dead-man) before the
// first is touched, and then begin together; they end together as well. When a fault is not
// confirmed, or the run is stopped, every lane ends its hold and undoes what it made.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/inject/injector.h"
#include "harness/run/preflight.h"
#include "harness/run/progress.h"
#include "harness/run/soak.h"

namespace ernstfall {

// Whether the service is as it was when the steady state was found; waits until it is again.
struct Steady {
  std::string trouble;             // why it is not, and will not be; empty: it is
  bool copies_may_differ = false;  // it took a while, and DRBD may have changed meanwhile
};

struct InjectionHooks {
  std::function<void(std::string_view phase, const std::string& text)> phase;
  std::function<void(const std::string& why)> abort;
  // Why the fault must end now; empty: it may go on. Asked four times a second while it holds.
  std::function<std::string()> guard;
  // Asked once, between the preparation of the first step and its begin: what we ask slow nodes to
  // prepare a fault can itself disturb the service. Not there: nobody watches one.
  std::function<Steady()> steady = {};
  // Waits while the fault is in effect; lane 0 may have an operator in it.
  std::function<void(const PlannedStep&, int lane, TimeNs confirmed_at, const std::stop_token&)>
      hold;
};

class Injection {
 public:
  Injection(NodeSet& nodes, const Scenario& scenario, std::uint64_t seed, Injector& injector,
            const RunClock& clock, Progress& progress, InjectionHooks hooks)
      : nodes_(nodes),
        scenario_(scenario),
        seed_(seed),
        injector_(injector),
        clock_(clock),
        progress_(progress),
        hooks_(std::move(hooks)) {}

  // Returns when everything that was applied has been undone, or was found dirty.
  void run(const std::stop_token& stop);
  bool touched() const { return touched_; }

 private:
  struct Target {
    int id = 0;
    FaultPlan plan;
    InjectOutcome outcome;
  };
  void run_lane(const std::vector<const FaultStep*>& steps, int lane, std::stop_source& end);
  bool run_step(const FaultStep& step, int lane, const std::stop_token& stop);
  // held: for its whole time, and undone; the others end worse, `dirty` worst of all.
  enum class StepEnd { held, not_seen, stopped, dirty };
  StepEnd carry_out(const PlannedStep& planned, int lane, const std::stop_token& stop);
  void not_seen(const std::string& why);
  void run_soak(std::stop_source& end);
  void run_soak_lane(const std::vector<SoakEntry>& schedule, int lane, Deadline over,
                     std::stop_source& end);
  bool run_soak_entry(const SoakEntry& entry, std::stop_source& end);
  Result<PlannedStep> reserve(const FaultStep& step, const std::stop_token& stop);
  void skip(const SoakEntry& entry, const std::string& why);
  std::optional<NodeClock> clock_of(const std::string& node, const std::stop_token& stop);
  void inject_together(const PlannedStep& planned, std::vector<Target>& targets,
                       const std::stop_token& stop);
  Status steady_still(const PlannedStep& planned, const std::stop_token& stop);
  bool undo_together(std::vector<Target>& targets);
  Result<PlannedStep> plan_when_allowed(const FaultStep& step, const std::stop_token& stop);
  Status check_copies_now(const PlannedStep& planned, const std::stop_token& stop);
  bool hold(const PlannedStep& planned, int lane, const std::stop_token& stop);

  NodeSet& nodes_;
  const Scenario& scenario_;
  const std::uint64_t seed_;
  Injector& injector_;
  const RunClock& clock_;
  Progress& progress_;
  const InjectionHooks hooks_;
  std::atomic<int> next_id_ = 0;
  std::atomic<int> next_step_ = 0;
  std::mutex holding_mutex_;
  std::vector<PlannedStep> holding_;  // of a soak's lanes, now
  std::int64_t reservations_ = 0;
  std::atomic<bool> touched_ = false;
};

}  // namespace ernstfall
