// comparison_html: a comparison as one offline page, in the look of report.html, without scripts.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "reports/assets.h"
#include "reports/comparison.h"
#include "reports/comparison_words.h"
#include "reports/markup.h"

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

std::string outcome_badge(const Measure& measure) {
  const std::string_view css = css_of(measure.outcome, false);
  const std::string_view sign = css == "pass" ? "✓" : css == "fail" ? "✕" : "?";
  return fmt::format("<span class=\"badge {}\"><b aria-hidden=\"true\">{}</b> {}</span>", css, sign,
                     measure_word(measure));
}

std::string verdict_line(CompareOutcome outcome, const std::string& meaning) {
  return fmt::format(
      "<div class=\"verdicts\"><span class=\"verdict {}\">{}</span><span "
      "class=\"meaning\">{}</span></div>",
      css_of(outcome, true), outcome_word(outcome), escape_html(meaning));
}

double shown_length(const SampleSummary& summary) {
  if (!summary.median) return 0;
  const double middle = summary.median->middle();
  return std::isfinite(middle) ? middle : summary.median->lower;
}

std::string side_row(std::string_view who, const Measure& measure, const SampleSummary& summary,
                     double scale) {
  const double width = std::clamp(100 * shown_length(summary) / scale, 0.4, 100.0);
  return fmt::format(
      "<div class=\"side\"><div class=\"who\">{}</div><div class=\"track\"><div class=\"bar\" "
      "style=\"width:{:.2f}%\"></div></div><div class=\"how\"><b>{}</b> n {}, {}</div></div>",
      who, width, escape_html(value_in_words(measure, summary.median)), summary.n,
      escape_html(range_in_words(measure, summary)));
}

std::string bars(const ScenarioComparison& comparison) {
  std::string html;
  for (const Measure& measure : comparison.measures) {
    if (measure.kind != MeasureKind::outage && measure.kind != MeasureKind::redundancy) continue;
    const double scale =
        std::max({shown_length(measure.base), shown_length(measure.candidate), 1.0}) * 1.02;
    html += html_tag("h3", "", escape_html(measure.name)) +
            side_row("base", measure, measure.base, scale) +
            side_row("candidate", measure, measure.candidate, scale);
  }
  return html;
}

std::string measures_html(const ScenarioComparison& comparison) {
  std::string rows;
  for (const Measure& measure : comparison.measures)
    rows += fmt::format(
        "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
        "class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
        "class=\"n\">{}</td><td>{}</td></tr>",
        outcome_badge(measure), escape_html(measure.name),
        escape_html(value_in_words(measure, measure.base.median)),
        escape_html(value_in_words(measure, measure.candidate.median)),
        escape_html(shift_in_words(measure)), escape_html(interval_in_words(measure)),
        escape_html(p_in_words(measure)), escape_html(delta_in_words(measure)),
        escape_html(measure.note));
  return "<h3>Numbers</h3><div class=\"scroll\"><table><thead><tr><th></th><th></th><th "
         "class=\"n\">base</th><th class=\"n\">candidate</th><th class=\"n\">shift</th><th "
         "class=\"n\">95 %</th><th class=\"n\">p</th><th "
         "class=\"n\">delta</th><th></th></tr></thead><tbody>" +
         rows + "</tbody></table></div>";
}

std::string environment_html(const ScenarioComparison& comparison) {
  if (comparison.environment.empty())
    return html_tag("p", "caption", "Nothing that was recorded around them differs.");
  std::string rows;
  for (const EnvironmentDifference& difference : comparison.environment)
    rows += fmt::format("<tr><td>{}{}</td><td>{}</td><td>{}</td></tr>", escape_html(difference.key),
                        difference.other_test ? " <b>(another test)</b>" : "",
                        escape_html(difference.base), escape_html(difference.candidate));
  std::string html =
      "<h3>What differs around them</h3><div class=\"scroll\"><table><thead><tr><th></th><th>"
      "base</th><th>candidate</th></tr></thead><tbody>" +
      rows + "</tbody></table></div>";
  if (comparison.environment_more > 0)
    html += html_tag("p", "caption", fmt::format("And {} more.", comparison.environment_more));
  return html;
}

std::string list_html(std::string_view title, const std::vector<std::string>& items) {
  if (items.empty()) return {};
  std::string html;
  for (const std::string& item : items) html += "<li>" + escape_html(item) + "</li>";
  return fmt::format("<h3>{}</h3><ul>{}</ul>", title, html);
}

std::string scenario_section(const ScenarioComparison& comparison) {
  std::string html =
      html_tag("h2", "",
               escape_html(comparison.scenario) +
                   (comparison.title.empty() ? "" : ": " + escape_html(comparison.title)));
  std::string meaning =
      fmt::format("{} runs against {} runs", comparison.base_runs, comparison.candidate_runs);
  if (comparison.repeats)
    meaning += fmt::format("; enough would be about {} repeats on each side", *comparison.repeats);
  html += verdict_line(comparison.outcome, meaning) + environment_html(comparison);
  std::vector<std::string> left_out;
  for (const LeftOutRun& run : comparison.base_left_out)
    left_out.push_back("base " + run.run_id + ": " + run.why.english());
  for (const LeftOutRun& run : comparison.candidate_left_out)
    left_out.push_back("candidate " + run.run_id + ": " + run.why.english());
  html += list_html("Runs that do not count", left_out) + bars(comparison) +
          measures_html(comparison) + list_html("Why", comparison.reasons);
  return html_tag("section", "comparison", html);
}

}  // namespace

std::string render_comparison_html(const ComparisonReport& report) {
  std::string html = html_head(fmt::format("{}: comparison", outcome_word(report.outcome)));
  html += "<style>";
  html += assets::kReportCss;
  html += "</style></head><body><main>";
  html += html_tag(
      "header", "",
      html_tag("div", "brand",
               "<b>Ernstfall</b> base " + escape_html(report.base) + " · candidate " +
                   escape_html(report.candidate)) +
          html_tag("h1", "", "Comparison") +
          verdict_line(report.outcome,
                       fmt::format("tolerance {}", tolerance_in_words(report.settings.tolerance))));
  for (const ScenarioComparison& comparison : report.scenarios)
    html += scenario_section(comparison);
  html += html_tag("section", "limits", list_html("How this was decided", rules_in_words(report)));
  return html + "</main><footer>This file loads nothing.</footer></body></html>\n";
}

}  // namespace ernstfall
