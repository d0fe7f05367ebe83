// suite_words: sentences and numbers of a suite.
#include "reports/suite_words.h"

#include <algorithm>
#include <cmath>

#include "harness/core/units.h"
#include "harness/suite/suite.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

std::string level_at(const ThresholdReport& threshold, std::size_t level) {
  return threshold.levels.at(level).text;
}

std::string threshold_headline(const ThresholdReport& threshold) {
  const SearchResult& result = threshold.result;
  const std::string held = result.held ? level_at(threshold, *result.held) : std::string();
  const std::string failed = result.failed ? level_at(threshold, *result.failed) : std::string();
  const std::string& vary = threshold.vary;
  switch (result.end) {
    case SearchEnd::found:
      return fmt::format("{}: held at {}, failed at {}", vary, held, failed);
    case SearchEnd::never_broke:
      return fmt::format("{}: never broke; it still held at {}, the end of the range", vary, held);
    case SearchEnd::always_broke:
      return fmt::format(
          "{}: broke already at {}, the harmless end of the range; where it holds is "
          "not known",
          vary, failed);
    case SearchEnd::noisy:
    case SearchEnd::incomplete:
    case SearchEnd::open:
      break;
  }
  std::string text = held.empty() ? fmt::format("{}: no level is known to hold", vary)
                                  : fmt::format("{}: nothing broke up to {}", vary, held);
  return text + (failed.empty() ? "; no level is known from which on it always breaks"
                                : fmt::format("; nothing held from {} on", failed));
}

std::string count_in_words(const ThresholdLevel& level) {
  return fmt::format("{} (held {}, broke {})", level.text, level.count.held, level.count.broke);
}

void add_noise(const ThresholdReport& threshold, std::vector<std::string>& remarks) {
  const SearchResult& result = threshold.result;
  std::vector<std::string> mixed;
  for (const std::size_t level : result.mixed)
    mixed.push_back(count_in_words(threshold.levels[level]));
  if (!mixed.empty())
    remarks.push_back("Noisy: the same level both held and broke: " + join(mixed, ", ") + ".");
  for (const SearchResult::Inversion& inversion : result.inversions)
    remarks.push_back(fmt::format("Not monotonic: it broke at {} and held at {}, which is worse.",
                                  count_in_words(threshold.levels[inversion.broke]),
                                  count_in_words(threshold.levels[inversion.held])));
  if (!mixed.empty() || !result.inversions.empty()) return;
  const std::size_t beyond = result.checked_above + result.checked_below;
  remarks.push_back(
      beyond == 0
          ? "Monotonicity was not checked: no other level was tried."
          : fmt::format("Monotonic where it was tried: {} milder levels held, {} worse ones broke.",
                        result.checked_below, result.checked_above));
}

void add_confidence(const ThresholdReport& threshold, std::vector<std::string>& remarks) {
  const SearchResult& result = threshold.result;
  const auto times = [&threshold](std::optional<std::size_t> level) {
    return level ? threshold.levels[*level].count.counted() : 0;
  };
  std::string text = result.confirmed ? "Confirmed" : "Not confirmed";
  if (result.held)
    text += fmt::format(", held {} of {} times at {}", threshold.levels[*result.held].count.held,
                        times(result.held), level_at(threshold, *result.held));
  if (result.failed)
    text +=
        fmt::format(", broke {} of {} times at {}", threshold.levels[*result.failed].count.broke,
                    times(result.failed), level_at(threshold, *result.failed));
  remarks.push_back(fmt::format("{}; {} times were asked for.", text, threshold.repeat));
}

void add_untried(const SuiteReport& report, std::vector<std::string>& remarks) {
  std::vector<std::string> said;
  for (const SuiteRunResult& run : report.runs) {
    if (run.interrupted || run.outcome != TrialOutcome::unclear || run.level.empty()) continue;
    if (std::find(said.begin(), said.end(), run.level) != said.end()) continue;
    said.push_back(run.level);
    remarks.push_back(fmt::format("{} proved nothing: {}.", run.level, run.why));
  }
}

}  // namespace

std::string suite_word(const SuiteReport& report) {
  if (report.dirty) return "DIRTY";
  if (!report.threshold) {
    if (report.held + report.broke == 0) return "INCONCLUSIVE";
    if (report.broke == 0)
      return report.held >= static_cast<std::size_t>(report.repeat.at_least) ? "PASS"
                                                                             : "INCONCLUSIVE";
    return report.held == 0 ? "VIOLATED" : "MIXED";
  }
  switch (report.threshold->result.end) {
    case SearchEnd::found:
      return "FOUND";
    case SearchEnd::never_broke:
      return "NEVER BROKE";
    case SearchEnd::always_broke:
      return "ALWAYS BROKE";
    case SearchEnd::noisy:
      return report.threshold->result.mixed.empty() ? "NOT MONOTONIC" : "NOISY";
    case SearchEnd::open:
      return "NOT FINISHED";
    case SearchEnd::incomplete:
      break;
  }
  return "INCOMPLETE";
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

std::string suite_headline(const SuiteReport& report) {
  if (report.threshold) return threshold_headline(*report.threshold);
  return fmt::format("{} of {} runs that count held", report.held, report.held + report.broke);
}

std::vector<std::string> suite_remarks(const SuiteReport& report) {
  std::vector<std::string> remarks;
  if (report.threshold) {
    const ThresholdReport& threshold = *report.threshold;
    if (threshold.trials > 0) {
      add_confidence(threshold, remarks);
      add_noise(threshold, remarks);
    }
    add_untried(report, remarks);
    remarks.push_back(fmt::format("{} runs of at most {}; load: {}.", threshold.trials,
                                  threshold.most_trials, report.load));
    remarks.push_back("Broken: " + threshold.broken_when + ".");
  } else {
    if (report.not_counted > 0)
      remarks.push_back(fmt::format("{} runs do not count; each says why.", report.not_counted));
    if (report.held > 0 && report.broke > 0)
      remarks.emplace_back("The same fault had both outcomes: rely on neither.");
  }
  if (!report.end.empty() && report.end != kSuiteComplete)
    remarks.push_back("Ended: " + report.end + ".");
  if (report.end.empty()) remarks.emplace_back("It has not ended: there may be more runs.");
  return remarks;
}

std::string outcome_in_words(const SuiteRunResult& run) {
  if (run.interrupted) return "cut off";
  if (run.outcome == TrialOutcome::unclear) return "does not count";
  return std::string(trial_outcome_name(run.outcome));
}

std::string outage_of(const SuiteRunResult& run) {
  if (!run.outage_lower_ms) return "-";
  if (run.outage_upper_ms == 0.0) return "not at all";
  if (!run.outage_upper_ms) return "at least " + format_duration_ms(*run.outage_lower_ms);
  return fmt::format("{} ± {}",
                     format_duration_ms((*run.outage_lower_ms + *run.outage_upper_ms) / 2),
                     format_duration_ms((*run.outage_upper_ms - *run.outage_lower_ms) / 2));
}

std::string error_rate_of(const SuiteRunResult& run) {
  const auto rate = run.answers.error_rate_percent();
  return rate ? fmt::format("{:.1f} %", *rate) : "-";
}

std::string p99_of(const SuiteRunResult& run) {
  return run.answers.p99_ms ? format_duration_ms(*run.answers.p99_ms) : "-";
}

std::string lost_of(const SuiteRunResult& run) {
  return run.lost ? format_count(*run.lost) : "-";
}

std::string measure_bound(const SuiteMeasure& measure, const std::optional<Bounds>& value) {
  if (!value) return "-";
  if (measure.kind == MeasureKind::loss)
    return value->lower == value->upper ? fmt::format("{:g}", value->lower)
                                        : fmt::format("{:g} to {:g}", value->lower, value->upper);
  if (std::isinf(value->upper)) return "not recovered";
  return fmt::format("{} ± {}", format_duration_ms(value->middle()),
                     format_duration_ms((value->upper - value->lower) / 2));
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
