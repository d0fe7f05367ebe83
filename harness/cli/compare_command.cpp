// compare_command: `ernstfall compare BASE CANDIDATE`: is the candidate at least as good as the
// base? The gate before an upgrade.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "harness/cli/command.h"
#include "harness/cli/terminal.h"
#include "harness/core/text.h"
#include "reports/comparison_sides.h"

namespace ernstfall::cli {
namespace {

struct CompareArguments {
  std::vector<std::string> sides;  // BASE CANDIDATE
  std::vector<std::string> base;
  std::vector<std::string> candidate;
  std::string tolerance = "10%,250ms";
  std::string rule_out;
  std::uint64_t lost_tolerance = 0;
  bool accept_scenario_changes = false;
  bool json = false;
  std::string format;
  std::string language = "en";
};

Result<CompareSettings> compare_settings(const CompareArguments& arguments) {
  CompareSettings settings;
  ERNSTFALL_TRY(settings.tolerance, parse_tolerance(arguments.tolerance));
  if (!arguments.rule_out.empty()) {
    ERNSTFALL_TRY(settings.rule_out, parse_tolerance(arguments.rule_out));
  }
  settings.lost_tolerance = arguments.lost_tolerance;
  settings.accept_scenario_changes = arguments.accept_scenario_changes;
  const Tolerance rule_out = settings.ruled_out();
  const Tolerance& tolerance = settings.tolerance;
  if (rule_out.percent < tolerance.percent || rule_out.at_least_ms < tolerance.at_least_ms ||
      (rule_out.percent == tolerance.percent && rule_out.at_least_ms == tolerance.at_least_ms))
    return fail(Errc::usage, "--rule-out must be more than --tolerance");
  return settings;
}

// What was given of one side: searches for a threshold, and everything else.
Result<ComparedSide> read_both_kinds(const std::vector<std::string>& names) {
  ComparedSide side;
  std::vector<std::filesystem::path> others;
  for (const std::string& name : names) {
    if (!is_threshold_folder(name)) {
      others.emplace_back(name);
      continue;
    }
    ERNSTFALL_TRY(ComparedThreshold threshold, read_threshold(name, catalogue()));
    side.thresholds.push_back(std::move(threshold));
  }
  if (others.empty()) return side;
  ERNSTFALL_TRY(side.runs, read_side(others, catalogue()));
  return side;
}

Result<ExitCode> compare(CompareArguments arguments) {
  ERNSTFALL_TRY(const Language language, parse_language(arguments.language));
  if (arguments.sides.size() == 2) {
    arguments.base.insert(arguments.base.begin(), arguments.sides[0]);
    arguments.candidate.insert(arguments.candidate.begin(), arguments.sides[1]);
  } else if (!arguments.sides.empty()) {
    return fail(Errc::usage, "expected BASE and CANDIDATE, or --base and --candidate");
  }
  if (arguments.base.empty() || arguments.candidate.empty())
    return fail(Errc::usage, "both sides need a run folder, or a folder of runs");
  ERNSTFALL_TRY(const CompareSettings settings, compare_settings(arguments));
  ERNSTFALL_TRY(const ComparedSide base, read_both_kinds(arguments.base));
  ERNSTFALL_TRY(const ComparedSide candidate, read_both_kinds(arguments.candidate));
  ERNSTFALL_CHECK(check_sides_differ(base, candidate));
  ComparisonReport report = compare_runs(base.runs, candidate.runs, settings);
  ERNSTFALL_CHECK(compare_thresholds(base.thresholds, candidate.thresholds, report));
  report.base = join(arguments.base, ", ");
  report.candidate = join(arguments.candidate, ", ");
  if (arguments.json || arguments.format == "json") {
    fmt::print("{}\n", render_comparison_json(report));
  } else if (arguments.format == "md") {
    fmt::print("{}", render_comparison_markdown(report, language));
  } else if (arguments.format == "html") {
    fmt::print("{}", render_comparison_html(report, language));
  } else {
    fmt::print("{}", render_comparison_console(report, colour_on_stdout(), language));
  }
  return exit_code_for(report.outcome);
}

}  // namespace

void add_compare(CLI::App& app, Context& context) {
  auto options = std::make_shared<CompareArguments>();
  CLI::App* command = app.add_subcommand(
      "compare",
      "compare the runs of a candidate with those of a base; exits with 0 no regression, 1 "
      "regression, 2 not enough data");
  command->add_option("sides", options->sides,
                      "BASE CANDIDATE: each a run folder, a folder of runs, or a suite");
  command->add_option("--base", options->base, "more of the base");
  command->add_option("--candidate", options->candidate, "the same of the candidate");
  command
      ->add_option("--tolerance", options->tolerance,
                   "slower by this much is accepted: 10%, 2s, or the larger of both")
      ->capture_default_str();
  command->add_option("--rule-out", options->rule_out,
                      "a slowdown that \"no regression\" rules out (default: three times the "
                      "tolerance)");
  command
      ->add_option("--lost-tolerance", options->lost_tolerance,
                   "acknowledged writes that a run may lose")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1'000'000'000}))
      ->capture_default_str();
  command->add_flag("--accept-scenario-changes", options->accept_scenario_changes,
                    "compare although the scenario itself differs");
  command->add_flag("--json", options->json, "one JSON document on stdout");
  command->add_option("--lang", options->language, "language of the report: en or de")
      ->capture_default_str();
  command->add_option("--format", options->format, "print this instead")
      ->check(CLI::IsMember({"console", "json", "md", "html"}));
  command->callback([options, &context] {
    const Result<ExitCode> code = compare(*options);
    if (!code) return report_error(context, code.error());
    context.exit_code = *code;
  });
}

}  // namespace ernstfall::cli
