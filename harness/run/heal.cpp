// heal: undo from the journal, or from the cluster's state when there is no journal.
#include "harness/run/heal.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/core/units.h"
#include "harness/inject/cluster_lock.h"
#include "harness/inject/injector.h"
#include "harness/run/cluster_state.h"
#include "harness/run/run_folder.h"
#include "harness/run/sweep.h"
#include "harness/run/watch.h"
#include "probes/http_engine.h"
#include "probes/service_folder.h"

namespace ernstfall {
namespace {

using nlohmann::json;
using std::chrono::minutes;

// All scaled by the cluster's time_scale.
constexpr Nanos kNodeBackMax = minutes(5);
constexpr Nanos kRedundancyMax = minutes(10);
constexpr Nanos kSameStateMax = minutes(3);
constexpr Nanos kSweepMax = minutes(2);
constexpr Nanos kFilesRemovalMax = std::chrono::seconds(30);  // of each place

class Healer {
 public:
  Healer(NodeSet& nodes, const HealOptions& options, const std::stop_token& stop)
      : nodes_(nodes), executor_(nodes), options_(options), stop_(stop) {}

  void say(const std::string& text) { options_.say(text); }
  void done(const std::string& text) {
    say(text);
    report.done.push_back(text);
  }
  void problem(const std::string& text) {
    say("PROBLEM: " + text);
    report.problems.push_back(text);
  }

  // Performs and proves one undo; false when it is not proven.
  bool undo(const UndoEntry& entry, Journal& journal) {
    const Nanos at_most = nodes_.cluster().scaled(kNodeBackMax);
    say(fmt::format("undoing {}; a node that does not answer is waited for, {} at most", entry.what,
                    format_duration(at_most)));
    (void)journal.record("undoing", {{"id", entry.id}, {"healed_by", options_.by}});
    const auto dirty = [&](const Error& error) {
      (void)journal.record("dirty", {{"id", entry.id}, {"why", to_string(error)}});
      problem(entry.what + ": " + to_string(error));
      return false;
    };
    const auto status = carry_out_undo(executor_, entry, Deadline::after(at_most), stop_,
                                       [this](const std::string& text) { done(text); });
    if (!status) return dirty(status.error());
    return true;
  }

  bool mark_clean(const UndoEntry& entry, Journal& journal) {
    const auto status = journal.record("clean", {{"id", entry.id}, {"healed_by", options_.by}});
    if (!status) problem(to_string(status.error()));
    return status.has_value();
  }

  // What the run wrote onto volumes and into the service: no fault, but ours. Each has its own
  // time, and is tried whatever became of the others.
  void remove_files(const JournalState& state, Journal& journal) {
    const auto& service = nodes_.cluster().service;
    if (!service && state.canary_paths.empty()) return;
    bool all = true;
    const auto note = [&](const std::string& what, const Status& removed) {
      all = all && removed;
      if (removed)
        done(what + " removed");
      else
        problem(what + " cannot be removed: " + to_string(removed.error()));
    };
    const auto deadline = [this] {
      return Deadline::after(nodes_.cluster().scaled(kFilesRemovalMax));
    };
    say("removing the run's files");
    for (const std::string& path : state.canary_paths)
      note("the block canary's folder below " + path,
           remove_canary(canary_nodes(nodes_), {path, state.run_id}, deadline(), stop_));
    if (service)
      note("the run's files at the service", [&]() -> Status {
        ERNSTFALL_TRY(const auto http, HttpEngine::start(RunClock{}));
        return remove_service_folder(*http, *service, state.run_id, deadline(), stop_);
      }());
    if (!all) return;
    if (const auto noted = journal.record("files-removed", {{"healed_by", options_.by}}); !noted)
      problem(to_string(noted.error()));
  }

  void give_lock_back(const std::string& owner, Journal& journal) {
    ClusterLock(nodes_, owner).release();
    (void)journal.record("lock-released", json{{"healed_by", options_.by}});
  }

  // Our marks on a node, whoever left them.
  void sweep(const std::string& node) {
    const Deadline deadline = Deadline::after(nodes_.cluster().scaled(kSweepMax));
    const auto swept = sweep_marks(*nodes_.remote(node), deadline, stop_);
    if (!swept) return problem(node + ": " + to_string(swept.error()));
    for (const std::string& text : swept->done) done(node + ": " + text);
    for (const std::string& text : swept->problems) problem(node + ": " + text);
  }

  bool wait_for_redundancy() {
    say("waiting until the data is on every replica again");
    const std::string trouble = wait_until_redundant(
        nodes_, Deadline::after(nodes_.cluster().scaled(kRedundancyMax)), stop_);
    if (!trouble.empty()) {
      problem("redundancy is not restored: " + trouble);
      return false;
    }
    done("redundancy restored");
    return true;
  }

  void compare_with(const std::string& initial_state) {
    if (initial_state.empty()) return;
    const json before = json::parse(initial_state, nullptr, false);
    if (before.is_discarded()) return problem("the journal's initial state cannot be read");
    say("comparing with the state before the run");
    for (const std::string& difference : wait_until_same(
             nodes_, before, Deadline::after(nodes_.cluster().scaled(kSameStateMax)), stop_))
      problem("not as before the run: " + difference);
    if (report.problems.empty()) done("every node is as it was before the run");
  }

  NodeSet& nodes_;
  Executor executor_;
  const HealOptions& options_;
  const std::stop_token& stop_;
  HealReport report;
};

Result<std::optional<FileLock>> lock_run(const std::filesystem::path& run_folder,
                                         const HealOptions& options, const std::stop_token& stop) {
  bool said = false;
  while (true) {
    ERNSTFALL_TRY(std::optional<FileLock> lock, FileLock::try_lock(run_lock_path(run_folder)));
    if (lock || options.ignore_lock) return lock;
    if (!said) options.say("someone is working on this run; waiting for them");
    said = true;
    if (options.lock_deadline.expired())
      return fail_at(Errc::refused, run_folder.string(), "the run is still in progress");
    if (!sleep_until(options.lock_deadline.at_most(std::chrono::milliseconds(200)), stop))
      return fail_at(Errc::cancelled, run_folder.string(), "stopped while waiting for the lock");
  }
}

}  // namespace

Result<HealReport> heal_run(const std::filesystem::path& run_folder, const HealOptions& options,
                            const std::stop_token& stop) {
  ERNSTFALL_TRY(const auto lock, lock_run(run_folder, options, stop));
  ERNSTFALL_TRY(JournalState state, read_journal(run_folder));
  if (!state.has_open_undo() && !state.files_left && state.lock_owner.empty()) {
    HealReport report;
    report.was_clean = true;
    return report;
  }
  ERNSTFALL_TRY(const Cluster cluster, load_cluster(run_folder / "cluster.yaml"));
  ERNSTFALL_TRY(const auto nodes, options.open_nodes(cluster));
  ERNSTFALL_TRY(Journal journal, Journal::open(run_folder));
  Healer healer(*nodes, options, stop);

  std::reverse(state.undos.begin(), state.undos.end());
  for (const UndoEntry& entry : state.undos)
    if (!entry.clean && entry.stage == UndoEntry::Stage::fault && healer.undo(entry, journal))
      healer.mark_clean(entry, journal);
  // The way back of a runbook moves the data's home: only with every replica there.
  if (state.has_open_undo() && healer.report.clean() && healer.wait_for_redundancy()) {
    bool restored = false;
    for (const UndoEntry& entry : state.undos)
      if (!entry.clean && entry.stage == UndoEntry::Stage::restore && healer.undo(entry, journal)) {
        restored = true;
        healer.mark_clean(entry, journal);
      }
    if (restored) healer.wait_for_redundancy();
    healer.compare_with(state.initial_state);
    for (const UndoEntry& entry : state.undos)
      if (!entry.clean && entry.stage == UndoEntry::Stage::residue && healer.report.clean())
        healer.mark_clean(entry, journal);
  }
  if (state.files_left) healer.remove_files(state, journal);
  if (!state.lock_owner.empty()) healer.give_lock_back(state.lock_owner, journal);
  ERNSTFALL_CHECK(journal.record("healed", {{"by", options.by},
                                            {"clean", healer.report.clean()},
                                            {"done", healer.report.done},
                                            {"problems", healer.report.problems}}));
  return healer.report;
}

Result<HealReport> heal_cluster(const Cluster& cluster, const HealOptions& options,
                                const std::stop_token& stop) {
  ERNSTFALL_TRY(const auto nodes, options.open_nodes(cluster));
  Healer healer(*nodes, options, stop);
  for (const Node& node : cluster.nodes) {
    Power* power = nodes->power(node.name);
    if (power == nullptr) continue;
    const Deadline deadline = Deadline::after(cluster.scaled(minutes(1)));
    const auto on = power->is_on(deadline, stop);
    if (!on) {
      healer.problem(node.name + ": " + to_string(on.error()));
      continue;
    }
    if (*on) continue;
    const Action action = SwitchPower{node.name, SwitchPower::Operation::on, {}};
    if (const auto status = healer.executor_.perform(action, stop); !status) {
      healer.problem(to_string(status.error()));
      continue;
    }
    healer.done(describe(action));
    const auto back = healer.executor_.observe(NodeIsBack{node.name, "", false},
                                               Deadline::after(cluster.scaled(kNodeBackMax)), stop);
    if (!back) healer.problem(to_string(back.error()));
  }
  // Marks of a harness that is alive are its own.
  ClusterLock lock(*nodes, lock_owner("heal"));
  ERNSTFALL_CHECK(lock.acquire(stop));
  for (const Node& node : cluster.nodes) healer.sweep(node.name);
  healer.report.was_clean = healer.report.done.empty() && healer.report.problems.empty();
  healer.wait_for_redundancy();
  lock.release();
  return healer.report;
}

}  // namespace ernstfall
