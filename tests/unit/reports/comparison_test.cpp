// comparison_test: planted regressions, planted changes around the runs, missing data; and how
// often the gate is right.
#include "reports/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/mocks/marked_words.h"
#include "tests/mocks/synthetic_reports.h"

namespace ernstfall {
namespace {

using mocks::Recovery;
using mocks::recovery_runs;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::Not;
using testing::SizeIs;

const Measure& measure_of(const ScenarioComparison& comparison, const std::string& name) {
  for (const Measure& measure : comparison.measures)
    if (measure.name == name) return measure;
  throw std::runtime_error("no measure " + name);
}

struct Sides {
  std::vector<ComparedRun> base;
  std::vector<ComparedRun> candidate;
};

Sides ten_each(const Recovery& base, const Recovery& candidate, std::uint64_t seed = 1,
               int count = 10) {
  std::mt19937_64 random(seed);
  Sides sides;
  sides.base = recovery_runs(base, random, count);
  sides.candidate = recovery_runs(candidate, random, count);
  return sides;
}

ComparisonReport compare(const Sides& sides, const CompareSettings& settings = {}) {
  return compare_runs(sides.base, sides.candidate, settings);
}

// The promise of the gate, at the spread that the benchmark documents, with a fixed seed.
TEST(Compare, IsRightAsOftenAsPromised) {
  const Recovery same;
  int false_alarms = 0;
  int passed = 0;
  int found = 0;
  for (std::uint64_t pair = 0; pair < 100; ++pair) {
    const CompareOutcome calm = compare(ten_each(same, same, 1000 + pair)).outcome;
    false_alarms += calm == CompareOutcome::regression ? 1 : 0;
    passed += calm == CompareOutcome::no_regression ? 1 : 0;
    const Sides slow = ten_each(same, mocks::slower(same, 1.3), 2000 + pair);
    found += compare(slow).outcome == CompareOutcome::regression ? 1 : 0;
  }
  EXPECT_LE(false_alarms, 5);
  EXPECT_GE(found, 90);
  EXPECT_GE(passed, 60);  // a gate that always says "not enough data" would be none
}

TEST(Compare, OnePhaseThatIsSlowerIsFoundAndNamed) {
  Recovery slow;
  slow.promoted_ms *= 1.8;
  const ComparisonReport report = compare(ten_each({}, slow));
  ASSERT_THAT(report.scenarios, SizeIs(1));
  EXPECT_EQ(report.outcome, CompareOutcome::regression);
  EXPECT_EQ(measure_of(report.scenarios[0], "noticed by DRBD -> promoted").outcome,
            CompareOutcome::regression);
  EXPECT_NE(measure_of(report.scenarios[0], "fault -> noticed by DRBD").outcome,
            CompareOutcome::regression);
  EXPECT_EQ(exit_code_for(report.outcome), ExitCode::violated);
}

TEST(Compare, FasterIsNoRegressionAndSaysSo) {
  const ComparisonReport report = compare(ten_each({}, mocks::slower({}, 0.6)));
  EXPECT_EQ(report.outcome, CompareOutcome::no_regression);
  EXPECT_TRUE(measure_of(report.scenarios[0], "users cut off").better);
  EXPECT_EQ(exit_code_for(report.outcome), ExitCode::pass);
}

TEST(Compare, SlowerWithinTheToleranceIsAccepted) {
  Recovery steady;
  steady.sigma = 0.02;
  steady.phase_sigma = 0.02;
  const Sides sides = ten_each(steady, mocks::slower(steady, 1.15));
  EXPECT_EQ(compare(sides).outcome, CompareOutcome::regression);
  CompareSettings wide;
  wide.tolerance = {25, 0};
  EXPECT_EQ(compare(sides, wide).outcome, CompareOutcome::no_regression);
}

// Three runs of each side can prove nothing, however far apart they are: 1 split of 20.
TEST(Compare, FewRunsAreNotEnoughAndItSaysHowManyAre) {
  const ComparisonReport report = compare(ten_each({}, mocks::slower({}, 3), 1, 3));
  EXPECT_EQ(report.outcome, CompareOutcome::unknown);
  EXPECT_EQ(exit_code_for(report.outcome), ExitCode::inconclusive);
  ASSERT_TRUE(report.scenarios[0].repeats);
  EXPECT_THAT(*report.scenarios[0].repeats, AllOf(Ge(5U), Le(40U)));
  EXPECT_THAT(
      render_comparison_console(report, false),
      AllOf(HasSubstr("UNKNOWN"), HasSubstr("not enough data"), Not(HasSubstr("NO REGRESSION"))));
}

// One value has no spread: how many repeats would be enough is not guessed from it, however wide or
// narrow its bounds are. What is certain is with how few nothing can be said.
TEST(Compare, OneRunOnEachSideGivesNoNumberThatWouldBeEnough) {
  Recovery coarse;
  coarse.probe_period_ms = 5'000;  // its bounds leave little to see
  Recovery coarser;
  coarser.probe_period_ms = 20'000;
  for (const Recovery& recovery : {Recovery{}, coarse, coarser})
    for (const int count : {1, 2}) {
      const ComparisonReport report = compare(ten_each(recovery, recovery, 1, count));
      const ScenarioComparison& scenario = report.scenarios[0];
      EXPECT_EQ(report.outcome, CompareOutcome::unknown);
      EXPECT_FALSE(scenario.repeats);
      EXPECT_EQ(scenario.repeats_least, 4U);
      const bool wide = recovery.probe_period_ms > 15'000;
      const Text& note = measure_of(scenario, "users cut off").note;
      EXPECT_THAT(note, HasSubstr("at least 4 repeats on each side"));
      EXPECT_THAT(note, wide ? HasSubstr("a higher `rate`") : HasSubstr("seen in their spread"));
      for (const std::string& text :
           {render_comparison_console(report, false), render_comparison_markdown(report),
            render_comparison_html(report), render_comparison_json(report)})
        EXPECT_THAT(text,
                    Not(testing::AnyOf(HasSubstr("would be enough"), HasSubstr("nough would be"))));
      for (const std::string& text : {render_comparison_console(report, false, Language::marked),
                                      render_comparison_markdown(report, Language::marked),
                                      render_comparison_html(report, Language::marked)})
        EXPECT_THAT(mocks::unmarked_words(text), testing::IsEmpty());
      EXPECT_THAT(render_comparison_console(report, false),
                  HasSubstr("needed to say anything: at least 4 repeats on each side"));
    }
}

TEST(Compare, ProbesThatAskTooSeldomAreNotMendedByRepeats) {
  Recovery coarse;
  coarse.probe_period_ms = 20'000;
  const ComparisonReport report = compare(ten_each(coarse, coarse));
  const Measure& outage = measure_of(report.scenarios[0], "users cut off");
  EXPECT_EQ(outage.outcome, CompareOutcome::unknown);
  EXPECT_FALSE(outage.repeats);
  EXPECT_THAT(outage.note, HasSubstr("no number of repeats"));
}

TEST(Compare, OneLostWriteIsARegressionWhenTheBaseLostNone) {
  Sides sides = ten_each({}, {});
  sides.candidate[4].report.rpo.lost = 1;
  const ComparisonReport report = compare(sides);
  EXPECT_EQ(report.outcome, CompareOutcome::regression);
  EXPECT_EQ(measure_of(report.scenarios[0], "acknowledged writes lost").outcome,
            CompareOutcome::regression);
  CompareSettings settings;
  settings.lost_tolerance = 1;
  EXPECT_NE(compare(sides, settings).outcome, CompareOutcome::regression);
}

// Planted: another run in which more may be lost, which hid the loss that is certain.
TEST(Compare, ALossThatIsCertainIsNotHiddenByOneThatIsNot) {
  Sides sides = ten_each({}, {});
  sides.candidate[4].report.rpo.lost = 2;
  sides.candidate[5].report.rpo.unaudited = 100;
  EXPECT_EQ(compare(sides).outcome, CompareOutcome::regression);
  // Nor does a run of the base that lost more for certain hide how much another one may have lost.
  sides = ten_each({}, {});
  sides.base[1].report.rpo.lost = 5;
  sides.base[2].report.rpo.unaudited = 8;
  CompareSettings settings;
  settings.lost_tolerance = 6;
  const ComparisonReport report = compare(sides, settings);
  EXPECT_THAT(measure_of(report.scenarios[0], "acknowledged writes lost").note,
              Not(HasSubstr("none lost")));
}

TEST(Compare, LossOnBothSidesIsAMatterOfNumbers) {
  Sides sides = ten_each({}, {});
  for (std::size_t i = 0; i < 10; ++i) {
    sides.base[i].report.rpo.lost = i;
    sides.candidate[i].report.rpo.lost = i;
  }
  EXPECT_NE(compare(sides).outcome, CompareOutcome::regression);
  for (ComparedRun& run : sides.candidate) run.report.rpo.lost += 100;
  EXPECT_EQ(compare(sides).outcome, CompareOutcome::regression);
}

TEST(Compare, ABrokenInvariantCountsEvenInARunThatDoesNot) {
  Sides sides = ten_each({}, {});
  sides.candidate[0].report.checks[0].verdict = Verdict::fail;
  sides.candidate[0].report.aborted = "DRBD called its split-brain helper";
  const ComparisonReport report = compare(sides);
  EXPECT_EQ(report.outcome, CompareOutcome::regression);
  EXPECT_THAT(report.scenarios[0].reasons,
              Contains(HasSubstr("single-primary: broken in 1 of 10")));
}

// Planted: what DRBD promised is gone, and no measure of the service says so.
TEST(Compare, AcknowledgedBlocksThatTheBaseNeverLostAreARegression) {
  for (const char* name : {"block-loss", "write-order"}) {
    Sides sides = ten_each({}, {}, 1, 14);
    for (auto* side : {&sides.base, &sides.candidate})
      for (ComparedRun& run : *side) run.report.checks.push_back({name, Verdict::pass, "", {}});
    EXPECT_EQ(compare(sides).outcome, CompareOutcome::no_regression);
    sides.candidate[3].report.checks.back().verdict = Verdict::fail;
    sides.candidate[3].report.verdict = RunVerdict::violated;
    const ComparisonReport report = compare(sides);
    EXPECT_EQ(report.outcome, CompareOutcome::regression);
    EXPECT_THAT(report.scenarios[0].reasons,
                Contains(HasSubstr(std::string(name) + ": broken in 1 of 14")));
    // Nobody watched the candidate's blocks.
    for (ComparedRun& run : sides.candidate) run.report.checks.pop_back();
    EXPECT_EQ(compare(sides).outcome, CompareOutcome::unknown);
  }
}

TEST(Compare, RunsThatDoNotCountAreNamedWithTheirReason) {
  Sides sides = ten_each({}, {}, 1, 14);
  sides.base[0].report.aborted = "there is no steady state to disturb, so nothing was touched";
  sides.base[0].report.faults.clear();
  sides.base[1].report.verdict = RunVerdict::inconclusive;
  sides.base[1].report.faults[0].outcome = "not seen";
  sides.candidate[2].report.aborted = "stopped by the user";
  const ComparisonReport report = compare(sides);
  const ScenarioComparison& comparison = report.scenarios[0];
  EXPECT_EQ(comparison.base_runs, 12U);
  EXPECT_EQ(comparison.candidate_runs, 13U);
  EXPECT_THAT(render_comparison_console(report, false),
              AllOf(HasSubstr("base run-0: ended early: there is no steady state"),
                    HasSubstr("base run-1: inconclusive: node.power-off on prod not seen"),
                    HasSubstr("candidate run-2: ended early: stopped by the user")));
  EXPECT_EQ(measure_of(comparison, "users cut off").base.n, 12U);
}

// What ended badly may be the regression itself: leaving it out must not make a pass.
TEST(Compare, ACandidateThatEndsBadlyIsNoPass) {
  const Sides good = ten_each({}, {}, 1, 14);
  ASSERT_EQ(compare(good).outcome, CompareOutcome::no_regression);
  const auto planted = [&good](const auto& defect) {
    Sides sides = good;
    defect(sides.candidate[3]);
    return compare(sides).outcome;
  };
  const CompareOutcome unknown = CompareOutcome::unknown;
  EXPECT_EQ(planted([](ComparedRun& r) { r.report.aborted = "redundancy was not restored"; }),
            unknown);
  EXPECT_EQ(planted([](ComparedRun& r) { r.report.verdict = RunVerdict::dirty; }), unknown);
  EXPECT_EQ(planted([](ComparedRun& r) { r.report.history_truncated = true; }), unknown);
  EXPECT_EQ(planted([](ComparedRun& r) { r.problem = "history: corrupt"; }), unknown);
}

TEST(Compare, AMeasureThatIsMissingIsUnknown) {
  Sides sides = ten_each({}, {}, 1, 14);
  for (ComparedRun& run : sides.candidate) run.report.rto.lower_ms.reset();
  EXPECT_EQ(compare(sides).outcome, CompareOutcome::unknown);
  for (ComparedRun& run : sides.base) run.report.rto.lower_ms.reset();
  EXPECT_EQ(compare(sides).outcome, CompareOutcome::unknown);
  sides = ten_each({}, {}, 1, 14);
  for (ComparedRun& run : sides.candidate) run.report.rto.redundancy_ms.reset();
  EXPECT_EQ(compare(sides).outcome, CompareOutcome::unknown);
  sides = ten_each({}, {}, 1, 14);
  for (ComparedRun& run : sides.candidate) run.report.rpo.acknowledged = 0;
  EXPECT_EQ(compare(sides).outcome, CompareOutcome::unknown);
}

// Half of the candidate's runs know nothing: the other half does not speak for them.
TEST(Compare, AMeasureThatSomeRunsLackIsUnknown) {
  const auto planted = [](const auto& defect) {
    Sides sides = ten_each({}, {}, 1, 28);
    for (std::size_t i = 0; i < 14; ++i) defect(sides.candidate[i].report);
    return compare(sides);
  };
  EXPECT_EQ(planted([](RunReport&) {}).outcome, CompareOutcome::no_regression);
  EXPECT_EQ(planted([](RunReport& r) { r.rto.lower_ms.reset(); }).outcome, CompareOutcome::unknown);
  EXPECT_EQ(planted([](RunReport& r) { r.rto.redundancy_ms.reset(); }).outcome,
            CompareOutcome::unknown);
  const ComparisonReport report = planted([](RunReport& r) { r.rpo.acknowledged = 0; });
  EXPECT_EQ(report.outcome, CompareOutcome::unknown);
  EXPECT_THAT(measure_of(report.scenarios[0], "acknowledged writes lost").note,
              HasSubstr("not measured in 14 of 28 runs"));
}

// Planted: a few that never came back, which no median shows.
TEST(Compare, OneRunThatNeverComesBackIsNoPass) {
  Sides sides = ten_each({}, {}, 1, 14);
  ASSERT_EQ(compare(sides).outcome, CompareOutcome::no_regression);
  const auto never_back = [](ComparedRun& run) {
    run.report.rto.upper_ms.reset();
    run.report.verdict = RunVerdict::violated;
  };
  never_back(sides.candidate[2]);
  const ComparisonReport report = compare(sides);
  EXPECT_EQ(report.outcome, CompareOutcome::unknown);
  EXPECT_THAT(report.scenarios[0].reasons,
              Contains(HasSubstr("without end in 1 of 14 runs, in the base in 0 of 14")));
  // As often as before is no worse.
  never_back(sides.base[7]);
  EXPECT_EQ(compare(sides).outcome, CompareOutcome::no_regression);
}

TEST(Compare, WhatNeverRecoversIsARegression) {
  Sides sides = ten_each({}, {});
  for (ComparedRun& run : sides.candidate) {
    run.report.rto.lower_ms = 300'000;
    run.report.rto.upper_ms.reset();
  }
  const ComparisonReport report = compare(sides);
  EXPECT_EQ(measure_of(report.scenarios[0], "users cut off").outcome, CompareOutcome::regression);
  EXPECT_THAT(render_comparison_console(report, false), HasSubstr("not recovered"));
  const auto json = nlohmann::json::parse(render_comparison_json(report));
  EXPECT_TRUE(json["scenarios"][0]["measures"][0]["shift"]["upper"].is_null());
}

TEST(Compare, NoOutageOnBothSidesIsNoRegression) {
  Sides sides = ten_each({}, {}, 1, 14);
  for (auto* side : {&sides.base, &sides.candidate})
    for (ComparedRun& run : *side) {
      run.report.rto.outage_observed = false;
      run.report.rto.lower_ms = run.report.rto.upper_ms = 0;
    }
  EXPECT_EQ(compare(sides).outcome, CompareOutcome::no_regression);
  for (ComparedRun& run : sides.candidate) {
    run.report.rto.outage_observed = true;
    run.report.rto.lower_ms = 900;
    run.report.rto.upper_ms = 1100;
  }
  EXPECT_EQ(compare(sides).outcome, CompareOutcome::regression);
}

TEST(Compare, DifferencesAroundTheRunsComeFirst) {
  Sides sides = ten_each({}, {});
  for (ComparedRun& run : sides.candidate) {
    run.environment["version: drbd@prod"] = "9.2.12";
    run.environment["node: prod drbd-options r0 options on-no-quorum"] = "io-error";
  }
  const ComparisonReport report = compare(sides);
  const std::string text = render_comparison_console(report, false);
  EXPECT_THAT(text, AllOf(HasSubstr("version: drbd@prod\n      9.2.10 -> 9.2.12"),
                          HasSubstr("not recorded -> io-error")));
  EXPECT_LT(text.find("9.2.12"), text.find("users cut off"));
  EXPECT_NE(report.outcome, CompareOutcome::regression);
}

TEST(Compare, AnotherTestIsNeverAPass) {
  Sides sides = ten_each({}, {}, 1, 14);
  for (ComparedRun& run : sides.candidate) run.environment["scenario: faults.0.hold"] = "5s";
  ASSERT_EQ(compare(sides).outcome, CompareOutcome::unknown);
  EXPECT_THAT(compare(sides).scenarios[0].reasons[0], HasSubstr("not runs of the same test"));
  CompareSettings settings;
  settings.accept_scenario_changes = true;
  EXPECT_EQ(compare(sides, settings).outcome, CompareOutcome::no_regression);
  // Titles and limits change nothing that happens.
  sides = ten_each({}, {}, 1, 14);
  for (ComparedRun& run : sides.candidate) run.environment["scenario: expect.rto_max"] = "5s";
  EXPECT_EQ(compare(sides).outcome, CompareOutcome::no_regression);
}

TEST(Compare, AScenarioThatOneSideLacksIsUnknown) {
  Sides sides = ten_each({}, {}, 1, 14);
  sides.base.push_back(sides.base[0]);
  sides.base.back().report.scenario = "partition";
  const ComparisonReport report = compare(sides);
  ASSERT_THAT(report.scenarios, SizeIs(2));
  EXPECT_EQ(report.outcome, CompareOutcome::unknown);
  EXPECT_THAT(report.scenarios[1].reasons, Contains("the candidate has no run of it"));
  EXPECT_EQ(compare_runs({}, {}, {}).outcome, CompareOutcome::unknown);
}

TEST(Compare, ARegressionBeatsUnknownElsewhere) {
  Sides sides = ten_each({}, mocks::slower({}, 2));
  sides.base.push_back(sides.base[0]);
  sides.base.back().report.scenario = "a-partition";
  EXPECT_EQ(compare(sides).outcome, CompareOutcome::regression);
}

TEST(Compare, EveryRendererSaysTheOutcome) {
  const ComparisonReport report = compare(ten_each({}, mocks::slower({}, 2)));
  EXPECT_THAT(render_comparison_console(report, false), HasSubstr("REGRESSION  users cut off"));
  EXPECT_THAT(render_comparison_markdown(report), HasSubstr("# Comparison: REGRESSION"));
  const auto json = nlohmann::json::parse(render_comparison_json(report));
  EXPECT_EQ(json["outcome"], "regression");
  EXPECT_EQ(json["schema_version"], 1);
  EXPECT_EQ(json["scenarios"][0]["measures"][0]["base"]["n"], 10);
  const std::string html = render_comparison_html(report);
  EXPECT_THAT(html, AllOf(HasSubstr("verdict violated"), HasSubstr("users cut off")));
}

// A number stands with what it is known to within, on every page.
TEST(Compare, ValuesAreShownWithTheirBounds) {
  Sides sides = ten_each({}, {}, 1, 1);
  for (auto* side : {&sides.base, &sides.candidate}) {
    side->front().report.rto.lower_ms = 9'100;
    side->front().report.rto.upper_ms = 9'300;
    side->front().report.rpo.lost = 2;
    side->front().report.rpo.unaudited = 3;
  }
  const ComparisonReport report = compare(sides);
  for (const std::string& text :
       {render_comparison_console(report, false), render_comparison_markdown(report),
        render_comparison_html(report)})
    EXPECT_THAT(text, AllOf(HasSubstr("9.2 s ± 0.1 s"), HasSubstr("2 to 5")));
}

TEST(Compare, TextOfNodesCannotBecomeMarkup) {
  Sides sides = ten_each({}, {});
  for (ComparedRun& run : sides.candidate)
    run.environment["version: x"] = "<script>alert(1)</script>|";
  const ComparisonReport report = compare(sides);
  EXPECT_THAT(render_comparison_html(report), Not(HasSubstr("<script>alert")));
  EXPECT_THAT(render_comparison_markdown(report), HasSubstr("\\|"));
}

TEST(ParseTolerance, TakesShareTimeOrBoth) {
  EXPECT_DOUBLE_EQ(parse_tolerance("10%")->of(2000), 200);
  EXPECT_DOUBLE_EQ(parse_tolerance("2s")->of(1e6), 2000);
  EXPECT_DOUBLE_EQ(parse_tolerance("10%,250ms")->of(1000), 250);
  for (const char* wrong : {"", "10", "fast", "1%,2s,3s", "-1%", "1%,2%", "1s,2s"})
    EXPECT_FALSE(parse_tolerance(wrong)) << wrong;
}

// Both sides with every kind of note: worse, not enough, left out, another test.
TEST(CompareLanguage, EveryReportOfAComparisonCanBeSaidInGerman) {
  std::mt19937_64 random(3);
  std::vector<ComparedRun> base = mocks::recovery_runs({}, random, 6);
  std::vector<ComparedRun> candidate = mocks::recovery_runs(mocks::slower({}, 2), random, 6);
  candidate[0].report.aborted = "stopped by the user";
  candidate[1].report.history_truncated = true;
  candidate[2].environment["scenario: faults.0.hold"] = "90s";
  candidate[3].report.rpo.lost = 2;
  for (const std::size_t few : {std::size_t{6}, std::size_t{1}, std::size_t{0}}) {
    base.resize(std::max<std::size_t>(few, 1));
    // Probes that ask too seldom, on both sides.
    for (std::vector<ComparedRun>* side : {&base, &candidate})
      for (ComparedRun& run : *side)
        if (few == 0 && run.report.rto.lower_ms && run.report.rto.upper_ms)
          *run.report.rto.upper_ms += 60'000;
    ComparisonReport report = compare_runs(base, candidate, {});
    report.base = "runs/base";
    report.candidate = "runs/candidate";
    const auto all = [&report](Language language) {
      return std::vector<std::string>{render_comparison_console(report, false, language),
                                      render_comparison_markdown(report, language),
                                      render_comparison_html(report, language)};
    };
    for (const std::string& text : all(Language::marked))
      EXPECT_THAT(mocks::unmarked_words(text), testing::IsEmpty());
    EXPECT_THAT(all(Language::german)[2], testing::HasSubstr("<html lang=\"de\">"));
    EXPECT_THAT(all(Language::german)[0], testing::HasSubstr("vorzeitig beendet: vom Benutzer"));
  }
}

}  // namespace
}  // namespace ernstfall
