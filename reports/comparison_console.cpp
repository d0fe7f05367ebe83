// comparison_console: a comparison in 80 columns: what differs, what does not count, the numbers.
#include <fmt/core.h>

#include "reports/comparison.h"
#include "reports/comparison_words.h"
#include "reports/text_width.h"

namespace ernstfall {
namespace {

constexpr std::size_t kComparisonColumns = 80;
constexpr std::size_t kIndent = 12;

std::string coloured(bool colour, CompareOutcome outcome, std::string_view text) {
  if (!colour) return std::string(text);
  const std::string_view code = outcome == CompareOutcome::regression      ? "1;31"
                                : outcome == CompareOutcome::no_regression ? "1;32"
                                                                           : "1;33";
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string measure_lines(const Measure& measure, bool colour) {
  const std::string word(measure_word(measure));
  std::string text = coloured(colour, measure.outcome, word) +
                     std::string(word.size() < kIndent ? kIndent - word.size() : 1, ' ');
  if (measure.kind == MeasureKind::invariant)
    return text + pad_right(measure.name, 26) + measure.note + "\n";
  text += pad_right(measure.name, 26) + value_in_words(measure, measure.base.median) + " -> " +
          value_in_words(measure, measure.candidate.median) + "\n";
  const std::string indent(kIndent, ' ');
  std::string detail;
  const auto add = [&detail](const std::string& part) {
    if (!part.empty()) detail += (detail.empty() ? "" : " · ") + part;
  };
  if (const std::string shift = shift_in_words(measure); !shift.empty())
    add("shift " + shift + ", 95 %: " + interval_in_words(measure));
  if (const std::string p = p_in_words(measure); !p.empty()) add("p " + p);
  if (const std::string delta = delta_in_words(measure); !delta.empty()) add("delta " + delta);
  if (measure.base.n > 0)
    add(fmt::format("n {}: {}", measure.base.n, range_in_words(measure, measure.base)));
  if (measure.candidate.n > 0)
    add(fmt::format("n {}: {}", measure.candidate.n, range_in_words(measure, measure.candidate)));
  if (measure.base.missing + measure.candidate.missing > 0)
    add(fmt::format("without it: {} and {} runs", measure.base.missing, measure.candidate.missing));
  if (!detail.empty()) text += wrap(indent + detail, kComparisonColumns, kIndent);
  if (!measure.note.empty()) text += wrap(indent + measure.note, kComparisonColumns, kIndent);
  return text;
}

std::string environment_lines(const ScenarioComparison& comparison) {
  std::string text = "what differs around them:\n";
  if (comparison.environment.empty()) return text + "  nothing that was recorded\n";
  for (const EnvironmentDifference& difference : comparison.environment) {
    text += wrap(
        fmt::format("  {}{}", difference.key, difference.other_test ? "  (another test!)" : ""),
        kComparisonColumns, 4);
    text += wrap(fmt::format("      {} -> {}", difference.base, difference.candidate),
                 kComparisonColumns, 8);
  }
  if (comparison.environment_more > 0)
    text += fmt::format("  and {} more\n", comparison.environment_more);
  return text;
}

std::string left_out_lines(const ScenarioComparison& comparison) {
  std::string text;
  const auto side = [&text](std::string_view name, const std::vector<LeftOutRun>& runs) {
    for (const LeftOutRun& run : runs)
      text += wrap(fmt::format("  {} {}: {}", name, run.run_id, run.why.english()),
                   kComparisonColumns, 4);
  };
  side("base", comparison.base_left_out);
  side("candidate", comparison.candidate_left_out);
  return text.empty() ? text : "\ndo not count:\n" + text;
}

std::string scenario_block(const ScenarioComparison& comparison, bool colour) {
  std::string text = fmt::format("\n{}{}\n", comparison.scenario,
                                 comparison.title.empty() ? "" : ": " + comparison.title);
  text += coloured(colour, comparison.outcome, outcome_word(comparison.outcome));
  text += fmt::format("   {} runs -> {} runs\n\n", comparison.base_runs, comparison.candidate_runs);
  text += environment_lines(comparison) + left_out_lines(comparison) + "\n";
  for (const Measure& measure : comparison.measures) text += measure_lines(measure, colour);
  if (!comparison.reasons.empty()) text += "\nwhy:\n";
  for (const std::string& reason : comparison.reasons)
    text += wrap("  " + reason, kComparisonColumns, 4);
  if (comparison.repeats)
    text += wrap(fmt::format("enough would be: about {} repeats on each side", *comparison.repeats),
                 kComparisonColumns, 2);
  return text;
}

}  // namespace

std::string render_comparison_console(const ComparisonReport& report, bool colour) {
  std::string text = wrap("base:      " + report.base, kComparisonColumns, 11) +
                     wrap("candidate: " + report.candidate, kComparisonColumns, 11);
  text += coloured(colour, report.outcome, outcome_word(report.outcome)) + "\n";
  for (const ScenarioComparison& comparison : report.scenarios)
    text += scenario_block(comparison, colour);
  text += "\n";
  for (const std::string& rule : rules_in_words(report)) text += wrap(rule, kComparisonColumns, 2);
  return text;
}

}  // namespace ernstfall
