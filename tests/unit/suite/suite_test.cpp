// suite_test: the loop over the runs of a suite with simulated runs: what counts, when it ends,
// that it goes on after a stop, a kill and a cut line, and thresholds of simulated services.
#include "harness/suite/suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "harness/suite/levels.h"
#include "tests/mocks/shipped_catalogue.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using testing_support::TempFolder;

constexpr const char* kThreshold = R"(title: the home link is far away
faults:
  - {fault: net.delay, on: prod, hold: 1s, with: {from: mirror}}
probes: []
threshold: {vary: delay, from: 10ms, to: 1s, resolution: 10%, scale: log, repeat: 3, settle: 0s}
)";

class Suite : public ::testing::Test {
 protected:
  void begin(const std::string& yaml) {
    auto parsed = parse_scenario(yaml, "far.yaml", testing_support::shipped_catalogue());
    ASSERT_TRUE(parsed) << to_string(parsed.error());
    scenario_ = std::move(*parsed);
    auto cluster = load_cluster("tests/golden/good/cluster.yaml");
    ASSERT_TRUE(cluster);
    auto folder = create_suite_folder(runs_.path(), *cluster, scenario_, 7, "0");
    ASSERT_TRUE(folder) << to_string(folder.error());
    folder_ = *folder;
    hooks_.run = [this](const Scenario& scenario, const SuiteStep&) -> Result<SuiteRun> {
      last_ = scenario;
      SuiteRun run;
      run.folder = "run-" + std::to_string(++runs_made_);
      fs::create_directory(folder_ / run.folder);
      (void)write_file_atomic(folder_ / run.folder / "meta.json", "{}");
      answer_(run);
      return run;
    };
  }
  void begin_repeat(const std::string& repeat) {
    begin("title: t\nfaults: []\nprobes: []\nrepeat: " + repeat + "\n");
  }
  SuiteState go() {
    auto state = run_suite(folder_, scenario_, hooks_, stop_.get_token());
    EXPECT_TRUE(state) << to_string(state.error());
    return state.value_or(SuiteState{});
  }
  double level() const { return last_.faults.at(0).params.at("delay").number; }
  SearchResult found() const {
    const auto levels = threshold_levels(*scenario_.threshold).value();
    return search_of(read_suite(folder_).value(), *scenario_.threshold, levels).value().result();
  }

  TempFolder runs_;
  fs::path folder_;
  Scenario scenario_;
  Scenario last_;
  SuiteHooks hooks_;
  std::stop_source stop_;
  int runs_made_ = 0;
  std::function<void(SuiteRun&)> answer_ = [](SuiteRun& run) { run.outcome = TrialOutcome::held; };
};

TEST_F(Suite, RepeatsUntilSoManyCount) {
  begin_repeat("4");
  answer_ = [this](SuiteRun& run) {
    run.outcome = runs_made_ == 2 ? TrialOutcome::unclear : TrialOutcome::held;
    if (runs_made_ == 2) run.why = "there was no steady state";
  };
  const SuiteState state = go();
  EXPECT_EQ(state.end, kSuiteComplete);
  EXPECT_THAT(state.runs, SizeIs(5));
  EXPECT_EQ(counted_runs(state), 4);
  EXPECT_EQ(state.runs[1].why, "there was no steady state");
  EXPECT_FALSE(last_.is_suite());
  EXPECT_TRUE(is_suite_folder(folder_));
  EXPECT_TRUE(fs::equivalent(runs_.path() / "latest", folder_));
}

TEST_F(Suite, EndsInBetweenWhenTheAnswerIsClear) {
  begin_repeat("3..10");
  hooks_.clear = [this] { return runs_made_ >= 5 ? std::string("all the same") : std::string(); };
  EXPECT_EQ(go().end, "all the same");
  EXPECT_EQ(runs_made_, 5);
}

TEST_F(Suite, AFixedNumberIsNotEndedEarly) {
  begin_repeat("6");
  hooks_.clear = [] { return std::string("all the same"); };
  EXPECT_EQ(go().end, kSuiteComplete);
  EXPECT_EQ(runs_made_, 6);
}

TEST_F(Suite, GivesUpOnASickCluster) {
  begin_repeat("10");
  answer_ = [](SuiteRun& run) {
    run.folder.clear();
    run.why = "mirror: not UpToDate";
  };
  EXPECT_THAT(go().end,
              HasSubstr("3 runs in a row do not count, the last one: mirror: not UpToDate"));
  EXPECT_EQ(runs_made_, 3);
}

TEST_F(Suite, ADirtyRunEndsItAtOnce) {
  begin_repeat("10");
  answer_ = [this](SuiteRun& run) { run.dirty = runs_made_ == 2; };
  EXPECT_THAT(go().end, HasSubstr("run-2 is dirty"));
  EXPECT_EQ(runs_made_, 2);
}

TEST_F(Suite, StopsCleanlyAndGoesOn) {
  begin_repeat("5");
  answer_ = [this](SuiteRun& run) {
    run.outcome = TrialOutcome::held;
    if (runs_made_ != 3) return;
    stop_.request_stop();
    run.outcome = TrialOutcome::unclear;
    run.interrupted = true;
  };
  EXPECT_EQ(go().end, kSuiteStopped);
  EXPECT_EQ(read_suite(folder_)->end, kSuiteStopped);
  EXPECT_EQ(runs_made_, 3);
  stop_ = std::stop_source();
  const SuiteState state = go();
  EXPECT_EQ(state.end, kSuiteComplete);
  EXPECT_EQ(counted_runs(state), 5);
  EXPECT_EQ(runs_made_, 6) << "the stopped run is made again, the others are not";
}

// Killed in the middle of a run: its line is there, perhaps half of the next one, and a run folder
// that no line names.
TEST_F(Suite, GoesOnAfterAKill) {
  begin_repeat("3");
  hooks_.run = [this](const Scenario&, const SuiteStep&) -> Result<SuiteRun> {
    if (++runs_made_ == 2) return fail(Errc::internal, "killed");
    SuiteRun run;
    run.folder = "run-" + std::to_string(runs_made_);
    run.outcome = TrialOutcome::held;
    return run;
  };
  ASSERT_FALSE(run_suite(folder_, scenario_, hooks_, {}));
  fs::create_directory(folder_ / "lost");
  ASSERT_TRUE(write_file_atomic(folder_ / "lost" / "meta.json", "{}"));
  ASSERT_TRUE(write_file_atomic(folder_ / kSuiteLogName,
                                *read_file(folder_ / kSuiteLogName) + R"({"kind":"run-e)"));
  const SuiteState state = go();
  EXPECT_EQ(state.end, kSuiteComplete);
  EXPECT_EQ(counted_runs(state), 3);
  ASSERT_THAT(state.runs, SizeIs(4));
  EXPECT_EQ(state.runs[1].folder, "lost");
  EXPECT_TRUE(state.runs[1].interrupted);
  EXPECT_EQ(read_suite(folder_)->runs.size(), 4U) << "also as it is read back";
}

TEST_F(Suite, FindsTheDelayAtWhichAServiceBreaks) {
  begin(kThreshold);
  answer_ = [this](SuiteRun& run) {
    run.outcome = level() >= 137e6 ? TrialOutcome::broke : TrialOutcome::held;
  };
  const SuiteState state = go();
  EXPECT_EQ(state.end, kSuiteComplete);
  EXPECT_THAT(last_.name, HasSubstr("far-at-"));
  const auto levels = threshold_levels(*scenario_.threshold).value();
  const SearchResult result = found();
  ASSERT_EQ(result.end, SearchEnd::found);
  EXPECT_TRUE(result.confirmed);
  EXPECT_LT(levels[*result.held].number, 137e6);
  EXPECT_GE(levels[*result.failed].number, 137e6);
  EXPECT_LE(levels[*result.failed].number, levels[*result.held].number * 1.11);
  EXPECT_LE(state.runs.size(),
            2 * std::log2(static_cast<double>(levels.size() - 1)) + scenario_.threshold->repeat);
  EXPECT_THAT(suite_cost(scenario_).value(),
              HasSubstr("delay from 10ms to 1s in 50 levels: at most 14 runs, each of"));
}

TEST_F(Suite, AThresholdStoppedAfterEachRunComesToTheSame) {
  begin(kThreshold);
  answer_ = [this](SuiteRun& run) {
    run.outcome = level() >= 137e6 ? TrialOutcome::broke : TrialOutcome::held;
    stop_.request_stop();
  };
  int sessions = 0;
  while (go().end == kSuiteStopped && ++sessions < 50) stop_ = std::stop_source();
  EXPECT_EQ(found().end, SearchEnd::found);
  EXPECT_LE(runs_made_, 14);
  EXPECT_EQ(sessions, runs_made_);
}

TEST_F(Suite, AFlappingServiceIsReportedAsNoisy) {
  int noisy = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    begin(kThreshold);
    std::mt19937_64 random(seed);
    answer_ = [&random](SuiteRun& run) {
      run.outcome = (random() & 1U) != 0 ? TrialOutcome::broke : TrialOutcome::held;
    };
    go();
    noisy += found().end == SearchEnd::noisy ? 1 : 0;
  }
  EXPECT_GE(noisy, 18);
}

TEST_F(Suite, AThresholdWhoseRunsCannotBeginEnds) {
  begin(kThreshold);
  answer_ = [](SuiteRun& run) { run.folder.clear(); };
  EXPECT_THAT(go().end, HasSubstr("could not begin"));
  EXPECT_EQ(found().end, SearchEnd::incomplete);
  EXPECT_EQ(runs_made_, 3);
}

}  // namespace
}  // namespace ernstfall
