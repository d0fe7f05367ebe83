// run_command: `ernstfall run SCENARIO...`: runs scenarios one after the other and reports each.
#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <random>

#include "harness/cli/cluster_option.h"
#include "harness/cli/command.h"
#include "harness/cli/console_progress.h"
#include "harness/cli/signals.h"
#include "harness/cli/suite_run.h"
#include "harness/core/files.h"
#include "harness/core/text.h"
#include "harness/core/units.h"
#include "harness/faults/fault.h"
#include "harness/lang/messages.h"
#include "harness/load/canary.h"
#include "harness/run/runner.h"
#include "harness/suite/suite_log.h"
#include "probes/probe.h"
#include "reports/render.h"

namespace ernstfall::cli {
namespace {

struct RunArguments {
  std::vector<std::string> scenarios;
  ClusterOption cluster;
  std::string runs = "runs";
  std::optional<std::uint64_t> seed;
  bool dry_run = false;
  bool json = false;
  std::string dead_man = duration_literal(kDeadManDefault);
  Consent consent;
  std::string repeat;
  std::string resume;  // a suite folder
  std::string lang = "en";
  Language language = Language::english;  // of the reports
};

// The worse of two outcomes: 3 > 1 > 2 > 0; an error that kept a run from starting beats a pass.
ExitCode worse(ExitCode a, ExitCode b) {
  const auto rank = [](ExitCode code) {
    switch (code) {
      case ExitCode::pass:
        return 0;
      case ExitCode::inconclusive:
        return 1;
      case ExitCode::violated:
        return 2;
      case ExitCode::dirty:
        return 9;
      default:
        return 5;
    }
  };
  return rank(a) >= rank(b) ? a : b;
}

Result<ExitCode> run_one(const RunArguments& options, const Cluster& cluster,
                         const Scenario& scenario, Nanos dead_man, const std::stop_token& stop) {
  RunOptions run;
  run.seed = options.seed ? *options.seed : std::random_device{}();
  run.runs_root = options.runs;
  run.program = own_program();
  run.dry_run = options.dry_run;
  run.undo_requests = undo_now_requests;
  run.dead_man = dead_man;
  const auto progress = make_console_progress();
  ERNSTFALL_TRY(const RunOutcome outcome, run_scenario(cluster, scenario, run, *progress, stop));
  if (options.dry_run) {
    fmt::print("{}", outcome.plan_text);
    return ExitCode::pass;
  }
  progress->phase("report", outcome.folder.string());
  ERNSTFALL_TRY(const LoadedRun loaded, load_run(outcome.folder, catalogue()));
  ERNSTFALL_CHECK(write_reports(outcome.folder, loaded.report, loaded.history, options.language));
  if (options.json)
    fmt::print("{}\n", render_json(loaded.report));
  else
    fmt::print("{}\n{}\n",
               render_console(loaded.report, ::isatty(STDOUT_FILENO) == 1, options.language),
               say(options.language, Msg::rr_report_at, (outcome.folder / "report.html").string()));
  return exit_code_for(loaded.report.verdict);
}

std::uint64_t seed_of(const RunArguments& options) {
  return options.seed ? *options.seed : std::random_device{}();
}

Result<ExitCode> run_or_repeat(const RunArguments& options, const Cluster& cluster,
                               const Scenario& scenario, Nanos dead_man,
                               const std::stop_token& stop) {
  if (!scenario.is_suite()) return run_one(options, cluster, scenario, dead_man, stop);
  const SuiteSettings settings{options.runs, seed_of(options), dead_man, options.json,
                               options.language};
  return options.dry_run ? plan_suite(cluster, scenario, settings, stop)
                         : start_suite(cluster, scenario, settings, stop);
}

Status take_repeat(const RunArguments& options, Scenario& scenario) {
  if (options.repeat.empty()) return {};
  if (scenario.threshold)
    return fail_at(Errc::usage, scenario.source.string(),
                   "--repeat: a threshold has a repeat of its own");
  const auto repeat = parse_repeat(options.repeat);
  if (!repeat) return fail(Errc::usage, "--repeat {}", repeat.error().what);
  scenario.repeat = *repeat;
  return {};
}

// A suite knows its scenario and cluster; another cluster is another test.
Result<ExitCode> resume(const RunArguments& options) {
  if (!options.scenarios.empty() || !options.repeat.empty() || options.seed || options.dry_run ||
      !options.cluster.file.empty() || !options.cluster.lab.empty())
    return fail(Errc::usage,
                "--resume takes scenario, cluster, seed and repeat from the suite's own folder");
  ERNSTFALL_TRY(const Nanos dead_man, parse_dead_man(options.dead_man));
  std::error_code ec;
  const auto folder = std::filesystem::canonical(options.resume, ec);
  if (ec || !is_suite_folder(folder))
    return fail_at(Errc::usage, options.resume, "not the folder of a suite");
  ERNSTFALL_TRY(Cluster cluster, load_cluster(folder / "cluster.yaml"));
  ERNSTFALL_CHECK(enter_namespace_of(cluster));
  ERNSTFALL_CHECK(check_cluster(cluster));
  ERNSTFALL_CHECK(confirm_destruction(cluster, options.consent));
  ERNSTFALL_CHECK(check_consent(cluster, options.consent));
  return resume_suite(folder, cluster,
                      {folder.parent_path(), 0, dead_man, options.json, options.language},
                      stop_on_signals());
}

Result<ExitCode> run_all(RunArguments options) {
  ERNSTFALL_TRY(options.language, parse_language(options.lang));
  if (!options.resume.empty()) return resume(options);
  if (options.scenarios.empty()) return fail(Errc::usage, "which scenario? expected a file");
  ERNSTFALL_TRY(const Nanos dead_man, parse_dead_man(options.dead_man));
  // All files are read before the first node is touched: a typo in the last one costs nothing.
  std::vector<Scenario> scenarios;
  for (const std::string& file : options.scenarios) {
    ERNSTFALL_TRY(Scenario scenario, load_scenario(file, catalogue()));
    ERNSTFALL_CHECK(take_repeat(options, scenario));
    scenarios.push_back(std::move(scenario));
  }
  ERNSTFALL_TRY(Cluster cluster, open_cluster(options.cluster));
  ERNSTFALL_CHECK(check_cluster(cluster));
  ERNSTFALL_CHECK(confirm_destruction(cluster, options.consent));
  for (const Scenario& scenario : scenarios) {
    ERNSTFALL_CHECK(check_scenario_against_cluster(scenario, cluster));
    ERNSTFALL_CHECK(check_load_plans(scenario));
    ERNSTFALL_CHECK(check_fault_plans(scenario, cluster));
    ERNSTFALL_CHECK(check_probe_targets(scenario, cluster));
  }
  if (!options.dry_run) ERNSTFALL_CHECK(check_consent(cluster, options.consent));
  const std::stop_token stop = stop_on_signals();
  ExitCode worst = ExitCode::pass;
  for (const Scenario& scenario : scenarios) {
    ERNSTFALL_TRY(const ExitCode code, run_or_repeat(options, cluster, scenario, dead_man, stop));
    worst = worse(worst, code);
    if (stop.stop_requested() || code == ExitCode::dirty) break;
  }
  return worst;
}

}  // namespace

void add_run(CLI::App& app, Context& context) {
  auto options = std::make_shared<RunArguments>();
  CLI::App* command = app.add_subcommand("run", "run scenarios and report what happened");
  command->add_option("scenarios", options->scenarios, "scenario files");
  add_cluster_options(*command, options->cluster);
  command->add_option("--runs", options->runs, "folder for run folders")->capture_default_str();
  command->add_option(
      "--seed", options->seed,
      "seed of all that is drawn: content of the load, targets, a soak (default: random)");
  command->add_option("--repeat", options->repeat,
                      "run each so often, 10, or 5..20: ends in between when the answer is clear");
  command->add_option("--resume", options->resume,
                      "go on with a suite (repeats or a threshold) that was stopped");
  command->add_flag("--dry-run", options->dry_run,
                    "do every read, print every command, touch nothing");
  command->add_option("--lang", options->lang, "language of the reports: en or de")
      ->capture_default_str();
  command->add_flag("--json", options->json, "result as one JSON document on stdout");
  add_dead_man_option(*command, options->dead_man);
  add_consent_options(*command, options->consent);
  command->callback([options, &context] {
    const auto code = run_all(*options);
    if (!code) return report_error(context, code.error());
    context.exit_code = *code;
  });
}

}  // namespace ernstfall::cli
