// guards_test: what a run may not do, rule by rule.
#include "harness/run/guards.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/history/kinds.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;

Cluster pair_and_load(bool disposable) {
  Cluster cluster;
  cluster.name = "home";
  cluster.disposable = disposable;
  for (const char* name : {"prod", "mirror", "load"}) {
    Node node;
    node.name = name;
    cluster.nodes.push_back(node);
  }
  cluster.drbd = DrbdConfig{"r0", {"prod", "mirror"}};
  return cluster;
}

PlannedStep step(const std::string& fault, const std::vector<std::string>& nodes,
                 std::optional<Nanos> at = {}) {
  PlannedStep planned;
  planned.step.fault = fault;
  planned.step.at = at;
  for (const std::string& node : nodes) {
    FaultPlan plan;
    plan.fault = fault;
    plan.node = node;
    planned.plans.push_back(plan);
  }
  return planned;
}

std::string refusal(const Status& status) {
  if (status) return "allowed";
  EXPECT_EQ(status.error().code, Errc::refused);
  return status.error().what;
}

TEST(Guards, ARealClusterAllowsOneNodeAtATime) {
  const Cluster cluster = pair_and_load(false);
  EXPECT_TRUE(check_blast_radius({step("net.partition", {"prod"})}, cluster));
  EXPECT_THAT(refusal(check_blast_radius({step("net.partition", {"prod", "load"})}, cluster)),
              HasSubstr("max-nodes"));
}

TEST(Guards, OneAfterTheOtherIsNotAtTheSameTime) {
  const Cluster cluster = pair_and_load(true);
  EXPECT_TRUE(check_blast_radius(
      {step("node.power-off", {"prod"}), step("node.power-off", {"mirror"})}, cluster));
}

TEST(Guards, NeverEveryCopyOfTheDataAtOnce) {
  const Cluster cluster = pair_and_load(true);
  EXPECT_THAT(refusal(check_blast_radius({step("node.power-off", {"prod", "mirror"})}, cluster)),
              HasSubstr("all-copies"));
  EXPECT_THAT(refusal(check_blast_radius({step("node.power-off", {"prod"}),
                                          step("node.crash", {"mirror"}, std::chrono::seconds(5))},
                                         cluster)),
              HasSubstr("all-copies"));
}

TEST(Guards, NeverTheLastQuorum) {
  Cluster cluster = pair_and_load(true);
  cluster.drbd->nodes = {"prod", "mirror", "load"};
  EXPECT_TRUE(check_blast_radius({step("node.power-off", {"prod"})}, cluster));
  EXPECT_THAT(refusal(check_blast_radius({step("node.power-off", {"prod", "load"})}, cluster)),
              HasSubstr("last-quorum"));
}

TEST(Guards, NeverTheLastGoodCopy) {
  const Cluster cluster = pair_and_load(true);
  ClusterState state;
  for (const char* name : {"prod", "mirror"}) {
    state.nodes[name].drbd.emplace();
    state.nodes[name].drbd->volumes[0].disk = "UpToDate";
  }
  EXPECT_TRUE(check_last_copy(step("node.power-off", {"prod"}), state, cluster));
  state.nodes["mirror"].drbd->volumes[0].disk = "Inconsistent";
  EXPECT_THAT(refusal(check_last_copy(step("node.power-off", {"prod"}), state, cluster)),
              HasSubstr("last-good-copy"));
  EXPECT_TRUE(check_last_copy(step("node.power-off", {"mirror"}), state, cluster));
  EXPECT_TRUE(check_last_copy(step("node.power-off", {"load"}), state, cluster));
  state.nodes.erase("mirror");  // not observed is not good
  EXPECT_FALSE(check_last_copy(step("node.power-off", {"prod"}), state, cluster));
}

TEST(Guards, OutsideTheWindowNothingBegins) {
  Cluster cluster = pair_and_load(true);
  std::tm noon{};
  noon.tm_hour = 12;
  EXPECT_TRUE(check_window(cluster, noon));
  cluster.guards.windows = {"02:00-05:00"};
  EXPECT_THAT(refusal(check_window(cluster, noon)), HasSubstr("02:00-05:00"));
  cluster.guards.windows.push_back("11:00-13:00");
  EXPECT_TRUE(check_window(cluster, noon));
}

class StopConditionTest : public ::testing::Test {
 protected:
  void sample(TimeNs at, Outcome outcome) {
    ASSERT_TRUE(board_.append(Sample{source_, at, at, at + 1, outcome, 0, {}}));
  }
  testing_support::TempFolder folder_;
  std::unique_ptr<HistoryWriter> history_ =
      *HistoryWriter::create(folder_.path() / "history", "run", RunClock{});
  LiveBoard board_{*history_};
  SourceId source_ = *board_.define_source({0, "http.get", "http.get", "", 1, 1});
};

TEST_F(StopConditionTest, AServiceThatIsDownForTooLongEndsTheFault) {
  StopConditions conditions;
  conditions.service_down_for = Nanos(100);
  sample(0, Outcome::ok);
  EXPECT_EQ(stop_condition(conditions, board_, 500), "");
  sample(10, Outcome::failed);
  EXPECT_EQ(stop_condition(conditions, board_, 50), "");
  EXPECT_THAT(stop_condition(conditions, board_, 110), HasSubstr("service_down_for"));
  sample(120, Outcome::ok);
  EXPECT_EQ(stop_condition(conditions, board_, 130), "");
}

TEST_F(StopConditionTest, TooManyBadAnswersInAWindowEndTheFault) {
  StopConditions conditions;
  conditions.service_error_rate = ErrorRateCondition{20, Nanos(100)};
  board_.keep_answers(Nanos(100));
  for (TimeNs at = 0; at < 50; at += 10) sample(at, Outcome::failed);
  EXPECT_EQ(stop_condition(conditions, board_, 60), "") << "the window is not full yet";
  for (TimeNs at = 50; at < 200; at += 10) sample(at, Outcome::ok);
  sample(190, Outcome::timeout);
  EXPECT_EQ(stop_condition(conditions, board_, 200), "") << "one of ten; the old ones are out";
  sample(195, Outcome::failed);
  sample(196, Outcome::missed);  // our own fault: not evidence of anything
  sample(197, Outcome::failed);
  EXPECT_THAT(stop_condition(conditions, board_, 200), HasSubstr("service_error_rate"));
  EXPECT_EQ(stop_condition(conditions, board_, 900), "") << "no answer is no error rate";
}

TEST_F(StopConditionTest, DrbdsCallForHelpEndsTheFaultUnlessItIsWanted) {
  StopConditions conditions;
  ASSERT_TRUE(board_.append(
      Event{source_, 1, std::string(kinds::kDrbdLine), "call helper name:r0 helper:split-brain"}));
  EXPECT_THAT(stop_condition(conditions, board_, 2), HasSubstr("split_brain"));
  conditions.split_brain = false;
  EXPECT_EQ(stop_condition(conditions, board_, 2), "");
}

}  // namespace
}  // namespace ernstfall
