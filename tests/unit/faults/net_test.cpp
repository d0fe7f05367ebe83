// net_test: what the network faults make of their parameters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/faults/fault.h"
#include "harness/faults/net_scope.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

Cluster three_nodes() {
  Cluster cluster;
  Node prod;
  prod.name = "prod";
  prod.address = "192.0.2.1";
  Node mirror = prod;
  mirror.name = "mirror";
  mirror.address = "192.0.2.2";
  mirror.more_addresses = {"2001:db8::2"};
  Node named = prod;
  named.name = "named";
  named.address = "named.example.org";
  cluster.nodes = {prod, mirror, named};
  return cluster;
}

Result<FaultPlan> plan_on_prod(const std::string& fault,
                               const std::map<std::string, std::string>& given) {
  static const Cluster cluster = three_nodes();
  FaultStep step;
  step.fault = fault;
  const FaultType* type = find_fault(fault);
  if (type == nullptr) return fail(Errc::internal, "no fault {}", fault);
  for (const auto& [name, text] : given)
    for (const ParamSpec& spec : type->params)
      if (spec.name == name) {
        ERNSTFALL_TRY(step.params[name], parse_param(spec.kind, text));
      }
  return plan_fault({cluster.nodes.front(), "boot-1", &cluster, "0123abcd", "192.0.2.9"}, step);
}

Argv args_of(const FaultPlan& plan) {
  return std::get<ScriptAction>(plan.apply.front()).args;
}

struct BadCase {
  const char* fault;
  std::map<std::string, std::string> params;
  const char* says;
};

TEST(NetScope, WordsThatMeanNothingAreUsageErrors) {
  const std::vector<BadCase> cases{
      {"net.partition", {{"ports", "0"}}, "neither a port"},
      {"net.partition", {{"ports", "65536"}}, "neither a port"},
      {"net.partition", {{"ports", "80,"}}, "neither a port"},
      {"net.partition", {{"ports", "80-x"}}, "neither a port"},
      {"net.partition", {{"ports", "90-80"}}, "neither a port"},
      {"net.partition", {{"ports", "80; reboot"}}, "neither a port"},
      {"net.partition", {{"from", "nobody"}}, "nobody"},
      {"net.partition", {{"from", "mirror,prod"}}, "the node itself"},
      {"net.partition", {{"from", "named"}}, "named.example.org"},
      {"net.partition", {{"direction", "up"}}, "expected in, out or both"},
      {"net.partition", {{"mode", "maybe"}}, "expected drop or reject"},
      {"net.one-way", {{"direction", "both"}}, "net.partition"},
      {"net.port-block", {{"ports", "any"}}, "name the ports"},
      {"net.black-hole", {{"longer_than", "10B"}}, "longer_than"},
      {"net.flap", {{"down", "1ms"}}, "at least"},
      {"net.delay", {{"delay", "0ms"}}, "expected 1ms to 5s"},
      {"net.delay", {{"delay", "10ms"}, {"jitter", "20ms"}}, "jitter"},
      {"net.loss", {{"share", "0%"}}, "more than 0%"},
      {"net.burst-loss", {{"burst", "0"}}, "burst"},
      {"net.burst-loss", {{"share", "90%"}, {"burst", "2"}}, "longer than 2"},
      {"net.reorder", {{"share", "100%"}}, "at most 99%"},
      {"net.reorder", {{"share", "0.5%"}}, "at least 1%"},
      {"net.reorder", {{"delay", "1ms"}}, "expected 5ms to 2s"},
      {"net.reorder", {{"ports", "80"}, {"direction", "in"}}, "cannot be seen"},
      {"net.corrupt", {{"share", "95%"}}, "at most 90%"},
      {"net.corrupt", {{"share", "0.5%"}}, "at least 1%"},
      {"net.corrupt", {{"ports", "80"}, {"direction", "in"}}, "cannot be seen"},
      {"net.throttle", {{"rate", "1kbit"}}, "rate"},
      {"net.throttle", {{"queue", "0ms"}}, "queue"}};
  for (const BadCase& bad : cases) {
    const auto plan = plan_on_prod(bad.fault, bad.params);
    ASSERT_FALSE(plan) << bad.fault << ": " << bad.says;
    EXPECT_EQ(plan.error().code, Errc::usage) << bad.fault << ": " << to_string(plan.error());
    EXPECT_THAT(to_string(plan.error()), HasSubstr(bad.says)) << bad.fault;
  }
}

TEST(NetScope, ArgumentsHaveOneOrderForEveryNetworkFault) {
  const Argv scope{"192.0.2.9", "22", "in", "192.0.2.2 2001:db8::2", "7789,7790-7799"};
  for (const char* fault : {"net.partition", "net.flap", "net.delay", "net.throttle"}) {
    const auto plan = plan_on_prod(
        fault, {{"from", "mirror,mirror"}, {"direction", "in"}, {"ports", "7789, 7790-7799"}});
    ASSERT_TRUE(plan) << to_string(plan.error());
    const Argv args = args_of(*plan);
    ASSERT_GE(args.size(), scope.size()) << fault;
    EXPECT_EQ(Argv(args.begin(), args.begin() + 5), scope) << fault;
    EXPECT_THAT(plan->intended, HasSubstr("from mirror to prod, ports 7789,7790-7799")) << fault;
  }
}

// A filter knows no zone, and would not be made at all.
TEST(NetScope, OurOwnAddressHasNoZone) {
  const Cluster cluster = three_nodes();
  FaultStep step;
  step.fault = "net.isolate";
  const auto plan =
      plan_fault({cluster.nodes.front(), "boot-1", &cluster, "0123abcd", "fe80::9%eth0"}, step);
  ASSERT_TRUE(plan);
  EXPECT_EQ(args_of(*plan)[0], "fe80::9");
}

TEST(NetScope, EveryoneIsAny) {
  const auto plan = plan_on_prod("net.isolate", {});
  ASSERT_TRUE(plan);
  EXPECT_EQ(args_of(*plan)[3], "any");
  EXPECT_EQ(plan->intended, "drop packets between prod and everyone");
}

TEST(NetOneWay, CutsWhatComesInUnlessToldOtherwise) {
  const auto plan = plan_on_prod("net.one-way", {{"from", "mirror"}});
  ASSERT_TRUE(plan);
  EXPECT_EQ(args_of(*plan)[2], "in");
}

TEST(NetDnsFailure, IsPort53AndLoopbackAsWell) {
  const auto plan = plan_on_prod("net.dns-failure", {});
  ASSERT_TRUE(plan);
  EXPECT_EQ(args_of(*plan)[4], "53");
  EXPECT_EQ(args_of(*plan)[7], "yes");
}

TEST(NetShape, QueuesAreWordsOfTc) {
  const auto queue = [](const std::string& fault,
                        const std::map<std::string, std::string>& params) {
    const auto plan = plan_on_prod(fault, params);
    return plan ? args_of(*plan).back() : to_string(plan.error());
  };
  EXPECT_EQ(queue("net.delay", {{"delay", "1.5s"}, {"jitter", "20ms"}}),
            "netem limit 20000 delay 1500000us 20000us");
  EXPECT_EQ(queue("net.loss", {{"share", "0.5%"}}), "netem limit 20000 loss random 0.5%");
  // 20 % of the packets in bursts of 10: 1/10 back to good, and a quarter of that to bad.
  EXPECT_EQ(queue("net.burst-loss", {{"share", "20%"}, {"burst", "10"}}),
            "netem limit 20000 loss gemodel 2.5000% 10.0000%");
  EXPECT_EQ(queue("net.reorder", {{"share", "25%"}, {"delay", "20ms"}}),
            "netem limit 20000 delay 20000us reorder 25%");
  EXPECT_EQ(queue("net.corrupt", {{"share", "2%"}}), "netem limit 20000 corrupt 2%");
  EXPECT_EQ(queue("net.throttle", {{"rate", "1Mbit"}, {"queue", "50ms"}}),
            "tbf rate 1000000bit burst 6000b latency 50000us");
}

}  // namespace
}  // namespace ernstfall
