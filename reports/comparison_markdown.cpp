// comparison_markdown: a comparison for a wiki page or a merge request.
#include <fmt/core.h>

#include "harness/lang/messages.h"
#include "reports/comparison.h"
#include "reports/comparison_words.h"
#include "reports/markup.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

class ComparisonMarkdown {
 public:
  ComparisonMarkdown(const ComparisonReport& report, Language language)
      : r_(report), l_(language) {}

  std::string text() const {
    std::string text =
        fmt::format("# {}: {}\n\n* {} {}\n* {} {}\n", word(Msg::cmp_title),
                    word(outcome_word(r_.outcome)), word(Msg::cmp_base), escape_markdown(r_.base),
                    word(Msg::cmp_candidate), escape_markdown(r_.candidate));
    for (const ScenarioComparison& comparison : r_.scenarios) text += scenario(comparison);
    text += "\n";
    for (const Text& rule : rules_text(r_)) text += word(rule) + "\n";
    return text;
  }

 private:
  std::string word(const Text& text) const { return say(l_, text); }
  std::string cell(const Text& text) const { return escape_markdown(say(l_, text)); }

  std::string scenario(const ScenarioComparison& comparison) const {
    std::string text = fmt::format(
        "\n## {}: {}\n\n{}{}.\n", escape_markdown(comparison.scenario),
        word(outcome_word(comparison.outcome)),
        comparison.title.empty() ? "" : escape_markdown(comparison.title) + ". ",
        word({Msg::cmp_runs_against,
              {plain_number(comparison.base_runs), plain_number(comparison.candidate_runs)}}));
    text += environment(comparison) + left_out(comparison) + measures(comparison);
    if (!comparison.reasons.empty()) text += "\n";
    for (const Text& reason : comparison.reasons) text += "* " + cell(reason) + "\n";
    if (comparison.repeats)
      text += "\n" + word({Msg::cmp_would_be_sentence, {plain_number(*comparison.repeats)}}) + "\n";
    else if (comparison.repeats_least)
      text +=
          "\n" + word({Msg::cmp_least_sentence, {plain_number(*comparison.repeats_least)}}) + "\n";
    return text;
  }

  std::string threshold(const ThresholdShift& shift, const Text& verdict) const {
    std::string text =
        fmt::format("\n{}: {}. {}\n\n| | {} | {} | {} | {} |\n|---|---|---|---|---|\n",
                    word(verdict), cell({Msg::th_vary, {shift.vary, inner(shift.fault)}}),
                    cell(shift.note), word(Msg::th_col_levels), word(Msg::th_col_ended),
                    word(Msg::th_col_trials), word(Msg::th_confirmed));
    const auto side = [&](Msg who, const ThresholdSide& one) {
      text += fmt::format("| {} | {} | {} | {} | {} |\n", word(who), cell(threshold_side_text(one)),
                          word(search_end_text(one.ended)), one.trials,
                          word(one.confirmed ? Msg::yes : Msg::no));
    };
    side(Msg::cmp_base, shift.base);
    side(Msg::cmp_candidate, shift.candidate);
    if (const Text earlier = threshold_shift_text(shift); !earlier.empty())
      text += "\n" + word({Msg::th_breaks_sentence, {inner(earlier)}}) + "\n";
    return text;
  }

  std::string measures(const ScenarioComparison& comparison) const {
    if (comparison.threshold) return threshold(*comparison.threshold, threshold_word(comparison));
    std::string text = fmt::format(
        "\n| | | {} | {} | {} | 95 % | p | {} | n | |\n"
        "|---|---|---|---|---|---|---|---|---|---|\n",
        word(Msg::cmp_base), word(Msg::cmp_candidate), word(Msg::cmp_shift),
        word(Msg::cmp_col_delta));
    for (const Measure& measure : comparison.measures)
      text += fmt::format(
          "| {} | {} | {} | {} | {} | {} | {} | {} | {}, {} | {} |\n", word(measure_word(measure)),
          cell(measure_text(measure.name)), word(value_text(measure, measure.base.median)),
          word(value_text(measure, measure.candidate.median)), word(shift_text(measure)),
          word(interval_text(measure)), cell(p_text(measure)), word(delta_text(measure)),
          measure.base.n, measure.candidate.n, cell(measure.note));
    return text;
  }

  std::string environment(const ScenarioComparison& comparison) const {
    if (comparison.environment.empty()) return "\n" + word(Msg::cmp_nothing_sentence) + "\n";
    std::string text = fmt::format("\n| {} | {} | {} |\n|---|---|---|\n", word(Msg::cmp_differs),
                                   word(Msg::cmp_base), word(Msg::cmp_candidate));
    for (const EnvironmentDifference& difference : comparison.environment)
      text += fmt::format("| {}{} | {} | {} |\n", escape_markdown(difference.key),
                          difference.other_test ? " " + word(Msg::cmp_another_test) : "",
                          cell(recorded(difference.base)), cell(recorded(difference.candidate)));
    if (comparison.environment_more > 0)
      text += "\n" +
              word({Msg::cmp_and_more_sentence, {plain_number(comparison.environment_more)}}) +
              "\n";
    return text;
  }

  std::string left_out(const ScenarioComparison& comparison) const {
    std::string text;
    const auto side = [&](Msg name, const std::vector<LeftOutRun>& runs) {
      for (const LeftOutRun& run : runs)
        text +=
            fmt::format("* {} {}: {}\n", word(name), escape_markdown(run.run_id), cell(run.why));
    };
    side(Msg::cmp_base, comparison.base_left_out);
    side(Msg::cmp_candidate, comparison.candidate_left_out);
    return text.empty() ? text : "\n" + word(Msg::cmp_not_counted_heading) + ":\n\n" + text;
  }

  const ComparisonReport& r_;
  Language l_;
};

}  // namespace

std::string render_comparison_markdown(const ComparisonReport& report, Language language) {
  return ComparisonMarkdown(report, language).text();
}

}  // namespace ernstfall
