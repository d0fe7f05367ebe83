// suite: one scenario run again and again: `repeat`, or the trials of a `threshold`.
//
//   state -> what is next -> log "begin" -> run -> log "end" -> again
//
// The runs themselves come from outside, so that all of this is tested without a cluster. Each run
// ends with every node as before, by itself; one that does not is dirty, and ends the suite at
// once.
//
// Repeats
//   * Only runs that count are counted: not those that started from a sick state, ended early, are
//     inconclusive or dirty. Each says why.
//   * `repeat: 10` ends after ten that count; `repeat: 5..20` also in between, when from five on
//     the answer is clear (hooks.clear; the rule is in reports/suite_report.h).
//   * Three in a row that do not count end it: the cluster is not fit for this.
// Thresholds: see search.h. Three in a row that could not even begin end it as well.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/suite/suite_log.h"

namespace ernstfall {

inline constexpr int kUselessInARow = 3;

// What is next. Neither: it is over, and `end` says why.
struct SuiteStep {
  std::optional<Scenario> scenario;
  std::string level;  // of a threshold
  std::string end;
};

struct SuiteHooks {
  // One run, to its end. Only outcome, why, folder, dirty and interrupted of the answer count. An
  // error ends the suite; that a run could not begin is none, but an unclear run without a folder.
  std::function<Result<SuiteRun>(const Scenario& scenario, const SuiteStep& step)> run;
  // Why the answer of the repeats is clear; empty: it is not, yet. May be absent.
  std::function<std::string()> clear = {};
  std::function<void(const std::string&)> say = {};
  // After each run: reports of what there is. May be absent.
  std::function<void()> after_run = {};
};

// Runs that count, among those that somebody let end.
int counted_runs(const SuiteState& state);
// The search with all trials so far. `levels` as of threshold_levels(). Errc::usage, at the
// threshold's place: a trial was made at a level that it does not have; its range or its resolution
// was changed since, and no interval follows from what is left.
Result<ThresholdSearch> search_of(const SuiteState& state, const Threshold& threshold,
                                  const std::vector<ParamValue>& levels);
Result<SuiteStep> next_step(const Scenario& scenario, const SuiteState& state,
                            const std::function<std::string()>& clear);
// "at most 15 runs, each of 1 min 20.0 s or more": said before the first one.
Result<std::string> suite_cost(const Scenario& scenario);

// Goes on from what is logged in the folder until it is over, stopped or dirty. What a crash cut
// off is logged as lost first. Errc::io ...: the log cannot be written, or hooks.run failed.
Result<SuiteState> run_suite(const std::filesystem::path& folder, const Scenario& scenario,
                             const SuiteHooks& hooks, const std::stop_token& stop);

inline constexpr std::string_view kSuiteComplete = "complete";
inline constexpr std::string_view kSuiteStopped = "stopped by the user";

}  // namespace ernstfall
