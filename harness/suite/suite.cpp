// suite: the loop over the runs of a suite, and what follows from those that are logged.
#include "harness/suite/suite.h"

#include <algorithm>
#include <set>

#include "harness/core/units.h"
#include "harness/suite/levels.h"

namespace ernstfall {
namespace {

namespace fs = std::filesystem;

bool useless(const SuiteRun& run, SuiteKind kind) {
  // Of a threshold a level that cannot be tried is a result; a run that cannot begin is none.
  return run.outcome == TrialOutcome::unclear && (kind == SuiteKind::repeat || run.folder.empty());
}

// The last runs that were of no use, without a break.
int useless_in_a_row(const SuiteState& state) {
  int count = 0;
  for (auto run = state.runs.rbegin(); run != state.runs.rend(); ++run) {
    if (run->interrupted || !run->ended) continue;
    if (!useless(*run, state.kind)) break;
    ++count;
  }
  return count;
}

std::string last_why(const SuiteState& state) {
  for (auto run = state.runs.rbegin(); run != state.runs.rend(); ++run)
    if (!run->why.empty()) return run->why;
  return "no reason known";
}

Result<SuiteStep> next_repeat(const Scenario& scenario, const SuiteState& state,
                              const std::function<std::string()>& clear) {
  const int counted = counted_runs(state);
  SuiteStep step;
  if (counted >= scenario.repeat.at_most) {
    step.end = kSuiteComplete;
    return step;
  }
  if (scenario.repeat.early_end() && counted >= scenario.repeat.at_least && clear) {
    step.end = clear();
    if (!step.end.empty()) return step;
  }
  step.scenario = scenario_once(scenario);
  return step;
}

Result<SuiteStep> next_trial(const Scenario& scenario, const SuiteState& state) {
  ERNSTFALL_TRY(const std::vector<ParamValue> levels, threshold_levels(*scenario.threshold));
  ERNSTFALL_TRY(const ThresholdSearch search, search_of(state, *scenario.threshold, levels));
  const auto level = search.next();
  SuiteStep step;
  if (!level) {
    step.end = kSuiteComplete;
    return step;
  }
  step.level = levels[*level].text;
  step.scenario = scenario_at(scenario, levels[*level]);
  return step;
}

bool is_logged(const SuiteState& state, const std::string& folder) {
  return std::any_of(state.runs.begin(), state.runs.end(),
                     [&folder](const SuiteRun& run) { return run.folder == folder; });
}

// The folder of the run that a crash cut off: the one that no line names.
std::string unlogged_run(const fs::path& suite, const SuiteState& state) {
  std::error_code ec;
  for (const fs::directory_entry& entry : fs::directory_iterator(suite, ec)) {
    std::error_code ignored;
    const std::string name = entry.path().filename().string();
    if (!entry.is_symlink(ignored) && fs::is_regular_file(entry.path() / "meta.json", ignored) &&
        !is_logged(state, name))
      return name;
  }
  return {};
}

Status log_lost_runs(const fs::path& folder, SuiteLog& log, SuiteState& state) {
  for (SuiteRun& run : state.runs) {
    if (run.ended) continue;
    run.folder = unlogged_run(folder, state);
    run.ended = run.interrupted = true;
    run.why = "the harness ended in the middle of it";
    ERNSTFALL_CHECK(log.run_end(run));
  }
  return {};
}

}  // namespace

int counted_runs(const SuiteState& state) {
  return static_cast<int>(
      std::count_if(state.runs.begin(), state.runs.end(), [](const SuiteRun& run) {
        return run.ended && !run.interrupted && run.outcome != TrialOutcome::unclear;
      }));
}

Result<ThresholdSearch> search_of(const SuiteState& state, const Threshold& threshold,
                                  const std::vector<ParamValue>& levels) {
  ThresholdSearch search(levels.size(), threshold.repeat);
  for (const SuiteRun& run : state.runs) {
    const auto level = std::find_if(levels.begin(), levels.end(), [&run](const ParamValue& value) {
      return value.text == run.level;
    });
    if (level == levels.end())
      return fail_at(Errc::usage, threshold.place,
                     "threshold: run {} was made at \"{}\", which is none of its levels: expected "
                     "the threshold as it was when the search began, or a new search",
                     run.number, run.level);
    if (run.ended && !run.interrupted)
      search.record(static_cast<std::size_t>(level - levels.begin()), run.outcome);
  }
  return search;
}

Result<SuiteStep> next_step(const Scenario& scenario, const SuiteState& state,
                            const std::function<std::string()>& clear) {
  if (useless_in_a_row(state) >= kUselessInARow)
    return SuiteStep{
        std::nullopt, "",
        fmt::format("{} runs in a row {}, the last one: {}", kUselessInARow,
                    state.kind == SuiteKind::repeat ? "do not count" : "could not begin",
                    last_why(state))};
  return scenario.threshold ? next_trial(scenario, state) : next_repeat(scenario, state, clear);
}

Result<std::string> suite_cost(const Scenario& scenario) {
  Nanos each = scenario.baseline + scenario.stable;
  for (const FaultStep& step : scenario.faults) each += (step.hold + step.pause) * step.repeat;
  if (scenario.soak) each += scenario.soak->lasts;
  if (!scenario.threshold)
    return fmt::format("{}{} runs that count, each of {} or more",
                       scenario.repeat.early_end() ? fmt::format("{} to ", scenario.repeat.at_least)
                                                   : std::string(),
                       scenario.repeat.at_most, format_duration(each));
  const Threshold& threshold = *scenario.threshold;
  ERNSTFALL_TRY(const std::vector<ParamValue> levels, threshold_levels(threshold));
  const ThresholdSearch search(levels.size(), threshold.repeat);
  return fmt::format("{} from {} to {} in {} levels: at most {} runs, each of {} or more",
                     threshold.vary, levels.front().text, levels.back().text, levels.size(),
                     search.most_trials(), format_duration(each + threshold.settle));
}

Result<SuiteState> run_suite(const fs::path& folder, const Scenario& scenario,
                             const SuiteHooks& hooks, const std::stop_token& stop) {
  ERNSTFALL_TRY(SuiteState state, read_suite(folder));
  ERNSTFALL_TRY(SuiteLog log, SuiteLog::open(folder));
  const auto say = [&hooks](const std::string& text) {
    if (hooks.say) hooks.say(text);
  };
  if (!state.runs.empty()) {
    ERNSTFALL_CHECK(log.resumed());
    ERNSTFALL_CHECK(log_lost_runs(folder, log, state));
    say(fmt::format("goes on after {} runs", state.runs.size()));
  }
  state.end.clear();
  bool dirty = false;
  while (state.end.empty()) {
    if (stop.stop_requested()) {
      state.end = kSuiteStopped;
      break;
    }
    ERNSTFALL_TRY(const SuiteStep step, next_step(scenario, state, hooks.clear));
    if (!step.scenario) {
      state.end = step.end;
      break;
    }
    SuiteRun run;
    run.number = static_cast<int>(state.runs.size()) + 1;
    run.level = step.level;
    if (scenario.threshold && run.number > 1 &&
        !sleep_until(Deadline::after(scenario.threshold->settle), stop))
      continue;
    say(step.level.empty()
            ? fmt::format("run {}", run.number)
            : fmt::format("run {}: {} {}", run.number, scenario.threshold->vary, step.level));
    ERNSTFALL_CHECK(log.run_begin(run));
    ERNSTFALL_TRY(const SuiteRun came, hooks.run(*step.scenario, step));
    run.folder = came.folder;
    run.outcome = came.outcome;
    run.why = came.why;
    run.dirty = dirty = came.dirty;
    run.interrupted = came.interrupted && !came.dirty;
    run.ended = true;
    ERNSTFALL_CHECK(log.run_end(run));
    state.runs.push_back(run);
    say(fmt::format("run {}: {}{}{}", run.number, trial_outcome_name(run.outcome),
                    run.why.empty() ? "" : ": ", run.why));
    if (hooks.after_run) hooks.after_run();
    if (dirty) state.end = fmt::format("run {} is dirty", run.folder);
  }
  ERNSTFALL_CHECK(log.suite_end(state.end));
  return state;
}

}  // namespace ernstfall
