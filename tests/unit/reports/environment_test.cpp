// environment_test: what a run folder says about its surroundings, and planted changes of it.
#include "reports/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/core/files.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using testing_support::TempFolder;

constexpr const char* kCluster = R"(cluster: homelab
nodes:
  prod: {address: 192.0.2.11, roles: [service]}
)";
constexpr const char* kScenario = R"(title: prod loses power
faults:
  - {fault: node.power-off, on: prod, hold: 60s}
expect: {rto_max: 60s}
)";
constexpr const char* kDrbdOptions = R"(resource "r0" {
    options {
        on-no-quorum            suspend-io; # bytes
    }
    connection {
        net {
            protocol            C;
        }
    }
}
)";

struct Written {
  std::string cluster = kCluster;
  std::string scenario = kScenario;
  std::string drbd = kDrbdOptions;
  std::string sysctls = "/proc/sys/vm/swappiness:60\n";
};

Environment read_back(const Written& written) {
  const TempFolder folder;
  EXPECT_TRUE(write_file_atomic(folder.path() / "cluster.yaml", written.cluster));
  EXPECT_TRUE(write_file_atomic(folder.path() / "scenario.yaml", written.scenario));
  const nlohmann::json state{{"prod",
                              {{"drbd-options", written.drbd},
                               {"sysctls", written.sysctls},
                               {"units", "k3s.service running\n"}}}};
  const nlohmann::json record{{"kind", "initial-state"}, {"state", state.dump()}};
  EXPECT_TRUE(write_file_atomic(folder.path() / "journal.jsonl",
                                "{\"kind\": \"run-begin\"}\n" + record.dump() + "\n{\"cut"));
  const auto environment = read_environment(folder.path());
  EXPECT_TRUE(environment) << to_string(environment.error());
  return environment ? *environment : Environment{};
}

std::vector<EnvironmentDifference> differences(const Environment& a, const Environment& b) {
  return environment_differences({&a}, {&b});
}

TEST(Environment, IsFilesAndNodesAsOneFlatList) {
  const Environment environment = read_back({});
  EXPECT_THAT(environment, Contains(Pair("cluster: nodes.prod.address", "192.0.2.11")));
  EXPECT_THAT(environment, Contains(Pair("scenario: faults.0.hold", "60s")));
  EXPECT_THAT(
      environment,
      Contains(Pair("node: prod drbd-options resource \"r0\" options on-no-quorum", "suspend-io")));
  EXPECT_THAT(
      environment,
      Contains(Pair("node: prod drbd-options resource \"r0\" connection net protocol", "C")));
  EXPECT_THAT(environment, Contains(Pair("node: prod sysctl /proc/sys/vm/swappiness", "60")));
  EXPECT_THAT(environment, Contains(Pair("node: prod unit k3s.service", "running")));
}

TEST(Environment, EachPlantedChangeIsSeen) {
  const Environment before = read_back({});
  EXPECT_THAT(differences(before, read_back({})), IsEmpty());
  Written drbd;
  drbd.drbd.replace(drbd.drbd.find("suspend-io"), 10, "io-error");
  auto found = differences(before, read_back(drbd));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].base, "suspend-io");
  EXPECT_EQ(found[0].candidate, "io-error");
  EXPECT_FALSE(found[0].other_test);
  Written sysctl;
  sysctl.sysctls = "/proc/sys/vm/swappiness:10\n";
  EXPECT_THAT(differences(before, read_back(sysctl)), SizeIs(1));
  Written hold;
  hold.scenario.replace(hold.scenario.find("hold: 60s"), 9, "hold: 50s");
  found = differences(before, read_back(hold));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_TRUE(found[0].other_test);
  Written limit;
  limit.scenario.replace(limit.scenario.find("rto_max: 60s"), 12, "rto_max: 50s");
  found = differences(before, read_back(limit));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_FALSE(found[0].other_test);
  Written node;
  node.cluster += "  more: {address: 192.0.2.12}\n";
  found = differences(before, read_back(node));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].base, "not recorded");
}

TEST(Environment, RunsOfOneSideThatDifferAreADifference) {
  Environment one{{"version: drbd@prod", "9.2.10"}};
  Environment two{{"version: drbd@prod", "9.2.12"}};
  const auto found = environment_differences({&one, &two}, {&one, &two});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].base, "9.2.10 | 9.2.12");
}

TEST(Environment, VersionsComeFirst) {
  Environment one{{"cluster: a", "1"}, {"node: x", "1"}, {"scenario: b", "1"}, {"version: c", "1"}};
  Environment two;
  const auto found = differences(one, two);
  ASSERT_THAT(found, SizeIs(4));
  EXPECT_EQ(found[0].key, "version: c");
  EXPECT_EQ(found[1].key, "scenario: b");
  EXPECT_EQ(found[3].key, "node: x");
}

TEST(Environment, MissingOrBrokenFilesAreErrors) {
  const TempFolder folder;
  EXPECT_FALSE(read_environment(folder.path()));
  EXPECT_TRUE(write_file_atomic(folder.path() / "cluster.yaml", kCluster));
  EXPECT_TRUE(write_file_atomic(folder.path() / "scenario.yaml", "title: [\n"));
  EXPECT_FALSE(read_environment(folder.path()));
}

}  // namespace
}  // namespace ernstfall
