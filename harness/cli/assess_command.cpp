// assess_command: `ernstfall assess RUNS...`: the class of the cluster, rule by rule; with a
// cluster it makes the runs first.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "harness/cli/assess_suite.h"
#include "harness/cli/command.h"
#include "harness/cli/terminal.h"
#include "harness/core/files.h"
#include "harness/core/units.h"
#include "harness/run/runner.h"
#include "reports/assessment.h"

namespace ernstfall::cli {
namespace {

namespace fs = std::filesystem;

struct AssessArguments {
  std::vector<std::string> runs;
  std::string target;
  std::string language = "en";
  std::string output;  // folder for the files
  std::string format;
  bool json = false;
  AssessSuite suite;
};

Result<AssessSettings> assess_settings(const AssessArguments& arguments) {
  AssessSettings settings;
  if (arguments.target.empty()) return settings;
  ERNSTFALL_TRY(const Nanos target, parse_duration(arguments.target));
  settings.target_ms = to_ms(target.count());
  return settings;
}

Status write_assessment(const fs::path& folder, const Assessment& assessment, Language language) {
  std::error_code ec;
  fs::create_directories(folder, ec);
  if (ec) return fail_at(Errc::io, folder.string(), "{}", ec.message());
  ERNSTFALL_CHECK(
      write_file_atomic(folder / "assessment.json", render_assessment_json(assessment) + "\n"));
  ERNSTFALL_CHECK(write_file_atomic(folder / "assessment.md",
                                    render_assessment_markdown(assessment, language)));
  return write_file_atomic(folder / "assessment.html",
                           render_assessment_html(assessment, language, fs::canonical(folder, ec)));
}

void print_assessment(const AssessArguments& arguments, const Assessment& assessment,
                      Language language) {
  if (arguments.json || arguments.format == "json") {
    fmt::print("{}\n", render_assessment_json(assessment));
  } else if (arguments.format == "md") {
    fmt::print("{}", render_assessment_markdown(assessment, language));
  } else if (arguments.format == "html") {
    fmt::print("{}", render_assessment_html(assessment, language));
  } else {
    fmt::print("{}", render_assessment_console(assessment, language, colour_on_stdout()));
  }
}

// Makes the runs that are missing; they and the report are in one folder.
Result<ExitCode> make_runs(AssessArguments& arguments) {
  if (!arguments.runs.empty())
    return fail(Errc::usage, "expected run folders, or a cluster to make the runs on");
  if (arguments.output.empty()) arguments.output = "assessment";
  arguments.suite.folder = arguments.output;
  arguments.runs = {arguments.output};
  return run_assess_suite(arguments.suite);
}

Result<ExitCode> assess(AssessArguments arguments) {
  const bool has_cluster =
      !arguments.suite.cluster.file.empty() || !arguments.suite.cluster.lab.empty();
  ERNSTFALL_TRY(const Language language, parse_language(arguments.language));
  arguments.suite.language = language;
  ERNSTFALL_TRY(const AssessSettings settings, assess_settings(arguments));
  ExitCode made = ExitCode::pass;
  if (has_cluster) {
    ERNSTFALL_TRY(made, make_runs(arguments));
    if (arguments.suite.dry_run) return made;
  } else if (arguments.suite.dry_run) {
    return fail(Errc::usage,
                "--dry-run lists the runs to make on a cluster: expected --cluster or --lab");
  }
  if (arguments.runs.empty())
    return fail(Errc::usage,
                "expected run folders, folders of runs, or a cluster to make the runs on");
  const std::vector<fs::path> paths(arguments.runs.begin(), arguments.runs.end());
  ERNSTFALL_TRY(const auto runs, read_assessed(paths, catalogue()));
  ERNSTFALL_TRY(const Assessment assessment, assess_runs(runs, settings));
  if (!arguments.output.empty())
    ERNSTFALL_CHECK(write_assessment(arguments.output, assessment, language));
  print_assessment(arguments, assessment, language);
  return made == ExitCode::dirty ? made : exit_code_for(assessment);
}

}  // namespace

void add_assess(CLI::App& app, Context& context) {
  auto options = std::make_shared<AssessArguments>();
  CLI::App* command = app.add_subcommand(
      "assess",
      "the class of a cluster from its runs, rule by rule; exits with 0 ha, data-ha or "
      "backup-like, 1 unsafe, 2 unknown");
  command->add_option("runs", options->runs, "run folders, or folders of runs");
  command->add_option("--target", options->target,
                      "users cut off for at most this, for every fault (default: each scenario's "
                      "rto_max)");
  command->add_option("--lang", options->language, "language of the report: en or de")
      ->capture_default_str();
  command->add_option("--output", options->output,
                      "also write assessment.json, assessment.html and assessment.md there; with a "
                      "cluster also the runs (default: assessment)");
  command->add_flag("--json", options->json, "one JSON document on stdout");
  command->add_option("--format", options->format, "print this instead")
      ->check(CLI::IsMember({"console", "json", "md", "html"}));
  add_cluster_options(*command, options->suite.cluster);
  command->add_option("--scenarios", options->suite.scenarios,
                      "with a cluster: folder of scenarios to choose from");
  command->add_flag("--dry-run", options->suite.dry_run,
                    "with a cluster: list the runs that are missing, and how long they take");
  options->suite.dead_man = duration_literal(kDeadManDefault);
  add_dead_man_option(*command, options->suite.dead_man);
  add_consent_options(*command, options->suite.consent);
  command->callback([options, &context] {
    const Result<ExitCode> code = assess(*options);
    if (!code) return report_error(context, code.error());
    context.exit_code = *code;
  });
}

}  // namespace ernstfall::cli
