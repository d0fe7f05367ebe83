// html: report.html, one file that needs nothing else. Text is complete without scripts; the
// timeline needs them.
#include <fmt/core.h>

#include <algorithm>
#include <initializer_list>

#include "harness/core/units.h"
#include "harness/lang/messages.h"
#include "reports/assets.h"
#include "reports/html_data.h"
#include "reports/markup.h"
#include "reports/render.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

// Colour is never alone: each state has its own sign and word.
std::string_view sign(Verdict verdict) {
  return verdict == Verdict::pass ? "✓" : verdict == Verdict::fail ? "✕" : "?";
}

Verdict within(std::optional<double> lower, std::optional<double> upper,
               std::optional<double> allowed) {
  if (!lower || !allowed) return Verdict::unknown;
  if (*lower > *allowed) return Verdict::fail;
  return upper && *upper <= *allowed ? Verdict::pass : Verdict::unknown;
}

struct Big {
  std::string value;
  std::string unit;  // the small part after it
};

struct Bar {
  std::string label;
  std::string outage;
  std::string by;
  double ms = 0;
};

std::string bar_row(const Bar& bar, double scale_ms, std::optional<double> allowed_ms) {
  std::string track = fmt::format("<div class=\"bar\" style=\"width:{:.2f}%\"></div>",
                                  std::max(0.4, 100 * bar.ms / scale_ms));
  if (allowed_ms)
    track += fmt::format("<div class=\"limit-line\" style=\"left:{:.2f}%\"></div>",
                         100 * *allowed_ms / scale_ms);
  return fmt::format(
      "<div class=\"side\"><div class=\"who\">{}</div><div class=\"track\">{}</div>"
      "<div class=\"how\"><b>{}</b> {}</div></div>",
      bar.label, track, escape_html(bar.outage), bar.by);
}

struct Column {
  Msg title;
  bool number = false;
};

class RunHtml {
 public:
  RunHtml(const RunReport& report, Language language) : r_(report), l_(language) {}

  std::string body() const {
    return header() + numbers() + side_by_side() + explanation() + timeline() + phase_table() +
           prediction_table() + clock_table() + event_table() + "</section>" + checks() +
           class_section() + probe_table() + limits_and_versions();
  }
  std::string title() const { return say(l_, verdict_text(r_.verdict)) + ": " + r_.title; }
  std::string footer() const { return html(Msg::page_footer); }

 private:
  std::string word(const Text& text) const { return say(l_, text); }
  std::string html(const Text& text) const { return escape_html(say(l_, text)); }
  std::string seconds(TimeNs at, int decimals) const {
    return number_in(l_, to_seconds(at), decimals) + " s";
  }

  std::string badge(Verdict verdict, const Text& text) const {
    return fmt::format("<span class=\"badge {}\"><b aria-hidden=\"true\">{}</b> {}</span>",
                       verdict_name(verdict), sign(verdict), html(text));
  }

  std::string table(std::initializer_list<Column> columns, const std::string& rows) const {
    std::string head;
    for (const Column& column : columns)
      head += (column.number ? "<th class=\"n\">" : "<th>") + html(column.title) + "</th>";
    return "<div class=\"scroll\"><table><thead><tr>" + head + "</tr></thead><tbody>" + rows +
           "</tbody></table></div>";
  }

  Big big_outage() const { return big_time(outage_value(r_.rto)); }
  Big big_time(const OutageValue& value) const {
    const std::string words = outage_in(l_, value);
    const std::size_t at = words.find("±");
    if (at == std::string::npos || at < 1) return {words, ""};
    // The space before it may be one that does not break, which has more than one byte.
    const std::string_view space = l_ == Language::german ? "\u00a0" : " ";
    return {words.substr(0, at - space.size()), words.substr(at)};
  }

  std::string number_card(Msg label, const Big& big, const Text& limit, const Text& note,
                          std::optional<Verdict> verdict) const {
    std::string inner_html = html_tag("div", "label", html(label));
    inner_html += "<div class=\"value\">" + escape_html(big.value);
    if (!big.unit.empty()) inner_html += " <small>" + escape_html(big.unit) + "</small>";
    inner_html += "</div>";
    std::string foot = html(limit);
    if (verdict)
      foot = fmt::format("<b class=\"sign\" aria-hidden=\"true\">{}</b> {}", sign(*verdict), foot);
    inner_html += html_tag("div", "limit", foot) + html_tag("div", "note", html(note));
    return fmt::format("<div class=\"card {}\">{}</div>",
                       verdict ? verdict_name(*verdict) : "plain", inner_html);
  }

  std::optional<Verdict> verdict_of_check(std::string_view name) const {
    std::optional<Verdict> verdict;
    for (const CheckResult& check : r_.checks)
      if (check.name == name) verdict = check.verdict;
    return verdict;
  }

  std::string outage_card() const {
    const RtoResult& rto = r_.rto;
    Text note;
    if (!rto.probe.empty())
      note = {
          Msg::card_by,
          {rto.probe, DurationValue{rto.probe_period_ms}, inner(recovered_text(rto.recovered_by))}};
    const Text limit = r_.rto_allowed_ms
                           ? Text(Msg::rr_allowed, {inner(allowed_text(r_.rto_allowed_ms))})
                           : Text(Msg::no_limit);
    return number_card(Msg::rr_cut_off, big_outage(), limit, note,
                       r_.rto_allowed_ms
                           ? std::optional(within(rto.lower_ms, rto.upper_ms, r_.rto_allowed_ms))
                           : std::nullopt);
  }

  std::string loss_card() const {
    const RpoResult& rpo = r_.rpo;
    Text note = r_.evidence_level == "E5" ? Msg::card_read_back : Msg::card_not_read;
    if (rpo.lost > 0 && rpo.seconds)
      note = {Msg::card_oldest, {DurationValue{*rpo.seconds * 1000}}};
    if (rpo.indeterminate > 0)
      note = {Msg::card_indeterminate, {inner(note), CountValue{rpo.indeterminate}}};
    Big big{word(Msg::unknown), ""};
    if (rpo.acknowledged > 0)
      big = {count_in(l_, rpo.lost), word({Msg::card_of, {CountValue{rpo.acknowledged}}})};
    return number_card(Msg::rr_lost, big, {Msg::rr_allowed, {CountValue{r_.lost_allowed}}}, note,
                       verdict_of_check("rpo"));
  }

  // Below the service: what DRBD lost, so that nobody accuses it of what the service never flushed.
  std::string blocks_card() const {
    if (!r_.blocks) return {};
    const BlockResult& blocks = *r_.blocks;
    std::optional<Verdict> verdict;
    for (const CheckResult& check : r_.checks)
      if (check.name == "block-loss" || check.name == "write-order")
        verdict = merge(verdict.value_or(check.verdict), check.verdict);
    Text note = blocks.out_of_order > 0 ? Msg::card_order_broken : Msg::card_order_kept;
    if (blocks.unaudited > 0) note = {Msg::card_unread, {CountValue{blocks.unaudited}}};
    if (blocks.torn > 0) note = {Msg::card_torn, {inner(note), CountValue{blocks.torn}}};
    if (blocks.indeterminate > 0)
      note = {Msg::card_indeterminate, {inner(note), CountValue{blocks.indeterminate}}};
    if (blocks.last_before_ms)
      note = {Msg::card_last_before, {inner(note), DurationValue{*blocks.last_before_ms}}};
    Big big{word(Msg::unknown), ""};
    if (blocks.acknowledged > 0)
      big = {count_in(l_, blocks.lost), word({Msg::card_of, {CountValue{blocks.acknowledged}}})};
    return number_card(Msg::rr_blocks, big, Msg::card_below, note, verdict);
  }

  std::string redundancy_card() const {
    Big big{word(redundancy_text(r_)), ""};
    if (const auto& restored = r_.rto.redundancy_ms; restored && restored->upper > 0)
      big = big_time({restored->lower, restored->upper, true});
    const bool limited = r_.redundancy_allowed_ms.has_value();
    return number_card(Msg::rr_redundancy, big,
                       limited
                           ? Text(Msg::rr_allowed, {inner(allowed_text(r_.redundancy_allowed_ms))})
                           : Text(Msg::card_all_synced),
                       limited ? Text() : Text(Msg::no_limit), verdict_of_check("converged"));
  }

  std::string numbers() const {
    return html_tag("div", "cards",
                    outage_card() + loss_card() + blocks_card() + redundancy_card());
  }

  // Unattended and attended recovery: the gap between them is the gap between HA and backup-like.
  std::string side_by_side() const {
    if (!r_.sibling) return {};
    const SiblingRun& sibling = *r_.sibling;
    const Bar own{html(attended_text(r_.attended)), outage_in(l_, outage_value(r_.rto)),
                  html(recovered_text(r_.rto.recovered_by)),
                  r_.rto.upper_ms.value_or(r_.rto.lower_ms.value_or(0))};
    const Bar other{html(attended_text(sibling.attended)), outage_in(l_, outage_value(sibling)),
                    html(recovered_text(sibling.recovered_by)),
                    sibling.rto_upper_ms.value_or(sibling.rto_lower_ms.value_or(0))};
    const double scale = std::max({own.ms, other.ms, r_.rto_allowed_ms.value_or(0), 1.0}) * 1.02;
    const bool own_first = !r_.attended;
    std::string text = "<h2>" + html(Msg::h_sides) + "</h2>";
    text += bar_row(own_first ? own : other, scale, r_.rto_allowed_ms);
    text += bar_row(own_first ? other : own, scale, r_.rto_allowed_ms);
    std::string line;
    if (r_.rto_allowed_ms)
      line = " " + html({Msg::sides_line, {inner(allowed_text(r_.rto_allowed_ms))}});
    text += fmt::format("<p class=\"caption\">{}{}</p>",
                        html({Msg::sides_caption, {sibling.scenario, sibling.run_id}}), line);
    return html_tag("section", "sides", text);
  }

  std::string explanation() const {
    std::string text = "<h2>" + html(Msg::h_why) + "</h2><p class=\"why\">" + html(r_.why) + "</p>";
    if (!r_.journal_problem.empty())
      text += html_tag("p", "alarm",
                       html({Msg::alarm_broken, {inner(r_.journal_problem)}}) + " " +
                           html(Msg::alarm_finish) + " <code>ernstfall heal</code>.");
    if (!r_.aborted.empty())
      text += html_tag("p", "alarm", html({Msg::alarm_early, {inner(recorded(r_.aborted))}}));
    if (!r_.next_steps.empty()) {
      text += "<h3>" + html(Msg::h_next) + "</h3><ol>";
      for (const Text& step : r_.next_steps) text += "<li>" + html(step) + "</li>";
      text += "</ol>";
    }
    if (!r_.effect.empty()) text += html_tag("p", "caption", html({Msg::expected_by, {r_.effect}}));
    return html_tag("section", "explain", text);
  }

  std::string timeline() const {
    return fmt::format(
        R"(<section class="timeline"><h2>{}</h2>
<div class="tools" hidden><span class="buttons"><button type="button" data-range="all">{}</button>
<button type="button" data-range="outage">{}</button><button type="button" data-range="fault">{}</button></span>
<span class="hint">{}</span></div>
<div id="timeline"></div><div id="readout" class="readout" aria-live="off"></div>
<noscript><p class="caption">{}</p></noscript>)",
        html(Msg::h_happened), html(Msg::page_whole_run), html(Msg::page_outage),
        html(Msg::page_fault), html(Msg::page_hint), html(Msg::page_noscript));
  }

  std::string phase_table() const {
    std::string rows;
    for (const PhaseSpan& phase : r_.phases)
      rows += fmt::format(
          "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td><td>{}</td>"
          "</tr>",
          html(order_text(phase)), html(took_text(phase)), seconds(phase.end, 1),
          html(phase.governed_by), html(phase.proof));
    if (rows.empty()) return {};
    Text gaps;
    for (const Boundary& step : r_.recovery.boundaries)
      if (!step.at)
        gaps = clauses(gaps, {Msg::with_note, {inner(step_text(step.name)), inner(step.gap)}});
    std::string text = "<h3>" + html(Msg::h_time) + "</h3>" +
                       table({{Msg::col_until},
                              {Msg::col_took, true},
                              {Msg::col_at, true},
                              {Msg::col_governed},
                              {Msg::col_proven}},
                             rows);
    if (const Text largest = largest_text(r_); !largest.empty())
      text += html_tag("p", "caption", html(largest));
    if (!gaps.empty())
      text += html_tag("p", "caption", html({Msg::not_observed_list, {inner(gaps)}}));
    return text;
  }

  std::string prediction_table() const {
    std::string rows;
    for (const Prediction& prediction : r_.predictions)
      rows += fmt::format("<tr><td>{}</td><td>{}{}</td><td>{}</td><td>{}</td></tr>",
                          html(prediction.name),
                          prediction.finding.empty() ? "" : "<b>" + html(Msg::finding) + "</b> ",
                          html(predicted_text(prediction)), html(prediction.formula),
                          html(inputs_text(prediction)));
    if (rows.empty()) return {};
    return "<h3>" + word(Msg::h_settings) + "</h3>" +
           table({{Msg::col_step}, {Msg::col_predicted}, {Msg::col_formula}, {Msg::col_settings}},
                 rows);
  }

  std::string clock_table() const {
    std::string rows;
    for (const NodeClockSummary& clock : r_.clocks)
      rows += fmt::format(
          "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
          escape_html(clock.node), html(clock_text(clock)), clock.round_trips, clock.silent);
    if (rows.empty()) return {};
    return "<details><summary>" + html(Msg::h_clocks_ours) + "</summary>" +
           table(
               {{Msg::col_node}, {Msg::col_ahead}, {Msg::col_asked, true}, {Msg::col_silent, true}},
               rows) +
           "</details>";
  }

  std::string event_table() const {
    std::string rows;
    for (const TimelineMark& mark : r_.marks)
      rows += fmt::format("<tr class=\"{}\"><td class=\"n\">{}</td><td>{}</td><td>{}</td></tr>",
                          escape_html(mark.severity), seconds(mark.at, 3),
                          html(lane_text(mark.lane)), escape_html(mark_in(l_, mark)));
    if (rows.empty()) return {};
    return "<details><summary>" + html({Msg::all_events, {plain_number(r_.marks.size())}}) +
           "</summary>" + table({{Msg::col_at, true}, {Msg::col_where}, {Msg::col_what}}, rows) +
           "</details>";
  }

  std::string checks() const {
    std::string text = "<h2>" + html(Msg::h_checks) + "</h2>";
    for (const CheckResult& check : r_.checks) {
      const std::string head =
          fmt::format("{}<span class=\"name\">{}</span><span class=\"message\">{}</span>",
                      badge(check.verdict, check_text(check.verdict)), escape_html(check.name),
                      html(check.message));
      if (check.evidence.empty()) {
        text += html_tag("div", "check", head);
        continue;
      }
      std::string rows;
      for (const Evidence& item : check.evidence)
        rows += fmt::format("<tr><td class=\"n\">{}</td><td>{}</td><td>{}</td></tr>",
                            seconds(item.at, 3), html(item.source), html(item.text));
      text += fmt::format(
          "<details class=\"check\"{}><summary>{}</summary><div class=\"scroll\"><table><tbody>{}"
          "</tbody></table></div></details>",
          check.verdict == Verdict::pass ? "" : " open", head, rows);
    }
    return html_tag("section", "checks", text);
  }

  std::string class_section() const {
    std::string rows;
    for (const ClassReason& reason : r_.class_reasons) {
      const Verdict verdict = !reason.known  ? Verdict::unknown
                              : reason.holds ? Verdict::pass
                                             : Verdict::fail;
      rows += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
                          badge(verdict, class_holds_text(reason)), html(reason.rule),
                          html(reason.evidence));
    }
    return html_tag("section", "rubric",
                    fmt::format("<h2>{}</h2><p>{} {}</p><div "
                                "class=\"scroll\"><table><tbody>{}</tbody></table></div>",
                                html({Msg::why_class_x, {class_word(r_.cluster_class)}}),
                                html({Msg::in_words, {inner(class_text(r_.cluster_class))}}),
                                html(Msg::class_caveat), rows));
  }

  std::string probe_table() const {
    std::string rows;
    for (const ProbeSummary& probe : r_.probes)
      rows += fmt::format(
          "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>"
          "<td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
          "class=\"n\">{}</td></tr>",
          escape_html(probe.name), probe.period_ms > 0 ? duration_in(l_, probe.period_ms) : "-",
          count_in(l_, probe.good), count_in(l_, probe.bad), count_in(l_, probe.missed),
          duration_in(l_, probe.p50_ms), duration_in(l_, probe.p99_ms),
          duration_in(l_, probe.max_ms));
    return "<section><h2>" + html(Msg::h_probes) + "</h2>" +
           table({{Msg::col_probe},
                  {Msg::col_every, true},
                  {Msg::col_good, true},
                  {Msg::col_bad, true},
                  {Msg::col_missed, true},
                  {Msg::col_p50, true},
                  {Msg::col_p99, true},
                  {Msg::col_max, true}},
                 rows) +
           "<p class=\"caption\">" + html(Msg::latency_caption) + "</p></section>";
  }

  std::string limits_and_versions() const {
    std::string list;
    for (const Text& item : r_.not_measured) list += "<li>" + html(item) + "</li>";
    std::string facts;
    const auto fact = [&](const Text& name, const Text& value) {
      facts += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", html(name), html(value));
    };
    fact(Msg::fact_run, r_.run_id);
    fact(Msg::md_scenario, r_.scenario);
    fact(Msg::fact_seed, std::to_string(r_.seed));
    fact(Msg::fact_started, r_.started_utc);
    fact(Msg::fact_length, {Msg::name_only, {DurationValue{r_.duration_s * 1000}}});
    for (const FaultResult& fault : r_.faults) {
      fact(Msg::col_fault, fault.intended.empty()
                               ? Text(Msg::proof_fault, {fault.fault, fault.node})
                               : recorded(fault.intended));
      fact(Msg::fact_effect,
           fault.outcome == "skipped" ? Text(Msg::fact_skipped, {inner(recorded(fault.problem))})
           : fault.confirmed_at       ? recorded(fault.confirmed_by)
                                      : Text(Msg::fact_no, {inner(recorded(fault.problem))}));
    }
    for (const StartSkew& skew : r_.start_skews) fact(Msg::fact_start, skew_text(skew));
    fact(Msg::fact_power, power_text(r_));
    for (const auto& [name, version] : r_.versions) fact(name, version);
    std::string quoted;
    if (l_ != Language::english) quoted = html_tag("p", "caption", html(Msg::quoted_as_said));
    return html_tag("section", "limits",
                    "<h2>" + html(Msg::h_not_measured) + "</h2><ul>" + list + "</ul>" + quoted) +
           html_tag("section", "facts", "<h2>" + html(Msg::h_run) + "</h2><dl>" + facts + "</dl>");
  }

  std::string header() const {
    std::string text =
        html_tag("div", "brand",
                 "<b>Ernstfall</b> " +
                     html({Msg::rr_seed,
                           {r_.cluster, time_in(l_, r_.started_utc), std::to_string(r_.seed)}}));
    text += html_tag("h1", "", escape_html(r_.title));
    text += fmt::format(
        "<div class=\"verdicts\"><span class=\"verdict {}\">{}</span>"
        "<span class=\"class {}\">{} <b>{}</b></span><span class=\"meaning\">{}</span></div>",
        run_verdict_name(r_.verdict), html(verdict_text(r_.verdict)),
        cluster_class_name(r_.cluster_class), html(Msg::class_label), class_word(r_.cluster_class),
        html(class_text(r_.cluster_class)));
    return html_tag("header", "", text);
  }

  const RunReport& r_;
  Language l_;
};

}  // namespace

std::string render_html(const RunReport& report, const History& history, Language language) {
  const RunHtml page(report, language);
  std::string html = html_head(page.title(), language_code(language));
  html += "<style>";
  html += assets::kUplotCss;
  html += assets::kReportCss;
  html += "</style></head><body><main>";
  html += page.body();
  html += "</main><footer>" + page.footer() + "</footer>";
  html += "<script type=\"application/json\" id=\"data\">" +
          timeline_json(report, history, language) + "</script>";
  html += "<script>/*!\nuPlot\n";
  html += assets::kUplotLicense;
  html += "*/\n";
  html += assets::kUplotJs;
  html += "</script><script>";
  html += assets::kReportJs;
  html += "</script></body></html>\n";
  return html;
}

}  // namespace ernstfall
