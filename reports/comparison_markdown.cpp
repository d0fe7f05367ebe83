// comparison_markdown: a comparison for a wiki page or a merge request.
#include <fmt/core.h>

#include "reports/comparison.h"
#include "reports/comparison_words.h"
#include "reports/markup.h"

namespace ernstfall {
namespace {

std::string measure_table(const ScenarioComparison& comparison) {
  std::string text =
      "\n| | | base | candidate | shift | 95 % | p | delta | n | |\n"
      "|---|---|---|---|---|---|---|---|---|---|\n";
  for (const Measure& measure : comparison.measures)
    text += fmt::format(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {}, {} | {} |\n", measure_word(measure),
        escape_markdown(measure.name), value_in_words(measure, measure.base.median),
        value_in_words(measure, measure.candidate.median), shift_in_words(measure),
        interval_in_words(measure), escape_markdown(p_in_words(measure)), delta_in_words(measure),
        measure.base.n, measure.candidate.n, escape_markdown(measure.note));
  return text;
}

std::string environment_table(const ScenarioComparison& comparison) {
  if (comparison.environment.empty()) return "\nNothing that was recorded around them differs.\n";
  std::string text = "\n| what differs around them | base | candidate |\n|---|---|---|\n";
  for (const EnvironmentDifference& difference : comparison.environment)
    text += fmt::format("| {}{} | {} | {} |\n", escape_markdown(difference.key),
                        difference.other_test ? " (another test!)" : "",
                        escape_markdown(difference.base), escape_markdown(difference.candidate));
  if (comparison.environment_more > 0)
    text += fmt::format("\nAnd {} more.\n", comparison.environment_more);
  return text;
}

std::string left_out_list(const ScenarioComparison& comparison) {
  std::string text;
  for (const LeftOutRun& run : comparison.base_left_out)
    text += fmt::format("* base {}: {}\n", escape_markdown(run.run_id),
                        escape_markdown(run.why.english()));
  for (const LeftOutRun& run : comparison.candidate_left_out)
    text += fmt::format("* candidate {}: {}\n", escape_markdown(run.run_id),
                        escape_markdown(run.why.english()));
  return text.empty() ? text : "\nRuns that do not count:\n\n" + text;
}

}  // namespace

std::string render_comparison_markdown(const ComparisonReport& report) {
  std::string text =
      fmt::format("# Comparison: {}\n\n* base {}\n* candidate {}\n", outcome_word(report.outcome),
                  escape_markdown(report.base), escape_markdown(report.candidate));
  for (const ScenarioComparison& comparison : report.scenarios) {
    text += fmt::format("\n## {}: {}\n\n{}{} runs against {} runs.\n",
                        escape_markdown(comparison.scenario), outcome_word(comparison.outcome),
                        comparison.title.empty() ? "" : escape_markdown(comparison.title) + ". ",
                        comparison.base_runs, comparison.candidate_runs);
    text += environment_table(comparison) + left_out_list(comparison) + measure_table(comparison);
    if (!comparison.reasons.empty()) text += "\n";
    for (const std::string& reason : comparison.reasons)
      text += "* " + escape_markdown(reason) + "\n";
    if (comparison.repeats)
      text +=
          fmt::format("\nEnough would be about {} repeats on each side.\n", *comparison.repeats);
  }
  text += "\n";
  for (const std::string& rule : rules_in_words(report)) text += rule + "\n";
  return text;
}

}  // namespace ernstfall
