// suite_json: suite.json and threshold.json, see docs/reference/suite-json.md.
#include <cmath>
#include <nlohmann/json.hpp>

#include "reports/suite_words.h"

namespace ernstfall {
namespace {

using SuiteJson = nlohmann::ordered_json;

SuiteJson number_or_null(const std::optional<double>& value) {
  // JSON has no infinity: null is "no such bound".
  return value && std::isfinite(*value) ? SuiteJson(*value) : SuiteJson();
}

SuiteJson bounds_json(const std::optional<Bounds>& bounds) {
  if (!bounds) return {};
  return {{"lower", number_or_null(bounds->lower)}, {"upper", number_or_null(bounds->upper)}};
}

SuiteJson run_json(const SuiteRunResult& run) {
  SuiteJson json{{"number", run.number}, {"run", run.run_id}};
  if (!run.level.empty()) json["level"] = run.level;
  json["outcome"] = trial_outcome_name(run.outcome);
  json["counts"] = !run.interrupted && run.outcome != TrialOutcome::unclear;
  json["interrupted"] = run.interrupted;
  json["why"] = run.why.english();
  json["verdict"] = run.verdict ? SuiteJson(run_verdict_name(*run.verdict)) : SuiteJson();
  json["outage_ms"] = {{"lower", number_or_null(run.outage_lower_ms)},
                       {"upper", number_or_null(run.outage_upper_ms)}};
  json["lost"] = run.lost ? SuiteJson(*run.lost) : SuiteJson();
  json["during_fault"] = {{"good", run.answers.good},
                          {"bad", run.answers.bad},
                          {"error_rate_percent", number_or_null(run.answers.error_rate_percent())},
                          {"p99_ms", number_or_null(run.answers.p99_ms)}};
  return json;
}

SuiteJson measure_json(const SuiteMeasure& measure) {
  return {{"name", measure.name},
          {"unit", measure.kind == MeasureKind::loss ? "writes" : "ms"},
          {"n", measure.values.n},
          {"missing", measure.values.missing},
          {"min", bounds_json(measure.values.min)},
          {"median", bounds_json(measure.values.median)},
          {"max", bounds_json(measure.values.max)},
          {"median_interval_90", bounds_json(measure.median_interval)}};
}

SuiteJson level_json(const ThresholdLevel& level) {
  return {{"level", level.text},
          {"value", level.value},
          {"held", level.count.held},
          {"broke", level.count.broke},
          {"unclear", level.count.unclear}};
}

SuiteJson threshold_json(const ThresholdReport& threshold) {
  const SearchResult& result = threshold.result;
  const auto level_or_null = [&threshold](std::optional<std::size_t> level) {
    return level ? SuiteJson{{"level", threshold.levels[*level].text},
                             {"value", threshold.levels[*level].value}}
                 : SuiteJson();
  };
  SuiteJson tried = SuiteJson::array();
  for (const ThresholdLevel& level : threshold.levels)
    if (level.count.counted() + level.count.unclear > 0) tried.push_back(level_json(level));
  SuiteJson mixed = SuiteJson::array();
  for (const std::size_t level : result.mixed) mixed.push_back(threshold.levels[level].text);
  SuiteJson inversions = SuiteJson::array();
  for (const SearchResult::Inversion& inversion : result.inversions)
    inversions.push_back({{"broke", threshold.levels[inversion.broke].text},
                          {"held", threshold.levels[inversion.held].text}});
  return {{"vary", threshold.vary},
          {"fault", threshold.fault.english()},
          {"kind", threshold.kind},
          {"scale", threshold.log ? "log" : "linear"},
          {"worse", threshold.more_is_worse ? "more" : "less"},
          {"resolution", threshold.resolution},
          {"from", threshold.levels.front().text},
          {"to", threshold.levels.back().text},
          {"broken_when", threshold.broken_when.english()},
          {"repeat", threshold.repeat},
          {"end", search_end_name(result.end)},
          {"last_held", level_or_null(result.held)},
          {"first_failed", level_or_null(result.failed)},
          {"confirmed", result.confirmed},
          {"monotonic", result.mixed.empty() && result.inversions.empty()},
          {"mixed", mixed},
          {"inversions", inversions},
          {"checked_worse", result.checked_above},
          {"checked_milder", result.checked_below},
          {"trials", threshold.trials},
          {"most_trials", threshold.most_trials},
          {"levels", tried}};
}

}  // namespace

std::string render_suite_json(const SuiteReport& report) {
  SuiteJson runs = SuiteJson::array();
  for (const SuiteRunResult& run : report.runs) runs.push_back(run_json(run));
  SuiteJson json{{"schema_version", report.schema_version},
                 {"suite", report.suite_id},
                 {"kind", suite_kind_name(report.kind)},
                 {"scenario", report.scenario},
                 {"title", report.title},
                 {"cluster", report.cluster},
                 {"load", report.load.english()},
                 {"seed", report.seed},
                 {"started", report.started_utc},
                 {"program_version", report.program_version},
                 {"result", suite_word(report)},
                 {"headline", suite_headline(report)},
                 {"dirty", report.dirty},
                 {"end", report.end},
                 {"held", report.held},
                 {"broke", report.broke},
                 {"not_counted", report.not_counted}};
  if (report.threshold) {
    json["threshold"] = threshold_json(*report.threshold);
  } else {
    SuiteJson measures = SuiteJson::array();
    for (const SuiteMeasure& measure : report.measures) measures.push_back(measure_json(measure));
    json["repeat"] = {{"at_least", report.repeat.at_least}, {"at_most", report.repeat.at_most}};
    json["measures"] = measures;
  }
  json["runs"] = runs;
  json["remarks"] = suite_remarks(report);
  return json.dump(2, ' ', false, SuiteJson::error_handler_t::replace);
}

}  // namespace ernstfall
