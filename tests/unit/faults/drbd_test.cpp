// drbd_test: on which resources and nodes the faults of DRBD are planned, and where they are
// refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/faults/fault.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;

Cluster drbd_pair() {
  Cluster cluster;
  cluster.name = "pair";
  for (const char* name : {"prod", "mirror", "load"}) {
    Node node;
    node.name = name;
    cluster.nodes.push_back(node);
  }
  cluster.drbd = DrbdConfig{"r0", {"prod", "mirror"}};
  return cluster;
}

Result<FaultPlan> plan_on(const Cluster& cluster, const std::string& node, const std::string& fault,
                          const std::string& resource = "") {
  FaultStep step;
  step.fault = fault;
  step.on = node;
  if (!resource.empty()) step.params["resource"] = {ParamValue::Kind::text, resource, 0};
  return plan_fault({*cluster.find_node(node), "boot-1", &cluster}, step);
}

class DrbdFault : public ::testing::TestWithParam<const char*> {};

TEST_P(DrbdFault, TakesTheClustersResource) {
  Cluster cluster = drbd_pair();
  cluster.disposable = true;
  const auto plan = plan_on(cluster, "mirror", GetParam());
  ASSERT_TRUE(plan) << to_string(plan.error());
  EXPECT_EQ(std::get<ScriptAction>(plan->apply.front()).args.front(), "r0");
  EXPECT_EQ(plan->preconditions.size(), 1U) << "only a whole resource is taken apart";
}

TEST_P(DrbdFault, ANodeThatDoesNotRunItIsAMistake) {
  Cluster cluster = drbd_pair();
  cluster.disposable = true;
  const auto plan = plan_on(cluster, "load", GetParam());
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::usage);
  EXPECT_THAT(plan.error().what, HasSubstr("prod, mirror"));
}

TEST_P(DrbdFault, NeedsOneResource) {
  Cluster cluster = drbd_pair();
  cluster.disposable = true;
  for (const char* name : {"all", "-f", "r0 r1", "r0;reboot"}) {
    const auto plan = plan_on(cluster, "mirror", GetParam(), name);
    ASSERT_FALSE(plan) << name;
    EXPECT_EQ(plan.error().code, Errc::usage) << name;
  }
  cluster.drbd.reset();
  const auto plan = plan_on(cluster, "mirror", GetParam());
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::usage);
  EXPECT_TRUE(plan_on(cluster, "mirror", GetParam(), "r7"));
}

TEST_P(DrbdFault, NeverForcesOrDiscardsToGetBack) {
  Cluster cluster = drbd_pair();
  cluster.disposable = true;
  const auto plan = plan_on(cluster, "mirror", GetParam());
  ASSERT_TRUE(plan);
  const auto& undo = std::get<ScriptAction>(plan->undo.front()).script;
  for (const char* word : {"--force", "discard-my-data", "invalidate"})
    EXPECT_THAT(undo, ::testing::Not(HasSubstr(word)));
}

std::string test_name(const ::testing::TestParamInfo<const char*>& instance) {
  std::string name(instance.param);
  for (char& c : name)
    if (c == '.' || c == '-') c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, DrbdFault,
                         ::testing::Values("drbd.disconnect", "drbd.down", "drbd.detach",
                                           "drbd.pause-sync", "drbd.outdate", "drbd.quorum-loss"),
                         test_name);

class DestructiveDrbdFault : public ::testing::TestWithParam<const char*> {};

TEST_P(DestructiveDrbdFault, IsRefusedUnlessTheClusterMayBeDestroyed) {
  Cluster cluster = drbd_pair();
  const auto refused = plan_on(cluster, "mirror", GetParam());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::refused);
  EXPECT_THAT(refused.error().what, HasSubstr("disposable"));
  cluster.disposable = true;
  EXPECT_TRUE(plan_on(cluster, "mirror", GetParam()));
}

TEST_P(DestructiveDrbdFault, IsRefusedWithoutACluster) {
  Node node;
  node.name = "mirror";
  FaultStep step;
  step.fault = GetParam();
  step.params["resource"] = {ParamValue::Kind::text, "r0", 0};
  const auto plan = plan_fault({node, "boot-1"}, step);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::refused);
}

INSTANTIATE_TEST_SUITE_P(All, DestructiveDrbdFault,
                         ::testing::Values("drbd.corrupt", "drbd.force-primary",
                                           "drbd.split-brain"),
                         test_name);

TEST(DrbdSplitBrain, IsForPairsAndLooksAtThePeerToo) {
  Cluster cluster = drbd_pair();
  cluster.disposable = true;
  const auto plan = plan_on(cluster, "mirror", "drbd.split-brain");
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->confirm.size(), 2U);
  EXPECT_EQ(std::get<ScriptSees>(plan->confirm[1]).node, "prod");
  ASSERT_EQ(plan->undo.size(), 2U);
  EXPECT_EQ(std::get<ScriptAction>(plan->undo[0]).node, "mirror");
  EXPECT_EQ(std::get<ScriptAction>(plan->undo[1]).node, "prod");
  // Only the node that is named may lose what it wrote.
  EXPECT_THAT(std::get<ScriptAction>(plan->undo[0]).script, HasSubstr("--discard-my-data"));
  EXPECT_THAT(std::get<ScriptAction>(plan->undo[1]).script,
              ::testing::Not(HasSubstr("--discard-my-data")));
  cluster.drbd->nodes.emplace_back("load");
  const auto three = plan_on(cluster, "mirror", "drbd.split-brain");
  ASSERT_FALSE(three);
  EXPECT_EQ(three.error().code, Errc::refused);
}

TEST(DrbdForcePrimary, IsTheOneThatUsesForce) {
  Cluster cluster = drbd_pair();
  cluster.disposable = true;
  const auto args = [&](const char* fault) {
    return std::get<ScriptAction>(plan_on(cluster, "mirror", fault)->apply.front()).args;
  };
  EXPECT_EQ(args("drbd.force-primary"), (Argv{"r0", "yes"}));
  EXPECT_EQ(args("drbd.split-brain"), (Argv{"r0", "no"}));
}

TEST(DrbdCorrupt, TouchesAFewBlocksAndOutlivesAReboot) {
  Cluster cluster = drbd_pair();
  cluster.disposable = true;
  const auto plan = plan_on(cluster, "mirror", "drbd.corrupt");
  ASSERT_TRUE(plan);
  ASSERT_TRUE(plan->dead_man);
  EXPECT_TRUE(plan->dead_man->survives_reboot) << "what is on the disk stays there";
  for (const char* blocks : {"0", "257"}) {
    FaultStep step;
    step.fault = "drbd.corrupt";
    step.params["blocks"] = *parse_param(ParamValue::Kind::integer, blocks);
    const auto refused = plan_fault({*cluster.find_node("mirror"), "boot-1", &cluster}, step);
    ASSERT_FALSE(refused) << blocks;
    EXPECT_EQ(refused.error().code, Errc::usage);
  }
}

}  // namespace
}  // namespace ernstfall
