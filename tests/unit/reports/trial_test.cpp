// trial_test: which answers count as given while a fault was in effect.
#include "reports/trial.h"

#include <gtest/gtest.h>

namespace ernstfall {
namespace {

constexpr TimeNs seconds_ns(int seconds) {
  return seconds * kNsPerSecond;
}

// An answer a second for a minute, bad from second 20 until just before second 40.
History a_minute() {
  History history;
  history.sources.push_back({0, "http.get", "http.get", "", kNsPerSecond, kNsPerSecond});
  for (int second = 0; second < 60; ++second) {
    Sample sample;
    sample.scheduled = sample.started = seconds_ns(second);
    sample.ended = sample.started + 5 * kNsPerMs;
    sample.outcome = second >= 20 && second < 40 ? Outcome::failed : Outcome::ok;
    history.samples.push_back(sample);
  }
  return history;
}

RunReport with_fault() {
  RunReport report;
  FaultResult fault;
  fault.effect_at = seconds_ns(10);  // begins to be made
  fault.confirmed_at = seconds_ns(20);
  fault.undo_begin_at = seconds_ns(39);
  fault.undone_at = seconds_ns(55);
  report.faults.push_back(fault);
  return report;
}

TEST(AnswersDuringFault, CountFromWhenItWasSeenUntilItsUndoBegins) {
  const AnswersDuringFault answers = answers_during_fault(with_fault(), a_minute());
  EXPECT_EQ(answers.bad, 20U);
  EXPECT_EQ(answers.good, 0U) << "what is answered while a fault is made or taken away";
  EXPECT_DOUBLE_EQ(answers.error_rate_percent().value(), 100);
  EXPECT_FALSE(answers.p99_ms);
}

TEST(AnswersDuringFault, WithoutThoseMomentsByTheOthers) {
  RunReport report = with_fault();
  report.faults[0].confirmed_at.reset();
  report.faults[0].undo_begin_at.reset();
  const AnswersDuringFault answers = answers_during_fault(report, a_minute());
  EXPECT_EQ(answers.bad, 20U);
  EXPECT_EQ(answers.good, 26U);
  EXPECT_DOUBLE_EQ(answers.p99_ms.value(), 5);
}

TEST(AnswersDuringFault, AFaultThatIsNotKnownToHaveEndedHasNone) {
  RunReport report = with_fault();
  report.faults[0].undo_begin_at.reset();
  report.faults[0].undone_at.reset();
  EXPECT_FALSE(answers_during_fault(report, a_minute()).error_rate_percent());
}

}  // namespace
}  // namespace ernstfall
