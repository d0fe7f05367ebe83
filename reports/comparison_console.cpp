// comparison_console: a comparison in 80 columns: what differs, what does not count, the numbers.
#include <fmt/core.h>

#include "harness/lang/messages.h"
#include "reports/comparison.h"
#include "reports/comparison_words.h"
#include "reports/text_width.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

constexpr std::size_t kComparisonColumns = 80;
constexpr std::size_t kIndent = 12;

std::string coloured(bool colour, CompareOutcome outcome, std::string_view text) {
  const std::string_view code = outcome == CompareOutcome::regression      ? "1;31"
                                : outcome == CompareOutcome::no_regression ? "1;32"
                                                                           : "1;33";
  return painted(colour, code, text);
}

class ComparisonConsole {
 public:
  ComparisonConsole(const ComparisonReport& report, bool colour, Language language)
      : r_(report), colour_(colour), l_(language) {}

  std::string text() const {
    std::string text =
        wrap(pad_right(word(Msg::cmp_base) + ":", 11) + r_.base, kComparisonColumns, 11) +
        wrap(pad_right(word(Msg::cmp_candidate) + ":", 11) + r_.candidate, kComparisonColumns, 11);
    text += coloured(colour_, r_.outcome, word(outcome_word(r_.outcome))) + "\n";
    for (const ScenarioComparison& comparison : r_.scenarios) text += scenario(comparison);
    text += "\n";
    for (const Text& rule : rules_text(r_)) text += wrap(word(rule), kComparisonColumns, 2);
    return text;
  }

 private:
  std::string word(const Text& text) const { return say(l_, text); }

  std::string numbers(const Measure& measure) const {
    std::string detail;
    const auto add = [&](const Text& part) {
      detail += (detail.empty() ? "" : " · ") + word(part);
    };
    const auto side = [&](const SampleSummary& summary) {
      if (summary.n > 0)
        add({Msg::cmp_n, {plain_number(summary.n), inner(range_text(measure, summary))}});
    };
    if (const Text shift = shift_text(measure); !shift.empty())
      add({Msg::cmp_shift_95, {inner(shift), inner(interval_text(measure))}});
    if (const Text p = p_text(measure); !p.empty()) add({Msg::cmp_p, {inner(p)}});
    if (const Text delta = delta_text(measure); !delta.empty())
      add({Msg::cmp_delta, {inner(delta)}});
    side(measure.base);
    side(measure.candidate);
    if (measure.base.missing + measure.candidate.missing > 0)
      add({Msg::cmp_without,
           {plain_number(measure.base.missing), plain_number(measure.candidate.missing)}});
    return detail;
  }

  std::string measure_lines(const Measure& measure) const {
    const std::string verdict = word(measure_word(measure));
    const std::size_t width = display_width(verdict);
    std::string text = coloured(colour_, measure.outcome, verdict) +
                       std::string(width < kIndent ? kIndent - width : 1, ' ');
    text += pad_right(word(measure_text(measure.name)), 26);
    if (measure.kind == MeasureKind::invariant) return text + word(measure.note) + "\n";
    text = wrap(text + " " + word(value_text(measure, measure.base.median)) + " -> " +
                    word(value_text(measure, measure.candidate.median)),
                kComparisonColumns, kIndent);
    const std::string indent(kIndent, ' ');
    if (const std::string detail = numbers(measure); !detail.empty())
      text += wrap(indent + detail, kComparisonColumns, kIndent);
    if (!measure.note.empty())
      text += wrap(indent + word(measure.note), kComparisonColumns, kIndent);
    return text;
  }

  std::string threshold_lines(const ScenarioComparison& comparison) const {
    if (!comparison.threshold) return {};
    const ThresholdShift& shift = *comparison.threshold;
    const std::string verdict = word(threshold_word(comparison));
    const std::size_t width = display_width(verdict);
    const std::string indent(kIndent, ' ');
    std::string text = coloured(colour_, comparison.outcome, verdict) +
                       std::string(width < kIndent ? kIndent - width : 1, ' ') +
                       word({Msg::th_vary, {shift.vary, inner(shift.fault)}}) + "\n";
    const auto side = [&](Msg who, const ThresholdSide& one) {
      text += wrap(indent + pad_right(word(who), 10) + " " + word(threshold_search_text(one)),
                   kComparisonColumns, kIndent);
    };
    side(Msg::cmp_base, shift.base);
    side(Msg::cmp_candidate, shift.candidate);
    if (const Text earlier = threshold_shift_text(shift); !earlier.empty())
      text += wrap(indent + word({Msg::th_breaks, {inner(earlier)}}), kComparisonColumns, kIndent);
    if (!shift.note.empty()) text += wrap(indent + word(shift.note), kComparisonColumns, kIndent);
    return text;
  }

  std::string environment(const ScenarioComparison& comparison) const {
    std::string text = word(Msg::cmp_differs) + ":\n";
    if (comparison.environment.empty()) return text + "  " + word(Msg::cmp_nothing) + "\n";
    for (const EnvironmentDifference& difference : comparison.environment) {
      text += wrap(
          "  " + difference.key + (difference.other_test ? "  " + word(Msg::cmp_another_test) : ""),
          kComparisonColumns, 4);
      text += wrap("      " + word(recorded(difference.base)) + " -> " +
                       word(recorded(difference.candidate)),
                   kComparisonColumns, 8);
    }
    if (comparison.environment_more > 0)
      text += "  " + word({Msg::cmp_and_more, {plain_number(comparison.environment_more)}}) + "\n";
    return text;
  }

  std::string left_out(const ScenarioComparison& comparison) const {
    std::string text;
    const auto side = [&](Msg name, const std::vector<LeftOutRun>& runs) {
      for (const LeftOutRun& run : runs)
        text += wrap("  " + word(name) + " " + run.run_id + ": " + word(run.why),
                     kComparisonColumns, 4);
    };
    side(Msg::cmp_base, comparison.base_left_out);
    side(Msg::cmp_candidate, comparison.candidate_left_out);
    return text.empty() ? text : "\n" + word(Msg::cmp_not_counted) + "\n" + text;
  }

  std::string scenario(const ScenarioComparison& comparison) const {
    std::string text = fmt::format("\n{}{}\n", comparison.scenario,
                                   comparison.title.empty() ? "" : ": " + comparison.title);
    text += coloured(colour_, comparison.outcome, word(outcome_word(comparison.outcome)));
    text += "   " +
            word({Msg::cmp_runs,
                  {plain_number(comparison.base_runs), plain_number(comparison.candidate_runs)}}) +
            "\n\n";
    text += environment(comparison) + left_out(comparison) + "\n";
    for (const Measure& measure : comparison.measures) text += measure_lines(measure);
    text += threshold_lines(comparison);
    if (!comparison.reasons.empty()) text += "\n" + word(Msg::cmp_why) + "\n";
    for (const Text& reason : comparison.reasons)
      text += wrap("  " + word(reason), kComparisonColumns, 4);
    if (comparison.repeats)
      text += wrap(word({Msg::cmp_would_be, {plain_number(*comparison.repeats)}}),
                   kComparisonColumns, 2);
    else if (comparison.repeats_least)
      text += wrap(word({Msg::cmp_least, {plain_number(*comparison.repeats_least)}}),
                   kComparisonColumns, 2);
    return text;
  }

  const ComparisonReport& r_;
  bool colour_;
  Language l_;
};

}  // namespace

std::string render_comparison_console(const ComparisonReport& report, bool colour,
                                      Language language) {
  return ComparisonConsole(report, colour, language).text();
}

}  // namespace ernstfall
