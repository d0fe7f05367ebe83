// start_skew_run_test: targets of one step begin together, whatever their clocks say and however
// long a command takes to start there; and one that does not is seen.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/checks/run_facts.h"
#include "tests/mocks/sim_injection.h"

namespace ernstfall {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

Scenario cut_off(const std::string& on) {
  Scenario scenario;
  FaultStep step;
  step.fault = "net.isolate";
  step.on = on;
  scenario.faults = {step};
  return scenario;
}

class StartSkewRun : public ::testing::Test {
 protected:
  StartSkewRun() {
    sim_.cluster.disposable = true;
    for (Node& node : sim_.cluster.nodes) node.address = "192.0.2.1";
  }
  std::vector<StartSkew> run(const sim::SimClock& prod, const sim::SimClock& mirror,
                             const std::string& on = "prod,mirror") {
    sim::keep_time(sim_["prod"], prod);
    sim::keep_time(sim_["mirror"], mirror);
    sim::SimInjection injection(sim_);
    EXPECT_THAT(injection.run(cut_off(on)), IsEmpty());
    facts_ = read_facts(injection.history());
    return start_skews(facts_);
  }
  sim::SimCluster sim_{{"prod", "mirror"}};
  RunFacts facts_;
};

constexpr std::int64_t kHourNs = 3'600'000'000'000;

TEST_F(StartSkewRun, NeitherTheirClocksNorTheTimeToStartAProcessMakesASkew) {
  const auto skews = run({kHourNs, 0ms, 5ms}, {-kHourNs, 0ms, 40ms});
  ASSERT_EQ(skews.size(), 1U);
  EXPECT_TRUE(skews[0].by_nodes);
  EXPECT_THAT(skews[0].nodes, ElementsAre("prod", "mirror"));
  // Half of 5 ms and half of 40 ms, and what a loaded machine adds.
  EXPECT_LT(skews[0].uncertainty_ns, 80'000'000);
  EXPECT_LT(skews[0].skew_ns - skews[0].uncertainty_ns, 20'000'000);
}

// Planted defect.
TEST_F(StartSkewRun, ATargetThatIsAHundredMillisecondsLateShowsUp) {
  const auto skews = run({0, 0ms, 1ms}, {kHourNs, 100ms, 1ms});
  ASSERT_EQ(skews.size(), 1U);
  EXPECT_TRUE(skews[0].by_nodes);
  EXPECT_GE(skews[0].skew_ns + skews[0].uncertainty_ns, 100'000'000);
  EXPECT_GT(skews[0].skew_ns - skews[0].uncertainty_ns, 20'000'000) << "surely over the goal";
}

TEST_F(StartSkewRun, TheEffectCountsFromItsBeginAndNotFromOurCommand) {
  run({0, 0ms, 1ms}, {0, 100ms, 1ms});
  ASSERT_EQ(facts_.faults.size(), 2U);
  EXPECT_EQ(facts_.faults[1].effect_from, facts_.faults[1].begun_from);
  EXPECT_GT(*facts_.faults[1].effect_from, *facts_.faults[0].begun_from);
}

// Planted defect: a node whose scripts do not say when they began, and one without `date`.
TEST_F(StartSkewRun, WithoutANodesWordItIsKnownOnlyBetweenCommandAndReturn) {
  sim::keep_time(sim_["prod"], {0, 0ms, 1ms});
  sim::keep_time(sim_["mirror"], {0, 0ms, 1ms});
  sim_["mirror"].answer = [](const RemoteCommand&) {
    ExecResult result;
    result.exit_code = 127;
    return result;
  };
  sim::SimInjection injection(sim_);
  EXPECT_THAT(injection.run(cut_off("prod,mirror")), IsEmpty());
  const auto skews = start_skews(read_facts(injection.history()));
  ASSERT_EQ(skews.size(), 1U);
  EXPECT_FALSE(skews[0].by_nodes);
}

TEST_F(StartSkewRun, OneTargetIsNotAskedForItsClockAndHasNoSkew) {
  EXPECT_THAT(run({0, 0ms, 1ms}, {0, 0ms, 1ms}, "prod"), IsEmpty());
  EXPECT_THAT(sim_["prod"].log, ::testing::Not(::testing::Contains("date +%s%N")));
}

}  // namespace
}  // namespace ernstfall
