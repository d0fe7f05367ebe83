// threshold_comparison_test: searches that never happened: a planted earlier limit is found, and
// what is not proven is not taken for none.
#include "reports/threshold_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>

namespace ernstfall {
namespace {

using testing::HasSubstr;
using testing::Not;

// Levels 10, 20 ... 100 ms of delay.
ComparedThreshold search(std::optional<std::size_t> held, std::optional<std::size_t> failed,
                         SearchEnd end = SearchEnd::found) {
  ComparedThreshold compared;
  compared.report.kind = SuiteKind::threshold;
  compared.report.suite_id = "a-suite";
  compared.report.scenario = "threshold-delay";
  ThresholdReport threshold;
  threshold.vary = "delay";
  threshold.fault = "net.delay on mirror";
  threshold.broken_when = "users cut off for more than 3 s";
  threshold.repeat = 2;
  for (int i = 1; i <= 10; ++i)
    threshold.levels.push_back({std::to_string(10 * i) + "ms", 10.0 * i, {}});
  threshold.result.end = end;
  threshold.result.held = held;
  threshold.result.failed = failed;
  threshold.result.confirmed = true;
  threshold.trials = 9;
  compared.report.threshold = threshold;
  compared.environments.push_back(
      {{"version: drbd@prod", "9.2.1"}, {"scenario: faults.0.fault", "net.delay"}});
  return compared;
}

ScenarioComparison compare(const ComparedThreshold& base, const ComparedThreshold& candidate,
                           const CompareSettings& settings = {}) {
  ComparisonReport report;
  report.settings = settings;
  EXPECT_TRUE(compare_thresholds({base}, {candidate}, report));
  EXPECT_EQ(report.scenarios.size(), 1U);
  EXPECT_EQ(report.outcome, report.scenarios.at(0).outcome);
  return report.scenarios.at(0);
}

TEST(CompareThresholds, TheSameLevelsAreNoRegression) {
  const ScenarioComparison same = compare(search(6, 7), search(6, 7));
  EXPECT_EQ(same.outcome, CompareOutcome::no_regression);
  EXPECT_DOUBLE_EQ(*same.threshold->lower_percent, -100.0 / 7);  // 70 ms held, 80 ms failed
  EXPECT_DOUBLE_EQ(*same.threshold->upper_percent, 100.0 / 7);
  EXPECT_FALSE(same.threshold->better);
}

TEST(CompareThresholds, ALevelThatHeldAndBreaksNowIsARegression) {
  const ScenarioComparison worse = compare(search(6, 7), search(2, 3));
  EXPECT_EQ(worse.outcome, CompareOutcome::regression);
  EXPECT_DOUBLE_EQ(*worse.threshold->lower_percent, 100 * 30.0 / 70);
  EXPECT_THAT(worse.reasons,
              testing::ElementsAre(HasSubstr("breaks at a level at which the base held")));
}

TEST(CompareThresholds, WhereLessIsWorseTheDirectionTurns) {
  ComparedThreshold base = search(6, 5);  // held at 70, failed at 60
  ComparedThreshold candidate = search(9, 8);
  base.report.threshold->more_is_worse = candidate.report.threshold->more_is_worse = false;
  EXPECT_EQ(compare(base, candidate).outcome, CompareOutcome::regression);
  const ScenarioComparison better = compare(candidate, base);
  EXPECT_EQ(better.outcome, CompareOutcome::no_regression);
  EXPECT_TRUE(better.threshold->better);
}

TEST(CompareThresholds, WithinTheToleranceOrTooCoarseIsNoRegressionOfItsOwn) {
  EXPECT_EQ(compare(search(6, 7), search(4, 6)).outcome, CompareOutcome::unknown);  // 0 to 43 %
  CompareSettings wide;
  wide.rule_out = Tolerance{50, 0};
  EXPECT_EQ(compare(search(6, 7), search(4, 6), wide).outcome, CompareOutcome::no_regression);
  wide.tolerance = {45, 0};
  EXPECT_NE(compare(search(6, 7), search(2, 3), wide).outcome, CompareOutcome::regression);
}

TEST(CompareThresholds, EndsOfTheRange) {
  const auto never = search(9, std::nullopt, SearchEnd::never_broke);
  const auto always = search(std::nullopt, 0, SearchEnd::always_broke);
  EXPECT_EQ(compare(never, never).outcome, CompareOutcome::no_regression);
  EXPECT_EQ(compare(always, always).outcome, CompareOutcome::unknown);
  EXPECT_EQ(compare(never, search(6, 7)).outcome, CompareOutcome::regression);
  EXPECT_TRUE(compare(search(6, 7), never).threshold->better);
  EXPECT_EQ(compare(search(6, 7), always).outcome, CompareOutcome::regression);
  // Tried less far than the base held, and it held: nothing is proven.
  EXPECT_EQ(compare(never, search(3, std::nullopt, SearchEnd::never_broke)).outcome,
            CompareOutcome::unknown);
}

TEST(CompareThresholds, WhatIsNotProvenIsUnknown) {
  ComparedThreshold guessed = search(2, 3);
  guessed.report.threshold->result.confirmed = false;
  const ScenarioComparison comparison = compare(search(6, 7), guessed);
  EXPECT_EQ(comparison.outcome, CompareOutcome::unknown);
  EXPECT_THAT(comparison.reasons.at(0), HasSubstr("not confirmed by 2 trials"));
  for (const SearchEnd end : {SearchEnd::open, SearchEnd::noisy, SearchEnd::incomplete}) {
    EXPECT_EQ(compare(search(6, 7, end), search(6, 7)).outcome, CompareOutcome::unknown);
    EXPECT_EQ(compare(search(6, 7), search(2, 3, end)).outcome, CompareOutcome::unknown);
  }
  ComparedThreshold dirty = search(6, 7);
  dirty.report.dirty = true;
  EXPECT_EQ(compare(search(6, 7), dirty).outcome, CompareOutcome::unknown);
}

TEST(CompareThresholds, AnotherSearchIsNoComparison) {
  ComparedThreshold other = search(6, 7);
  other.environments[0]["scenario: threshold.resolution"] = "5ms";  // only finer
  EXPECT_EQ(compare(search(6, 7), other).outcome, CompareOutcome::no_regression);
  other.environments[0]["scenario: load.0.rate"] = "50Hz";
  EXPECT_EQ(compare(search(6, 7), other).outcome, CompareOutcome::unknown);
  CompareSettings accept;
  accept.accept_scenario_changes = true;
  EXPECT_EQ(compare(search(6, 7), other, accept).outcome, CompareOutcome::no_regression);
  ComparedThreshold words = search(6, 7);
  words.report.threshold->broken_when = "users cut off for more than 60 s";
  EXPECT_EQ(compare(search(6, 7), words).outcome, CompareOutcome::unknown);
}

TEST(CompareThresholds, OneSidedAndTwice) {
  ComparisonReport report;
  ASSERT_TRUE(compare_thresholds({search(6, 7)}, {}, report));
  EXPECT_EQ(report.outcome, CompareOutcome::unknown);
  EXPECT_THAT(report.scenarios.at(0).reasons.at(0), HasSubstr("the candidate has no search"));
  ComparisonReport twice;
  const Status status = compare_thresholds({search(6, 7), search(6, 7)}, {search(6, 7)}, twice);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::usage);
}

TEST(CompareThresholds, EveryRendererSaysTheLevels) {
  ComparisonReport report;
  ASSERT_TRUE(compare_thresholds({search(6, 7)}, {search(2, 3)}, report));
  for (const std::string& text :
       {render_comparison_console(report, false), render_comparison_markdown(report),
        render_comparison_html(report)}) {
    EXPECT_THAT(text, HasSubstr("held at 70ms, failed at 80ms"));
    EXPECT_THAT(text, HasSubstr("held at 30ms, failed at 40ms"));
    EXPECT_THAT(text, HasSubstr("between 42.9 % earlier and 71.4 % earlier"));
    EXPECT_THAT(text, HasSubstr("REGRESSION"));
  }
  const auto document = nlohmann::json::parse(render_comparison_json(report));
  const auto& shift = document["scenarios"][0]["threshold"];
  EXPECT_EQ(shift["candidate"]["first_failed"], "40ms");
  EXPECT_NEAR(shift["earlier_percent"]["lower"].get<double>(), 42.857, 0.001);
  EXPECT_EQ(document["outcome"], "regression");
}

}  // namespace
}  // namespace ernstfall
