// comparison: the rules that make a regression, no regression or Msg::cmp_not_enough of two sets of
// runs.
#include "reports/comparison.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "harness/core/text.h"
#include "harness/core/units.h"
#include "harness/lang/messages.h"
#include "reports/measures.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

// Of the chance of a false alarm: outage, redundancy and loss share nine tenths, the phases the
// rest. Within each part by Holm.
constexpr double kMainShare = 0.9;
constexpr double kLimitP = (1 - kShiftConfidence) / 2;
constexpr std::size_t kMaxDifferencesListed = 60;
constexpr std::array<std::string_view, 4> kInvariants{"single-primary", "no-split-brain",
                                                      "block-loss", "write-order"};

std::vector<double> middles(const std::vector<Bounds>& values) {
  std::vector<double> all;
  for (const Bounds& value : values) all.push_back(value.middle());
  return all;
}

double typical_width(const std::vector<Bounds>& values) {
  std::vector<double> widths;
  for (const Bounds& value : values)
    if (std::isfinite(value.upper)) widths.push_back(value.upper - value.lower);
  return median(widths).value_or(0);
}

bool enough_for_limits(std::size_t base, std::size_t candidate) {
  return base > 0 && candidate > 0 && smallest_rank_p(base, candidate) <= kLimitP;
}

// Everything of a measure but its outcome.
Measure numbers_of(const MeasureValues& values, const CompareSettings& settings) {
  Measure measure;
  measure.name = values.name;
  measure.kind = values.kind;
  measure.base = summary_of_values(values.base, values.base_missing);
  measure.candidate = summary_of_values(values.candidate, values.candidate_missing);
  measure.shift = shift_between(values.base, values.candidate, kShiftConfidence);
  measure.delta = cliffs_delta(values.base, values.candidate);
  measure.decides = values.kind != MeasureKind::phase;
  const double typical = measure.base.median ? measure.base.median->middle() : 0;
  const double scale = std::isfinite(typical) ? typical : measure.base.median->lower;
  if (measure.is_time()) {
    measure.tolerance = settings.tolerance.of(scale);
    measure.rule_out = settings.ruled_out().of(scale);
  } else {
    measure.tolerance = static_cast<double>(settings.lost_tolerance);
    measure.rule_out = std::max({1.0, 3 * measure.tolerance, 0.3 * scale});
  }
  if (measure.base.n > 0 && measure.candidate.n > 0)
    measure.p = rank_test_greater(values.base, values.candidate);
  return measure;
}

// Fewer runs on each side cannot exclude chance, whatever they say.
std::size_t fewest_runs() {
  std::size_t fewest = 1;
  while (!enough_for_limits(fewest, fewest)) ++fewest;
  return fewest;
}

// Too few runs to see a spread: how many would be enough is not known, and not guessed.
void say_that_it_is_too_early(Measure& measure, double width) {
  const std::size_t fewest = fewest_runs();
  if (std::min(measure.base.n, measure.candidate.n) >= fewest) {
    measure.note = Msg::cmp_not_enough;  // of values without an end
    return;
  }
  measure.repeats_least = fewest;
  measure.note = Text(Msg::cmp_at_least, {plain_number(fewest)});
  if (measure.is_time() && width >= measure.rule_out)
    measure.note = Text(Msg::cmp_at_least_wide, {plain_number(fewest), DurationValue{width},
                                                 DurationValue{measure.rule_out}});
}

// How many runs of each side would decide it, and the words for it.
void say_what_is_missing(Measure& measure, const MeasureValues& values) {
  measure.outcome = CompareOutcome::unknown;
  if (measure.base.n == 0 && measure.candidate.n == 0) {
    measure.note = Msg::cmp_nowhere;
    return;
  }
  // The bounds of both sides eat into what can be seen.
  const double width = (typical_width(values.base) + typical_width(values.candidate)) / 2;
  const auto spread = spread_of({middles(values.base), middles(values.candidate)});
  if (!spread) return say_that_it_is_too_early(measure, width);
  if (measure.is_time() && width >= measure.rule_out) {
    measure.note = Text(Msg::cmp_too_wide, {DurationValue{width}, DurationValue{measure.rule_out}});
    return;
  }
  const auto to_see =
      repeats_to_find(measure.rule_out - width, *spread, std::min(measure.alpha, kLimitP), kPower);
  const auto to_pass_tolerance =
      repeats_to_find(measure.rule_out - measure.tolerance, *spread, 0.5, kPower);
  if (!to_see || !to_pass_tolerance) {
    measure.note = Msg::cmp_never_enough;
    return;
  }
  const std::size_t now = std::min(measure.base.n, measure.candidate.n);
  measure.repeats = std::max({*to_see, *to_pass_tolerance, now + 1});
  measure.note = Text(Msg::cmp_enough, {plain_number(*measure.repeats)});
}

// What a shift of medians cannot see, and what forbids to call it no regression: more runs that
// never came back than the base had, and runs of which nothing is known.
Text hidden_in(const MeasureValues& values) {
  const auto open = [](const std::vector<Bounds>& side) {
    return static_cast<std::size_t>(std::count_if(
        side.begin(), side.end(), [](const Bounds& value) { return std::isinf(value.upper); }));
  };
  const std::size_t never = open(values.candidate);
  const std::size_t known = values.candidate.size();
  const std::size_t before = open(values.base);
  if (never * values.base.size() > before * known)
    return {Msg::cmp_never_back,
            {plain_number(never), plain_number(known), plain_number(before),
             plain_number(values.base.size())}};
  if (values.candidate_missing > 0 && values.kind != MeasureKind::phase)
    return {
        Msg::cmp_some_without,
        {plain_number(values.candidate_missing), plain_number(known + values.candidate_missing)}};
  return {};
}

void judge_measure(Measure& measure, const MeasureValues& values, double alpha) {
  measure.alpha = alpha;
  if (measure.shift && measure.p && *measure.p <= alpha &&
      measure.shift->estimate > measure.tolerance) {
    measure.outcome = CompareOutcome::regression;
    measure.note =
        measure.shift->lower > measure.tolerance ? Msg::cmp_certainly_worse : Msg::cmp_worse;
    return;
  }
  if (!measure.shift || !(measure.shift->upper <= measure.rule_out))
    return say_what_is_missing(measure, values);
  measure.note = hidden_in(values);
  if (!measure.note.empty()) return;
  measure.outcome = CompareOutcome::no_regression;
  measure.better = measure.shift->upper < 0 && measure.shift->estimate < -measure.tolerance;
  if (measure.better) measure.note = Msg::cmp_better_note;
}

// Adjusts the family's p values and judges each.
void judge_family(std::vector<Measure*>& family, const std::vector<const MeasureValues*>& values,
                  double alpha) {
  std::vector<double> p;
  for (const Measure* measure : family) p.push_back(measure->p.value_or(1));
  const std::vector<double> adjusted = holm(p);
  for (std::size_t i = 0; i < family.size(); ++i) {
    if (family[i]->p) family[i]->p = adjusted[i];
    judge_measure(*family[i], *values[i], alpha);
  }
}

// A base that never lost anything makes one lost write a finding, whatever the numbers of runs.
bool judge_loss_by_example(Measure& measure) {
  if (measure.base.n == 0 && measure.candidate.n == 0) {
    measure.decides = false;
    measure.note = Msg::cmp_no_load;
    return true;
  }
  if (measure.base.n == 0 || measure.candidate.n == 0) {
    measure.note = Msg::cmp_one_load;
    return true;
  }
  if (measure.base.max->upper > measure.tolerance) return false;
  measure.p.reset();
  if (measure.candidate.max->lower > measure.tolerance) {
    measure.outcome = CompareOutcome::regression;
    measure.note = Text(Msg::cmp_lost_up_to, {NumberValue{measure.candidate.max->lower, 0},
                                              plain_number(measure.base.n)});
  } else if (measure.candidate.max->upper > measure.tolerance) {
    measure.note = Msg::cmp_not_read;
  } else if (measure.candidate.missing > 0) {
    measure.note = {Msg::cmp_some_without,
                    {plain_number(measure.candidate.missing),
                     plain_number(measure.candidate.n + measure.candidate.missing)}};
  } else if (!enough_for_limits(measure.base.n, measure.candidate.n)) {
    measure.repeats_least = fewest_runs();
    measure.note = Msg::cmp_not_enough;
  } else {
    measure.outcome = CompareOutcome::no_regression;
    // Of n runs without one: 1 - 0.05^(1/n) is the greatest rate that would show none so often as
    // once in twenty.
    const double rate = 1 - std::pow(0.05, 1.0 / static_cast<double>(measure.candidate.n));
    measure.note =
        Text(Msg::cmp_none_lost, {plain_number(measure.candidate.n), NumberValue{100 * rate, 0}});
  }
  return true;
}

// Also of runs that do not count: a broken invariant is a finding all the same.
std::vector<Measure> invariants_of(const std::vector<const ComparedRun*>& base,
                                   const std::vector<const ComparedRun*>& candidate) {
  std::vector<Measure> found;
  for (const std::string_view name : kInvariants) {
    const auto count = [name](const std::vector<const ComparedRun*>& runs, SampleSummary& summary) {
      std::size_t broken = 0;
      for (const ComparedRun* run : runs)
        for (const CheckResult& check : run->report.checks) {
          if (check.name != name || check.verdict == Verdict::unknown) continue;
          ++summary.n;
          if (check.verdict == Verdict::fail) ++broken;
        }
      return broken;
    };
    Measure measure;
    measure.name = name;
    measure.kind = MeasureKind::invariant;
    const std::size_t before = count(base, measure.base);
    const std::size_t after = count(candidate, measure.candidate);
    if (measure.base.n == 0 && measure.candidate.n == 0) continue;  // no DRBD, or not asked for
    measure.note = Text(Msg::cmp_broken_in, {plain_number(after), plain_number(measure.candidate.n),
                                             plain_number(before), plain_number(measure.base.n)});
    if (after > 0 && before == 0 && measure.base.n > 0)
      measure.outcome = CompareOutcome::regression;
    else if (after == 0 && measure.candidate.n > 0)
      measure.outcome = CompareOutcome::no_regression;
    found.push_back(std::move(measure));
  }
  return found;
}

std::vector<Measure> judge_all(const std::vector<MeasureValues>& values,
                               const CompareSettings& settings, double alpha) {
  std::vector<Measure> measures;
  for (const MeasureValues& one : values) measures.push_back(numbers_of(one, settings));
  std::vector<Measure*> main;
  std::vector<Measure*> phases;
  std::vector<const MeasureValues*> main_values;
  std::vector<const MeasureValues*> phase_values;
  for (std::size_t i = 0; i < measures.size(); ++i) {
    if (measures[i].kind == MeasureKind::loss && judge_loss_by_example(measures[i])) continue;
    const bool phase = measures[i].kind == MeasureKind::phase;
    if (phase && (measures[i].base.n == 0 || measures[i].candidate.n == 0)) {
      measures[i].note = measures[i].base.n == 0 ? Msg::cmp_not_in_base : Msg::cmp_not_in_candidate;
      continue;
    }
    (phase ? phases : main).push_back(&measures[i]);
    (phase ? phase_values : main_values).push_back(&values[i]);
  }
  judge_family(main, main_values, alpha * kMainShare);
  judge_family(phases, phase_values, alpha * (1 - kMainShare));
  return measures;
}

// Splits a side into what counts and what does not.
std::vector<const RunReport*> counted(const std::vector<const ComparedRun*>& runs,
                                      std::vector<LeftOutRun>& out) {
  std::vector<const RunReport*> reports;
  for (const ComparedRun* run : runs) {
    if (auto why = left_out(*run))
      out.push_back(std::move(*why));
    else
      reports.push_back(&run->report);
  }
  return reports;
}

std::vector<const Environment*> environments_of(const std::vector<const ComparedRun*>& runs) {
  std::vector<const Environment*> all;
  for (const ComparedRun* run : runs)
    if (run->problem.empty()) all.push_back(&run->environment);
  return all;
}

// From the measures, what was left out and what is another test.
void conclude(ScenarioComparison& result, const CompareSettings& settings, bool other_test) {
  bool regression = false;
  bool unknown = false;
  for (const Measure& measure : result.measures) {
    if (measure.outcome == CompareOutcome::regression) {
      regression = true;
      result.reasons.push_back(
          {Msg::labelled, {inner(measure_text(measure.name)), inner(measure.note)}});
    }
    if (measure.outcome != CompareOutcome::unknown || !measure.decides) continue;
    unknown = true;
    result.reasons.push_back(
        {Msg::labelled, {inner(measure_text(measure.name)), inner(measure.note)}});
    if (measure.repeats) result.repeats = std::max(result.repeats.value_or(0), *measure.repeats);
    if (measure.repeats_least)
      result.repeats_least = std::max(result.repeats_least.value_or(0), *measure.repeats_least);
  }
  for (const LeftOutRun& run : result.candidate_left_out)
    if (run.may_hide) {
      unknown = true;
      result.reasons.push_back(Text(Msg::cmp_may_hide, {run.run_id}));
    }
  result.outcome = regression ? CompareOutcome::regression
                   : unknown  ? CompareOutcome::unknown
                              : CompareOutcome::no_regression;
  if (!other_test || settings.accept_scenario_changes) return;
  result.outcome = CompareOutcome::unknown;
  result.reasons.insert(result.reasons.begin(), Msg::cmp_other_test);
}

ScenarioComparison compare_scenario(const std::string& name,
                                    const std::vector<const ComparedRun*>& base,
                                    const std::vector<const ComparedRun*>& candidate,
                                    const CompareSettings& settings, double alpha) {
  ScenarioComparison result;
  result.scenario = name;
  for (const auto* side : {&candidate, &base})
    for (const ComparedRun* run : *side)
      if (!run->report.title.empty()) result.title = run->report.title;
  result.environment = environment_differences(environments_of(base), environments_of(candidate));
  const bool other_test =
      std::any_of(result.environment.begin(), result.environment.end(),
                  [](const EnvironmentDifference& difference) { return difference.other_test; });
  if (result.environment.size() > kMaxDifferencesListed) {
    result.environment_more = result.environment.size() - kMaxDifferencesListed;
    result.environment.resize(kMaxDifferencesListed);
  }
  const auto base_reports = counted(base, result.base_left_out);
  const auto candidate_reports = counted(candidate, result.candidate_left_out);
  result.base_runs = base_reports.size();
  result.candidate_runs = candidate_reports.size();
  result.measures = judge_all(measures_of(base_reports, candidate_reports), settings, alpha);
  for (Measure& measure : invariants_of(base, candidate))
    result.measures.insert(result.measures.begin() + 3, std::move(measure));
  conclude(result, settings, other_test);
  if (base.empty() || candidate.empty())
    result.reasons.insert(result.reasons.begin(),
                          base.empty() ? Msg::cmp_base_none : Msg::cmp_candidate_none);
  return result;
}

std::vector<const ComparedRun*> runs_of(const std::vector<ComparedRun>& side,
                                        const std::string& scenario) {
  std::vector<const ComparedRun*> runs;
  for (const ComparedRun& run : side)
    if (run.report.scenario == scenario) runs.push_back(&run);
  return runs;
}

}  // namespace

double Tolerance::of(double base_ms) const {
  return std::max(at_least_ms, percent / 100 * base_ms);
}

Tolerance CompareSettings::ruled_out() const {
  return rule_out.value_or(Tolerance{3 * tolerance.percent, 3 * tolerance.at_least_ms});
}

Result<Tolerance> parse_tolerance(std::string_view text) {
  Tolerance tolerance;
  const std::vector<std::string> parts = split(text, ',');
  const auto shares = std::count_if(parts.begin(), parts.end(), [](const std::string& part) {
    return !part.empty() && part.back() == '%';
  });
  if (parts.size() > 2 || (parts.size() == 2 && shares != 1))
    return fail(Errc::usage, "\"{}\": expected e.g. 10%, 2s or 10%,250ms", text);
  for (const std::string& part : parts) {
    if (!part.empty() && part.back() == '%') {
      ERNSTFALL_TRY(tolerance.percent, parse_percent(part));
    } else {
      ERNSTFALL_TRY(const Nanos time, parse_duration(part));
      tolerance.at_least_ms = to_ms(time.count());
    }
  }
  return tolerance;
}

Text tolerance_text(const Tolerance& tolerance) {
  const DurationValue least{tolerance.at_least_ms};
  if (tolerance.percent <= 0) return {Msg::name_only, {least}};
  const FigureValue share{fmt::format("{:g} %", tolerance.percent)};
  if (tolerance.at_least_ms <= 0) return {Msg::name_only, {share}};
  return {Msg::cmp_tolerance_both, {share, least}};
}

std::string_view compare_outcome_name(CompareOutcome outcome) {
  switch (outcome) {
    case CompareOutcome::no_regression:
      return "no-regression";
    case CompareOutcome::regression:
      return "regression";
    case CompareOutcome::unknown:
      return "unknown";
  }
  return "unknown";
}

ExitCode exit_code_for(CompareOutcome outcome) {
  switch (outcome) {
    case CompareOutcome::no_regression:
      return ExitCode::pass;
    case CompareOutcome::regression:
      return ExitCode::violated;
    case CompareOutcome::unknown:
      return ExitCode::inconclusive;
  }
  return ExitCode::internal;
}

void add_scenario(ComparisonReport& report, ScenarioComparison scenario) {
  if (report.scenarios.empty()) report.outcome = CompareOutcome::no_regression;
  const CompareOutcome outcome = scenario.outcome;
  if (outcome == CompareOutcome::regression ||
      (outcome == CompareOutcome::unknown && report.outcome == CompareOutcome::no_regression))
    report.outcome = outcome;
  report.scenarios.push_back(std::move(scenario));
}

ComparisonReport compare_runs(const std::vector<ComparedRun>& base,
                              const std::vector<ComparedRun>& candidate,
                              const CompareSettings& settings) {
  ComparisonReport report;
  report.settings = settings;
  std::set<std::string> names;
  for (const auto* side : {&base, &candidate})
    for (const ComparedRun& run : *side) names.insert(run.report.scenario);
  if (names.empty()) return report;
  const double alpha = settings.false_alarms / static_cast<double>(names.size());
  for (const std::string& name : names)
    add_scenario(report, compare_scenario(name, runs_of(base, name), runs_of(candidate, name),
                                          settings, alpha));
  return report;
}

}  // namespace ernstfall
