// words: the sentences and numbers that every renderer says alike.
#include "reports/words.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdlib>

#include "harness/core/text.h"
#include "harness/core/units.h"
#include "harness/lang/messages.h"

namespace ernstfall {
namespace {

Text figure(std::string english) {
  return {Msg::name_only, {FigureValue{std::move(english)}}};
}

Text name_list(const std::vector<std::string>& names) {
  std::vector<Text> list;
  for (const std::string& name : names) list.emplace_back(step_text(name));
  return {Msg::name_only, {std::move(list)}};
}

}  // namespace

std::string class_word(ClusterClass value) {
  std::string word(cluster_class_name(value));
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return word;
}

Text verdict_text(RunVerdict verdict) {
  switch (verdict) {
    case RunVerdict::pass:
      return Msg::verdict_pass;
    case RunVerdict::violated:
      return Msg::verdict_violated;
    case RunVerdict::inconclusive:
      return Msg::verdict_inconclusive;
    case RunVerdict::dirty:
      return Msg::verdict_dirty;
  }
  return Msg::verdict_inconclusive;
}

Text check_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return Msg::check_pass;
    case Verdict::fail:
      return Msg::check_fail;
    case Verdict::unknown:
      return Msg::check_unknown;
  }
  return Msg::check_unknown;
}

Text class_text(ClusterClass value) {
  switch (value) {
    case ClusterClass::ha:
      return Msg::run_class_ha;
    case ClusterClass::data_ha:
      return Msg::run_class_data_ha;
    case ClusterClass::backup_like:
      return Msg::run_class_backup_like;
    case ClusterClass::unsafe:
      return Msg::run_class_unsafe;
    case ClusterClass::unknown:
      return Msg::run_class_unknown;
  }
  return {};
}

Text recovered_text(RecoveredBy value) {
  switch (value) {
    case RecoveredBy::nobody:
      return Msg::by_nobody;
    case RecoveredBy::itself:
      return Msg::by_itself;
    case RecoveredBy::operator_steps:
      return Msg::by_operator;
    case RecoveredBy::undo:
      return Msg::by_undo;
  }
  return {};
}

Text attended_text(bool attended) {
  return attended ? Msg::rr_attended : Msg::rr_unattended;
}

// The model has the names that result.json has; a name that is not known stays as it is.
Text held_text(const std::string& outcome) {
  for (const Msg id : {Msg::held_held, Msg::held_skipped, Msg::held_not_seen, Msg::held_dirty,
                       Msg::held_cut_short})
    if (Text(id) == outcome) return id;
  return outcome;
}

Text step_text(std::string_view name) {
  constexpr std::array kSteps{Msg::step_effect,          Msg::step_baseline,
                              Msg::step_first_failure,   Msg::step_drbd,
                              Msg::step_kubernetes,      Msg::step_evicted,
                              Msg::step_promoted,        Msg::step_mounted,
                              Msg::step_started,         Msg::step_answers,
                              Msg::step_stable,          Msg::step_redundant,
                              Msg::step_operator_begins, Msg::step_operator_done,
                              Msg::step_power_back,      Msg::step_reachable};
  for (const Msg id : kSteps)
    if (Text(id) == name) return id;
  return name;
}

Text measure_text(const std::string& name) {
  for (const Msg id : {Msg::rr_cut_off, Msg::rr_redundancy, Msg::rr_lost})
    if (Text(id) == name) return id;
  // A phase: "fault -> noticed by DRBD".
  constexpr std::string_view kArrow = " -> ";
  const std::size_t at = name.find(kArrow);
  if (at == std::string::npos) return name;
  const std::string from = name.substr(0, at);
  return {Msg::su_phase,
          {inner(Text(Msg::su_from_fault) == from ? Text(Msg::su_from_fault) : step_text(from)),
           inner(step_text(name.substr(at + kArrow.size())))}};
}

Text order_text(const PhaseSpan& phase) {
  if (!phase.unordered) return step_text(phase.name);
  return {Msg::order_uncertain, {inner(step_text(phase.name))}};
}

Text lane_text(const std::string& lane) {
  for (const Msg id : {Msg::lane_fault, Msg::lane_operator, Msg::lane_run})
    if (Text(id) == lane) return id;
  if (lane.rfind("node ", 0) == 0) return {Msg::lane_node, {lane.substr(5)}};
  return lane;
}

Text class_holds_text(const ClassReason& reason) {
  return !reason.known ? Msg::not_known : reason.holds ? Msg::yes : Msg::no;
}

OutageValue outage_value(const RtoResult& rto) {
  return {rto.lower_ms, rto.upper_ms, rto.outage_observed};
}

OutageValue outage_value(const SiblingRun& sibling) {
  return {sibling.rto_lower_ms, sibling.rto_upper_ms, sibling.outage_observed};
}

Text outage_text(const OutageValue& outage) {
  return {Msg::name_only, {outage}};
}

Text allowed_text(const std::optional<double>& allowed_ms) {
  if (!allowed_ms) return Msg::no_limit;
  return {Msg::name_only, {DurationValue{*allowed_ms}}};
}

Text loss_text(const RpoResult& rpo) {
  if (rpo.acknowledged == 0) return Msg::unknown;
  Text text(Msg::loss_of, {CountValue{rpo.lost}, CountValue{rpo.acknowledged}});
  if (rpo.unaudited > 0) text = {Msg::loss_unread, {inner(text), CountValue{rpo.unaudited}}};
  if (rpo.stuck > 0) text = {Msg::loss_stuck, {inner(text), CountValue{rpo.stuck}}};
  return text;
}

Text loss_text(const BlockResult& blocks) {
  if (blocks.acknowledged == 0) return Msg::unknown;
  Text text(Msg::blocks_of, {CountValue{blocks.lost}, CountValue{blocks.acknowledged}});
  if (blocks.torn > 0) text = {Msg::blocks_torn, {inner(text), CountValue{blocks.torn}}};
  if (blocks.unaudited > 0) return {Msg::loss_unread, {inner(text), CountValue{blocks.unaudited}}};
  return {blocks.out_of_order > 0 ? Msg::blocks_order_broken : Msg::blocks_order_kept,
          {inner(text)}};
}

Text skew_text(const StartSkew& skew) {
  return {skew.by_nodes ? Msg::skew_nodes : Msg::skew_commands,
          {skew.fault, join(skew.nodes, ", "), NumberValue{to_ms(skew.skew_ns), 1},
           NumberValue{to_ms(skew.uncertainty_ns), 1}}};
}

Text redundancy_text(const RunReport& report) {
  return redundancy_text(report.rto.redundancy_ms, report.soak && is_whole_at_end(report));
}

Text redundancy_text(const std::optional<Bounds>& restored, bool whole_at_end) {
  if (whole_at_end) return Msg::whole_at_end;
  if (!restored) return Msg::not_seen;
  if (restored->upper <= 0) return Msg::never_lost;
  return {Msg::after_time, {OutageValue{restored->lower, restored->upper, true}}};
}

Text power_text(const RunReport& report) {
  std::vector<std::string> with;
  std::vector<std::string> without;
  for (const NodePower& power : report.power)
    if (power.kind == "none")
      without.push_back(power.node);
    else
      with.push_back(power.node + " " + power.kind);
  const Text text = join(with, ", ");
  if (without.empty()) return text;
  return clauses(text, {Msg::power_none, {join(without, ", ")}});
}

Text took_text(const PhaseSpan& phase) {
  const TimeNs took = phase.end - phase.begin;
  const std::string text = format_duration(Nanos(took));
  // What the digits show already needs no bounds.
  const TimeNs shown = took >= kNsPerSecond ? kNsPerSecond / 10 : kNsPerSecond / 100;
  if (phase.upper_ns - phase.lower_ns <= shown) return figure(text);
  const TimeNs margin = std::max(phase.upper_ns - took, took - phase.lower_ns);
  return figure(fmt::format("{} ± {}", text, format_duration(Nanos(margin))));
}

Text largest_text(const RunReport& report) {
  const RecoverySteps& recovery = report.recovery;
  if (recovery.largest.empty()) return {};
  Text text(Msg::largest_phase, {inner(step_text(recovery.largest))});
  if (!recovery.or_largest.empty())
    text = {Msg::largest_or, {inner(text), inner(name_list(recovery.or_largest))}};
  if (!recovery.largest_governed_by.empty())
    text = {Msg::largest_governed, {inner(text), inner(recovery.largest_governed_by)}};
  return text;
}

Text predicted_text(const Prediction& prediction) {
  const auto range = [](std::optional<double> lower, std::optional<double> upper) -> TextValue {
    const DurationValue from{lower.value_or(0)};
    if (!upper) return inner({Msg::pred_at_least, {from}});
    return inner({Msg::from_to, {from, DurationValue{*upper}}});
  };
  if (!prediction.lower_ms) return {Msg::pred_none, {inner(prediction.why)}};
  const TextValue expected = range(prediction.lower_ms, prediction.upper_ms);
  if (!prediction.measured_upper_ms)
    return {Msg::pred_unmeasured, {expected, inner(prediction.why)}};
  Text verdict(prediction.verdict);
  for (const Msg id : {Msg::pred_as_predicted, Msg::pred_sooner, Msg::pred_later})
    if (Text(id) == prediction.verdict) verdict = id;
  return {Msg::pred_measured,
          {expected, range(prediction.measured_lower_ms, prediction.measured_upper_ms),
           inner(verdict)}};
}

Text inputs_text(const Prediction& prediction) {
  Text text;
  for (const Prediction::Input& input : prediction.inputs)
    text = clauses(text, {Msg::pred_input,
                          {inner(input.name),
                           inner(input.value.empty() ? Text(Msg::pred_not_recorded) : input.value),
                           inner(input.from)}});
  return text;
}

namespace {

// From 10 % on as a factor, "2.90 ± 0.01 times as fast"; below in ppm.
Text rate_text(const ClockRate& rate, const Text& before) {
  constexpr double kAsFactorPpm = 100'000;
  const double middle = (rate.lower_ppm + rate.upper_ppm) / 2;
  const double uncertainty = (rate.upper_ppm - rate.lower_ppm) / 2;
  const NumberValue from = seconds_value(rate.from);
  const NumberValue until = seconds_value(rate.until);
  if (std::abs(middle) < kAsFactorPpm)
    return {middle < 0 ? Msg::clock_slow : Msg::clock_fast,
            {inner(before), NumberValue{std::abs(middle), 0},
             NumberValue{std::ceil(uncertainty + 0.5), 0}, from, until}};
  const int decimals = uncertainty < 2'000 ? 4 : uncertainty < 20'000 ? 3 : 2;
  const double ulp = std::pow(10, -decimals);
  return {Msg::clock_factor,
          {inner(before), NumberValue{1 + middle / 1e6, decimals},
           NumberValue{std::ceil(uncertainty / 1e6 / ulp + 0.5) * ulp, decimals}, from, until}};
}

}  // namespace

Text clock_text(const NodeClockSummary& clock) {
  if (!clock.offset) return clock.silent > 0 ? Msg::clock_never_answered : Msg::clock_not_asked;
  const std::int64_t middle = clock.offset->middle_ns();
  Text text = figure(fmt::format("{}{} ± {}", middle < 0 ? "-" : "+",
                                 format_duration(Nanos(std::abs(middle))),
                                 format_duration(Nanos(clock.offset->uncertainty_ns()))));
  for (const ClockRate& rate : clock.rates) text = rate_text(rate, text);
  if (clock.drift && clock.rates.empty())
    text = {Msg::clock_drift,
            {inner(text), NumberValue{clock.drift->lower_ppm, 0},
             NumberValue{clock.drift->upper_ppm, 0}}};
  for (const ClockStep& step : clock.steps) {
    const std::int64_t by = step.by.middle_ns();
    text = {by < 0 ? Msg::clock_set_back : Msg::clock_set_forward,
            {inner(text),
             FigureValue{fmt::format("{} ± {}", format_duration(Nanos(std::abs(by))),
                                     format_duration(Nanos(step.by.uncertainty_ns())))},
             seconds_value(step.from), seconds_value(step.until)}};
  }
  return text;
}

}  // namespace ernstfall
