// comparison_json: a comparison as JSON, schema version 1; docs/reference/compare-json.md.
#include <cmath>
#include <nlohmann/json.hpp>

#include "reports/comparison.h"

namespace ernstfall {
namespace {

using ComparisonJson = nlohmann::ordered_json;

// What is infinite has no number in JSON; null says: no end, or not known.
ComparisonJson number_or_null(double value) {
  return std::isfinite(value) ? ComparisonJson(value) : ComparisonJson(nullptr);
}
template <typename T>
ComparisonJson or_null(const std::optional<T>& value) {
  return value ? ComparisonJson(*value) : ComparisonJson(nullptr);
}

ComparisonJson bounds_json(const std::optional<Bounds>& bounds) {
  if (!bounds) return nullptr;
  return {{"lower", number_or_null(bounds->lower)}, {"upper", number_or_null(bounds->upper)}};
}

ComparisonJson summary_json(const SampleSummary& summary) {
  return {{"n", summary.n},
          {"missing", summary.missing},
          {"min", bounds_json(summary.min)},
          {"median", bounds_json(summary.median)},
          {"max", bounds_json(summary.max)}};
}

std::string_view kind_name(MeasureKind kind) {
  switch (kind) {
    case MeasureKind::outage:
      return "outage";
    case MeasureKind::redundancy:
      return "redundancy";
    case MeasureKind::loss:
      return "loss";
    case MeasureKind::invariant:
      return "invariant";
    case MeasureKind::phase:
      return "phase";
  }
  return "phase";
}

ComparisonJson measure_json(const Measure& measure) {
  ComparisonJson shift(nullptr);
  if (measure.shift)
    shift = {{"estimate", number_or_null(measure.shift->estimate)},
             {"lower", number_or_null(measure.shift->lower)},
             {"upper", number_or_null(measure.shift->upper)},
             {"confidence", kShiftConfidence}};
  return {{"name", measure.name},
          {"kind", kind_name(measure.kind)},
          {"unit", measure.is_time() ? "ms" : "count"},
          {"outcome", compare_outcome_name(measure.outcome)},
          {"decides", measure.decides},
          {"better", measure.better},
          {"base", summary_json(measure.base)},
          {"candidate", summary_json(measure.candidate)},
          {"shift", std::move(shift)},
          {"cliffs_delta", or_null(measure.delta)},
          {"p", or_null(measure.p)},
          {"alpha", measure.alpha},
          {"tolerance", measure.tolerance},
          {"rule_out", measure.rule_out},
          {"repeats_enough", or_null(measure.repeats)},
          {"repeats_least", or_null(measure.repeats_least)},
          {"note", measure.note.english()}};
}

ComparisonJson left_out_json(const std::vector<LeftOutRun>& runs) {
  ComparisonJson list = ComparisonJson::array();
  for (const LeftOutRun& run : runs)
    list.push_back(
        {{"run_id", run.run_id}, {"why", run.why.english()}, {"may_hide", run.may_hide}});
  return list;
}

ComparisonJson threshold_json(const std::optional<ThresholdShift>& shift) {
  if (!shift) return nullptr;
  const auto level = [](const std::string& text) {
    return text.empty() ? ComparisonJson(nullptr) : ComparisonJson(text);
  };
  const auto side = [&level](const ThresholdSide& one) {
    if (one.suite_id.empty()) return ComparisonJson(nullptr);
    return ComparisonJson{{"suite", one.suite_id},        {"end", one.ended},
                          {"last_held", level(one.held)}, {"first_failed", level(one.failed)},
                          {"confirmed", one.confirmed},   {"trials", one.trials}};
  };
  return {{"vary", shift->vary},
          {"fault", shift->fault.english()},
          {"base", side(shift->base)},
          {"candidate", side(shift->candidate)},
          {"earlier_percent",
           {{"lower", or_null(shift->lower_percent)}, {"upper", or_null(shift->upper_percent)}}},
          {"better", shift->better},
          {"note", shift->note.english()}};
}

ComparisonJson scenario_json(const ScenarioComparison& comparison) {
  ComparisonJson environment = ComparisonJson::array();
  for (const EnvironmentDifference& difference : comparison.environment)
    environment.push_back({{"key", difference.key},
                           {"base", difference.base},
                           {"candidate", difference.candidate},
                           {"other_test", difference.other_test}});
  ComparisonJson measures = ComparisonJson::array();
  for (const Measure& measure : comparison.measures) measures.push_back(measure_json(measure));
  ComparisonJson reasons = ComparisonJson::array();
  for (const Text& reason : comparison.reasons) reasons.push_back(reason.english());
  return {{"scenario", comparison.scenario},
          {"title", comparison.title},
          {"outcome", compare_outcome_name(comparison.outcome)},
          {"reasons", std::move(reasons)},
          {"repeats_enough", or_null(comparison.repeats)},
          {"repeats_least", or_null(comparison.repeats_least)},
          {"base_runs", comparison.base_runs},
          {"candidate_runs", comparison.candidate_runs},
          {"base_left_out", left_out_json(comparison.base_left_out)},
          {"candidate_left_out", left_out_json(comparison.candidate_left_out)},
          {"environment", std::move(environment)},
          {"environment_more", comparison.environment_more},
          {"measures", std::move(measures)},
          {"threshold", threshold_json(comparison.threshold)}};
}

ComparisonJson tolerance_json(const Tolerance& tolerance) {
  return {{"percent", tolerance.percent}, {"at_least_ms", tolerance.at_least_ms}};
}

}  // namespace

std::string render_comparison_json(const ComparisonReport& report) {
  ComparisonJson scenarios = ComparisonJson::array();
  for (const ScenarioComparison& comparison : report.scenarios)
    scenarios.push_back(scenario_json(comparison));
  const CompareSettings& settings = report.settings;
  const ComparisonJson root{{"schema_version", report.schema_version},
                            {"outcome", compare_outcome_name(report.outcome)},
                            {"base", report.base},
                            {"candidate", report.candidate},
                            {"settings",
                             {{"tolerance", tolerance_json(settings.tolerance)},
                              {"rule_out", tolerance_json(settings.ruled_out())},
                              {"lost_tolerance", settings.lost_tolerance},
                              {"accept_scenario_changes", settings.accept_scenario_changes},
                              {"false_alarms", settings.false_alarms}}},
                            {"scenarios", std::move(scenarios)}};
  return root.dump(2, ' ', false, ComparisonJson::error_handler_t::replace);
}

}  // namespace ernstfall
