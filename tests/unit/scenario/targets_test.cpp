// targets_test: what `on` names in a cluster, and what a scenario may not ask of one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/scenario/scenario.h"

namespace ernstfall {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Cluster cluster_of_three() {
  Cluster cluster;
  cluster.name = "home";
  for (const char* name : {"prod", "mirror", "dash"}) {
    Node node;
    node.name = name;
    if (cluster.nodes.size() < 2) node.roles = {"drbd"};
    cluster.nodes.push_back(node);
  }
  cluster.nodes[2].is_protected = true;
  return cluster;
}

Scenario scenario_on(const std::string& on) {
  Scenario scenario;
  scenario.source = "s.yaml";
  FaultStep step;
  step.fault = "node.power-off";
  step.on = on;
  scenario.faults = {step};
  return scenario;
}

TEST(Targets, AreANodeARoleOrAll) {
  const Cluster cluster = cluster_of_three();
  EXPECT_THAT(resolve_targets("mirror", cluster).value(), ElementsAre("mirror"));
  EXPECT_THAT(resolve_targets("role:drbd", cluster).value(), ElementsAre("prod", "mirror"));
  EXPECT_THAT(resolve_targets("*", cluster).value(), ElementsAre("prod", "mirror", "dash"));
}

TEST(Targets, AreWordsThatMeanSomethingElseInEveryCluster) {
  Cluster cluster = cluster_of_three();
  cluster.nodes[0].labels = {{"place", "home"}};
  cluster.nodes[1].roles.push_back("ingress");
  cluster.drbd = DrbdConfig{"r0", {"prod", "mirror"}};
  EXPECT_THAT(resolve_targets("label:place=home", cluster).value(), ElementsAre("prod"));
  EXPECT_THAT(resolve_targets("ingress", cluster).value(), ElementsAre("mirror"));
  EXPECT_THAT(resolve_targets("dash, prod", cluster).value(), ElementsAre("prod", "dash"));
  const Selector one = *parse_selector("one", cluster);
  EXPECT_EQ(one.pick, Selector::Pick::one);
  EXPECT_THAT(one.candidates, ElementsAre("prod", "mirror")) << "dash is protected";
  const Selector most = *parse_selector("majority:*", cluster);
  EXPECT_EQ(most.pick, Selector::Pick::majority);
  EXPECT_EQ(most.candidates.size(), 3U);
  EXPECT_EQ(parse_selector("drbd-primary", cluster)->pick, Selector::Pick::drbd_primary);
  EXPECT_THAT(resolve_targets("label:place=hom", cluster).error().what,
              HasSubstr("did you mean \"label:place=home\"?"));
  cluster.drbd.reset();
  EXPECT_FALSE(parse_selector("drbd-primary", cluster));
}

TEST(Targets, UnknownOnesComeWithTheNearestName) {
  const Cluster cluster = cluster_of_three();
  EXPECT_THAT(resolve_targets("miror", cluster).error().what,
              HasSubstr("did you mean \"mirror\"?"));
  EXPECT_THAT(resolve_targets("role:drdb", cluster).error().what,
              HasSubstr("did you mean \"role:drbd\"?"));
  EXPECT_THAT(resolve_targets("unrelated-name", cluster).error().what,
              HasSubstr("there are prod, mirror, dash"));
  EXPECT_FALSE(resolve_targets("", cluster));
  EXPECT_FALSE(resolve_targets("role:", cluster));
}

TEST(Fit, AProtectedNodeIsRefusedAlsoWhenItsRoleIsNamed) {
  Cluster cluster = cluster_of_three();
  EXPECT_TRUE(check_scenario_against_cluster(scenario_on("role:drbd"), cluster));
  EXPECT_EQ(check_scenario_against_cluster(scenario_on("dash"), cluster).error().code,
            Errc::refused);
  cluster.nodes[1].is_protected = true;
  EXPECT_EQ(check_scenario_against_cluster(scenario_on("role:drbd"), cluster).error().what,
            "s.yaml: node.power-off aims at mirror, which the cluster file protects from every "
            "fault");
}

TEST(Fit, AllProblemsAreReportedAtOnce) {
  Cluster cluster = cluster_of_three();
  Scenario scenario = scenario_on("prood");
  ProbeSpec reach;
  reach.probe = "node.reach";
  reach.on = "role:none";
  ProbeSpec read;
  read.probe = "webdav.read";
  read.place = "s.yaml:7:5";
  scenario.probes = {reach, read};
  scenario.loads.emplace_back();
  OperatorStep step;
  step.name = "promote";
  step.on = "mirrror";
  scenario.attended.emplace();
  scenario.attended->restore = {step};
  const Status status = check_scenario_against_cluster(scenario, cluster);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::usage);
  EXPECT_THAT(
      split(status.error().what, '\n'),
      ElementsAre(HasSubstr("node.power-off: no node of cluster home is \"prood\""),
                  HasSubstr("node.reach: no node of cluster home is \"role:none\""),
                  "s.yaml:7:5: webdav.read asks the service, and cluster home has no \"service\"",
                  HasSubstr("ledger.webdav asks the service"),
                  HasSubstr("operator step \"promote\": no node of cluster home is \"mirrror\"; "
                            "did you mean \"mirror\"?")));
  cluster.service.emplace();
  scenario.attended.reset();
  scenario.probes.erase(scenario.probes.begin());
  scenario.faults.clear();
  EXPECT_TRUE(check_scenario_against_cluster(scenario, cluster));
}

}  // namespace
}  // namespace ernstfall
