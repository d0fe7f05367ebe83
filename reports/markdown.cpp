// markdown: report.md, for a wiki page or a merge request.
#include <fmt/core.h>

#include "harness/core/units.h"
#include "reports/markup.h"
#include "reports/render.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

std::string number_table(const RunReport& report) {
  std::string text = "| | measured | allowed |\n|---|---|---|\n";
  text += fmt::format("| users cut off | {} | {} |\n", outage_in_words(report.rto),
                      allowed_in_words(report));
  text += fmt::format("| acknowledged writes lost | {} ({}) | {} |\n", loss_in_words(report.rpo),
                      report.evidence_level, format_count(report.lost_allowed));
  if (report.blocks)
    text += fmt::format("| acknowledged blocks lost (by DRBD, below the service) | {} (E5) | 0 |\n",
                        loss_in_words(*report.blocks));
  text +=
      fmt::format("| redundancy restored | {} | {} |\n", redundancy_in_words(report.rto),
                  report.redundancy_allowed_ms ? format_duration_ms(*report.redundancy_allowed_ms)
                                               : std::string("no limit set"));
  return text;
}

std::string sibling_table(const RunReport& report) {
  if (!report.sibling) return {};
  const SiblingRun& sibling = *report.sibling;
  const auto row = [](bool attended, const std::string& scenario, const std::string& outage,
                      std::string_view by) {
    return fmt::format("| {} | {} | {} | {} |\n", attended ? "attended" : "unattended",
                       escape_markdown(scenario), outage, by);
  };
  return "\n| | scenario | users cut off | recovered |\n|---|---|---|---|\n" +
         row(report.attended, report.scenario, outage_in_words(report.rto),
             recovered_in_words(report.rto.recovered_by)) +
         row(sibling.attended, sibling.scenario,
             outage_in_words(sibling.rto_lower_ms, sibling.rto_upper_ms, sibling.outage_observed),
             recovered_in_words(sibling.recovered_by));
}

std::string check_list(const RunReport& report) {
  std::string text = "\n## Checks\n\n| check | verdict | |\n|---|---|---|\n";
  for (const CheckResult& check : report.checks)
    text += fmt::format("| {} | {} | {} |\n", check.name, verdict_name(check.verdict),
                        escape_markdown(check.message));
  for (const CheckResult& check : report.checks) {
    if (check.evidence.empty()) continue;
    text += fmt::format("\n### {}\n\n", check.name);
    for (const Evidence& item : check.evidence)
      text += fmt::format("* {:.3f} s, {}: {}\n", to_seconds(item.at), escape_markdown(item.source),
                          escape_markdown(item.text));
  }
  return text;
}

// Of a soak: every fault of its schedule.
std::string fault_table(const RunReport& report) {
  if (!report.soak) return {};
  std::string text = "\n## Faults\n\n| at | fault | on | outcome | |\n|---|---|---|---|---|\n";
  for (const FaultResult& fault : report.faults)
    text +=
        fmt::format("| {} | {} | {} | {} | {} |\n",
                    fault.effect_at ? fmt::format("{:.1f} s", to_seconds(*fault.effect_at)) : "",
                    fault.fault, escape_markdown(fault.node), fault.outcome,
                    escape_markdown(fault.problem.empty() ? fault.confirmed_by : fault.problem));
  return text;
}

std::string time_table(const RunReport& report) {
  if (report.phases.empty()) return {};
  std::string text =
      "\n## Where the time went\n\n| until | took | at | governed by | proven by |\n"
      "|---|---|---|---|---|\n";
  for (const PhaseSpan& phase : report.phases)
    text += fmt::format("| {}{} | {} | {:.1f} s | {} | {} |\n", phase.name,
                        phase.unordered ? " (order not certain)" : "", took_in_words(phase),
                        to_seconds(phase.end), escape_markdown(phase.governed_by),
                        escape_markdown(phase.proof));
  if (const std::string largest = largest_in_words(report); !largest.empty())
    text += "\n" + escape_markdown(largest) + "\n";
  for (const Boundary& step : report.recovery.boundaries)
    if (!step.at)
      text += fmt::format("\n* {}: not observed ({})", step.name, escape_markdown(step.gap));
  return text + "\n";
}

std::string prediction_table(const RunReport& report) {
  if (report.predictions.empty()) return {};
  std::string text =
      "\n## By the cluster's own settings\n\n| step | predicted and measured | formula | settings "
      "|\n"
      "|---|---|---|---|\n";
  for (const Prediction& prediction : report.predictions)
    text += fmt::format("| {} | {}{} | {} | {} |\n", prediction.name,
                        prediction.finding.empty() ? "" : "**finding** ",
                        escape_markdown(predicted_in_words(prediction)),
                        escape_markdown(prediction.formula),
                        escape_markdown(inputs_in_words(prediction)));
  return text;
}

std::string clock_table(const RunReport& report) {
  if (report.clocks.empty()) return {};
  std::string text =
      "\n## Clocks of the nodes\n\n| node | against ours | asked | silent |\n|---|---|---|---|\n";
  for (const NodeClockSummary& clock : report.clocks)
    text += fmt::format("| {} | {} | {} | {} |\n", escape_markdown(clock.node),
                        clock_in_words(clock), clock.round_trips, clock.silent);
  return text;
}

}  // namespace

std::string render_markdown(const RunReport& report) {
  std::string text =
      fmt::format("# {}: {}\n\n", escape_markdown(report.title), verdict_word(report.verdict));
  text += fmt::format("**Class for this fault: {}** ({}).\n\n", class_word(report.cluster_class),
                      class_in_words(report.cluster_class));
  text += number_table(report) + sibling_table(report);
  text += "\n**Why.** " + escape_markdown(report.why) + "\n";
  if (!report.journal_problem.empty())
    text += "\n**Dirty.** " + escape_markdown(report.journal_problem) + "\n";
  if (!report.aborted.empty())
    text += "\n**Ended early.** " + escape_markdown(report.aborted) + "\n";
  if (!report.next_steps.empty()) {
    text += "\n## What would close the gap\n\n";
    for (const std::string& step : report.next_steps) text += "1. " + escape_markdown(step) + "\n";
  }
  text += check_list(report) + fault_table(report) + time_table(report);
  text += prediction_table(report) + clock_table(report);
  text += "\n## Why this class\n\n| rule | holds | evidence |\n|---|---|---|\n";
  for (const ClassReason& reason : report.class_reasons)
    text += fmt::format("| {} | {} | {} |\n", reason.rule,
                        !reason.known  ? "not known"
                        : reason.holds ? "yes"
                                       : "no",
                        escape_markdown(reason.evidence));
  text += fmt::format("\n{}\n\n## Not measured\n\n", class_caveat());
  for (const std::string& item : report.not_measured) text += "* " + escape_markdown(item) + "\n";
  text += fmt::format(
      "\n## Run\n\n* run {}\n* cluster {}, scenario {}, seed {}\n* started {}, {:.0f} s\n",
      escape_markdown(report.run_id), escape_markdown(report.cluster),
      escape_markdown(report.scenario), report.seed, report.started_utc, report.duration_s);
  for (const StartSkew& skew : report.start_skews)
    text += "* " + escape_markdown(skew_in_words(skew)) + "\n";
  text += fmt::format("* power control: {}\n", escape_markdown(power_in_words(report)));
  for (const auto& [name, version] : report.versions)
    text += fmt::format("* {} {}\n", escape_markdown(name), escape_markdown(version));
  return text;
}

}  // namespace ernstfall
