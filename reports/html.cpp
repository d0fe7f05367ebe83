// html: report.html, one file that needs nothing else. Text is complete without scripts; the
// timeline needs them.
#include <fmt/core.h>

#include "harness/core/units.h"
#include "reports/assets.h"
#include "reports/html_data.h"
#include "reports/markup.h"
#include "reports/render.h"
#include "reports/text_width.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

// Colour is never alone: each state has its own sign and word.
std::string_view sign(Verdict verdict) {
  return verdict == Verdict::pass ? "✓" : verdict == Verdict::fail ? "✕" : "?";
}

std::string badge(Verdict verdict) {
  return fmt::format("<span class=\"badge {0}\"><b aria-hidden=\"true\">{1}</b> {0}</span>",
                     verdict_name(verdict), sign(verdict));
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

Big big_outage(const RtoResult& rto) {
  const std::string words = outage_in_words(rto);
  const std::size_t at = words.find(" ± ");
  if (at == std::string::npos) return {words, ""};
  return {words.substr(0, at), words.substr(at + 1)};
}

std::string number_card(std::string_view label, const Big& big, std::string_view limit,
                        std::string_view note, std::optional<Verdict> verdict) {
  std::string inner = html_tag("div", "label", label);
  inner += "<div class=\"value\">" + escape_html(big.value);
  if (!big.unit.empty()) inner += " <small>" + escape_html(big.unit) + "</small>";
  inner += "</div>";
  std::string foot = escape_html(limit);
  if (verdict)
    foot = fmt::format("<b class=\"sign\" aria-hidden=\"true\">{}</b> {}", sign(*verdict), foot);
  inner += html_tag("div", "limit", foot) + html_tag("div", "note", escape_html(note));
  return fmt::format("<div class=\"card {}\">{}</div>", verdict ? verdict_name(*verdict) : "plain",
                     inner);
}

// Below the service: what DRBD lost, so that nobody accuses it of what the service never flushed.
std::string blocks_card(const RunReport& report) {
  if (!report.blocks) return {};
  const BlockResult& blocks = *report.blocks;
  std::optional<Verdict> verdict;
  for (const CheckResult& check : report.checks)
    if (check.name == "block-loss" || check.name == "write-order")
      verdict = merge(verdict.value_or(check.verdict), check.verdict);
  std::string note = blocks.out_of_order > 0 ? "write order violated" : "write order intact";
  if (blocks.unaudited > 0) note = format_count(blocks.unaudited) + " not read back";
  if (blocks.torn > 0) note += fmt::format("; {} torn", format_count(blocks.torn));
  if (blocks.indeterminate > 0)
    note += fmt::format("; {} more were never acknowledged", format_count(blocks.indeterminate));
  if (blocks.last_before_ms)
    note += fmt::format("; the last before the fault was acknowledged {} before it",
                        format_duration_ms(*blocks.last_before_ms));
  return number_card(
      "acknowledged blocks lost",
      {blocks.acknowledged == 0 ? "unknown" : format_count(blocks.lost),
       blocks.acknowledged == 0 ? std::string() : "of " + format_count(blocks.acknowledged)},
      "by DRBD, below the service (E5)", note, verdict);
}

std::string numbers_html(const RunReport& report) {
  const RtoResult& rto = report.rto;
  std::string cards =
      number_card("users cut off", big_outage(rto),
                  report.rto_allowed_ms ? "allowed " + allowed_in_words(report) : "no limit set",
                  rto.probe.empty() ? ""
                                    : fmt::format("by {} every {}; recovered {}", rto.probe,
                                                  format_duration_ms(rto.probe_period_ms),
                                                  recovered_in_words(rto.recovered_by)),
                  report.rto_allowed_ms
                      ? std::optional(within(rto.lower_ms, rto.upper_ms, report.rto_allowed_ms))
                      : std::nullopt);
  std::optional<Verdict> lost;
  for (const CheckResult& check : report.checks)
    if (check.name == "rpo") lost = check.verdict;
  const std::string of =
      report.rpo.acknowledged == 0 ? std::string() : "of " + format_count(report.rpo.acknowledged);
  std::string note = report.evidence_level == "E5"
                         ? "every acknowledged write read back and hashed (E5)"
                         : "nothing was read back (E0)";
  if (report.rpo.lost > 0 && report.rpo.seconds)
    note = fmt::format("the oldest was acknowledged {} before the cut (E5)",
                       format_duration_ms(*report.rpo.seconds * 1000));
  if (report.rpo.indeterminate > 0)
    note +=
        fmt::format("; {} more were never acknowledged", format_count(report.rpo.indeterminate));
  cards +=
      number_card("acknowledged writes lost",
                  {report.rpo.acknowledged == 0 ? "unknown" : format_count(report.rpo.lost), of},
                  "allowed " + format_count(report.lost_allowed), note, lost);
  cards += blocks_card(report);
  std::optional<Verdict> redundancy;
  for (const CheckResult& check : report.checks)
    if (check.name == "converged") redundancy = check.verdict;
  cards += number_card(
      "redundancy restored",
      {rto.redundancy_restored_ms ? format_duration_ms(*rto.redundancy_restored_ms) : "not seen",
       rto.redundancy_restored_ms ? "after the fault" : ""},
      report.redundancy_allowed_ms ? "allowed " + format_duration_ms(*report.redundancy_allowed_ms)
                                   : "every replica UpToDate, nothing out of sync",
      report.redundancy_allowed_ms ? "" : "no limit set", redundancy);
  return html_tag("div", "cards", cards);
}

struct Bar {
  std::string label;
  std::string outage;
  std::string_view by;
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

// Unattended and attended recovery: the gap between them is the gap between HA and backup-like.
std::string side_by_side(const RunReport& report) {
  if (!report.sibling) return {};
  const SiblingRun& sibling = *report.sibling;
  const Bar own{report.attended ? "attended" : "unattended", outage_in_words(report.rto),
                recovered_in_words(report.rto.recovered_by),
                report.rto.upper_ms.value_or(report.rto.lower_ms.value_or(0))};
  const Bar other{
      sibling.attended ? "attended" : "unattended",
      outage_in_words(sibling.rto_lower_ms, sibling.rto_upper_ms, sibling.outage_observed),
      recovered_in_words(sibling.recovered_by),
      sibling.rto_upper_ms.value_or(sibling.rto_lower_ms.value_or(0))};
  const double scale = std::max({own.ms, other.ms, report.rto_allowed_ms.value_or(0), 1.0}) * 1.02;
  const bool own_first = !report.attended;
  std::string inner = "<h2>With nobody there, and with somebody</h2>";
  inner += bar_row(own_first ? own : other, scale, report.rto_allowed_ms);
  inner += bar_row(own_first ? other : own, scale, report.rto_allowed_ms);
  inner += fmt::format(
      "<p class=\"caption\">Time cut off in this run and in {} ({}).{}</p>",
      escape_html(sibling.scenario), escape_html(sibling.run_id),
      report.rto_allowed_ms ? " The line is the allowed " + allowed_in_words(report) + "." : "");
  return html_tag("section", "sides", inner);
}

std::string explanation(const RunReport& report) {
  std::string inner = "<h2>Why</h2><p class=\"why\">" + escape_html(report.why) + "</p>";
  if (!report.journal_problem.empty())
    inner += html_tag(
        "p", "alarm",
        "✕ Something may still be broken on a node: " + escape_html(report.journal_problem) +
            ". Finish it with <code>ernstfall heal</code>.");
  if (!report.aborted.empty())
    inner += html_tag("p", "alarm", "The run ended early: " + escape_html(report.aborted));
  if (!report.next_steps.empty()) {
    inner += "<h3>What would close the gap</h3><ol>";
    for (const std::string& step : report.next_steps) inner += "<li>" + escape_html(step) + "</li>";
    inner += "</ol>";
  }
  if (!report.effect.empty())
    inner += html_tag("p", "caption", "Expected by the scenario: " + escape_html(report.effect));
  return html_tag("section", "explain", inner);
}

std::string timeline() {
  return R"(<section class="timeline"><h2>What happened</h2>
<div class="tools" hidden><span class="buttons"><button type="button" data-range="all">whole run</button>
<button type="button" data-range="outage">outage</button><button type="button" data-range="fault">fault</button></span>
<span class="hint">drag to zoom, double-click to reset</span></div>
<div id="timeline"></div><div id="readout" class="readout" aria-live="off"></div>
<noscript><p class="caption">The timeline needs JavaScript; the tables below hold the same facts.</p></noscript>)";
}

std::string phase_table_html(const RunReport& report) {
  std::string rows;
  for (const PhaseSpan& phase : report.phases)
    rows += fmt::format(
        "<tr><td>{}{}</td><td class=\"n\">{}</td><td class=\"n\">{:.1f} "
        "s</td><td>{}</td><td>{}</td>"
        "</tr>",
        escape_html(phase.name), phase.unordered ? " (order not certain)" : "",
        escape_html(took_in_words(phase)), to_seconds(phase.end), escape_html(phase.governed_by),
        escape_html(phase.proof));
  if (rows.empty()) return {};
  std::string gaps;
  for (const Boundary& step : report.recovery.boundaries)
    if (!step.at)
      gaps += fmt::format("{}{} ({})", gaps.empty() ? "" : "; ", escape_html(step.name),
                          escape_html(step.gap));
  std::string text =
      "<h3>Where the time went</h3><div class=\"scroll\"><table><thead><tr><th>until</th><th "
      "class=\"n\">took</th><th class=\"n\">at</th><th>governed by</th><th>proven "
      "by</th></tr></thead>"
      "<tbody>" +
      rows + "</tbody></table></div>";
  if (const std::string largest = largest_in_words(report); !largest.empty())
    text += html_tag("p", "caption", escape_html(largest));
  if (!gaps.empty()) text += html_tag("p", "caption", "Not observed: " + gaps + ".");
  return text;
}

std::string prediction_table_html(const RunReport& report) {
  std::string rows;
  for (const Prediction& prediction : report.predictions)
    rows += fmt::format("<tr><td>{}</td><td>{}{}</td><td>{}</td><td>{}</td></tr>",
                        escape_html(prediction.name),
                        prediction.finding.empty() ? "" : "<b>finding</b> ",
                        escape_html(predicted_in_words(prediction)),
                        escape_html(prediction.formula), escape_html(inputs_in_words(prediction)));
  if (rows.empty()) return {};
  return "<h3>By the cluster's own settings</h3><div "
         "class=\"scroll\"><table><thead><tr><th>step</th>"
         "<th>predicted and measured</th><th>formula</th><th>settings</th></tr></thead><tbody>" +
         rows + "</tbody></table></div>";
}

std::string clock_table_html(const RunReport& report) {
  std::string rows;
  for (const NodeClockSummary& clock : report.clocks)
    rows +=
        fmt::format("<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
                    escape_html(clock.node), escape_html(clock_in_words(clock)), clock.round_trips,
                    clock.silent);
  if (rows.empty()) return {};
  return "<details><summary>Clocks of the nodes, against ours</summary><div "
         "class=\"scroll\"><table>"
         "<thead><tr><th>node</th><th>ahead by</th><th class=\"n\">asked</th><th "
         "class=\"n\">silent</th></tr></thead><tbody>" +
         rows + "</tbody></table></div></details>";
}

std::string event_table(const RunReport& report) {
  std::string rows;
  for (const TimelineMark& mark : report.marks)
    rows += fmt::format("<tr class=\"{}\"><td class=\"n\">{:.3f} s</td><td>{}</td><td>{}</td></tr>",
                        escape_html(mark.severity), to_seconds(mark.at), escape_html(mark.lane),
                        escape_html(mark.text));
  if (rows.empty()) return {};
  return fmt::format(
      "<details><summary>All {} events</summary><div class=\"scroll\"><table><thead><tr><th class="
      "\"n\">at</th><th>where</th><th>what</th></tr></thead><tbody>{}</tbody></table></div></"
      "details>",
      report.marks.size(), rows);
}

std::string checks(const RunReport& report) {
  std::string inner = "<h2>Checks</h2>";
  for (const CheckResult& check : report.checks) {
    std::string head =
        fmt::format("{}<span class=\"name\">{}</span><span class=\"message\">{}</span>",
                    badge(check.verdict), escape_html(check.name), escape_html(check.message));
    if (check.evidence.empty()) {
      inner += html_tag("div", "check", head);
      continue;
    }
    std::string rows;
    for (const Evidence& item : check.evidence)
      rows += fmt::format("<tr><td class=\"n\">{:.3f} s</td><td>{}</td><td>{}</td></tr>",
                          to_seconds(item.at), escape_html(item.source), escape_html(item.text));
    inner += fmt::format(
        "<details class=\"check\"{}><summary>{}</summary><div class=\"scroll\"><table><tbody>{}"
        "</tbody></table></div></details>",
        check.verdict == Verdict::pass ? "" : " open", head, rows);
  }
  return html_tag("section", "checks", inner);
}

std::string class_section(const RunReport& report) {
  std::string rows;
  for (const ClassReason& reason : report.class_reasons) {
    const Verdict verdict = !reason.known  ? Verdict::unknown
                            : reason.holds ? Verdict::pass
                                           : Verdict::fail;
    const std::string_view word = !reason.known ? "not known" : reason.holds ? "yes" : "no";
    rows += fmt::format(
        "<tr><td><span class=\"badge {}\"><b aria-hidden=\"true\">{}</b> {}</span></td><td>{}</td>"
        "<td>{}</td></tr>",
        verdict_name(verdict), sign(verdict), word, escape_html(reason.rule),
        escape_html(reason.evidence));
  }
  return html_tag(
      "section", "rubric",
      fmt::format("<h2>Why class {}</h2><p>{} {}</p><div "
                  "class=\"scroll\"><table><tbody>{}</tbody></table></div>",
                  class_word(report.cluster_class),
                  "In words: " + std::string(class_in_words(report.cluster_class)) + ".",
                  class_caveat(), rows));
}

std::string probe_table(const RunReport& report) {
  std::string rows;
  for (const ProbeSummary& probe : report.probes)
    rows += fmt::format(
        "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>"
        "<td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
        "class=\"n\">{}</td></tr>",
        escape_html(probe.name), probe.period_ms > 0 ? format_duration_ms(probe.period_ms) : "-",
        format_count(probe.good), format_count(probe.bad), format_count(probe.missed),
        format_duration_ms(probe.p50_ms), format_duration_ms(probe.p99_ms),
        format_duration_ms(probe.max_ms));
  return "<section><h2>Probes</h2><div class=\"scroll\"><table><thead><tr><th>probe</th><th "
         "class=\"n\">every</th>"
         "<th class=\"n\">good</th><th class=\"n\">bad</th><th class=\"n\">missed by us</th><th "
         "class=\"n\">p50</th>"
         "<th class=\"n\">p99</th><th class=\"n\">max</th></tr></thead><tbody>" +
         rows +
         "</tbody></table></div><p class=\"caption\">Latency of good answers, from the scheduled "
         "time.</p></section>";
}

std::string limits_and_versions(const RunReport& report) {
  std::string list;
  for (const std::string& item : report.not_measured) list += "<li>" + escape_html(item) + "</li>";
  std::string facts;
  const auto fact = [&](std::string_view name, std::string_view value) {
    facts +=
        fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", escape_html(name), escape_html(value));
  };
  fact("run", report.run_id);
  fact("scenario", report.scenario);
  fact("seed", std::to_string(report.seed));
  fact("started", report.started_utc);
  fact("length", format_duration_ms(report.duration_s * 1000));
  for (const FaultResult& fault : report.faults) {
    fact("fault", fault.intended.empty() ? fault.fault + " on " + fault.node : fault.intended);
    fact("seen to take effect", fault.outcome == "skipped" ? "skipped: " + fault.problem
                                : fault.confirmed_at       ? fault.confirmed_by
                                                           : "no: " + fault.problem);
  }
  for (const StartSkew& skew : report.start_skews) fact("start", skew_in_words(skew));
  fact("power control", power_in_words(report));
  for (const auto& [name, version] : report.versions) fact(name, version);
  return html_tag("section", "limits", "<h2>Not measured</h2><ul>" + list + "</ul>") +
         html_tag("section", "facts", "<h2>Run</h2><dl>" + facts + "</dl>");
}

std::string header(const RunReport& report) {
  std::string text =
      html_tag("div", "brand",
               fmt::format("<b>Ernstfall</b> {} · {} · seed {}", escape_html(report.cluster),
                           escape_html(short_time(report.started_utc)), report.seed));
  text += html_tag("h1", "", escape_html(report.title));
  text += fmt::format(
      "<div class=\"verdicts\"><span class=\"verdict {}\">{}</span>"
      "<span class=\"class {}\">class <b>{}</b></span><span class=\"meaning\">{}</span></div>",
      run_verdict_name(report.verdict), verdict_word(report.verdict),
      cluster_class_name(report.cluster_class), class_word(report.cluster_class),
      class_in_words(report.cluster_class));
  return html_tag("header", "", text);
}

}  // namespace

std::string render_html(const RunReport& report, const History& history) {
  std::string html = html_head(fmt::format("{}: {}", verdict_word(report.verdict), report.title));
  html += "<style>";
  html += assets::kUplotCss;
  html += assets::kReportCss;
  html += "</style></head><body><main>";
  html += header(report) + numbers_html(report) + side_by_side(report) + explanation(report);
  html += timeline() + phase_table_html(report) + prediction_table_html(report) +
          clock_table_html(report) + event_table(report) + "</section>";
  html +=
      checks(report) + class_section(report) + probe_table(report) + limits_and_versions(report);
  html += "</main><footer>Drawn with uPlot (MIT licence). This file loads nothing.</footer>";
  html += "<script type=\"application/json\" id=\"data\">" + timeline_json(report, history) +
          "</script>";
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
