// suite_report_test: suites on disk, made of runs that never happened: repeats and a threshold are
// recomputed from raw files, planted outcomes are found, and what proves nothing does not count.
#include "reports/suite_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/core/files.h"
#include "harness/core/text.h"
#include "harness/core/units.h"
#include "harness/suite/levels.h"
#include "harness/suite/suite.h"
#include "reports/comparison_sides.h"
#include "reports/render.h"
#include "reports/text_width.h"
#include "reports/threshold_comparison.h"
#include "tests/mocks/marked_words.h"
#include "tests/mocks/page_scripts.h"
#include "tests/mocks/run_folder.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::SizeIs;

const Catalogue& suite_catalogue() {
  static const Catalogue kCatalogue = [] {
    Catalogue catalogue;
    catalogue.faults.push_back(
        {"node.power-off", "", {{"level", ParamValue::Kind::percent, "1%", false, ""}}, true});
    catalogue.loads.push_back({"ledger.webdav", "", {}, false});
    return catalogue;
  }();
  return kCatalogue;
}

class SuiteFolders : public testing::Test {
 protected:
  void begin(bool threshold) {
    scenario_ = mocks::kill_prod_scenario(false);
    scenario_.repeat = {3, 6};
    if (threshold) {
      scenario_.repeat = {};
      Threshold search;
      search.vary = "level";
      search.from = parse_param(ParamValue::Kind::percent, "0%").value();
      search.to = parse_param(ParamValue::Kind::percent, "64%").value();
      search.resolution = "1%";
      search.step = 1;
      search.settle = Nanos(0);
      scenario_.threshold = search;
      scenario_.faults[0].params["level"] = search.from;
    }
    auto folder =
        create_suite_folder(root_.path(), mocks::two_node_cluster(), scenario_, 71, "0.1");
    ASSERT_TRUE(folder) << to_string(folder.error());
    folder_ = *folder;
  }

  // A whole run folder whose service came back at `up_s`; the cut is at 20 s, 60 s are allowed.
  std::string write_run(const Scenario& once, double up_s) {
    mocks::SyntheticRun run = mocks::kill_prod({.rate_hz = 5, .service_up_s = up_s});
    run.scenario = once;
    const std::string id = "run-" + std::to_string(++made_);
    mocks::write_run_folder(folder_ / id, run, "2026-11-23T03:12:05Z");
    return id;
  }

  // Runs the suite with runs whose service comes back at up_s(level).
  void go(const std::function<double(double level)>& up_s) {
    SuiteHooks hooks;
    hooks.run = [&](const Scenario& once, const SuiteStep& step) -> Result<SuiteRun> {
      const double level = step.level.empty() ? 0 : parse_percent(step.level).value_or(-1);
      SuiteRun run;
      run.folder = write_run(once, up_s(level));
      const auto loaded = load_run(folder_ / run.folder, suite_catalogue());
      EXPECT_TRUE(loaded) << to_string(loaded.error());
      if (!loaded) return tl::unexpected(loaded.error());
      const Trial trial = judge_trial(loaded->report, loaded->history,
                                      scenario_.threshold ? &*scenario_.threshold : nullptr);
      run.outcome = trial.outcome;
      run.why = trial.why.english();
      return run;
    };
    hooks.clear = [this] { return clear_answer(load()); };
    const auto state = run_suite(folder_, scenario_, hooks, {});
    EXPECT_TRUE(state) << to_string(state.error());
  }

  SuiteReport load() {
    auto report = load_suite(folder_, suite_catalogue());
    EXPECT_TRUE(report) << to_string(report.error());
    return report.value_or(SuiteReport{});
  }

  testing_support::TempFolder root_;
  fs::path folder_;
  Scenario scenario_;
  int made_ = 0;
};

TEST_F(SuiteFolders, RepeatsAreCountedAndEndWhenTheyAreClear) {
  begin(false);
  go([](double) { return 60; });
  const SuiteReport report = load();
  EXPECT_EQ(report.held, 5U) << report.runs.at(0).why;
  EXPECT_EQ(report.broke, 0U);
  EXPECT_THAT(report.end, HasSubstr("the answer is clear after 5 runs"));
  EXPECT_EQ(exit_code_for(report), ExitCode::pass);
  ASSERT_THAT(report.measures, Not(IsEmpty()));
  EXPECT_EQ(report.measures[0].values.n, 5U);
  EXPECT_NEAR(report.measures[0].values.median->middle(), 40'000, 500);
  EXPECT_TRUE(report.measures[0].median_interval);
}

TEST_F(SuiteFolders, BothOutcomesAreNeverClear) {
  begin(false);
  go([this](double) { return made_ % 2 == 0 ? 60 : 120; });
  const SuiteReport report = load();
  EXPECT_EQ(report.held + report.broke, 6U);
  EXPECT_EQ(report.end, kSuiteComplete);
  EXPECT_EQ(exit_code_for(report), ExitCode::violated);
  EXPECT_THAT(render_suite_console(report, false),
              AllOf(HasSubstr("MIXED"), HasSubstr("both outcomes")));
}

TEST_F(SuiteFolders, TimesFarApartAreNotClear) {
  begin(false);
  go([this](double) { return 40 + 6.0 * made_; });
  EXPECT_EQ(load().held + load().broke, 6U);
}

TEST_F(SuiteFolders, AThresholdIsFoundAndItsReportIsMadeAgainFromRawFiles) {
  begin(true);
  go([](double level) { return level >= 23 ? 120 : 60; });
  const SuiteReport report = load();
  ASSERT_TRUE(report.threshold);
  const SearchResult& result = report.threshold->result;
  ASSERT_EQ(result.end, SearchEnd::found) << report.runs.at(0).why;
  EXPECT_EQ(report.threshold->levels[*result.held].text, "22%");
  EXPECT_EQ(report.threshold->levels[*result.failed].text, "23%");
  EXPECT_TRUE(result.confirmed);
  EXPECT_LE(report.runs.size(), 15U);
  EXPECT_EQ(exit_code_for(report), ExitCode::pass);
  // The outcomes in the log are not believed: they are judged again from the histories.
  const std::string before = render_suite_json(report);
  std::string log = *read_file(folder_ / kSuiteLogName);
  for (std::size_t at = 0; (at = log.find("\"broke\"", at)) != std::string::npos;)
    log.replace(at, 7, "\"held\"");
  ASSERT_TRUE(write_file_atomic(folder_ / kSuiteLogName, log));
  EXPECT_EQ(render_suite_json(load()), before);
  ASSERT_TRUE(write_suite_reports(folder_, report));
  for (const char* name : {"threshold.json", "threshold.md", "threshold.html"})
    EXPECT_TRUE(fs::exists(folder_ / name)) << name;
  const auto parsed = nlohmann::json::parse(before);
  EXPECT_EQ(parsed["threshold"]["last_held"]["level"], "22%");
  EXPECT_EQ(parsed["threshold"]["monotonic"], true);
  EXPECT_THAT(render_suite_console(report, false), HasSubstr("level: held at 22%, failed at 23%"));
  EXPECT_THAT(render_suite_html(report), AllOf(HasSubstr("id=\"curve\""), HasSubstr("uPlot")));
  for (const Language language : {Language::english, Language::german})
    EXPECT_THAT(mocks::run_page_scripts(render_suite_html(report, language)),
                MatchesRegex("2 charts, [1-9][0-9]* points, [0-9]+ alone, [0-9]+ gaps"));
}

TEST_F(SuiteFolders, AServiceThatNeverOrAlwaysBreaksIsSaidAndIsNotZero) {
  begin(true);
  go([](double) { return 60; });
  SuiteReport report = load();
  EXPECT_EQ(report.threshold->result.end, SearchEnd::never_broke);
  auto parsed = nlohmann::json::parse(render_suite_json(report));
  EXPECT_TRUE(parsed["threshold"]["first_failed"].is_null());
  EXPECT_THAT(render_suite_markdown(report), HasSubstr("never broke; it still held at 64%"));
  begin(true);
  go([](double) { return 120; });
  report = load();
  EXPECT_EQ(report.threshold->result.end, SearchEnd::always_broke);
  parsed = nlohmann::json::parse(render_suite_json(report));
  EXPECT_TRUE(parsed["threshold"]["last_held"].is_null());
  EXPECT_EQ(exit_code_for(report), ExitCode::violated);
  EXPECT_THAT(render_suite_markdown(report), HasSubstr("broke already at 0%"));
}

TEST_F(SuiteFolders, AFlappingServiceIsNoisy) {
  begin(true);
  go([this](double) { return made_ % 3 == 1 ? 120 : 60; });
  const SuiteReport report = load();
  EXPECT_EQ(report.threshold->result.end, SearchEnd::noisy);
  EXPECT_EQ(exit_code_for(report), ExitCode::inconclusive);
  EXPECT_THAT(render_suite_console(report, false),
              testing::AnyOf(HasSubstr("both held and broke"), HasSubstr("Not monotonic")));
}

TEST_F(SuiteFolders, BrokenIsAlsoWhatGoesBeyondTheLimitsOfTheThreshold) {
  begin(true);
  Scenario once = scenario_at(scenario_, scenario_.threshold->to);
  const auto run = load_run(folder_ / write_run(once, 60), suite_catalogue());
  ASSERT_TRUE(run) << to_string(run.error());
  Threshold limits = *scenario_.threshold;
  EXPECT_EQ(judge_trial(run->report, run->history, &limits).outcome, TrialOutcome::held);
  limits.error_rate_percent = 5;
  const Trial rate = judge_trial(run->report, run->history, &limits);
  EXPECT_EQ(rate.outcome, TrialOutcome::broke);
  EXPECT_THAT(rate.why, HasSubstr("answers were bad; more than 5 % is broken"));
  limits.error_rate_percent.reset();
  limits.latency = std::chrono::milliseconds(1);
  EXPECT_THAT(judge_trial(run->report, run->history, &limits).why, HasSubstr("p99"));
  limits.latency = std::chrono::seconds(10);
  EXPECT_EQ(judge_trial(run->report, run->history, &limits).outcome, TrialOutcome::held);
}

TEST_F(SuiteFolders, WhatProvesNothingDoesNotCount) {
  begin(false);
  const auto run = load_run(folder_ / write_run(scenario_once(scenario_), 60), suite_catalogue());
  ASSERT_TRUE(run);
  const auto judged = [&run](const std::function<void(RunReport&)>& plant) {
    RunReport report = run->report;
    plant(report);
    return judge_trial(report, run->history, nullptr).outcome;
  };
  EXPECT_EQ(judged([](RunReport&) {}), TrialOutcome::held);
  EXPECT_EQ(judged([](RunReport& r) { r.verdict = RunVerdict::dirty; }), TrialOutcome::unclear);
  EXPECT_EQ(judged([](RunReport& r) { r.verdict = RunVerdict::inconclusive; }),
            TrialOutcome::unclear);
  EXPECT_EQ(judged([](RunReport& r) { r.history_truncated = true; }), TrialOutcome::unclear);
  EXPECT_EQ(judged([](RunReport& r) {
              r.aborted = "stopped by the user";
              r.verdict = RunVerdict::violated;
            }),
            TrialOutcome::unclear);
  EXPECT_EQ(judged([](RunReport& r) {
              r.aborted = "the service was down for 20 s";
              r.verdict = RunVerdict::violated;
            }),
            TrialOutcome::broke);
}

TEST_F(SuiteFolders, ARunThatIsGoneIsUnclearNotHeld) {
  begin(false);
  go([](double) { return 60; });
  fs::remove_all(folder_ / "run-2" / "history");
  const SuiteReport report = load();
  EXPECT_EQ(report.held, 4U);
  EXPECT_THAT(report.runs[1].why, HasSubstr("not readable"));
}

// Planted: files that were changed after the search.
TEST_F(SuiteFolders, ASearchWhoseScenarioWasChangedIsNoSearch) {
  begin(true);
  go([](double level) { return level >= 23 ? 120 : 60; });
  ASSERT_EQ(load().threshold->result.end, SearchEnd::found);
  // Another hold: the trials are of another fault.
  Scenario changed = scenario_;
  changed.faults[0].hold += std::chrono::seconds(60);
  ASSERT_TRUE(write_file_atomic(folder_ / "scenario.yaml", dump_scenario(changed)));
  const SuiteReport other = load();
  EXPECT_EQ(other.threshold->result.end, SearchEnd::open);
  EXPECT_FALSE(other.threshold->result.held);
  EXPECT_THAT(other.runs[0].why, HasSubstr("another scenario"));
  // Other levels: what broke between them would be gone.
  changed = scenario_;
  changed.threshold->resolution = "3%";
  changed.threshold->step = 3;
  ASSERT_TRUE(write_file_atomic(folder_ / "scenario.yaml", dump_scenario(changed)));
  const auto report = load_suite(folder_, suite_catalogue());
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Errc::usage);
  EXPECT_THAT(to_string(report.error()),
              MatchesRegex(".*scenario.yaml:[0-9]+:[0-9]+: threshold: "
                           "run [0-9]+ was made at .*none of its levels.*"));
  const auto resumed = run_suite(folder_, changed, {}, {});
  ASSERT_FALSE(resumed);
  EXPECT_EQ(resumed.error().code, Errc::usage);
}

// Planted: the folder of one level under the name of another.
TEST_F(SuiteFolders, ATrialOfAnotherLevelIsNoTrialOfThisOne) {
  begin(true);
  go([](double level) { return level >= 23 ? 120 : 60; });
  fs::rename(folder_ / "run-2", folder_ / "x");
  fs::rename(folder_ / "run-3", folder_ / "run-2");
  fs::rename(folder_ / "x", folder_ / "run-3");
  const SuiteReport report = load();
  for (const std::size_t i : {1U, 2U}) {
    EXPECT_EQ(report.runs[i].outcome, TrialOutcome::unclear);
    EXPECT_THAT(report.runs[i].why, HasSubstr("another scenario"));
  }
  EXPECT_EQ(report.runs[0].outcome, TrialOutcome::held);
}

void expect_german(const SuiteReport& report) {
  const auto all = [&report](Language language) {
    return std::vector<std::string>{render_suite_console(report, false, language),
                                    render_suite_markdown(report, language),
                                    render_suite_html(report, language)};
  };
  for (const std::string& text : all(Language::marked))
    EXPECT_THAT(mocks::unmarked_words(text), IsEmpty());
  EXPECT_THAT(all(Language::german)[2],
              AllOf(HasSubstr("<html lang=\"de\">"), HasSubstr("Benutzer abgeschnitten")));
  for (const std::string& line : split(all(Language::german)[0], '\n'))
    EXPECT_LE(display_width(line), 80U) << line;
}

TEST_F(SuiteFolders, RepeatsCanBeReportedInGerman) {
  begin(false);
  go([this](double) { return made_ % 2 == 0 ? 60 : 120; });
  expect_german(load());
}

TEST_F(SuiteFolders, AThresholdCanBeReportedInGerman) {
  begin(true);
  go([](double level) { return level >= 23 ? 120 : 60; });
  expect_german(load());
}

TEST_F(SuiteFolders, ASuiteIsASideOfAComparison) {
  begin(false);
  go([](double) { return 60; });
  const auto side = read_side({folder_}, suite_catalogue());
  ASSERT_TRUE(side) << to_string(side.error());
  EXPECT_THAT(*side, SizeIs(5));
  for (const ComparedRun& run : *side) {
    EXPECT_EQ(run.problem, "");
    EXPECT_EQ(run.report.scenario, "kill-prod");
  }
}

// A repetition that failed must not be hidden by the folder that it lies in.
TEST_F(SuiteFolders, RepeatsInAFolderOfRunsCountAndTrialsDoNot) {
  begin(false);
  go([](double) { return 60; });
  const auto side = read_side({root_.path()}, suite_catalogue());
  ASSERT_TRUE(side) << to_string(side.error());
  EXPECT_THAT(*side, SizeIs(5));
  EXPECT_EQ(read_side({root_.path(), folder_}, suite_catalogue()).error().code, Errc::usage);
  // Of which kind it is nobody knows any more: its runs might be trials.
  ASSERT_TRUE(write_file_atomic(folder_ / "suite.jsonl", "{\n"));
  EXPECT_FALSE(read_side({root_.path()}, suite_catalogue()));
}

TEST_F(SuiteFolders, ASearchIsComparedByItsLevelsNotByItsRuns) {
  begin(true);
  EXPECT_EQ(read_side({root_.path()}, suite_catalogue()).error().code, Errc::usage);
  EXPECT_TRUE(is_threshold_folder(folder_));
  EXPECT_FALSE(is_threshold_folder(root_.path()));
  const auto up = [](double level) { return level < 40 ? 60 : 200; };
  go(up);
  const auto search = read_threshold(folder_, suite_catalogue());
  ASSERT_TRUE(search) << to_string(search.error());
  EXPECT_EQ(search->environments.size(), search->report.runs.size());
  for (const Environment& environment : search->environments)
    EXPECT_EQ(environment.at("scenario: threshold.vary"), "level");
  ComparisonReport report;
  ASSERT_TRUE(compare_thresholds({*search}, {*search}, report));
  EXPECT_THAT(report.scenarios.at(0).environment, IsEmpty()) << "each run has another level";
  // Planted: the same search on both sides, by another path, or copied.
  const fs::path link = root_.path() / "link";
  const fs::path copy = root_.path() / "copy";
  fs::create_directory_symlink(folder_, link);
  fs::copy(folder_, copy, fs::copy_options::recursive);
  for (const fs::path& path : {folder_, link, copy}) {
    const auto same = read_threshold(path, suite_catalogue());
    ASSERT_TRUE(same) << to_string(same.error());
    const Status refused = check_sides_differ({{}, {*search}}, {{}, {*same}});
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().code, Errc::usage);
    EXPECT_THAT(to_string(refused.error()), HasSubstr("this search is on both sides"));
  }
  auto another = *search;
  another.folder = root_.path().string();
  another.report.started_utc = "2026-11-24T03:12:05.123Z";
  EXPECT_TRUE(check_sides_differ({{}, {*search}}, {{}, {another}}));
  EXPECT_EQ(report.outcome, CompareOutcome::no_regression) << report.scenarios.at(0).reasons.at(0);
}

TEST(MedianInterval, IsTheSignTests) {
  const auto exactly = [](std::initializer_list<double> values) {
    std::vector<Bounds> bounds;
    for (const double value : values) bounds.push_back({value, value});
    return bounds;
  };
  EXPECT_FALSE(median_interval(exactly({1, 2, 3, 4}), 0.9)) << "1 - 2/16 is less than 0.9";
  const auto five = median_interval(exactly({5, 1, 4, 2, 3}), 0.9);
  ASSERT_TRUE(five);
  EXPECT_EQ(five->lower, 1);
  EXPECT_EQ(five->upper, 5);
  const auto ten = median_interval(exactly({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}), 0.95);
  ASSERT_TRUE(ten);  // tables: the 2nd and the 9th, 97.9 %
  EXPECT_EQ(ten->lower, 2);
  EXPECT_EQ(ten->upper, 9);
  EXPECT_FALSE(median_interval({}, 0.9));
}

}  // namespace
}  // namespace ernstfall
