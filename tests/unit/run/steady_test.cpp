// steady_test: a fault meets the service in its steady state, or is not made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/mocks/sim_injection.h"

namespace ernstfall {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using namespace std::chrono_literals;

class SteadyRun : public ::testing::Test {
 protected:
  SteadyRun() {
    sim_.cluster.disposable = true;
    for (Node& node : sim_.cluster.nodes) {
      node.address = "192.0.2.1";
      sim::keep_time(sim_[node.name], {0, 0ms, 1ms});
    }
    FaultStep step;
    step.fault = "net.isolate";
    step.on = "prod";
    scenario_.faults = {step};
  }
  std::vector<std::string> kinds_of(const History& history) {
    std::vector<std::string> kinds;
    for (const Event& event : history.events) kinds.push_back(event.kind);
    return kinds;
  }
  sim::SimCluster sim_{{"prod", "mirror"}};
  Scenario scenario_;
};

TEST_F(SteadyRun, AskedOnceAfterThePreparationAndBeforeTheFault) {
  scenario_.faults.front().repeat = 2;
  sim::SimInjection injection(sim_);
  int asked = 0;
  std::size_t scripts_before = 0;
  injection.steady = [&] {
    ++asked;
    scripts_before = sim_["prod"].log.size();
    return Steady{};
  };
  EXPECT_THAT(injection.run(scenario_), IsEmpty());
  EXPECT_EQ(asked, 1);
  EXPECT_GT(scripts_before, 0U) << "the dead-man is armed by then";
  EXPECT_THAT(kinds_of(injection.history()), Contains(std::string(kinds::kFaultConfirmed)));
}

// Planted defect: the service does not come back to its steady state.
TEST_F(SteadyRun, WithoutASteadyStateNothingIsTouchedAndTheDeadManIsGone) {
  sim::SimInjection injection(sim_);
  injection.steady = [] { return Steady{"the service did not come back to its steady state"}; };
  EXPECT_THAT(injection.run(scenario_), ElementsAre(HasSubstr("did not come back")));
  const std::vector<std::string> kinds = kinds_of(injection.history());
  EXPECT_THAT(kinds, Not(Contains(std::string(kinds::kFaultApplied))));
  EXPECT_THAT(kinds, Contains(std::string(kinds::kFaultUndone)));
  EXPECT_THAT(injection.progress.warnings(), IsEmpty()) << "not dirty";
}

}  // namespace
}  // namespace ernstfall
