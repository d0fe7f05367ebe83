// threshold_comparison: the bounds of the shift, and what they prove.
#include "reports/threshold_comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "harness/lang/messages.h"
#include "reports/comparison_words.h"
#include "reports/render.h"

namespace ernstfall {
namespace {

namespace fs = std::filesystem;

constexpr double kWithoutEnd = std::numeric_limits<double>::infinity();

// How fine and how often was searched changes the width of an answer, not the test. What counts as
// broken is no part of a run, but all of a threshold.
bool is_other_threshold(const EnvironmentDifference& difference) {
  if (difference.key.starts_with("scenario: threshold.resolution") ||
      difference.key.starts_with("scenario: threshold.repeat") ||
      difference.key.starts_with("scenario: threshold.from") ||
      difference.key.starts_with("scenario: threshold.to"))
    return false;
  return difference.other_test || difference.key.starts_with("scenario: expect");
}

// Larger is more harmful.
struct Limits {
  double held = -kWithoutEnd;
  double failed = kWithoutEnd;
};

Limits limits_of(const ThresholdReport& threshold) {
  const double sign = threshold.more_is_worse ? 1 : -1;
  Limits limits;
  if (threshold.result.held) limits.held = sign * threshold.levels[*threshold.result.held].value;
  if (threshold.result.failed)
    limits.failed = sign * threshold.levels[*threshold.result.failed].value;
  return limits;
}

ThresholdSide side_of(const SuiteReport& report) {
  const ThresholdReport& threshold = *report.threshold;
  ThresholdSide side;
  side.suite_id = report.suite_id;
  side.ended = search_end_name(threshold.result.end);
  if (threshold.result.held) side.held = threshold.levels[*threshold.result.held].text;
  if (threshold.result.failed) side.failed = threshold.levels[*threshold.result.failed].text;
  side.confirmed = threshold.result.confirmed;
  side.trials = threshold.trials;
  return side;
}

// Empty: its levels are proven.
Text why_unproven(Msg who, const SuiteReport& report) {
  const ThresholdReport& threshold = *report.threshold;
  const SearchEnd end = threshold.result.end;
  const TextValue side = inner(Text(who));
  if (report.dirty) return {Msg::th_dirty, {side}};
  if (end == SearchEnd::open) return {Msg::th_open, {side}};
  if (end == SearchEnd::incomplete) return {Msg::th_incomplete, {side}};
  if (end == SearchEnd::noisy) return {Msg::th_noisy, {side}};
  if (!threshold.result.confirmed)
    return {Msg::th_unconfirmed,
            {side, plain_number(static_cast<std::uint64_t>(threshold.repeat))}};
  return {};
}

// The outcome of two proven sides; writes the shift.
CompareOutcome judge(const Limits& base, const Limits& candidate, const CompareSettings& settings,
                     ThresholdShift& shift) {
  const double least = base.held - candidate.failed;
  const double most = base.failed - candidate.held;
  const double known = std::isfinite(base.held) && base.held != 0 ? base.held : base.failed;
  const double unit = std::isfinite(known) ? std::abs(known) / 100 : 0;
  if (unit > 0 && std::isfinite(least)) shift.lower_percent = least / unit;
  if (unit > 0 && std::isfinite(most)) shift.upper_percent = most / unit;
  shift.better = std::isfinite(most) && most < 0;
  if (std::isfinite(least) && least >= 0 && least >= settings.tolerance.percent * unit) {
    shift.note = Msg::th_note_breaks;
    return CompareOutcome::regression;
  }
  if (std::isinf(candidate.held)) {
    shift.note = Msg::th_note_both;
    return CompareOutcome::unknown;
  }
  // Where the base never broke nobody knows its limit; holding as far as it did is all there is.
  if (std::isinf(base.failed) && candidate.held >= base.held) {
    shift.note = Msg::th_note_as_far;
    return CompareOutcome::no_regression;
  }
  if (std::isfinite(most) && most <= settings.ruled_out().percent * unit) {
    if (shift.better) shift.note = Msg::th_note_better;
    return CompareOutcome::no_regression;
  }
  shift.note = std::isfinite(most) ? Msg::th_note_coarse : Msg::th_note_less_far;
  return CompareOutcome::unknown;
}

std::vector<const Environment*> pointers(const std::vector<Environment>& environments) {
  std::vector<const Environment*> all;
  for (const Environment& environment : environments) all.push_back(&environment);
  return all;
}

ScenarioComparison compare_two(const ComparedThreshold& base, const ComparedThreshold& candidate,
                               const CompareSettings& settings) {
  const ThresholdReport& before = *base.report.threshold;
  const ThresholdReport& after = *candidate.report.threshold;
  ScenarioComparison result;
  result.scenario = candidate.report.scenario;
  result.title = candidate.report.title;
  result.base_runs = base.report.held + base.report.broke;
  result.candidate_runs = candidate.report.held + candidate.report.broke;
  result.environment =
      environment_differences(pointers(base.environments), pointers(candidate.environments));
  bool other = before.vary != after.vary || before.fault != after.fault ||
               before.more_is_worse != after.more_is_worse ||
               before.broken_when != after.broken_when;
  for (EnvironmentDifference& difference : result.environment) {
    difference.other_test = is_other_threshold(difference);
    other = other || difference.other_test;
  }
  ThresholdShift shift;
  shift.vary = after.vary;
  shift.fault = after.fault;
  shift.base = side_of(base.report);
  shift.candidate = side_of(candidate.report);
  result.outcome = judge(limits_of(before), limits_of(after), settings, shift);
  for (const Text& why : {why_unproven(Msg::cmp_base, base.report),
                          why_unproven(Msg::cmp_candidate, candidate.report)}) {
    if (why.empty()) continue;
    result.outcome = CompareOutcome::unknown;
    result.reasons.push_back(why);
  }
  if (result.outcome != CompareOutcome::no_regression && !shift.note.empty())
    result.reasons.push_back({Msg::labelled, {shift.vary, inner(shift.note)}});
  if (other && !settings.accept_scenario_changes) {
    result.outcome = CompareOutcome::unknown;
    result.reasons.insert(result.reasons.begin(), Msg::th_other);
  }
  if (result.outcome == CompareOutcome::unknown) shift.better = false;
  result.threshold = std::move(shift);
  return result;
}

const ComparedThreshold* find(const std::vector<ComparedThreshold>& side,
                              const std::string& scenario) {
  for (const ComparedThreshold& one : side)
    if (one.report.scenario == scenario) return &one;
  return nullptr;
}

Status each_once(const std::vector<ComparedThreshold>& side, std::string_view who) {
  std::set<std::string> names;
  for (const ComparedThreshold& one : side)
    if (!names.insert(one.report.scenario).second)
      return fail(Errc::usage, "the {} has two searches of {}: give one", who, one.report.scenario);
  return {};
}

ScenarioComparison one_sided(const ComparedThreshold& one, bool base) {
  ScenarioComparison result;
  result.scenario = one.report.scenario;
  result.title = one.report.title;
  ThresholdShift shift;
  shift.vary = one.report.threshold->vary;
  shift.fault = one.report.threshold->fault;
  (base ? shift.base : shift.candidate) = side_of(one.report);
  result.threshold = std::move(shift);
  result.reasons.emplace_back(base ? Msg::th_candidate_none : Msg::th_base_none);
  return result;
}

}  // namespace

bool is_threshold_folder(const fs::path& folder) {
  if (!is_suite_folder(folder)) return false;
  const auto state = read_suite(folder);
  return state && state->kind == SuiteKind::threshold;
}

Result<ComparedThreshold> read_threshold(const fs::path& folder, const Catalogue& catalogue) {
  ComparedThreshold compared;
  compared.folder = folder.string();
  ERNSTFALL_TRY(compared.report, load_suite(folder, catalogue));
  ERNSTFALL_TRY(const Environment files, read_environment(folder));
  for (const SuiteRunResult& run : compared.report.runs) {
    if (run.run_id.empty() || !run.verdict) continue;
    // Each run's scenario has another level; the suite's own stands for all.
    Environment environment = files;
    if (auto around = read_environment(folder / run.run_id))
      for (auto& [key, value] : *around)
        if (!key.starts_with("scenario: ")) environment[key] = std::move(value);
    add_versions(environment, run.versions);
    compared.environments.push_back(std::move(environment));
  }
  if (compared.environments.empty()) compared.environments.push_back(files);
  return compared;
}

Status compare_thresholds(const std::vector<ComparedThreshold>& base,
                          const std::vector<ComparedThreshold>& candidate,
                          ComparisonReport& report) {
  ERNSTFALL_CHECK(each_once(base, "base"));
  ERNSTFALL_CHECK(each_once(candidate, "candidate"));
  std::set<std::string> names;
  for (const auto* side : {&base, &candidate})
    for (const ComparedThreshold& one : *side) names.insert(one.report.scenario);
  for (const std::string& name : names) {
    const ComparedThreshold* before = find(base, name);
    const ComparedThreshold* after = find(candidate, name);
    const bool both = before != nullptr && after != nullptr;
    add_scenario(report, both ? compare_two(*before, *after, report.settings)
                              : one_sided(before != nullptr ? *before : *after, before != nullptr));
  }
  return {};
}

}  // namespace ernstfall
