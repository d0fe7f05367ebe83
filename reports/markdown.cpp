// markdown: report.md, for a wiki page or a merge request.
#include <fmt/core.h>

#include <initializer_list>

#include "harness/core/units.h"
#include "harness/lang/messages.h"
#include "reports/markup.h"
#include "reports/render.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

class RunMarkdown {
 public:
  RunMarkdown(const RunReport& report, Language language) : r_(report), l_(language) {}

  std::string text() const {
    std::string text =
        fmt::format("# {}: {}\n\n", escape_markdown(r_.title), word(verdict_text(r_.verdict)));
    text += fmt::format("**{}** ({}).\n\n", word({Msg::md_class, {class_word(r_.cluster_class)}}),
                        word(class_text(r_.cluster_class)));
    text += number_table() + sibling_table() + why();
    text += check_list() + fault_table() + time_table() + prediction_table() + clock_table();
    return text + class_table() + limits() + run();
  }

 private:
  std::string word(const Text& text) const { return say(l_, text); }
  std::string cell(const Text& text) const { return escape_markdown(say(l_, text)); }
  std::string seconds(TimeNs at, int decimals) const {
    return number_in(l_, to_seconds(at), decimals) + " s";
  }
  std::string heading(Msg id) const { return "\n## " + word(id) + "\n\n"; }

  std::string head(std::initializer_list<Text> columns) const {
    std::string names = "|";
    std::string line = "|";
    for (const Text& column : columns) {
      names += " " + word(column) + (column.empty() ? "|" : " |");
      line += "---|";
    }
    return names + "\n" + line + "\n";
  }

  std::string number_table() const {
    std::string text = head({{}, Msg::md_measured, Msg::md_allowed});
    text += fmt::format("| {} | {} | {} |\n", word(Msg::rr_cut_off),
                        outage_in(l_, outage_value(r_.rto)), word(allowed_text(r_.rto_allowed_ms)));
    text += fmt::format("| {} | {} ({}) | {} |\n", word(Msg::rr_lost), word(loss_text(r_.rpo)),
                        r_.evidence_level, count_in(l_, r_.lost_allowed));
    if (r_.blocks)
      text += fmt::format("| {} | {} (E5) | {} |\n", word(Msg::md_blocks),
                          word(loss_text(*r_.blocks)), count_in(l_, 0));
    return text + fmt::format("| {} | {} | {} |\n", word(Msg::rr_redundancy),
                              word(redundancy_text(r_)),
                              word(allowed_text(r_.redundancy_allowed_ms)));
  }

  std::string sibling_row(bool attended, const std::string& scenario, const OutageValue& outage,
                          RecoveredBy by) const {
    return fmt::format("| {} | {} | {} | {} |\n", word(attended_text(attended)),
                       escape_markdown(scenario), outage_in(l_, outage), word(recovered_text(by)));
  }

  std::string sibling_table() const {
    if (!r_.sibling) return {};
    const SiblingRun& sibling = *r_.sibling;
    return "\n" + head({{}, Msg::md_scenario, Msg::rr_cut_off, Msg::md_recovered}) +
           sibling_row(r_.attended, r_.scenario, outage_value(r_.rto), r_.rto.recovered_by) +
           sibling_row(sibling.attended, sibling.scenario, outage_value(sibling),
                       sibling.recovered_by);
  }

  std::string why() const {
    std::string text = fmt::format("\n**{}** {}\n", word(Msg::md_why), cell(r_.why));
    if (!r_.journal_problem.empty())
      text += fmt::format("\n**{}** {}\n", word(Msg::md_dirty), cell(r_.journal_problem));
    if (!r_.aborted.empty())
      text += fmt::format("\n**{}** {}\n", word(Msg::md_ended_early), cell(recorded(r_.aborted)));
    if (r_.next_steps.empty()) return text;
    text += heading(Msg::h_next);
    for (const Text& step : r_.next_steps) text += "1. " + cell(step) + "\n";
    return text;
  }

  std::string check_list() const {
    std::string text = heading(Msg::h_checks) + head({Msg::col_check, Msg::col_verdict, {}});
    for (const CheckResult& check : r_.checks)
      text += fmt::format("| {} | {} | {} |\n", check.name, word(check_text(check.verdict)),
                          cell(check.message));
    for (const CheckResult& check : r_.checks) {
      if (check.evidence.empty()) continue;
      text += fmt::format("\n### {}\n\n", check.name);
      for (const Evidence& item : check.evidence)
        text +=
            fmt::format("* {}, {}: {}\n", seconds(item.at, 3), cell(item.source), cell(item.text));
    }
    return text;
  }

  // Of a soak: every fault of its schedule.
  std::string fault_table() const {
    if (!r_.soak) return {};
    std::string text = heading(Msg::h_faults) +
                       head({Msg::col_at, Msg::col_fault, Msg::col_on, Msg::col_outcome, {}});
    for (const FaultResult& fault : r_.faults)
      text += fmt::format(
          "| {} | {} | {} | {} | {} |\n", fault.effect_at ? seconds(*fault.effect_at, 1) : "",
          fault.fault, escape_markdown(fault.node), word(held_text(fault.outcome)),
          cell(recorded(fault.problem.empty() ? fault.confirmed_by : fault.problem)));
    return text;
  }

  std::string time_table() const {
    if (r_.phases.empty()) return {};
    std::string text = heading(Msg::h_time) + head({Msg::col_until, Msg::col_took, Msg::col_at,
                                                    Msg::col_governed, Msg::col_proven});
    for (const PhaseSpan& phase : r_.phases)
      text += fmt::format("| {} | {} | {} | {} | {} |\n", word(order_text(phase)),
                          word(took_text(phase)), seconds(phase.end, 1), cell(phase.governed_by),
                          cell(phase.proof));
    if (const Text largest = largest_text(r_); !largest.empty())
      text += "\n" + cell(largest) + "\n";
    for (const Boundary& step : r_.recovery.boundaries)
      if (!step.at)
        text += "\n* " + word({Msg::not_observed, {inner(step_text(step.name)), cell(step.gap)}});
    return text + "\n";
  }

  std::string prediction_table() const {
    if (r_.predictions.empty()) return {};
    std::string text = heading(Msg::h_settings) + head({Msg::col_step, Msg::col_predicted,
                                                        Msg::col_formula, Msg::col_settings});
    for (const Prediction& prediction : r_.predictions)
      text += fmt::format("| {} | {}{} | {} | {} |\n", word(prediction.name),
                          prediction.finding.empty() ? "" : "**" + word(Msg::finding) + "** ",
                          cell(predicted_text(prediction)), cell(prediction.formula),
                          cell(inputs_text(prediction)));
    return text;
  }

  std::string clock_table() const {
    if (r_.clocks.empty()) return {};
    std::string text = heading(Msg::h_clocks) +
                       head({Msg::col_node, Msg::col_against, Msg::col_asked, Msg::col_silent});
    for (const NodeClockSummary& clock : r_.clocks)
      text += fmt::format("| {} | {} | {} | {} |\n", escape_markdown(clock.node),
                          word(clock_text(clock)), clock.round_trips, clock.silent);
    return text;
  }

  std::string class_table() const {
    std::string text =
        heading(Msg::h_why_class) + head({Msg::col_rule, Msg::col_holds, Msg::col_evidence});
    for (const ClassReason& reason : r_.class_reasons)
      text += fmt::format("| {} | {} | {} |\n", word(reason.rule), word(class_holds_text(reason)),
                          cell(reason.evidence));
    return text;
  }

  std::string limits() const {
    std::string text = "\n" + word(Msg::class_caveat) + "\n" + heading(Msg::h_not_measured);
    for (const Text& item : r_.not_measured) text += "* " + cell(item) + "\n";
    return text;
  }

  std::string run() const {
    std::string text = heading(Msg::h_run);
    text += "* " + word({Msg::run_is, {escape_markdown(r_.run_id)}}) + "\n";
    text += "* " +
            word({Msg::run_cluster,
                  {escape_markdown(r_.cluster), escape_markdown(r_.scenario),
                   std::to_string(r_.seed)}}) +
            "\n";
    text += "* " + word({Msg::run_started, {r_.started_utc, NumberValue{r_.duration_s, 0}}}) + "\n";
    for (const StartSkew& skew : r_.start_skews) text += "* " + cell(skew_text(skew)) + "\n";
    text += "* " + word({Msg::run_power, {escape_markdown(word(power_text(r_)))}}) + "\n";
    for (const auto& [name, version] : r_.versions)
      text += fmt::format("* {} {}\n", escape_markdown(name), escape_markdown(version));
    return l_ == Language::english ? text : text + "\n" + word(Msg::quoted_as_said) + "\n";
  }

  const RunReport& r_;
  Language l_;
};

}  // namespace

std::string render_markdown(const RunReport& report, Language language) {
  return RunMarkdown(report, language).text();
}

}  // namespace ernstfall
