// assess_command: `ernstfall assess RUNS...`: the class of the cluster, rule by rule.
#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "harness/cli/command.h"
#include "harness/core/files.h"
#include "harness/core/units.h"
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
    const char* no_color = std::getenv("NO_COLOR");
    const bool plain = no_color != nullptr && *no_color != '\0';
    fmt::print("{}", render_assessment_console(assessment, language,
                                               !plain && ::isatty(STDOUT_FILENO) == 1));
  }
}

Result<ExitCode> assess(const AssessArguments& arguments) {
  if (arguments.runs.empty()) return fail(Errc::usage, "expected run folders, or folders of runs");
  ERNSTFALL_TRY(const Language language, parse_language(arguments.language));
  ERNSTFALL_TRY(const AssessSettings settings, assess_settings(arguments));
  const std::vector<fs::path> paths(arguments.runs.begin(), arguments.runs.end());
  ERNSTFALL_TRY(const auto runs, read_assessed(paths, catalogue()));
  ERNSTFALL_TRY(const Assessment assessment, assess_runs(runs, settings));
  if (!arguments.output.empty())
    ERNSTFALL_CHECK(write_assessment(arguments.output, assessment, language));
  print_assessment(arguments, assessment, language);
  return exit_code_for(assessment);
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
                      "also write assessment.json, assessment.html and assessment.md there");
  command->add_flag("--json", options->json, "one JSON document on stdout");
  command->add_option("--format", options->format, "print this instead")
      ->check(CLI::IsMember({"console", "json", "md", "html"}));
  command->callback([options, &context] {
    const Result<ExitCode> code = assess(*options);
    if (!code) return report_error(context, code.error());
    context.exit_code = *code;
  });
}

}  // namespace ernstfall::cli
