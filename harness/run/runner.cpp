// runner: the state machine of a run.
#include "harness/run/runner.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "harness/core/units.h"
#include "harness/history/kinds.h"
#include "harness/inject/cluster_lock.h"
#include "harness/run/clock_watch.h"
#include "harness/run/guards.h"
#include "harness/run/injection.h"
#include "harness/run/journal_watch.h"
#include "harness/run/metric_watch.h"
#include "harness/run/observers.h"
#include "harness/run/power_watch.h"
#include "harness/run/preflight.h"
#include "harness/run/run_folder.h"
#include "harness/run/settings.h"
#include "harness/run/watch.h"

namespace ernstfall {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Faults count up from 0, as often as they are repeated: these two are never reached.
constexpr int kRunbookUndoId = std::numeric_limits<int>::max() - 1;
constexpr int kResidueUndoId = std::numeric_limits<int>::max();
constexpr Nanos kStartStateMax = minutes(3);  // scaled
constexpr Nanos kAuditMax = minutes(3);       // scaled
constexpr Nanos kCollectMax = seconds(30);    // scaled
constexpr Nanos kLookPeriod = milliseconds(100);

class Run {
 public:
  Run(const Cluster& cluster, const Scenario& scenario, const RunOptions& options,
      Progress& progress, const std::stop_token& stop)
      : cluster_(cluster),
        scenario_(scenario),
        options_(options),
        progress_(progress),
        stop_(stop) {}

  ~Run() { progress_.watch(nullptr); }

  Result<RunOutcome> execute();

 private:
  Status open_folder();
  Status lock_nodes();
  Status start_watching();
  bool hold_baseline();
  Steady steady_still();
  void inject_all();
  void hold(const PlannedStep& step, int lane, TimeNs confirmed_at, const std::stop_token& stop);
  void wait_for_hold(Deadline until, const std::stop_token& stop);
  void wait_for_own_recovery(const FaultPlan& plan, Deadline until, const std::stop_token& stop);
  void run_operator();
  bool run_steps(const std::vector<RemoteAction>& steps, std::string_view kind,
                 const std::stop_token& stop);
  std::string guard_trouble() const;
  void settle();
  void restore();
  void collect();
  Status finish();

  void phase(std::string_view name, const std::string& text);
  void event(std::string_view kind, const json& fields);
  void abort(const std::string& why);
  // Without a probe there is no service to wait for: the fault alone is what is run.
  bool service_stable() const {
    return scenario_.probes.empty() ||
           board_->service_stable(clock_.now(), scenario_.stable.count());
  }
  // Nodes of which preflight read a version of it.
  std::set<std::string> nodes_with(const std::string& what) const;
  bool stopped() const { return stop_.stop_requested(); }
  bool wait(Nanos duration) { return sleep_until(Deadline::after(duration), stop_); }

  const Cluster& cluster_;
  const Scenario& scenario_;
  const RunOptions& options_;
  Progress& progress_;
  const std::stop_token& stop_;

  std::unique_ptr<NodeSet> nodes_;
  PreflightResult plan_;
  RunClock clock_;
  std::filesystem::path folder_;
  std::optional<FileLock> cluster_lock_;
  std::optional<FileLock> run_lock_;
  std::unique_ptr<HistoryWriter> history_;
  std::unique_ptr<LiveBoard> board_;
  std::optional<Journal> journal_;
  std::unique_ptr<Keeper> keeper_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<ClusterLock> nodes_lock_;
  std::unique_ptr<NodeDeadMen> dead_men_;
  std::unique_ptr<Injector> injector_;
  std::unique_ptr<Watch> watch_;
  std::unique_ptr<MetricWatch> metric_;
  std::unique_ptr<ClockWatch> clocks_;
  std::unique_ptr<PowerWatch> powers_;
  std::unique_ptr<JournalWatch> journals_;
  SourceId run_source_ = 0;
  bool touched_ = false;
  TimeNs steady_seen_at_ = 0;
  bool runbook_begun_ = false;
};

void Run::event(std::string_view kind, const json& fields) {
  (void)board_->append(Event{run_source_, clock_.now(), std::string(kind),
                             fields.dump(-1, ' ', false, json::error_handler_t::replace)});
}

std::set<std::string> Run::nodes_with(const std::string& what) const {
  std::set<std::string> names;
  for (const Node& node : cluster_.nodes)
    if (plan_.versions.count(what + "@" + node.name) > 0) names.insert(node.name);
  return names;
}

void Run::phase(std::string_view name, const std::string& text) {
  progress_.phase(name, text);
  event(kinds::kPhase, {{"phase", name}});
}

void Run::abort(const std::string& why) {
  progress_.warn(why);
  event(kinds::kAborted, {{"why", why}});
}

Status Run::open_folder() {
  ERNSTFALL_TRY(const std::filesystem::path lock_path, cluster_lock_path(cluster_.name));
  ERNSTFALL_TRY(cluster_lock_, FileLock::try_lock(lock_path));
  if (!cluster_lock_)
    return fail(Errc::unreachable, "another run is in progress on cluster {}", cluster_.name);
  clock_ = RunClock{};
  ERNSTFALL_TRY(folder_,
                create_run_folder(options_.runs_root, cluster_, scenario_, options_.seed, clock_));
  progress_.folder(folder_.string());
  ERNSTFALL_TRY(run_lock_, FileLock::try_lock(run_lock_path(folder_)));
  ERNSTFALL_TRY(Journal journal, Journal::open(folder_));
  journal_.emplace(std::move(journal));
  const std::string run_id = folder_.filename().string();
  ERNSTFALL_CHECK(journal_->record("run-begin", {{"run_id", run_id}, {"cluster", cluster_.name}}));
  ERNSTFALL_CHECK(
      journal_->record("initial-state", {{"state", state_to_json(plan_.state).dump()}}));
  ERNSTFALL_TRY(history_, HistoryWriter::create(folder_ / "history", run_id, clock_));
  board_ = std::make_unique<LiveBoard>(*history_);
  if (scenario_.stop_when.service_error_rate)
    board_->keep_answers(scenario_.stop_when.service_error_rate->over);
  ERNSTFALL_TRY(run_source_, board_->define_source({0, "run", "run", "", 0, 0}));
  return {};
}

// On the nodes: the file lock keeps only this machine's harnesses apart.
Status Run::lock_nodes() {
  const std::string owner = lock_owner(folder_.filename().string());
  ERNSTFALL_CHECK(journal_->record("lock-planned", {{"owner", owner}}));
  nodes_lock_ = std::make_unique<ClusterLock>(*nodes_, owner);
  return nodes_lock_->acquire(stop_);
}

Status Run::start_watching() {
  ERNSTFALL_CHECK(lock_nodes());
  event(kinds::kVersions, plan_.versions);
  event(kinds::kSettings, read_settings(*nodes_, scenario_, nodes_with("k3s"),
                                        Deadline::after(cluster_.scaled(seconds(20))), stop_));
  ERNSTFALL_TRY(keeper_, arm_keeper(options_.program, folder_, options_.dead_man));
  executor_ = std::make_unique<Executor>(*nodes_);
  dead_men_ = std::make_unique<NodeDeadMen>(*nodes_, options_.dead_man);
  injector_ =
      std::make_unique<Injector>(*executor_, *journal_, *board_, run_source_, *keeper_, *dead_men_);
  clocks_ = std::make_unique<ClockWatch>(*nodes_, *board_, run_source_);
  ERNSTFALL_TRY(auto powers, powers_to_watch(cluster_));
  powers_ = std::make_unique<PowerWatch>(std::move(powers), *board_, run_source_);
  clocks_->ask_all("the run begins", Deadline::after(cluster_.scaled(seconds(10))), stop_);
  ERNSTFALL_TRY(journals_, JournalWatch::start(*nodes_, *board_, journal_nodes(cluster_, scenario_),
                                               nodes_with("k3s")));
  if (!scenario_.probes.empty() || !scenario_.loads.empty())
    ERNSTFALL_CHECK(journal_->record("files-planned", {{"canary_paths", canary_paths(scenario_)}}));
  ERNSTFALL_TRY(watch_,
                Watch::start(*nodes_, scenario_, folder_.filename().string(), *board_, stop_));
  if (scenario_.stop_when.metric) {
    ERNSTFALL_TRY(metric_, MetricWatch::start(*cluster_.prometheus, *scenario_.stop_when.metric,
                                              *board_, run_source_, progress_));
  }
  progress_.watch(board_.get());
  return {};
}

// The steady state must hold for the whole baseline; it may take a moment to begin (first
// connections).
bool Run::hold_baseline() {
  if (scenario_.probes.empty()) return !stopped();
  phase("baseline",
        fmt::format("the steady state must hold for {}", format_duration(scenario_.baseline)));
  const Deadline deadline = Deadline::after(scenario_.baseline + cluster_.scaled(seconds(20)));
  std::string trouble;
  while (true) {
    trouble = board_->service_trouble(clock_.now(), scenario_.baseline.count());
    if (trouble.empty() || deadline.expired() || !wait(kLookPeriod)) break;
  }
  event(kinds::kBaseline, {{"ok", trouble.empty()}, {"why", trouble}});
  steady_seen_at_ = clock_.now();
  if (!trouble.empty() && !stopped())
    abort("there is no steady state to disturb, so nothing was touched: " + trouble);
  return trouble.empty() && !stopped();
}

// Planning and arming ask the nodes for much at once, and on slow ones the service may suffer from
// it: what would be measured then is us.
Steady Run::steady_still() {
  if (scenario_.probes.empty()) return {};
  const TimeNs now = clock_.now();
  if (board_->service_trouble(now, now - steady_seen_at_).empty()) return {};
  progress_.note("what was asked of the nodes disturbed the service: once more");
  const auto changes = board_->drbd_changes();
  if (!hold_baseline()) return {"the service did not come back to its steady state"};
  return {"", !changes || board_->drbd_changes() != changes};
}

void Run::hold(const PlannedStep& planned, int lane, TimeNs confirmed_at,
               const std::stop_token& stop) {
  const FaultStep& step = planned.step;
  clocks_->ask_soon("a fault took effect");
  const Deadline until =
      Deadline::at(clock_.steady(confirmed_at) +
                   std::chrono::duration_cast<std::chrono::steady_clock::duration>(step.hold));
  if (scenario_.attended && lane == 0 && !runbook_begun_) {
    phase("hold", fmt::format("the operator reacts after {}",
                              format_duration(scenario_.attended->reaction)));
    if (sleep_until(Deadline::at(clock_.steady(confirmed_at) + scenario_.attended->reaction), stop))
      run_operator();
  } else if (planned.plans.front().ends_by_itself) {
    phase("hold", fmt::format("it is left alone for up to {}", format_duration(step.hold)));
    for (const FaultPlan& plan : planned.plans) wait_for_own_recovery(plan, until, stop);
    return;
  } else {
    phase("hold", fmt::format("{} stays in effect for {}", step.fault, format_duration(step.hold)));
  }
  wait_for_hold(until, stop);
}

void Run::wait_for_hold(Deadline until, const std::stop_token& stop) {
  const auto asked = [this] { return options_.undo_requests ? options_.undo_requests() : 0; };
  const std::uint64_t before = asked();
  while (!until.expired() && sleep_until(until.at_most(kLookPeriod), stop)) {
    if (asked() == before) continue;
    event(kinds::kHoldEnded, {{"why", "asked for"}});
    progress_.note("undone now, as asked");
    return;
  }
}

void Run::wait_for_own_recovery(const FaultPlan& plan, Deadline until,
                                const std::stop_token& stop) {
  for (const Observation& back : plan.undone)
    if (!executor_->observe(back, until, stop)) return;
  while (!service_stable())
    if (until.expired() || !sleep_until(until.at_most(kLookPeriod), stop)) return;
  progress_.note("recovered by itself");
}

bool Run::run_steps(const std::vector<RemoteAction>& steps, std::string_view kind,
                    const std::stop_token& stop) {
  for (const RemoteAction& step : steps) {
    progress_.note(fmt::format("operator: {} on {}", step.name, step.node));
    json fields{{"step", step.name}, {"node", step.node}, {"state", "begin"}, {"detail", ""}};
    event(kind, fields);
    const auto status = executor_->perform(step, stop);
    fields["state"] = status ? "done" : "failed";
    if (!status) fields["detail"] = to_string(status.error());
    event(kind, fields);
    if (!status) {
      progress_.warn(to_string(status.error()));
      return false;
    }
  }
  return true;
}

void Run::run_operator() {
  phase("operator", "the runbook");
  UndoEntry way_back;
  way_back.id = kRunbookUndoId;
  way_back.stage = UndoEntry::Stage::restore;
  way_back.what = "the runbook's way back";
  for (const RemoteAction& step : plan_.restore_steps) way_back.undo.emplace_back(step);
  if (const auto status = injector_->plan_undo(way_back); !status)
    return abort("the runbook's way back cannot be journalled, so it was not begun: " +
                 to_string(status.error()));
  runbook_begun_ = true;
  watch_->pause_canary();
  const bool done = run_steps(plan_.operator_steps, kinds::kOperatorStep, stop_);
  watch_->resume_canary();
  if (!done) return;
  // The operator's work is done when users are served again.
  const Deadline deadline = Deadline::after(cluster_.scaled(minutes(2)));
  while (!service_stable())
    if (deadline.expired() || !wait(kLookPeriod)) return;
}

void Run::inject_all() {
  if (!scenario_.touches_anything()) {
    wait(scenario_.baseline);
    return;
  }
  InjectionHooks hooks;
  hooks.phase = [this](std::string_view name, const std::string& text) { phase(name, text); };
  hooks.abort = [this](const std::string& why) { abort(why); };
  hooks.guard = [this] { return guard_trouble(); };
  hooks.steady = [this] { return steady_still(); };
  hooks.hold = [this](const PlannedStep& step, int lane, TimeNs confirmed_at,
                      const std::stop_token& stop) { hold(step, lane, confirmed_at, stop); };
  Injection injection(*nodes_, scenario_, options_.seed, *injector_, clock_, progress_,
                      std::move(hooks));
  injection.run(stop_);
  touched_ = injection.touched();
}

// What ends a fault at once: asked all the time while one is in effect.
std::string Run::guard_trouble() const {
  if (const std::string lost = nodes_lock_->lost(); !lost.empty()) return lost;
  if (metric_)
    if (std::string wrong = metric_->trouble(); !wrong.empty()) return wrong;
  return stop_condition(scenario_.stop_when, *board_, clock_.now());
}

// Ends at redundancy restored, not at the first success.
void Run::settle() {
  phase("settle", "until the service is stable and every replica has the data");
  const Deadline deadline = Deadline::after(cluster_.scaled(scenario_.settle_max));
  const std::stop_token& stop = touched_ ? std::stop_token{} : stop_;
  const std::string trouble = wait_until_redundant(*nodes_, deadline, stop);
  if (trouble.empty())
    event(kinds::kRedundancy, json::object());
  else
    abort("redundancy was not restored in time: " + trouble);
  while (!service_stable()) {
    if (deadline.expired()) return abort("the service did not become stable again in time");
    if (!sleep_until(deadline.at_most(kLookPeriod), stop_)) return;
  }
}

void Run::restore() {
  if (runbook_begun_) {
    phase("restore", "the runbook's way back");
    // For good: what is written on the way back would only be in its way.
    watch_->pause_canary();
    if (const auto audit = watch_->audit_canary(Deadline::after(cluster_.scaled(kAuditMax)), {});
        !audit)
      progress_.warn("audit of the block canary: " + to_string(audit.error()));
    // Not stoppable: a cluster that stays on its spare wheel is not where it started.
    if (run_steps(plan_.restore_steps, kinds::kOperatorRestore, {})) {
      (void)injector_->mark_clean(kRunbookUndoId);
    } else {
      (void)injector_->mark_dirty(kRunbookUndoId, "a step of the way back failed");
      return;
    }
    const Deadline deadline = Deadline::after(cluster_.scaled(minutes(2)));
    (void)wait_until_redundant(*nodes_, deadline, {});
    while (!service_stable() && !deadline.expired()) sleep_until(deadline.at_most(kLookPeriod), {});
  }
  if (!touched_) return;
  phase("verify", "comparing every node with its state before the run");
  const std::vector<std::string> differences = wait_until_same(
      *nodes_, state_to_json(plan_.state), Deadline::after(cluster_.scaled(kStartStateMax)), {});
  if (differences.empty()) return progress_.note("every node is as it was before the run");
  for (const std::string& difference : differences) progress_.warn("residue: " + difference);
  // Journalled as an undo of its own that is not clean: the run is dirty until `heal` finds no
  // difference any more.
  UndoEntry residue;
  residue.id = kResidueUndoId;
  residue.stage = UndoEntry::Stage::residue;
  residue.what = "residue";
  (void)injector_->plan_undo(residue);
  (void)injector_->mark_dirty(residue.id, join(differences, "; "));
}

void Run::collect() {
  phase("collect", "reading every recorded write back");
  watch_->stop_load();
  if (const auto audit = watch_->audit(Deadline::after(cluster_.scaled(kAuditMax)), stop_); !audit)
    progress_.warn("audit: " + to_string(audit.error()));
  clocks_->ask_all("the run ends", Deadline::after(cluster_.scaled(seconds(10))), stop_);
  watch_->stop_probes();
  journals_.reset();
  progress_.watch(nullptr);
  const auto removed = watch_->cleanup(Deadline::after(cluster_.scaled(kCollectMax)));
  if (removed)
    (void)journal_->record("files-removed", json::object());
  else
    progress_.warn("the run's files are still there: " + to_string(removed.error()));
  collect_artefacts(*nodes_, folder_, Deadline::after(cluster_.scaled(kCollectMax)), stop_);
}

Status Run::finish() {
  metric_.reset();
  journals_.reset();
  clocks_.reset();
  powers_.reset();
  watch_.reset();
  nodes_lock_->release();
  ERNSTFALL_CHECK(journal_->record("lock-released", json::object()));
  ERNSTFALL_CHECK(board_->close());
  ERNSTFALL_CHECK(journal_->record("run-end", json::object()));
  return keeper_->disarm(Deadline::after(seconds(10)));
}

Result<RunOutcome> Run::execute() {
  progress_.phase("preflight", fmt::format("{} on {}", scenario_.name, cluster_.name));
  ERNSTFALL_TRY(nodes_, NodeSet::open(cluster_));
  ERNSTFALL_TRY(plan_, preflight(*nodes_, scenario_, options_.runs_root, options_.seed, stop_));
  if (scenario_.stop_when.metric)
    ERNSTFALL_CHECK(check_metric(*cluster_.prometheus, *scenario_.stop_when.metric, stop_));
  RunOutcome outcome;
  if (options_.dry_run) {
    outcome.plan_text = describe_plan(plan_, scenario_, options_.dead_man);
    return outcome;
  }
  ERNSTFALL_CHECK(open_folder());
  outcome.folder = folder_;
  if (const auto started = start_watching(); !started) {
    if (nodes_lock_) nodes_lock_->release();
    (void)journal_->record("lock-released", json::object());
    (void)journal_->record("run-end", {{"why", to_string(started.error())}});
    return tl::unexpected(started.error());
  }
  if (hold_baseline()) {
    inject_all();
    settle();
    restore();
  }
  collect();
  outcome.interrupted = stopped();
  if (outcome.interrupted) event(kinds::kAborted, {{"why", "stopped by the user"}});
  if (const auto finished = finish(); !finished) progress_.warn(to_string(finished.error()));
  return outcome;
}

}  // namespace

Result<RunOutcome> run_scenario(const Cluster& cluster, const Scenario& scenario,
                                const RunOptions& options, Progress& progress,
                                const std::stop_token& stop) {
  return Run(cluster, scenario, options, progress, stop).execute();
}

}  // namespace ernstfall
