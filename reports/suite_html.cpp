// suite_html: suite.html and threshold.html, one file that needs nothing else. Text and tables are
// complete without scripts; the curve of a threshold needs them.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/core/units.h"
#include "reports/assets.h"
#include "reports/markup.h"
#include "reports/suite_words.h"
#include "reports/text_width.h"

namespace ernstfall {
namespace {

std::string trial_badge(const SuiteRunResult& run) {
  const bool counts = !run.interrupted && run.outcome != TrialOutcome::unclear;
  const bool held = run.outcome == TrialOutcome::held;
  return fmt::format("<span class=\"badge {}\"><b aria-hidden=\"true\">{}</b> {}</span>",
                     !counts ? "unknown"
                     : held  ? "pass"
                             : "fail",
                     !counts ? "?"
                     : held  ? "✓"
                             : "✕",
                     outcome_in_words(run));
}

std::string suite_card(std::string_view css, std::string_view label, const std::string& value,
                       const std::string& note) {
  return fmt::format("<div class=\"card {}\">{}{}{}</div>", css, html_tag("div", "label", label),
                     html_tag("div", "value", escape_html(value)),
                     html_tag("div", "note", escape_html(note)));
}

std::string level_card(const ThresholdReport& threshold, std::optional<std::size_t> level,
                       bool held) {
  const std::string_view label = held ? "last level that held" : "first level that failed";
  if (!level) return suite_card("unknown", label, "not known", "no such level was proven");
  const LevelCount& count = threshold.levels[*level].count;
  return suite_card(held ? "pass" : "fail", label, threshold.levels[*level].text,
                    fmt::format("{} {} of {} times", held ? "held" : "broke",
                                held ? count.held : count.broke, count.counted()));
}

std::string suite_cards(const SuiteReport& report) {
  std::string cards;
  if (report.threshold) {
    const ThresholdReport& threshold = *report.threshold;
    cards = level_card(threshold, threshold.result.held, true) +
            level_card(threshold, threshold.result.failed, false) +
            suite_card("plain", "runs", fmt::format("{}", threshold.trials),
                       fmt::format("at most {}; resolution {}, {} scale", threshold.most_trials,
                                   threshold.resolution, threshold.log ? "log" : "linear"));
  } else {
    const auto outage = std::find_if(
        report.measures.begin(), report.measures.end(),
        [](const SuiteMeasure& measure) { return measure.kind == MeasureKind::outage; });
    const bool known = outage != report.measures.end() && outage->values.n > 0;
    cards = suite_card(report.broke == 0 && report.held > 0 ? "pass"
                       : report.broke > 0                   ? "fail"
                                                            : "unknown",
                       "runs that held",
                       fmt::format("{} of {}", report.held, report.held + report.broke),
                       fmt::format("{} more do not count", report.not_counted)) +
            suite_card("plain", "users cut off, median",
                       known ? measure_bound(*outage, outage->values.median) : "unknown",
                       known ? fmt::format("n {}", outage->values.n) : "") +
            suite_card("plain", "users cut off, worst",
                       known ? measure_bound(*outage, outage->values.max) : "unknown",
                       known ? "best " + measure_bound(*outage, outage->values.min) : "");
  }
  return html_tag("div", "cards", cards);
}

std::string suite_measures_html(const SuiteReport& report) {
  std::string rows;
  for (const SuiteMeasure& measure : report.measures)
    rows += fmt::format(
        "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
        "class=\"n\">{}</td></tr>",
        escape_html(measure.name), measure.values.n,
        escape_html(measure_bound(measure, measure.values.min)),
        escape_html(measure_bound(measure, measure.values.median)),
        escape_html(measure_bound(measure, measure.values.max)));
  if (rows.empty()) return {};
  return "<section><h2>Numbers</h2><div class=\"scroll\"><table><thead><tr><th></th><th "
         "class=\"n\">n</th><th class=\"n\">min</th><th class=\"n\">median</th><th "
         "class=\"n\">max</th></tr></thead><tbody>" +
         rows + "</tbody></table></div></section>";
}

std::string suite_runs_html(const SuiteReport& report) {
  std::string rows;
  for (const SuiteRunResult* run : runs_by_level(report)) {
    // A link to the run's own report, which lies beside this file.
    const std::string id = escape_html(run->run_id);
    const std::string link =
        id.empty() ? "-" : fmt::format("<a href=\"{0}/report.html\">{0}</a>", id);
    rows += fmt::format(
        "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
        "class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td><td>{}</td></tr>",
        trial_badge(*run), escape_html(report.threshold ? run->level : std::to_string(run->number)),
        escape_html(outage_of(*run)), error_rate_of(*run), p99_of(*run), lost_of(*run),
        escape_html(run->why), link);
  }
  return fmt::format(
             "<section><h2>Runs</h2><div class=\"scroll\"><table><thead><tr><th></th><th "
             "class=\"n\">{}</th><th class=\"n\">users cut off</th><th class=\"n\">bad</th><th "
             "class=\"n\">p99</th><th class=\"n\">lost</th><th>why</th><th>run</th></tr></thead>"
             "<tbody>",
             escape_html(report.threshold ? report.threshold->vary : "n")) +
         rows +
         "</tbody></table></div><p class=\"caption\">bad: share of bad answers while the fault was "
         "in effect; p99: of the good ones in that time, from the scheduled moment.</p></section>";
}

// What threshold.js draws: levels as numbers, and per run what it came to.
std::string curve_json(const SuiteReport& report) {
  using Json = nlohmann::ordered_json;
  const ThresholdReport& threshold = *report.threshold;
  const auto value_of = [&threshold](std::optional<std::size_t> level) {
    return level ? Json(threshold.levels[*level].value) : Json();
  };
  Json runs = Json::array();
  for (const SuiteRunResult& run : report.runs) {
    const auto level = std::find_if(
        threshold.levels.begin(), threshold.levels.end(),
        [&run](const ThresholdLevel& candidate) { return candidate.text == run.level; });
    if (level == threshold.levels.end()) continue;
    const auto rate = run.answers.error_rate_percent();
    const bool counts = !run.interrupted && run.outcome != TrialOutcome::unclear;
    runs.push_back({{"x", level->value},
                    {"outcome", counts ? trial_outcome_name(run.outcome) : "unclear"},
                    {"rate", rate ? Json(*rate) : Json()},
                    {"p99", run.answers.p99_ms ? Json(*run.answers.p99_ms) : Json()}});
  }
  const Json json{{"vary", threshold.vary},
                  {"kind", threshold.kind},
                  {"log", threshold.log},
                  {"reversed", !threshold.more_is_worse},
                  {"first", threshold.levels.front().value},
                  {"last", threshold.levels.back().value},
                  {"held", value_of(threshold.result.held)},
                  {"failed", value_of(threshold.result.failed)},
                  {"runs", runs}};
  return script_json(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string curve_html(const SuiteReport& report) {
  if (!report.threshold) return {};
  return "<section class=\"timeline\"><h2>The curve</h2><div id=\"curve\"></div><noscript><p "
         "class=\"caption\">The curve needs JavaScript; the table below holds the same "
         "numbers.</p></noscript><p class=\"caption\">Left: harmless, right: worse. The shaded "
         "part is what lies between the last level that held and the first that failed.</p>"
         "</section>";
}

std::string remarks_html(const SuiteReport& report) {
  std::string items;
  for (const std::string& remark : suite_remarks(report))
    items += "<li>" + escape_html(remark) + "</li>";
  std::string inner = html_tag("p", "why", escape_html(suite_headline(report)) + ".");
  if (!report.cause.empty()) inner += html_tag("p", "caption", escape_html(report.cause));
  return html_tag("section", "explain", inner + "<ul>" + items + "</ul>");
}

std::string suite_scripts(const SuiteReport& report) {
  if (!report.threshold) return {};
  std::string html =
      "<script type=\"application/json\" id=\"data\">" + curve_json(report) + "</script>";
  html += "<script>/*!\nuPlot\n";
  html += assets::kUplotLicense;
  html += "*/\n";
  html += assets::kUplotJs;
  html += "</script><script>";
  html += assets::kThresholdJs;
  return html + "</script>";
}

}  // namespace

std::string render_suite_html(const SuiteReport& report) {
  std::string html = html_head(fmt::format("{}: {}", suite_word(report), report.title));
  html += "<style>";
  html += assets::kUplotCss;
  html += assets::kReportCss;
  html += "</style></head><body><main>";
  html += html_tag(
      "header", "",
      html_tag("div", "brand",
               fmt::format("<b>Ernstfall</b> {} · {} · seed {}", escape_html(report.cluster),
                           escape_html(short_time(report.started_utc)), report.seed)) +
          html_tag("h1", "", escape_html(report.title)) +
          fmt::format("<div class=\"verdicts\"><span class=\"verdict {}\">{}</span></div>",
                      suite_css(report), suite_word(report)));
  html += suite_cards(report) + remarks_html(report) + curve_html(report) +
          suite_measures_html(report) + suite_runs_html(report);
  html += report.threshold ? "</main><footer>Drawn with uPlot (MIT licence). This file loads "
                             "nothing.</footer>"
                           : "</main><footer>This file loads nothing.</footer>";
  return html + suite_scripts(report) + "</body></html>\n";
}

}  // namespace ernstfall
