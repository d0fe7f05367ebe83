// drbd_test: on which resources and nodes the faults of DRBD are planned, and where they are refused.
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

INSTANTIATE_TEST_SUITE_P(All, DrbdFault,
                         ::testing::Values("drbd.disconnect", "drbd.down", "drbd.detach",
                                           "drbd.pause-sync", "drbd.outdate"),
                         [](const auto& instance) {
                           std::string name(instance.param);
                           for (char& c : name)
                             if (c == '.' || c == '-') c = '_';
                           return name;
                         });

}  // namespace
}  // namespace ernstfall
