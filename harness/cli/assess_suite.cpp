// assess_suite: one scenario after the other through the ordinary runner, into one folder.
#include "harness/cli/assess_suite.h"

#include <fmt/core.h>

#include <algorithm>
#include <random>

#include "harness/cli/command.h"
#include "harness/cli/console_progress.h"
#include "harness/cli/signals.h"
#include "harness/core/files.h"
#include "harness/core/text.h"
#include "harness/core/units.h"
#include "harness/faults/fault.h"
#include "harness/run/runner.h"
#include "lab/store.h"
#include "probes/probe.h"
#include "reports/assess_plan.h"
#include "reports/render.h"

namespace ernstfall::cli {
namespace {

namespace fs = std::filesystem;

// Every scenario of the folder that fits the cluster. One that cannot be read is an error; one that
// names other nodes is of another cluster.
Result<std::vector<Scenario>> suite_scenarios(const AssessSuite& suite, const Cluster& cluster) {
  std::error_code ec;
  fs::path folder = suite.scenarios;
  if (folder.empty()) folder = fs::is_directory("scenarios", ec) ? "scenarios" : "";
  if (folder.empty()) folder = data_folder() / "scenarios";
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ec))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  if (ec || files.empty()) return fail_at(Errc::usage, folder.string(), "no scenarios there");
  std::sort(files.begin(), files.end());
  std::vector<Scenario> scenarios;
  for (const fs::path& file : files) {
    ERNSTFALL_TRY(Scenario scenario, load_scenario(file, catalogue()));
    if (check_scenario_against_cluster(scenario, cluster) && check_fault_plans(scenario, cluster) &&
        check_probe_targets(scenario, cluster))
      scenarios.push_back(std::move(scenario));
  }
  return scenarios;
}

// Of a folder that may not be there yet.
Result<std::vector<AssessedRun>> runs_so_far(const fs::path& folder) {
  std::error_code ec;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ec))
    if (!entry.is_symlink() && fs::is_regular_file(entry.path() / "meta.json", ec))
      return read_assessed({folder}, catalogue());
  return std::vector<AssessedRun>{};
}

std::string needs_in_words(const AssessPlan& plan, const std::vector<std::size_t>& needs) {
  std::string words;
  for (const std::size_t need : needs)
    words += (words.empty() ? "" : "; ") + say(Language::english, plan.needs[need].title());
  return words;
}

void print_suite(const AssessPlan& plan, const std::vector<const PlannedScenario*>& to_run) {
  Nanos total{};
  for (const PlannedScenario& planned : plan.scenarios) {
    const bool open = std::find(to_run.begin(), to_run.end(), &planned) != to_run.end();
    if (open) total += planned.at_least;
    fmt::print("{:<34} {:<22} {}\n", planned.scenario->name,
               open ? fmt::format("at least {}", format_duration(planned.at_least))
                    : std::string("counts already"),
               needs_in_words(plan, planned.needs));
  }
  for (const std::size_t need : plan.missing)
    fmt::print("{:<34} {:<22} {}\n", "-", "no scenario", needs_in_words(plan, {need}));
  fmt::print("{} of {} to run, at least {} altogether; resyncs and restarts come on top\n",
             to_run.size(), plan.scenarios.size(), format_duration(total));
}

Result<ExitCode> run_planned(const AssessSuite& suite, const Cluster& cluster,
                             const Scenario& scenario, Nanos dead_man,
                             const std::stop_token& stop) {
  RunOptions options;
  options.seed = std::random_device{}();
  options.runs_root = suite.folder;
  options.program = own_program();
  options.undo_requests = undo_now_requests;
  options.dead_man = dead_man;
  const auto progress = make_console_progress();
  ERNSTFALL_TRY(const RunOutcome outcome,
                run_scenario(cluster, scenario, options, *progress, stop));
  ERNSTFALL_TRY(const LoadedRun loaded, load_run(outcome.folder, catalogue()));
  ERNSTFALL_CHECK(write_reports(outcome.folder, loaded.report, loaded.history, suite.language));
  fmt::print(stderr, "{}: {}\n", scenario.name, run_verdict_name(loaded.report.verdict));
  return exit_code_for(loaded.report.verdict);
}

}  // namespace

Result<ExitCode> run_assess_suite(const AssessSuite& suite) {
  ERNSTFALL_TRY(const Nanos dead_man, parse_dead_man(suite.dead_man));
  ERNSTFALL_TRY(Cluster cluster, open_cluster(suite.cluster));
  ERNSTFALL_CHECK(check_cluster(cluster));
  ERNSTFALL_CHECK(confirm_destruction(cluster, suite.consent));
  ERNSTFALL_TRY(const std::vector<Scenario> scenarios, suite_scenarios(suite, cluster));
  ERNSTFALL_TRY(const AssessPlan plan, plan_assessment(scenarios, cluster));
  ERNSTFALL_TRY(const std::vector<AssessedRun> runs, runs_so_far(suite.folder));
  std::vector<const PlannedScenario*> to_run;
  for (const PlannedScenario& planned : plan.scenarios)
    if (!has_counted_run(runs, *planned.scenario, cluster)) to_run.push_back(&planned);
  if (suite.dry_run) {
    print_suite(plan, to_run);
    return ExitCode::pass;
  }
  ERNSTFALL_CHECK(check_consent(cluster, suite.consent));
  const std::stop_token stop = stop_on_signals();
  for (const PlannedScenario* planned : to_run) {
    ERNSTFALL_TRY(const ExitCode code,
                  run_planned(suite, cluster, *planned->scenario, dead_man, stop));
    if (code == ExitCode::dirty) return code;
    if (stop.stop_requested()) break;
  }
  return ExitCode::pass;
}

}  // namespace ernstfall::cli
