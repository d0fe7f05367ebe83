// threshold_comparison_test: searches that never happened: a planted earlier limit is found, and
// what is not proven is not taken for none.
#include "reports/threshold_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "tests/mocks/marked_words.h"
#include "tests/mocks/synthetic_search.h"

namespace ernstfall {
namespace {

using mocks::searched;
using testing::HasSubstr;
using testing::Not;

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
  const ScenarioComparison same = compare(searched(6, 7), searched(6, 7));
  EXPECT_EQ(same.outcome, CompareOutcome::no_regression);
  EXPECT_DOUBLE_EQ(*same.threshold->lower_percent, -100.0 / 7);  // 70 ms held, 80 ms failed
  EXPECT_DOUBLE_EQ(*same.threshold->upper_percent, 100.0 / 7);
  EXPECT_FALSE(same.threshold->better);
}

TEST(CompareThresholds, ALevelThatHeldAndBreaksNowIsARegression) {
  const ScenarioComparison worse = compare(searched(6, 7), searched(2, 3));
  EXPECT_EQ(worse.outcome, CompareOutcome::regression);
  EXPECT_DOUBLE_EQ(*worse.threshold->lower_percent, 100 * 30.0 / 70);
  EXPECT_THAT(worse.reasons,
              testing::ElementsAre(HasSubstr("breaks at a level at which the base held")));
}

TEST(CompareThresholds, WhereLessIsWorseTheDirectionTurns) {
  ComparedThreshold base = searched(6, 5);  // held at 70, failed at 60
  ComparedThreshold candidate = searched(9, 8);
  base.report.threshold->more_is_worse = candidate.report.threshold->more_is_worse = false;
  EXPECT_EQ(compare(base, candidate).outcome, CompareOutcome::regression);
  const ScenarioComparison better = compare(candidate, base);
  EXPECT_EQ(better.outcome, CompareOutcome::no_regression);
  EXPECT_TRUE(better.threshold->better);
}

TEST(CompareThresholds, WithinTheToleranceOrTooCoarseIsNoRegressionOfItsOwn) {
  EXPECT_EQ(compare(searched(6, 7), searched(4, 6)).outcome, CompareOutcome::unknown);  // 0 to 43 %
  CompareSettings wide;
  wide.rule_out = Tolerance{50, 0};
  EXPECT_EQ(compare(searched(6, 7), searched(4, 6), wide).outcome, CompareOutcome::no_regression);
  wide.tolerance = {45, 0};
  EXPECT_NE(compare(searched(6, 7), searched(2, 3), wide).outcome, CompareOutcome::regression);
}

TEST(CompareThresholds, EndsOfTheRange) {
  const auto never = searched(9, std::nullopt, SearchEnd::never_broke);
  const auto always = searched(std::nullopt, 0, SearchEnd::always_broke);
  EXPECT_EQ(compare(never, never).outcome, CompareOutcome::no_regression);
  EXPECT_EQ(compare(always, always).outcome, CompareOutcome::unknown);
  EXPECT_EQ(compare(never, searched(6, 7)).outcome, CompareOutcome::regression);
  EXPECT_TRUE(compare(searched(6, 7), never).threshold->better);
  EXPECT_EQ(compare(searched(6, 7), always).outcome, CompareOutcome::regression);
  // Tried less far than the base held, and it held: nothing is proven.
  EXPECT_EQ(compare(never, searched(3, std::nullopt, SearchEnd::never_broke)).outcome,
            CompareOutcome::unknown);
}

TEST(CompareThresholds, WhatIsNotProvenIsUnknown) {
  ComparedThreshold guessed = searched(2, 3);
  guessed.report.threshold->result.confirmed = false;
  const ScenarioComparison comparison = compare(searched(6, 7), guessed);
  EXPECT_EQ(comparison.outcome, CompareOutcome::unknown);
  EXPECT_THAT(comparison.reasons.at(0), HasSubstr("not confirmed by 2 trials"));
  for (const SearchEnd end : {SearchEnd::open, SearchEnd::noisy, SearchEnd::incomplete}) {
    EXPECT_EQ(compare(searched(6, 7, end), searched(6, 7)).outcome, CompareOutcome::unknown);
    EXPECT_EQ(compare(searched(6, 7), searched(2, 3, end)).outcome, CompareOutcome::unknown);
  }
  ComparedThreshold dirty = searched(6, 7);
  dirty.report.dirty = true;
  EXPECT_EQ(compare(searched(6, 7), dirty).outcome, CompareOutcome::unknown);
}

TEST(CompareThresholds, AnotherSearchIsNoComparison) {
  ComparedThreshold other = searched(6, 7);
  other.environments[0]["scenario: threshold.resolution"] = "5ms";  // only finer
  EXPECT_EQ(compare(searched(6, 7), other).outcome, CompareOutcome::no_regression);
  other.environments[0]["scenario: load.0.rate"] = "50Hz";
  EXPECT_EQ(compare(searched(6, 7), other).outcome, CompareOutcome::unknown);
  CompareSettings accept;
  accept.accept_scenario_changes = true;
  EXPECT_EQ(compare(searched(6, 7), other, accept).outcome, CompareOutcome::no_regression);
  ComparedThreshold words = searched(6, 7);
  words.report.threshold->broken_when = "users cut off for more than 60 s";
  EXPECT_EQ(compare(searched(6, 7), words).outcome, CompareOutcome::unknown);
}

TEST(CompareThresholds, OneSidedAndTwice) {
  ComparisonReport report;
  ASSERT_TRUE(compare_thresholds({searched(6, 7)}, {}, report));
  EXPECT_EQ(report.outcome, CompareOutcome::unknown);
  EXPECT_THAT(report.scenarios.at(0).reasons.at(0), HasSubstr("the candidate has no search"));
  ComparisonReport twice;
  const Status status =
      compare_thresholds({searched(6, 7), searched(6, 7)}, {searched(6, 7)}, twice);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::usage);
}

TEST(CompareThresholds, EveryRendererSaysTheLevels) {
  ComparisonReport report;
  ASSERT_TRUE(compare_thresholds({searched(6, 7)}, {searched(2, 3)}, report));
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

// Every ending, every note and every reason, on either side.
std::vector<ComparisonReport> comparisons_of_every_kind() {
  const auto never = searched(9, std::nullopt, SearchEnd::never_broke);
  const auto always = searched(std::nullopt, 0, SearchEnd::always_broke);
  const auto nothing = searched(std::nullopt, std::nullopt, SearchEnd::incomplete);
  auto guessed = searched(2, 3);
  guessed.report.threshold->result.confirmed = false;
  auto dirty = searched(6, 7);
  dirty.report.dirty = true;
  auto other = searched(6, 7);
  other.report.threshold->broken_when = "QUOTED";
  const std::pair<ComparedThreshold, ComparedThreshold> pairs[] = {
      {searched(6, 7), searched(6, 7)},
      {searched(6, 7), searched(2, 3)},
      {searched(2, 3), searched(6, 7)},
      {searched(6, 7), searched(4, 6)},
      {never, never},
      {always, always},
      {never, searched(6, 7)},
      {searched(6, 7), never},
      {never, searched(3, {}, SearchEnd::never_broke)},
      {searched(6, 7), guessed},
      {dirty, searched(6, 7)},
      {searched(6, 7), other},
      {searched(6, 7), nothing},
      {searched(6, 7, SearchEnd::noisy), searched(6, 7, SearchEnd::open)}};
  std::vector<ComparisonReport> all;
  const auto add = [&all](const std::vector<ComparedThreshold>& base,
                          const std::vector<ComparedThreshold>& candidate) {
    ComparisonReport& report = all.emplace_back();
    report.base = "runs/base";
    report.candidate = "runs/candidate";
    EXPECT_TRUE(compare_thresholds(base, candidate, report));
  };
  for (const auto& [base, candidate] : pairs) add({base}, {candidate});
  add({searched(6, 7)}, {});
  add({}, {searched(6, 7)});
  return all;
}

TEST(CompareThresholds, CanBeReportedInGerman) {
  const auto rendered = [](const ComparisonReport& report, Language language) {
    return std::vector<std::string>{render_comparison_console(report, false, language),
                                    render_comparison_markdown(report, language),
                                    render_comparison_html(report, language)};
  };
  const std::vector<ComparisonReport> all = comparisons_of_every_kind();
  for (const ComparisonReport& report : all)
    for (const std::string& text : rendered(report, Language::marked))
      EXPECT_THAT(mocks::unmarked_words(text), testing::IsEmpty());
  for (const std::string& text : rendered(all.at(1), Language::german)) {
    EXPECT_THAT(text, HasSubstr("hielt bei 70ms, versagte bei 80ms"));
    EXPECT_THAT(text, HasSubstr("zwischen 42,9\u00a0% früher und 71,4\u00a0% früher"));
  }
  // Planted: a note that is not in the catalogue.
  ComparisonReport planted = all.at(1);
  planted.scenarios.at(0).threshold->note = "Somebody forgot to translate this.";
  for (const std::string& text : rendered(planted, Language::marked))
    EXPECT_THAT(mocks::unmarked_words(text), testing::Contains("forgot"));
}

}  // namespace
}  // namespace ernstfall
