// bmc_test: what a lab's management controller is told, and what its switch refuses; the topologies
// that ship.
#include "lab/bmc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/core/files.h"
#include "lab/topology.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

LabNode node_with_bmc() {
  LabNode node;
  node.name = "prod";
  node.bmc = "10.77.0.111";
  return node;
}

TEST(Bmc, LetsNobodyInWithoutThePassword) {
  const std::string text = bmc_configuration(node_with_bmc(), "/bin/helper", "s3cret");
  EXPECT_THAT(text, HasSubstr("addr 10.77.0.111 623"));
  EXPECT_THAT(text, HasSubstr("user 2 true \"fence\" \"s3cret\" admin"));
  EXPECT_THAT(text, Not(HasSubstr("none")));
  EXPECT_THAT(text, Not(HasSubstr("straight")));
  EXPECT_THAT(text, Not(HasSubstr("user 1 ")));
}

// Without one ipmi_sim speaks no IPMI 2.0, and two nodes are two machines.
TEST(Bmc, EachHasAGuidOfItsOwn) {
  LabNode other = node_with_bmc();
  other.name = "mirror";
  const auto guid = [](const LabNode& node) {
    const std::string text = bmc_configuration(node, "h", "p");
    return text.substr(text.find("guid ") + 5, 32);
  };
  EXPECT_EQ(guid(node_with_bmc()).find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(guid(node_with_bmc()), guid(other));
}

TEST(Bmc, ItsSwitchTakesPowerAndNothingElse) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{},
                                             {"set"},
                                             {"set", "power"},
                                             {"set", "power", "2"},
                                             {"set", "boot", "1"},
                                             {"get", "boot"},
                                             {"reset", "power", "1"}})
    EXPECT_FALSE(answer_chassis("no-such-lab", "prod", words, {}));
  // Asked whether it may be set: that changes nothing, and needs no lab.
  EXPECT_TRUE(answer_chassis("no-such-lab", "prod", {"check", "power", "0"}, {}));
  EXPECT_FALSE(answer_chassis("no-such-lab", "prod", {"set", "power", "0"}, {}));
  EXPECT_FALSE(answer_chassis("no-such-lab", "prod", {"get", "power"}, {}));
}

TEST(Topology, BehindAnIngressUsersSpeakTls) {
  const auto lab = load_topology("lab/topologies/homelab.yaml");
  ASSERT_TRUE(lab) << to_string(lab.error());
  EXPECT_EQ(lab->users_reach(), "10.77.0.13");
  EXPECT_EQ(lab->service_url("cloud.lab.test"), "https://cloud.lab.test/");
  EXPECT_FALSE(lab->has_bmc());
}

TEST(Topology, AtAFloatingAddressTheyReachWhoeverServes) {
  const auto lab = load_topology("lab/topologies/failover.yaml");
  ASSERT_TRUE(lab) << to_string(lab.error());
  EXPECT_EQ(lab->users_reach(), "10.77.0.10");
  EXPECT_EQ(lab->service_url("cloud.lab.test"), "http://cloud.lab.test:9200/");
  EXPECT_EQ(lab->service_manager, "failover.service");
  EXPECT_TRUE(lab->has_bmc());
  EXPECT_EQ(lab->find("mirror")->bmc, "10.77.0.112");
  EXPECT_EQ(lab->packages.size(), 3U);
}

}  // namespace
}  // namespace ernstfall
