// suite_words: sentences and numbers of a suite.
#include "reports/suite_words.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "harness/core/units.h"
#include "harness/lang/messages.h"
#include "harness/suite/suite.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

const std::string& level_at(const ThresholdReport& threshold, std::size_t level) {
  return threshold.levels.at(level).text;
}

Text figure_text(std::string english) {
  return {Msg::name_only, {FigureValue{std::move(english)}}};
}

Text threshold_headline(const ThresholdReport& threshold) {
  const SearchResult& result = threshold.result;
  const std::string held = result.held ? level_at(threshold, *result.held) : std::string();
  const std::string failed = result.failed ? level_at(threshold, *result.failed) : std::string();
  const std::string& vary = threshold.vary;
  switch (result.end) {
    case SearchEnd::found:
      return {Msg::su_found, {vary, held, failed}};
    case SearchEnd::never_broke:
      return {Msg::su_never_broke, {vary, held}};
    case SearchEnd::always_broke:
      return {Msg::su_always_broke, {vary, failed}};
    case SearchEnd::noisy:
    case SearchEnd::incomplete:
    case SearchEnd::open:
      break;
  }
  return clauses(
      held.empty() ? Text(Msg::su_no_level_holds, {vary})
                   : Text(Msg::su_nothing_broke, {vary, held}),
      failed.empty() ? Text(Msg::su_no_level_breaks) : Text(Msg::su_nothing_held, {failed}));
}

Text level_count(const ThresholdLevel& level) {
  return {Msg::su_level_count,
          {level.text, plain_number(level.count.held), plain_number(level.count.broke)}};
}

void add_noise(const ThresholdReport& threshold, std::vector<Text>& remarks) {
  const SearchResult& result = threshold.result;
  // One by one: the levels have commas of their own, and their list is one of commas.
  Text mixed;
  for (const std::size_t level : result.mixed) {
    if (!mixed.empty()) mixed += ", ";
    mixed += level_count(threshold.levels[level]);
  }
  if (!mixed.empty()) remarks.push_back({Msg::su_noisy, {inner(mixed)}});
  for (const SearchResult::Inversion& inversion : result.inversions)
    remarks.push_back({Msg::su_inversion,
                       {inner(level_count(threshold.levels[inversion.broke])),
                        inner(level_count(threshold.levels[inversion.held]))}});
  if (!mixed.empty() || !result.inversions.empty()) return;
  if (result.checked_above + result.checked_below == 0)
    remarks.push_back(Msg::su_unchecked);
  else
    remarks.push_back({Msg::su_monotonic,
                       {plain_number(result.checked_below), plain_number(result.checked_above)}});
}

void add_confidence(const ThresholdReport& threshold, std::vector<Text>& remarks) {
  const SearchResult& result = threshold.result;
  const auto times = [&threshold](std::size_t level) {
    return plain_number(threshold.levels[level].count.counted());
  };
  Text text = result.confirmed ? Msg::su_confirmed : Msg::su_not_confirmed;
  if (result.held)
    text = {Msg::su_held_times,
            {inner(text), plain_number(threshold.levels[*result.held].count.held),
             times(*result.held), level_at(threshold, *result.held)}};
  if (result.failed)
    text = {Msg::su_broke_times,
            {inner(text), plain_number(threshold.levels[*result.failed].count.broke),
             times(*result.failed), level_at(threshold, *result.failed)}};
  remarks.push_back({Msg::su_asked_for,
                     {inner(text), plain_number(static_cast<std::uint64_t>(threshold.repeat))}});
}

void add_untried(const SuiteReport& report, std::vector<Text>& remarks) {
  std::vector<std::string> said;
  for (const SuiteRunResult& run : report.runs) {
    if (run.interrupted || run.outcome != TrialOutcome::unclear || run.level.empty()) continue;
    if (std::find(said.begin(), said.end(), run.level) != said.end()) continue;
    said.push_back(run.level);
    remarks.push_back({Msg::su_proved_nothing, {run.level, inner(run.why)}});
  }
}

}  // namespace

Text suite_word(const SuiteReport& report) {
  if (report.dirty) return Msg::verdict_dirty;
  if (!report.threshold) {
    if (report.held + report.broke == 0) return Msg::verdict_inconclusive;
    if (report.broke == 0)
      return report.held >= static_cast<std::size_t>(report.repeat.at_least)
                 ? Msg::verdict_pass
                 : Msg::verdict_inconclusive;
    return report.held == 0 ? Msg::verdict_violated : Msg::sw_mixed;
  }
  switch (report.threshold->result.end) {
    case SearchEnd::found:
      return Msg::sw_found;
    case SearchEnd::never_broke:
      return Msg::sw_never_broke;
    case SearchEnd::always_broke:
      return Msg::sw_always_broke;
    case SearchEnd::noisy:
      return report.threshold->result.mixed.empty() ? Msg::sw_not_monotonic : Msg::sw_noisy;
    case SearchEnd::open:
      return Msg::sw_not_finished;
    case SearchEnd::incomplete:
      break;
  }
  return Msg::sw_incomplete;
}

std::string_view suite_css(const SuiteReport& report) {
  switch (exit_code_for(report)) {
    case ExitCode::pass:
      return "pass";
    case ExitCode::violated:
      return "violated";
    case ExitCode::dirty:
      return "dirty";
    default:
      return "inconclusive";
  }
}

Text suite_headline(const SuiteReport& report) {
  if (report.threshold) return threshold_headline(*report.threshold);
  return {Msg::su_held_of, {plain_number(report.held), plain_number(report.held + report.broke)}};
}

std::vector<Text> suite_remarks(const SuiteReport& report) {
  std::vector<Text> remarks;
  if (report.threshold) {
    const ThresholdReport& threshold = *report.threshold;
    if (threshold.trials > 0) {
      add_confidence(threshold, remarks);
      add_noise(threshold, remarks);
    }
    add_untried(report, remarks);
    remarks.push_back({Msg::su_cost,
                       {plain_number(threshold.trials), plain_number(threshold.most_trials),
                        inner(report.load)}});
    remarks.push_back({Msg::su_broken_when, {inner(threshold.broken_when)}});
  } else {
    if (report.not_counted > 0)
      remarks.push_back({Msg::su_not_counted, {plain_number(report.not_counted)}});
    if (report.held > 0 && report.broke > 0) remarks.push_back(Msg::su_both);
  }
  if (!report.end.empty() && report.end != kSuiteComplete)
    remarks.push_back({Msg::su_ended, {inner(recorded(report.end))}});
  if (report.end.empty()) remarks.push_back(Msg::su_goes_on);
  return remarks;
}

Text trial_text(const SuiteRunResult& run) {
  if (run.interrupted) return Msg::so_cut_off;
  if (run.outcome == TrialOutcome::unclear) return Msg::so_not_counted;
  return run.outcome == TrialOutcome::held ? Msg::so_held : Msg::so_broke;
}

Text outage_of(const SuiteRunResult& run) {
  if (!run.outage_lower_ms) return "-";
  if (run.outage_upper_ms == 0.0) return Msg::outage_none;
  if (!run.outage_upper_ms) return {Msg::pred_at_least, {DurationValue{*run.outage_lower_ms}}};
  return figure_text(
      fmt::format("{} ± {}", format_duration_ms((*run.outage_lower_ms + *run.outage_upper_ms) / 2),
                  format_duration_ms((*run.outage_upper_ms - *run.outage_lower_ms) / 2)));
}

Text error_rate_of(const SuiteRunResult& run) {
  const auto rate = run.answers.error_rate_percent();
  return rate ? figure_text(fmt::format("{:.1f} %", *rate)) : Text("-");
}

Text p99_of(const SuiteRunResult& run) {
  return run.answers.p99_ms ? Text(Msg::name_only, {DurationValue{*run.answers.p99_ms}})
                            : Text("-");
}

Text lost_of(const SuiteRunResult& run) {
  return run.lost ? Text(Msg::name_only, {CountValue{*run.lost}}) : Text("-");
}

Text measure_bound(const SuiteMeasure& measure, const std::optional<Bounds>& value) {
  if (!value) return "-";
  if (measure.kind == MeasureKind::loss) {
    if (value->lower == value->upper) return {Msg::name_only, {short_number(value->lower)}};
    return {Msg::from_to, {short_number(value->lower), short_number(value->upper)}};
  }
  if (std::isinf(value->upper)) return Msg::su_not_recovered;
  if (measure.kind == MeasureKind::redundancy && value->upper <= 0) return Msg::never_lost;
  return figure_text(fmt::format("{} ± {}", format_duration_ms(value->middle()),
                                 format_duration_ms((value->upper - value->lower) / 2)));
}

std::vector<const SuiteRunResult*> runs_by_level(const SuiteReport& report) {
  std::vector<const SuiteRunResult*> runs;
  for (const SuiteRunResult& run : report.runs) runs.push_back(&run);
  if (!report.threshold) return runs;
  const auto rank = [&report](const SuiteRunResult* run) {
    const auto& levels = report.threshold->levels;
    return std::find_if(levels.begin(), levels.end(),
                        [run](const ThresholdLevel& level) { return level.text == run->level; }) -
           levels.begin();
  };
  std::stable_sort(runs.begin(), runs.end(),
                   [&rank](const auto* a, const auto* b) { return rank(a) < rank(b); });
  return runs;
}

}  // namespace ernstfall
