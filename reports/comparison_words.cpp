// comparison_words: numbers and sentences of a comparison.
#include "reports/comparison_words.h"

#include <fmt/core.h>

#include <cmath>

#include "harness/core/units.h"

namespace ernstfall {
namespace {

std::string signed_amount(const Measure& measure, double value) {
  if (std::isinf(value)) return value > 0 ? "without end" : "not known";
  const std::string_view sign = value < 0 ? "-" : "+";
  const double size = std::abs(value);
  return measure.is_time() ? fmt::format("{}{}", sign, format_duration_ms(size))
                           : fmt::format("{}{:.1f}", sign, size);
}

}  // namespace

std::string_view outcome_word(CompareOutcome outcome) {
  switch (outcome) {
    case CompareOutcome::no_regression:
      return "NO REGRESSION";
    case CompareOutcome::regression:
      return "REGRESSION";
    case CompareOutcome::unknown:
      return "UNKNOWN";
  }
  return "UNKNOWN";
}

std::string_view measure_word(const Measure& measure) {
  if (measure.outcome == CompareOutcome::regression) return "REGRESSION";
  if (measure.outcome == CompareOutcome::unknown) return "unknown";
  return measure.better ? "better" : "ok";
}

std::string value_in_words(const Measure& measure, const std::optional<Bounds>& value) {
  if (!value) return "-";
  if (std::isinf(value->upper)) return "not recovered";
  return measure.is_time() ? format_duration_ms(value->middle())
                           : fmt::format("{:g}", value->middle());
}

std::string range_in_words(const Measure& measure, const SampleSummary& summary) {
  return value_in_words(measure, summary.min) + " .. " + value_in_words(measure, summary.max);
}

std::string shift_in_words(const Measure& measure) {
  if (!measure.shift || !measure.base.median) return {};
  std::string words = signed_amount(measure, measure.shift->estimate);
  const double typical = measure.base.median->middle();
  if (typical > 0 && std::isfinite(typical) && std::isfinite(measure.shift->estimate))
    words += fmt::format(" ({:+.1f} %)", 100 * measure.shift->estimate / typical);
  return words;
}

std::string interval_in_words(const Measure& measure) {
  if (!measure.shift) return {};
  const Shift& shift = *measure.shift;
  if (std::isinf(shift.lower) && std::isinf(shift.upper)) return "no limits: too few runs";
  return signed_amount(measure, shift.lower) + " to " + signed_amount(measure, shift.upper);
}

std::string p_in_words(const Measure& measure) {
  if (!measure.p) return {};
  return *measure.p < 0.0001 ? "< 0.0001" : fmt::format("{:.2g}", *measure.p);
}

std::string delta_in_words(const Measure& measure) {
  return measure.delta ? fmt::format("{:+.2f}", *measure.delta) : std::string();
}

std::string threshold_side_in_words(const ThresholdSide& side) {
  if (side.suite_id.empty()) return "not searched";
  if (side.held.empty() && side.failed.empty()) return "nothing proven";
  if (side.failed.empty()) return "held at " + side.held + ", the last one tried";
  if (side.held.empty()) return "failed at " + side.failed + " already";
  return "held at " + side.held + ", failed at " + side.failed;
}

std::string threshold_shift_in_words(const ThresholdShift& shift) {
  const auto one = [](double percent) {
    return fmt::format("{:.1f} % {}", std::abs(percent), percent < 0 ? "later" : "earlier");
  };
  if (shift.lower_percent && shift.upper_percent)
    return "between " + one(*shift.lower_percent) + " and " + one(*shift.upper_percent);
  if (shift.lower_percent) return "at least " + one(*shift.lower_percent);
  if (shift.upper_percent) return "at most " + one(*shift.upper_percent);
  return {};
}

std::string threshold_word(const ScenarioComparison& comparison) {
  if (comparison.outcome == CompareOutcome::regression) return "REGRESSION";
  if (comparison.outcome == CompareOutcome::unknown) return "unknown";
  return comparison.threshold->better ? "better" : "ok";
}

std::vector<std::string> rules_in_words(const ComparisonReport& report) {
  const CompareSettings& settings = report.settings;
  return {
      fmt::format("A regression is slower beyond chance (exact rank test; at most {:g} % false "
                  "alarms over everything that is compared) and by more than the tolerance: {}.",
                  100 * settings.false_alarms, tolerance_in_words(settings.tolerance)),
      fmt::format("\"No regression\" means that a slowdown of {} is ruled out with {:g} % "
                  "confidence.",
                  tolerance_in_words(settings.ruled_out()), 100 * (1 - (1 - kShiftConfidence) / 2)),
      "Intervals hold for any true times within the bounds that the probes give."};
}

}  // namespace ernstfall
