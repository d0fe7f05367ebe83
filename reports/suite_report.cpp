// suite_report: runs of a suite, read back one by one and counted.
#include "reports/suite_report.h"

#include <algorithm>
#include <cmath>

#include "harness/core/files.h"
#include "harness/core/units.h"
#include "harness/lang/messages.h"
#include "harness/suite/levels.h"
#include "harness/suite/suite.h"
#include "reports/measures.h"
#include "reports/render.h"

namespace ernstfall {
namespace {

namespace fs = std::filesystem;

// Of so many reports the measures are taken; more are no suite.
constexpr std::size_t kMaxRunsInSuite = 2000;

std::string param_kind_name(ParamValue::Kind kind) {
  switch (kind) {
    case ParamValue::Kind::duration:
      return "duration";
    case ParamValue::Kind::bytes:
      return "bytes";
    case ParamValue::Kind::frequency:
      return "frequency";
    case ParamValue::Kind::percent:
      return "percent";
    case ParamValue::Kind::bitrate:
      return "bitrate";
    case ParamValue::Kind::integer:
      return "integer";
    case ParamValue::Kind::text:
    case ParamValue::Kind::boolean:
      break;
  }
  return "text";
}

Text load_text(const Scenario& scenario) {
  if (scenario.loads.empty()) return Msg::su_load_none;
  Text all;
  for (const LoadSpec& load : scenario.loads) {
    if (!all.empty()) all += ", ";
    all += {Msg::su_load,
            {load.load, short_number(load.rate_hz), FigureValue{format_bytes(load.size_bytes)}}};
  }
  return all;
}

Text broken_text(const Scenario& scenario) {
  Text parts;
  const auto add = [&parts](const Text& part) { parts = clauses(parts, part); };
  const Expectations& expect = scenario.expect;
  if (expect.rto_max) add({Msg::su_b_rto, {duration_value(*expect.rto_max)}});
  add({Msg::su_b_lost, {plain_number(expect.lost_max.value_or(0))}});
  if (expect.redundancy_max) add({Msg::su_b_redundancy, {duration_value(*expect.redundancy_max)}});
  const Threshold& threshold = *scenario.threshold;
  if (threshold.error_rate_percent)
    add({Msg::su_b_errors, {short_number(*threshold.error_rate_percent)}});
  if (threshold.latency) add({Msg::su_b_latency, {duration_value(*threshold.latency)}});
  add(Msg::su_b_other);
  return parts;
}

// A run that another scenario made (an edited file, an exchanged folder) proves nothing about this
// one. Only its words may differ.
bool is_run_of_suite(const Scenario& made, const Scenario& scenario, const std::string& level) {
  Scenario expected = scenario_once(scenario);
  if (scenario.threshold) {
    const auto value = parse_param(scenario.threshold->from.kind, level);
    if (!value) return false;
    expected = scenario_at(scenario, *value);
  }
  expected.title = made.title;
  expected.cause = made.cause;
  expected.effect = made.effect;
  expected.tags = made.tags;
  return dump_scenario(made) == dump_scenario(expected);
}

void take_run(SuiteRunResult& result, const LoadedRun& run, const Threshold* threshold) {
  const Trial trial = judge_trial(run.report, run.history, threshold);
  result.outcome = trial.outcome;
  result.why = trial.why;
  result.answers = trial.answers;
  result.verdict = run.report.verdict;
  result.versions = run.report.versions;
  result.outage_lower_ms = run.report.rto.lower_ms;
  result.outage_upper_ms = run.report.rto.upper_ms;
  if (run.report.rpo.acknowledged > 0) result.lost = run.report.rpo.lost;
}

// The log with the outcomes as they are now recomputed: what the search is replayed from.
SuiteState recomputed(SuiteState state, const std::vector<SuiteRunResult>& runs) {
  for (std::size_t i = 0; i < state.runs.size(); ++i) state.runs[i].outcome = runs[i].outcome;
  return state;
}

Result<ThresholdReport> threshold_report(const Scenario& scenario, const SuiteState& state) {
  const Threshold& threshold = *scenario.threshold;
  ERNSTFALL_TRY(const std::vector<ParamValue> levels, threshold_levels(threshold));
  ERNSTFALL_TRY(const ThresholdSearch search, search_of(state, threshold, levels));
  const FaultStep& step = scenario.faults.at(static_cast<std::size_t>(threshold.fault) - 1);
  ThresholdReport report;
  report.vary = threshold.vary;
  report.fault = {Msg::proof_fault, {step.fault, step.on}};
  report.kind = param_kind_name(threshold.from.kind);
  report.log = threshold.log;
  report.more_is_worse = threshold.more_is_worse;
  report.resolution = threshold.resolution;
  report.broken_when = broken_text(scenario);
  report.repeat = threshold.repeat;
  for (std::size_t i = 0; i < levels.size(); ++i)
    report.levels.push_back({levels[i].text, levels[i].number, search.counts()[i]});
  report.result = search.result();
  if (search.next()) report.result.end = SearchEnd::open;
  report.trials = search.trials();
  report.most_trials = search.most_trials();
  return report;
}

void count(SuiteReport& report) {
  for (const SuiteRunResult& run : report.runs) {
    if (run.interrupted || run.outcome == TrialOutcome::unclear)
      ++report.not_counted;
    else
      ++(run.outcome == TrialOutcome::held ? report.held : report.broke);
  }
}

bool narrow(const SuiteMeasure& measure) {
  if (measure.values.n == 0) return true;  // there is no such thing in this scenario
  if (measure.values.missing > 0 || !measure.median_interval || !measure.values.median)
    return false;
  const Bounds& interval = *measure.median_interval;
  // Never came back, in any run: that is an answer.
  if (std::isinf(interval.upper)) return std::isinf(measure.values.min->upper);
  const double middle = measure.values.median->middle();
  return interval.upper - interval.lower <= std::max(kClearLeastMs, kClearShare * middle);
}

bool all_equal(const SuiteMeasure& measure) {
  if (measure.values.n == 0) return true;
  return measure.values.missing == 0 && measure.values.min->lower == measure.values.max->upper;
}

}  // namespace

std::vector<SuiteMeasure> suite_measures(const std::vector<const RunReport*>& counted) {
  std::vector<SuiteMeasure> measures;
  for (const MeasureValues& values : measures_of(counted, {})) {
    SuiteMeasure measure;
    measure.name = values.name;
    measure.kind = values.kind;
    measure.values = summary_of_values(values.base, values.base_missing);
    measure.median_interval = median_interval(values.base, kMedianConfidence);
    measures.push_back(std::move(measure));
  }
  return measures;
}

std::string clear_answer(const SuiteReport& report) {
  const std::size_t counted = report.held + report.broke;
  if (counted < kFewestForClear || (report.held > 0 && report.broke > 0)) return {};
  for (const SuiteMeasure& measure : report.measures) {
    if (measure.kind == MeasureKind::loss && !all_equal(measure)) return {};
    const bool decides =
        measure.kind == MeasureKind::outage || measure.kind == MeasureKind::redundancy;
    if (decides && !narrow(measure)) return {};
  }
  return fmt::format(
      "the answer is clear after {} runs: all {}, and their times lie close together", counted,
      report.broke == 0 ? "held" : "violated");
}

Result<SuiteReport> load_suite(const fs::path& folder, const Catalogue& catalogue) {
  ERNSTFALL_TRY(SuiteState state, read_suite(folder));
  ERNSTFALL_TRY(Scenario scenario, load_scenario(folder / "scenario.yaml", catalogue));
  if (!state.scenario.empty()) scenario.name = state.scenario;
  if (state.runs.size() > kMaxRunsInSuite)
    return fail_at(Errc::corrupt, folder.string(), "more than {} runs", kMaxRunsInSuite);
  SuiteReport report;
  report.suite_id = folder.filename().string();
  report.kind = state.kind;
  report.scenario = scenario.name;
  report.title = scenario.title;
  report.cause = scenario.cause;
  report.load = load_text(scenario);
  report.cluster = state.cluster;
  report.seed = state.seed;
  report.started_utc = state.started_utc;
  report.program_version = state.program_version;
  report.repeat = scenario.repeat;
  report.end = state.end;
  const Threshold* threshold = scenario.threshold ? &*scenario.threshold : nullptr;
  if ((threshold != nullptr) != (state.kind == SuiteKind::threshold))
    return fail_at(Errc::corrupt, folder.string(), "suite.jsonl and scenario.yaml do not fit");
  std::vector<RunReport> counted;
  Siblings siblings;
  for (const SuiteRun& logged : state.runs) {
    SuiteRunResult result;
    result.number = logged.number;
    result.run_id = logged.folder;
    result.level = logged.level;
    result.interrupted = logged.interrupted || !logged.ended;
    result.outcome = TrialOutcome::unclear;
    result.why = logged.ended ? recorded(logged.why) : Text(Msg::su_run_not_ended);
    if (!logged.folder.empty()) {
      auto run = load_run(folder / logged.folder, catalogue, siblings);
      const bool own = run && is_run_of_suite(run->scenario, scenario, logged.level);
      if (own)
        take_run(result, *run, threshold);
      else if (run)
        result.why = Msg::lo_other_scenario;
      else if (!logged.interrupted)
        result.why = {Msg::lo_not_readable, {to_string(run.error())}};
      if (run && run->report.verdict == RunVerdict::dirty) report.dirty = true;
      if (run && !result.interrupted && result.outcome != TrialOutcome::unclear)
        counted.push_back(std::move(run->report));
    }
    if (result.interrupted) {
      result.outcome = TrialOutcome::unclear;
      if (logged.ended) result.why = recorded(logged.why);
    }
    report.runs.push_back(std::move(result));
  }
  count(report);
  if (threshold != nullptr) {
    ERNSTFALL_TRY(report.threshold, threshold_report(scenario, recomputed(state, report.runs)));
  } else {
    std::vector<const RunReport*> pointers;
    for (const RunReport& run : counted) pointers.push_back(&run);
    report.measures = suite_measures(pointers);
  }
  return report;
}

ExitCode exit_code_for(const SuiteReport& report) {
  if (report.dirty) return ExitCode::dirty;
  if (report.threshold) {
    const SearchEnd end = report.threshold->result.end;
    if (end == SearchEnd::always_broke) return ExitCode::violated;
    return end == SearchEnd::found || end == SearchEnd::never_broke ? ExitCode::pass
                                                                    : ExitCode::inconclusive;
  }
  if (report.broke > 0) return ExitCode::violated;
  return report.held >= static_cast<std::size_t>(report.repeat.at_least) ? ExitCode::pass
                                                                         : ExitCode::inconclusive;
}

fs::path suite_html_path(const fs::path& folder, SuiteKind kind) {
  return folder / (kind == SuiteKind::threshold ? "threshold.html" : "suite.html");
}

Status write_suite_reports(const fs::path& folder, const SuiteReport& report, Language language) {
  const std::string stem = report.kind == SuiteKind::threshold ? "threshold" : "suite";
  ERNSTFALL_CHECK(write_file_atomic(folder / (stem + ".json"), render_suite_json(report) + "\n"));
  ERNSTFALL_CHECK(
      write_file_atomic(folder / (stem + ".md"), render_suite_markdown(report, language)));
  return write_file_atomic(suite_html_path(folder, report.kind),
                           render_suite_html(report, language));
}

}  // namespace ernstfall
