// suite_html: suite.html and threshold.html, one file that needs nothing else. Text and tables are
// complete without scripts; the curve of a threshold needs them.
#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/lang/messages.h"
#include "reports/assets.h"
#include "reports/html_data.h"
#include "reports/markup.h"
#include "reports/suite_words.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

// The page in one language.
class SuiteHtml {
 public:
  SuiteHtml(const SuiteReport& report, Language language) : r_(report), l_(language) {}

  std::string title() const { return say(l_, suite_word(r_)) + ": " + r_.title; }
  std::string body() const {
    return header() + cards() + remarks() + curve() + measures() + runs();
  }
  std::string footer() const {
    return html(r_.threshold ? Msg::page_footer : Msg::page_footer_plain);
  }

 private:
  std::string html(const Text& text) const { return escape_html(say(l_, text)); }

  std::string header() const {
    return html_tag(
        "header", "",
        html_tag("div", "brand",
                 "<b>Ernstfall</b> " +
                     html({Msg::rr_seed,
                           {r_.cluster, time_in(l_, r_.started_utc), std::to_string(r_.seed)}})) +
            html_tag("h1", "", escape_html(r_.title)) +
            fmt::format("<div class=\"verdicts\"><span class=\"verdict {}\">{}</span></div>",
                        suite_css(r_), html(suite_word(r_))));
  }

  std::string trial_badge(const SuiteRunResult& run) const {
    const bool counts = !run.interrupted && run.outcome != TrialOutcome::unclear;
    const bool held = run.outcome == TrialOutcome::held;
    return fmt::format("<span class=\"badge {}\"><b aria-hidden=\"true\">{}</b> {}</span>",
                       !counts ? "unknown"
                       : held  ? "pass"
                               : "fail",
                       !counts ? "?"
                       : held  ? "✓"
                               : "✕",
                       html(trial_text(run)));
  }

  std::string card(std::string_view css, const Text& label, const Text& value,
                   const Text& note) const {
    return fmt::format("<div class=\"card {}\">{}{}{}</div>", css,
                       html_tag("div", "label", html(label)), html_tag("div", "value", html(value)),
                       html_tag("div", "note", html(note)));
  }

  std::string level_card(std::optional<std::size_t> level, bool held) const {
    const Text label(held ? Msg::su_last_held : Msg::su_first_failed);
    if (!level) return card("unknown", label, Msg::not_known, Msg::su_no_level);
    const ThresholdLevel& found = r_.threshold->levels[*level];
    return card(held ? "pass" : "fail", label, found.text,
                {held ? Msg::su_card_held : Msg::su_card_broke,
                 {plain_number(held ? found.count.held : found.count.broke),
                  plain_number(found.count.counted())}});
  }

  std::string cards() const {
    return html_tag("div", "cards", r_.threshold ? threshold_cards() : repeat_cards());
  }

  std::string threshold_cards() const {
    const ThresholdReport& threshold = *r_.threshold;
    return level_card(threshold.result.held, true) + level_card(threshold.result.failed, false) +
           card("plain", Msg::su_card_runs, std::to_string(threshold.trials),
                {Msg::su_card_most,
                 {plain_number(threshold.most_trials), threshold.resolution,
                  inner(threshold.log ? Msg::su_log : Msg::su_linear)}});
  }

  std::string repeat_cards() const {
    const auto outage = std::find_if(
        r_.measures.begin(), r_.measures.end(),
        [](const SuiteMeasure& measure) { return measure.kind == MeasureKind::outage; });
    const bool known = outage != r_.measures.end() && outage->values.n > 0;
    const auto bound = [&](const std::optional<Bounds> SampleSummary::*which) {
      return known ? measure_bound(*outage, outage->values.*which) : Text(Msg::unknown);
    };
    return card(r_.broke == 0 && r_.held > 0 ? "pass"
                : r_.broke > 0               ? "fail"
                                             : "unknown",
                Msg::su_card_runs_held,
                {Msg::as_of, {plain_number(r_.held), plain_number(r_.held + r_.broke)}},
                {Msg::su_card_more, {plain_number(r_.not_counted)}}) +
           card("plain", Msg::su_card_median, bound(&SampleSummary::median),
                known ? Text("n " + std::to_string(outage->values.n)) : Text()) +
           card("plain", Msg::su_card_worst, bound(&SampleSummary::max),
                known ? Text(Msg::su_card_best, {inner(bound(&SampleSummary::min))}) : Text());
  }

  std::string measures() const {
    std::string rows;
    for (const SuiteMeasure& measure : r_.measures)
      rows += fmt::format(
          "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>"
          "<td class=\"n\">{}</td></tr>",
          html(measure_text(measure.name)), measure.values.n,
          html(measure_bound(measure, measure.values.min)),
          html(measure_bound(measure, measure.values.median)),
          html(measure_bound(measure, measure.values.max)));
    if (rows.empty()) return {};
    return fmt::format(
               "<section><h2>{}</h2><div class=\"scroll\"><table><thead><tr><th></th><th "
               "class=\"n\">n</th><th class=\"n\">{}</th><th class=\"n\">{}</th><th "
               "class=\"n\">{}</th></tr></thead><tbody>",
               html(Msg::su_numbers), html(Msg::su_col_min), html(Msg::su_col_median),
               html(Msg::col_max)) +
           rows + "</tbody></table></div></section>";
  }

  std::string runs() const {
    std::string rows;
    for (const SuiteRunResult* run : runs_by_level(r_)) {
      // A link to the run's own report, which lies beside this file.
      const std::string id = escape_html(run->run_id);
      const std::string link =
          id.empty() ? "-" : fmt::format("<a href=\"{0}/report.html\">{0}</a>", id);
      rows += fmt::format(
          "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>"
          "<td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td><td>{}</td></tr>",
          trial_badge(*run), escape_html(r_.threshold ? run->level : std::to_string(run->number)),
          html(outage_of(*run)), html(error_rate_of(*run)), html(p99_of(*run)), html(lost_of(*run)),
          html(run->why), link);
    }
    return fmt::format(
               "<section><h2>{}</h2><div class=\"scroll\"><table><thead><tr><th></th><th "
               "class=\"n\">{}</th><th class=\"n\">{}</th><th class=\"n\">{}</th><th "
               "class=\"n\">p99</th><th class=\"n\">{}</th><th>{}</th><th>{}</th></tr></thead>"
               "<tbody>",
               html(Msg::su_runs), escape_html(r_.threshold ? r_.threshold->vary : "n"),
               html(Msg::rr_cut_off), html(Msg::su_col_bad), html(Msg::su_col_lost),
               html(Msg::su_col_why), html(Msg::su_col_run)) +
           rows + "</tbody></table></div><p class=\"caption\">" + html(Msg::su_runs_caption) +
           "</p></section>";
  }

  std::string curve() const {
    if (!r_.threshold) return {};
    return fmt::format(
        "<section class=\"timeline\"><h2>{}</h2><div id=\"curve\"></div><noscript><p "
        "class=\"caption\">{}</p></noscript><p class=\"caption\">{}</p></section>",
        html(Msg::su_curve), html(Msg::su_curve_noscript), html(Msg::su_curve_caption));
  }

  std::string remarks() const {
    std::string items;
    for (const Text& remark : suite_remarks(r_)) items += "<li>" + html(remark) + "</li>";
    std::string text = html_tag("p", "why", html(suite_headline(r_)) + ".");
    if (!r_.cause.empty()) text += html_tag("p", "caption", escape_html(r_.cause));
    return html_tag("section", "explain", text + "<ul>" + items + "</ul>");
  }

  const SuiteReport& r_;
  Language l_;
};

// What threshold.js draws: levels as numbers, and per run what it came to.
std::string curve_json(const SuiteReport& report, Language language) {
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
  Json json{{"vary", threshold.vary},
            {"kind", threshold.kind},
            {"log", threshold.log},
            {"reversed", !threshold.more_is_worse},
            {"first", threshold.levels.front().value},
            {"last", threshold.levels.back().value},
            {"held", value_of(threshold.result.held)},
            {"failed", value_of(threshold.result.failed)},
            {"runs", runs}};
  if (language != Language::english) json["words"] = script_words(language);
  return script_json(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string suite_scripts(const SuiteReport& report, Language language) {
  if (!report.threshold) return {};
  std::string html =
      "<script type=\"application/json\" id=\"data\">" + curve_json(report, language) + "</script>";
  html += "<script>/*!\nuPlot\n";
  html += assets::kUplotLicense;
  html += "*/\n";
  html += assets::kUplotJs;
  html += "</script><script>";
  html += assets::kThresholdJs;
  return html + "</script>";
}

}  // namespace

std::string render_suite_html(const SuiteReport& report, Language language) {
  const SuiteHtml page(report, language);
  std::string html = html_head(page.title(), language_code(language));
  html += "<style>";
  html += assets::kUplotCss;
  html += assets::kReportCss;
  html += "</style></head><body><main>";
  html += page.body() + "</main><footer>" + page.footer() + "</footer>";
  return html + suite_scripts(report, language) + "</body></html>\n";
}

}  // namespace ernstfall
