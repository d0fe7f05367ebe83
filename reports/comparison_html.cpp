// comparison_html: a comparison as one offline page, in the look of report.html, without scripts.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "harness/lang/messages.h"
#include "reports/assets.h"
#include "reports/comparison.h"
#include "reports/comparison_words.h"
#include "reports/markup.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

// The classes of report.css.
std::string_view css_of(CompareOutcome outcome, bool verdict) {
  switch (outcome) {
    case CompareOutcome::no_regression:
      return "pass";
    case CompareOutcome::regression:
      return verdict ? "violated" : "fail";
    case CompareOutcome::unknown:
      return verdict ? "inconclusive" : "unknown";
  }
  return "unknown";
}

double shown_length(const SampleSummary& summary) {
  if (!summary.median) return 0;
  const double middle = summary.median->middle();
  return std::isfinite(middle) ? middle : summary.median->lower;
}

class ComparisonHtml {
 public:
  ComparisonHtml(const ComparisonReport& report, Language language) : r_(report), l_(language) {}

  std::string title() const {
    return say(l_, outcome_word(r_.outcome)) + ": " + say(l_, Msg::cmp_title_page);
  }
  std::string body() const {
    std::string text = html_tag(
        "header", "",
        html_tag("div", "brand",
                 "<b>Ernstfall</b> " + html(Msg::cmp_base) + " " + escape_html(r_.base) + " · " +
                     html(Msg::cmp_candidate) + " " + escape_html(r_.candidate)) +
            html_tag("h1", "", html(Msg::cmp_title)) +
            verdict_line(r_.outcome,
                         {Msg::cmp_tolerance, {inner(tolerance_text(r_.settings.tolerance))}}));
    for (const ScenarioComparison& comparison : r_.scenarios) text += section(comparison);
    return text + html_tag("section", "limits", list(Msg::cmp_decided, rules_text(r_)));
  }
  std::string footer() const { return html(Msg::page_footer_plain); }

 private:
  std::string html(const Text& text) const { return escape_html(say(l_, text)); }

  std::string outcome_badge(const Measure& measure) const {
    const std::string_view css = css_of(measure.outcome, false);
    const std::string_view sign = css == "pass" ? "✓" : css == "fail" ? "✕" : "?";
    return fmt::format("<span class=\"badge {}\"><b aria-hidden=\"true\">{}</b> {}</span>", css,
                       sign, html(measure_word(measure)));
  }

  std::string verdict_line(CompareOutcome outcome, const Text& meaning) const {
    return fmt::format(
        "<div class=\"verdicts\"><span class=\"verdict {}\">{}</span><span "
        "class=\"meaning\">{}</span></div>",
        css_of(outcome, true), html(outcome_word(outcome)), html(meaning));
  }

  std::string side_row(Msg who, const Measure& measure, const SampleSummary& summary,
                       double scale) const {
    const double width = std::clamp(100 * shown_length(summary) / scale, 0.4, 100.0);
    return fmt::format(
        "<div class=\"side\"><div class=\"who\">{}</div><div class=\"track\"><div class=\"bar\" "
        "style=\"width:{:.2f}%\"></div></div><div class=\"how\"><b>{}</b> {}</div></div>",
        html(who), width, html(value_text(measure, summary.median)),
        html({Msg::cmp_n_range, {plain_number(summary.n), inner(range_text(measure, summary))}}));
  }

  std::string bars(const ScenarioComparison& comparison) const {
    std::string text;
    for (const Measure& measure : comparison.measures) {
      if (measure.kind != MeasureKind::outage && measure.kind != MeasureKind::redundancy) continue;
      const double scale =
          std::max({shown_length(measure.base), shown_length(measure.candidate), 1.0}) * 1.02;
      text += html_tag("h3", "", html(measure_text(measure.name))) +
              side_row(Msg::cmp_base, measure, measure.base, scale) +
              side_row(Msg::cmp_candidate, measure, measure.candidate, scale);
    }
    return text;
  }

  std::string measures(const ScenarioComparison& comparison) const {
    std::string rows;
    for (const Measure& measure : comparison.measures)
      rows += fmt::format(
          "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
          "class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
          "class=\"n\">{}</td><td>{}</td></tr>",
          outcome_badge(measure), html(measure_text(measure.name)),
          html(value_text(measure, measure.base.median)),
          html(value_text(measure, measure.candidate.median)), html(shift_text(measure)),
          html(interval_text(measure)), html(p_text(measure)), html(delta_text(measure)),
          html(measure.note));
    return fmt::format(
               "<h3>{}</h3><div class=\"scroll\"><table><thead><tr><th></th><th></th><th "
               "class=\"n\">{}</th><th class=\"n\">{}</th><th class=\"n\">{}</th><th "
               "class=\"n\">95 %</th><th class=\"n\">p</th><th "
               "class=\"n\">{}</th><th></th></tr></thead><tbody>",
               html(Msg::su_numbers), html(Msg::cmp_base), html(Msg::cmp_candidate),
               html(Msg::cmp_shift), html(Msg::cmp_col_delta)) +
           rows + "</tbody></table></div>";
  }

  std::string threshold(const ThresholdShift& shift) const {
    const auto side = [this](Msg who, const ThresholdSide& one) {
      return fmt::format(
          "<tr><td>{}</td><td><b>{}</b></td><td>{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
          html(who), html(threshold_side_text(one)), html(search_end_text(one.ended)), one.trials,
          html(one.confirmed ? Msg::th_confirmed : Msg::th_not_confirmed));
    };
    std::string text = html_tag("h3", "", html({Msg::th_vary, {shift.vary, inner(shift.fault)}}));
    text += fmt::format(
        "<div class=\"scroll\"><table><thead><tr><th></th><th>{}</th><th>{}</th><th "
        "class=\"n\">{}</th><th></th></tr></thead><tbody>",
        html(Msg::th_col_levels), html(Msg::th_col_search), html(Msg::th_col_trials));
    text += side(Msg::cmp_base, shift.base) + side(Msg::cmp_candidate, shift.candidate) +
            "</tbody></table></div>";
    if (const Text earlier = threshold_shift_text(shift); !earlier.empty())
      text += html_tag("p", "", html({Msg::th_breaks_sentence, {inner(earlier)}}));
    if (!shift.note.empty()) text += html_tag("p", "caption", html(shift.note));
    return text;
  }

  std::string environment(const ScenarioComparison& comparison) const {
    if (comparison.environment.empty())
      return html_tag("p", "caption", html(Msg::cmp_nothing_sentence));
    std::string rows;
    for (const EnvironmentDifference& difference : comparison.environment)
      rows += fmt::format(
          "<tr><td>{}{}</td><td>{}</td><td>{}</td></tr>", escape_html(difference.key),
          difference.other_test ? " <b>" + html(Msg::cmp_another_test_short) + "</b>" : "",
          html(recorded(difference.base)), html(recorded(difference.candidate)));
    std::string text = fmt::format(
        "<h3>{}</h3><div class=\"scroll\"><table><thead><tr><th></th><th>{}</th><th>{}</th></tr>"
        "</thead><tbody>{}</tbody></table></div>",
        html(Msg::cmp_differs_heading), html(Msg::cmp_base), html(Msg::cmp_candidate), rows);
    if (comparison.environment_more > 0)
      text +=
          html_tag("p", "caption",
                   html({Msg::cmp_and_more_sentence, {plain_number(comparison.environment_more)}}));
    return text;
  }

  std::string list(Msg title, const std::vector<Text>& items) const {
    if (items.empty()) return {};
    std::string text;
    for (const Text& item : items) text += "<li>" + html(item) + "</li>";
    return fmt::format("<h3>{}</h3><ul>{}</ul>", html(title), text);
  }

  std::vector<Text> left_out(const ScenarioComparison& comparison) const {
    std::vector<Text> lines;
    const auto side = [&lines](Msg name, const std::vector<LeftOutRun>& runs) {
      for (const LeftOutRun& run : runs)
        lines.push_back({Msg::cmp_left_out, {inner(Text(name)), run.run_id, inner(run.why)}});
    };
    side(Msg::cmp_base, comparison.base_left_out);
    side(Msg::cmp_candidate, comparison.candidate_left_out);
    return lines;
  }

  std::string section(const ScenarioComparison& comparison) const {
    std::string text =
        html_tag("h2", "",
                 escape_html(comparison.scenario) +
                     (comparison.title.empty() ? "" : ": " + escape_html(comparison.title)));
    Text meaning(Msg::cmp_runs_against,
                 {plain_number(comparison.base_runs), plain_number(comparison.candidate_runs)});
    if (comparison.repeats)
      meaning = clauses(meaning, {Msg::cmp_would_be_clause, {plain_number(*comparison.repeats)}});
    else if (comparison.repeats_least)
      meaning = clauses(meaning, {Msg::cmp_least, {plain_number(*comparison.repeats_least)}});
    text += verdict_line(comparison.outcome, meaning) + environment(comparison);
    text += list(Msg::cmp_not_counted_heading, left_out(comparison)) + bars(comparison) +
            (comparison.threshold ? threshold(*comparison.threshold) : measures(comparison)) +
            list(Msg::h_why, comparison.reasons);
    return html_tag("section", "comparison", text);
  }

  const ComparisonReport& r_;
  Language l_;
};

}  // namespace

std::string render_comparison_html(const ComparisonReport& report, Language language) {
  const ComparisonHtml page(report, language);
  std::string html = html_head(page.title(), language_code(language));
  html += "<style>";
  html += assets::kReportCss;
  html += "</style></head><body><main>";
  return html + page.body() + "</main><footer>" + page.footer() + "</footer></body></html>\n";
}

}  // namespace ernstfall
