// trial: a run's report, judged as one trial of a suite.
#include "reports/trial.h"

#include <algorithm>

#include "harness/lang/messages.h"
#include "probes/checks/rto.h"
#include "reports/comparison.h"

namespace ernstfall {
namespace {

constexpr double kPercentile = 0.99;

struct Window {
  TimeNs begin = 0;
  TimeNs end = 0;
};

// Not while it is being made or taken away: on a slow node that takes as long as the hold, and the
// answers of a fault that is half there would thin out those that count.
std::optional<Window> effect_of(const RunReport& report) {
  std::optional<Window> window;
  for (const FaultResult& fault : report.faults) {
    const auto begin = fault.confirmed_at ? fault.confirmed_at : fault.effect_at;
    const auto end = fault.undo_begin_at ? fault.undo_begin_at : fault.undone_at;
    if (!begin || !end) continue;
    if (!window) window = Window{*begin, *end};
    window->begin = std::min(window->begin, *begin);
    window->end = std::max(window->end, *end);
  }
  return window;
}

Text why_violated(const RunReport& report) {
  for (const CheckResult& check : report.checks)
    if (check.verdict == Verdict::fail) return {Msg::labelled, {check.name, inner(check.message)}};
  return report.why;
}

// Beyond what the scenario expects; empty: within the limits.
Text beyond_limits(const AnswersDuringFault& answers, const Threshold& threshold) {
  const auto rate = answers.error_rate_percent();
  if (threshold.error_rate_percent && rate && *rate > *threshold.error_rate_percent)
    return {Msg::tr_bad_answers,
            {NumberValue{*rate, 1}, plain_number(answers.good + answers.bad),
             short_number(*threshold.error_rate_percent)}};
  if (!threshold.latency) return {};
  const double limit_ms = to_ms(threshold.latency->count());
  if (!answers.p99_ms && answers.bad > 0) return Msg::tr_no_good;
  if (answers.p99_ms && *answers.p99_ms > limit_ms)
    return {Msg::tr_p99, {DurationValue{*answers.p99_ms}, DurationValue{limit_ms}}};
  return {};
}

}  // namespace

std::optional<double> AnswersDuringFault::error_rate_percent() const {
  if (good + bad == 0) return std::nullopt;
  return 100 * static_cast<double>(bad) / static_cast<double>(good + bad);
}

AnswersDuringFault answers_during_fault(const RunReport& report, const History& history) {
  AnswersDuringFault answers;
  const auto window = effect_of(report);
  if (!window) return answers;
  std::vector<TimeNs> latencies;
  for (const Sample& sample : history.samples) {
    if (sample.source >= history.sources.size() || sample.outcome == Outcome::missed) continue;
    if (sample.scheduled < window->begin || sample.scheduled > window->end) continue;
    if (!is_service_probe(history.sources[sample.source])) continue;
    if (is_available(sample.outcome))
      latencies.push_back(sample.ended - sample.scheduled);
    else
      ++answers.bad;
  }
  answers.good = latencies.size();
  if (latencies.empty()) return answers;
  const auto index =
      static_cast<std::size_t>(kPercentile * static_cast<double>(latencies.size() - 1));
  const auto nth = latencies.begin() + static_cast<std::ptrdiff_t>(index);
  std::nth_element(latencies.begin(), nth, latencies.end());
  answers.p99_ms = to_ms(*nth);
  return answers;
}

Trial judge_trial(const RunReport& report, const History& history, const Threshold* threshold) {
  Trial trial;
  trial.answers = answers_during_fault(report, history);
  const bool by_user = report.aborted == "stopped by the user";
  if (report.verdict == RunVerdict::violated && !by_user && !report.history_truncated) {
    trial.outcome = TrialOutcome::broke;
    trial.why = why_violated(report);
    return trial;
  }
  ComparedRun run;
  run.report = report;
  if (const auto out = left_out(run)) {
    trial.why = out->why;
    return trial;
  }
  if (threshold != nullptr) {
    trial.why = beyond_limits(trial.answers, *threshold);
    const bool limits = threshold->error_rate_percent || threshold->latency;
    if (trial.why.empty() && limits && !trial.answers.error_rate_percent()) {
      trial.why = Msg::tr_nobody_asked;
      return trial;
    }
  }
  trial.outcome = trial.why.empty() ? TrialOutcome::held : TrialOutcome::broke;
  return trial;
}

}  // namespace ernstfall
