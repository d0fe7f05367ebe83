// node_reach_test: which answer counts as what, for each way of asking.
#include <gtest/gtest.h>

#include "tests/unit/probes/probe_world.h"
#include "tests/unit/probes/reach_testing.h"

namespace ernstfall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing_support::LoopbackPort;
using testing_support::ProbeWorld;

class NodeReachTest : public testing::Test {
 protected:
  ProbeWorld world_;

  Result<std::unique_ptr<Probe>> make(const Node& node, const std::string& by,
                                      Nanos timeout = seconds(30)) {
    ProbeSpec spec;
    spec.probe = "node.reach";
    spec.id = "node.reach@" + node.name;
    spec.on = node.name;
    spec.rate_hz = 1;
    spec.timeout = timeout;
    if (!by.empty()) spec.params["by"] = ParamValue{ParamValue::Kind::text, by, 0};
    return find_probe("node.reach")->make(world_.context(), spec, &node);
  }

  Sample ask(const Node& node, const std::string& by, Nanos timeout = seconds(30)) {
    auto probe = make(node, by, timeout);
    EXPECT_TRUE(probe) << probe.error().what;
    if (!probe) return {};
    (*probe)->fire(world_.clock().now());
    (*probe)->stop();  // waits for the answer
    const auto samples = world_.samples();
    EXPECT_FALSE(samples.empty());
    return samples.empty() ? Sample{} : samples.back();
  }

  Node& node_at(std::uint16_t port) {
    Node& node = world_.add_node("prod");
    node.ssh.port = port;
    return node;
  }
};

TEST_F(NodeReachTest, AcceptedIsOkByTcp) {
  LoopbackPort port;
  port.listen();
  const Sample sample = ask(node_at(port.port()), "tcp");
  EXPECT_EQ(sample.outcome, Outcome::ok) << sample.detail;
  EXPECT_LE(sample.scheduled, sample.started);
  EXPECT_LE(sample.started, sample.ended);
}

TEST_F(NodeReachTest, RefusedIsAvailableByTcpAndAFailureBySsh) {
  const LoopbackPort closed;
  const Node& node = node_at(closed.port());
  EXPECT_EQ(ask(node, "tcp").outcome, Outcome::degraded);
  EXPECT_EQ(ask(node, "ssh").outcome, Outcome::failed);
}

TEST_F(NodeReachTest, ADaemonThatHangsIsThereByTcpAndNotBySsh) {
  LoopbackPort port;
  port.listen();
  const Node& node = node_at(port.port());
  EXPECT_EQ(ask(node, "tcp").outcome, Outcome::ok);
  EXPECT_EQ(ask(node, "ssh", milliseconds(150)).outcome, Outcome::timeout);
}

TEST_F(NodeReachTest, GreetingIsOkBySsh) {
  LoopbackPort port;
  port.greet({"SSH-2.0-test\r\n"});
  EXPECT_EQ(ask(node_at(port.port()), "ssh").outcome, Outcome::ok);
}

TEST_F(NodeReachTest, SilenceIsATimeout) {
  LoopbackPort silent;
  silent.listen_with_full_backlog();
  EXPECT_EQ(ask(node_at(silent.port()), "tcp", milliseconds(150)).outcome, Outcome::timeout);
}

TEST_F(NodeReachTest, AutoIsIcmpWhereAllowedElseTcp) {
  const LoopbackPort closed;
  const Sample sample = ask(node_at(closed.port()), "");
  // By ICMP loopback echoes, by TCP the port refuses.
  EXPECT_EQ(sample.outcome, world_.reach().can_icmp() ? Outcome::ok : Outcome::degraded)
      << sample.detail;
}

TEST_F(NodeReachTest, SshHostIsAskedWhenThereIsNoAddress) {
  LoopbackPort port;
  port.listen();
  Node& node = node_at(port.port());
  node.address.clear();
  node.ssh.host = "127.0.0.1";
  EXPECT_EQ(ask(node, "tcp").outcome, Outcome::ok);
  node.ssh.host.clear();
  EXPECT_EQ(make(node, "tcp").error().code, Errc::usage);
}

TEST_F(NodeReachTest, AnAddressThatIsNoneIsAUsageErrorBeforeTheRun) {
  Node& node = node_at(22);
  node.address = "no such name";
  const auto probe = make(node, "tcp");
  ASSERT_FALSE(probe);
  EXPECT_EQ(probe.error().code, Errc::usage);
  EXPECT_NE(probe.error().what.find("prod"), std::string::npos) << probe.error().what;
}

TEST_F(NodeReachTest, AMisspeltWayNamesTheNearest) {
  const auto probe = make(node_at(22), "icpm");
  ASSERT_FALSE(probe);
  EXPECT_EQ(probe.error().code, Errc::usage);
  EXPECT_NE(probe.error().what.find("did you mean \"icmp\""), std::string::npos)
      << probe.error().what;
}

// Open loop: a silent node is asked on time, and stop() waits for every answer.
TEST_F(NodeReachTest, QuestionsDoNotWaitForEachOther) {
  LoopbackPort silent;
  silent.listen_with_full_backlog();
  auto probe = *make(node_at(silent.port()), "tcp", milliseconds(500));
  for (int i = 0; i < 5; ++i) probe->fire(world_.clock().now());
  probe->stop();
  const auto samples = world_.samples();
  ASSERT_EQ(samples.size(), 5U);
  for (const Sample& sample : samples) {
    EXPECT_EQ(sample.outcome, Outcome::timeout);
    EXPECT_LT(sample.started, samples.front().ended);  // all were in flight together
  }
}

}  // namespace
}  // namespace ernstfall
