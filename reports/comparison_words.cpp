// comparison_words: numbers and sentences of a comparison.
#include "reports/comparison_words.h"

#include <fmt/core.h>

#include <cmath>

#include "harness/core/units.h"
#include "harness/lang/messages.h"

namespace ernstfall {
namespace {

Text comparison_figure(std::string english) {
  return {Msg::name_only, {FigureValue{std::move(english)}}};
}

Text signed_amount(const Measure& measure, double value) {
  if (std::isinf(value)) return value > 0 ? Msg::cmp_without_end : Msg::not_known;
  const std::string_view sign = value < 0 ? "-" : "+";
  const double size = std::abs(value);
  return comparison_figure(measure.is_time() ? fmt::format("{}{}", sign, format_duration_ms(size))
                                             : fmt::format("{}{:.1f}", sign, size));
}

}  // namespace

Text outcome_word(CompareOutcome outcome) {
  switch (outcome) {
    case CompareOutcome::no_regression:
      return Msg::cmp_no_regression;
    case CompareOutcome::regression:
      return Msg::cmp_regression;
    case CompareOutcome::unknown:
      return Msg::cmp_unknown;
  }
  return Msg::cmp_unknown;
}

Text measure_word(const Measure& measure) {
  if (measure.outcome == CompareOutcome::regression) return Msg::cmp_m_regression;
  if (measure.outcome == CompareOutcome::unknown) return Msg::cmp_m_unknown;
  return measure.better ? Msg::cmp_m_better : Msg::cmp_m_ok;
}

Text value_text(const Measure& measure, const std::optional<Bounds>& value) {
  if (!value) return "-";
  if (std::isinf(value->upper)) return Msg::su_not_recovered;
  if (measure.kind == MeasureKind::redundancy && value->upper <= 0) return Msg::never_lost;
  if (value->lower == value->upper)
    return measure.is_time() ? Text(Msg::name_only, {DurationValue{value->upper}})
                             : Text(Msg::name_only, {short_number(value->upper)});
  if (measure.is_time()) return {Msg::name_only, {OutageValue{value->lower, value->upper, true}}};
  return {Msg::from_to, {short_number(value->lower), short_number(value->upper)}};
}

Text range_text(const Measure& measure, const SampleSummary& summary) {
  return {Msg::cmp_range,
          {inner(value_text(measure, summary.min)), inner(value_text(measure, summary.max))}};
}

Text shift_text(const Measure& measure) {
  if (!measure.shift || !measure.base.median) return {};
  const Text amount = signed_amount(measure, measure.shift->estimate);
  const double typical = measure.base.median->middle();
  if (!(typical > 0) || !std::isfinite(typical) || !std::isfinite(measure.shift->estimate))
    return amount;
  return {Msg::with_note,
          {inner(amount),
           FigureValue{fmt::format("{:+.1f} %", 100 * measure.shift->estimate / typical)}}};
}

Text interval_text(const Measure& measure) {
  if (!measure.shift) return {};
  const Shift& shift = *measure.shift;
  if (std::isinf(shift.lower) && std::isinf(shift.upper)) return Msg::cmp_no_limits;
  return {Msg::from_to,
          {inner(signed_amount(measure, shift.lower)), inner(signed_amount(measure, shift.upper))}};
}

Text p_text(const Measure& measure) {
  if (!measure.p) return {};
  return comparison_figure(*measure.p < 0.0001 ? "< 0.0001" : fmt::format("{:.2g}", *measure.p));
}

Text delta_text(const Measure& measure) {
  return measure.delta ? comparison_figure(fmt::format("{:+.2f}", *measure.delta)) : Text();
}

Text threshold_side_text(const ThresholdSide& side) {
  if (side.suite_id.empty()) return Msg::th_not_searched;
  if (side.held.empty() && side.failed.empty()) return Msg::th_nothing;
  if (side.failed.empty()) return {Msg::th_held, {side.held}};
  if (side.held.empty()) return {Msg::th_failed, {side.failed}};
  return {Msg::th_held_failed, {side.held, side.failed}};
}

Text threshold_search_text(const ThresholdSide& side) {
  if (side.suite_id.empty()) return threshold_side_text(side);
  return {side.confirmed ? Msg::th_search : Msg::th_search_unconfirmed,
          {inner(threshold_side_text(side)), inner(search_end_text(side.ended)),
           plain_number(side.trials)}};
}

// The model has the names that JSON has; a name that is not known stays as it is.
Text search_end_text(const std::string& ended) {
  for (const Msg id : {Msg::th_end_open, Msg::th_end_found, Msg::th_end_never, Msg::th_end_always,
                       Msg::th_end_noisy, Msg::th_end_incomplete})
    if (Text(id) == ended) return id;
  return ended;
}

Text threshold_shift_text(const ThresholdShift& shift) {
  const auto one = [](double percent) {
    return inner({percent < 0 ? Msg::th_later : Msg::th_earlier,
                  {FigureValue{fmt::format("{:.1f} %", std::abs(percent))}}});
  };
  if (shift.lower_percent && shift.upper_percent)
    return {Msg::th_between, {one(*shift.lower_percent), one(*shift.upper_percent)}};
  if (shift.lower_percent) return {Msg::th_at_least, {one(*shift.lower_percent)}};
  if (shift.upper_percent) return {Msg::th_at_most, {one(*shift.upper_percent)}};
  return {};
}

Text threshold_word(const ScenarioComparison& comparison) {
  if (comparison.outcome == CompareOutcome::regression) return Msg::cmp_m_regression;
  if (comparison.outcome == CompareOutcome::unknown) return Msg::cmp_m_unknown;
  return comparison.threshold->better ? Msg::cmp_m_better : Msg::cmp_m_ok;
}

std::vector<Text> rules_text(const ComparisonReport& report) {
  const CompareSettings& settings = report.settings;
  return {{Msg::cmp_rule_regression,
           {short_number(100 * settings.false_alarms), inner(tolerance_text(settings.tolerance))}},
          {Msg::cmp_rule_none,
           {inner(tolerance_text(settings.ruled_out())),
            short_number(100 * (1 - (1 - kShiftConfidence) / 2))}},
          Msg::cmp_rule_intervals};
}

}  // namespace ernstfall
