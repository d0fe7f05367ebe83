// probe_runner_test: names, ids, targets; all probes or none; every slot has a sample.
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/probes/probe_world.h"
#include "tests/unit/probes/reach_testing.h"

namespace ernstfall {
namespace {

using testing_support::eventually;
using testing_support::LoopbackPort;
using testing_support::ProbeWorld;

class ProbeRunnerTest : public testing::Test {
 protected:
  ProbeRunnerTest() {
    port_.listen();
    for (const char* name : {"prod", "mirror", "dash"}) {
      Node& node = world_.add_node(name);
      node.ssh.port = port_.port();
      if (std::string(name) != "dash") node.roles = {"drbd"};
    }
    world_.cluster().drbd = DrbdConfig{"r0", {"prod", "mirror"}};
  }

  static ProbeSpec reach(const std::string& on, double rate_hz = 0, const std::string& id = "") {
    ProbeSpec spec;
    spec.probe = "node.reach";
    spec.id = id;
    spec.on = on;
    spec.rate_hz = rate_hz;
    spec.params["by"] = ParamValue{ParamValue::Kind::text, "tcp", 0};
    return spec;
  }
  static ProbeSpec drbd(const std::string& on) {
    ProbeSpec spec;
    spec.probe = "drbd.state";
    spec.on = on;
    return spec;
  }
  void expect_usage_error(const std::vector<ProbeSpec>& specs, const std::string& part) {
    const auto runner = ProbeRunner::start(world_.context(), specs);
    ASSERT_FALSE(runner);
    EXPECT_EQ(runner.error().code, Errc::usage);
    EXPECT_NE(runner.error().what.find(part), std::string::npos) << runner.error().what;
    EXPECT_TRUE(world_.samples().empty());
  }
  std::vector<std::string> source_names() {
    std::vector<std::string> names;
    for (const Source& source : world_.recorded().sources) names.push_back(source.name);
    return names;
  }

  LoopbackPort port_;
  ProbeWorld world_;
};

TEST_F(ProbeRunnerTest, AMisspeltProbeNamesTheNearest) {
  ProbeSpec spec = reach("prod");
  spec.probe = "node.reech";
  expect_usage_error({spec}, "did you mean \"node.reach\"");
}

TEST_F(ProbeRunnerTest, AMisspeltNodeNamesTheNearest) {
  expect_usage_error({reach("porod")}, "prod");
}

TEST_F(ProbeRunnerTest, AProbeOfANodeNeedsOne) {
  expect_usage_error({reach("")}, "needs `on:`");
}

TEST_F(ProbeRunnerTest, FasterThanOneKilohertzIsRefused) {
  expect_usage_error({reach("prod", 1001)}, "1 kHz");
}

TEST_F(ProbeRunnerTest, NothingToWatch) {
  expect_usage_error({drbd("dash")}, "nothing to watch on dash");
}

TEST_F(ProbeRunnerTest, TwoOfOneNameAreRefused) {
  expect_usage_error({reach("prod"), reach("*")}, "node.reach@prod");
}

TEST_F(ProbeRunnerTest, TargetsBecomeSourcesOfTheirOwn) {
  const auto runner = ProbeRunner::start(
      world_.context(), {reach("*"), reach("role:drbd", 0, "kernel"), reach("dash", 0, "x@dash")});
  ASSERT_TRUE(runner) << runner.error().what;
  (*runner)->stop();
  EXPECT_EQ(source_names(),
            (std::vector<std::string>{"node.reach@prod", "node.reach@mirror", "node.reach@dash",
                                      "kernel@prod", "kernel@mirror", "x@dash"}));
  const History history = world_.recorded();
  EXPECT_EQ(history.sources[3].kind, "node.reach");
  EXPECT_EQ(history.sources[3].node, "prod");
  EXPECT_EQ(history.sources[3].period_ns, kNsPerSecond);  // the probe's own default
  EXPECT_EQ(history.sources[3].timeout_ns, kNsPerSecond);
}

TEST_F(ProbeRunnerTest, DrbdIsWatchedOnlyWhereItRuns) {
  for (const char* name : {"prod", "mirror"})
    world_.remote(name).down(Error{Errc::unreachable, "off", {}});
  const auto runner = ProbeRunner::start(world_.context(), {drbd("*")});
  ASSERT_TRUE(runner);
  (*runner)->stop();
  EXPECT_EQ(source_names(), (std::vector<std::string>{"drbd.state@prod", "drbd.state@mirror"}));
}

// The last spec is wrong: no node was asked anything, and no sample was taken.
TEST_F(ProbeRunnerTest, AllOrNone) {
  expect_usage_error({drbd("prod"), reach("*", 500), reach("prod", 5000, "fast")}, "1 kHz");
  EXPECT_TRUE(world_.remote("prod").calls().empty());
}

TEST_F(ProbeRunnerTest, EverySlotHasOneSampleOnTheGrid) {
  const auto runner =
      ProbeRunner::start(world_.context(), {reach("*", 200), reach("prod", 50, "slow")});
  ASSERT_TRUE(runner);
  ASSERT_TRUE(eventually([&] { return world_.samples().size() >= 200; }));
  (*runner)->stop();
  const History history = world_.recorded();
  (*runner)->stop();  // again is harmless
  EXPECT_EQ(world_.samples().size(), history.samples.size()) << "it went on after stop()";
  std::map<SourceId, std::vector<TimeNs>> slots;
  for (const Sample& sample : history.samples) slots[sample.source].push_back(sample.scheduled);
  EXPECT_EQ(slots.size(), 4U);
  for (auto& [id, times] : slots) {
    std::sort(times.begin(), times.end());  // answers may overtake each other
    for (std::size_t i = 1; i < times.size(); ++i)
      EXPECT_EQ(times[i] - times[i - 1], history.sources[id].period_ns);
  }
}

}  // namespace
}  // namespace ernstfall
