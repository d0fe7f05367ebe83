// suite_run: the runs of a suite on a real cluster.
#include "harness/cli/suite_run.h"

#include <fmt/core.h>
#include <unistd.h>

#include "harness/cli/command.h"
#include "harness/cli/console_progress.h"
#include "harness/cli/signals.h"
#include "harness/core/files.h"
#include "harness/core/text.h"
#include "harness/lang/messages.h"
#include "harness/run/run_folder.h"
#include "harness/suite/suite.h"
#include "reports/render.h"
#include "reports/suite_report.h"
#include "reports/trial.h"

namespace ernstfall::cli {
namespace {

namespace fs = std::filesystem;

RunOptions run_options(const SuiteSettings& settings, const fs::path& runs_root) {
  RunOptions options;
  options.seed = settings.seed;
  options.runs_root = runs_root;
  options.program = own_program();
  options.dead_man = settings.dead_man;
  options.undo_requests = undo_now_requests;
  return options;
}

// That the machine of ours is broken, or the user said stop, ends a suite. Anything else means that
// this run could not begin: nothing was touched, and the cluster may be fit again for the next one.
bool ends_suite(const Error& error) {
  switch (error.code) {
    case Errc::usage:
    case Errc::auth:
    case Errc::host_key:
    case Errc::unsupported:
    case Errc::io:
    case Errc::corrupt:
    case Errc::internal:
      return true;
    case Errc::unreachable:
    case Errc::timeout:
    case Errc::cancelled:
    case Errc::protocol:
    case Errc::refused:
      break;
  }
  return false;
}

Result<SuiteRun> run_in_suite(const Cluster& cluster, const Scenario& once,
                              const Threshold* threshold, const RunOptions& options,
                              Language language, const std::stop_token& stop) {
  SuiteRun run;
  const auto progress = make_console_progress();
  const auto outcome = run_scenario(cluster, once, options, *progress, stop);
  if (!outcome) {
    if (ends_suite(outcome.error())) return tl::unexpected(outcome.error());
    run.why = "could not begin: " + to_string(outcome.error());
    run.interrupted = stop.stop_requested();
    return run;
  }
  run.folder = outcome->folder.filename().string();
  ERNSTFALL_TRY(const LoadedRun loaded, load_run(outcome->folder, catalogue()));
  ERNSTFALL_CHECK(write_reports(outcome->folder, loaded.report, loaded.history, language));
  const Trial trial = judge_trial(loaded.report, loaded.history, threshold);
  run.outcome = trial.outcome;
  run.why = trial.why.english();
  run.dirty = loaded.report.verdict == RunVerdict::dirty;
  run.interrupted = outcome->interrupted;
  return run;
}

Status write_suite(const fs::path& folder, Language language) {
  ERNSTFALL_TRY(const SuiteReport report, load_suite(folder, catalogue()));
  return write_suite_reports(folder, report, language);
}

Result<ExitCode> go(const fs::path& folder, const Cluster& cluster, const Scenario& scenario,
                    const SuiteSettings& settings, const std::stop_token& stop) {
  ERNSTFALL_TRY(const auto lock, FileLock::try_lock(folder / "lock"));
  if (!lock)
    return fail_at(Errc::refused, folder.string(), "somebody else is at work on this suite");
  if (const std::string owed = find_unhealed_run(folder, cluster.name); !owed.empty())
    return fail_at(Errc::refused, owed, "this run still owes an undo; first: ernstfall heal {}",
                   shell_quote_word(owed));
  ERNSTFALL_TRY(const std::string cost, suite_cost(scenario));
  fmt::print(stderr, "{}\n{}\n", folder.string(), cost);
  const RunOptions options = run_options(settings, folder);
  const Threshold* threshold = scenario.threshold ? &*scenario.threshold : nullptr;
  SuiteHooks hooks;
  hooks.run = [&](const Scenario& once, const SuiteStep&) {
    return run_in_suite(cluster, once, threshold, options, settings.language, stop);
  };
  hooks.clear = [&folder] {
    const auto report = load_suite(folder, catalogue());
    return report ? clear_answer(*report) : std::string();
  };
  hooks.say = [](const std::string& text) { fmt::print(stderr, "-- {}\n", text); };
  hooks.after_run = [&folder, &settings] {
    if (const auto written = write_suite(folder, settings.language); !written)
      fmt::print(stderr, "!  {}\n", to_string(written.error()));
  };
  ERNSTFALL_TRY(const SuiteState state, run_suite(folder, scenario, hooks, stop));
  ERNSTFALL_TRY(const SuiteReport report, load_suite(folder, catalogue()));
  ERNSTFALL_CHECK(write_suite_reports(folder, report, settings.language));
  if (state.end == kSuiteStopped)
    fmt::print(stderr, "goes on with: ernstfall run --resume {}\n",
               shell_quote_word(folder.string()));
  if (settings.json)
    fmt::print("{}\n", render_suite_json(report));
  else
    fmt::print(
        "{}\n{}\n", render_suite_console(report, ::isatty(STDOUT_FILENO) == 1, settings.language),
        say(settings.language, Msg::rr_report_at, suite_html_path(folder, report.kind).string()));
  return exit_code_for(report);
}

}  // namespace

Result<Scenario> scenario_of_suite(const fs::path& folder) {
  ERNSTFALL_TRY(Scenario scenario, load_scenario(folder / "scenario.yaml", catalogue()));
  ERNSTFALL_TRY(const SuiteState state, read_suite(folder));
  if (!state.scenario.empty()) scenario.name = state.scenario;
  return scenario;
}

Result<ExitCode> plan_suite(const Cluster& cluster, const Scenario& scenario,
                            const SuiteSettings& settings, const std::stop_token& stop) {
  ERNSTFALL_TRY(const std::string cost, suite_cost(scenario));
  RunOptions options = run_options(settings, settings.runs);
  options.dry_run = true;
  const auto progress = make_console_progress();
  ERNSTFALL_TRY(const RunOutcome outcome,
                run_scenario(cluster, scenario_once(scenario), options, *progress, stop));
  fmt::print("{}; the first one:\n{}", cost, outcome.plan_text);
  return ExitCode::pass;
}

Result<ExitCode> start_suite(const Cluster& cluster, const Scenario& scenario,
                             const SuiteSettings& settings, const std::stop_token& stop) {
  if (const std::string owed = find_unhealed_run(settings.runs, cluster.name); !owed.empty())
    return fail_at(Errc::refused, owed, "this run still owes an undo; first: ernstfall heal {}",
                   shell_quote_word(owed));
  ERNSTFALL_TRY(const fs::path folder, create_suite_folder(settings.runs, cluster, scenario,
                                                           settings.seed, ERNSTFALL_VERSION));
  return go(folder, cluster, scenario, settings, stop);
}

Result<ExitCode> resume_suite(const fs::path& folder, const Cluster& cluster,
                              SuiteSettings settings, const std::stop_token& stop) {
  ERNSTFALL_TRY(const Scenario scenario, scenario_of_suite(folder));
  ERNSTFALL_TRY(const SuiteState state, read_suite(folder));
  settings.seed = state.seed;
  return go(folder, cluster, scenario, settings, stop);
}

}  // namespace ernstfall::cli
