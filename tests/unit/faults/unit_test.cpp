// unit_test: which services a fault may touch, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/faults/fault.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;

Result<FaultPlan> plan_on_prod(const std::string& fault, const std::string& unit,
                               const std::string& every = "") {
  Node node;
  node.name = "prod";
  FaultStep step;
  step.fault = fault;
  step.on = "prod";
  step.params["unit"] = {ParamValue::Kind::text, unit, 0};
  if (!every.empty()) step.params["every"] = *parse_param(ParamValue::Kind::duration, every);
  return plan_fault({node, "boot-1"}, step);
}

Argv unit_args_of(const FaultPlan& plan) {
  return std::get<ScriptAction>(plan.apply.front()).args;
}

class ServiceFault : public ::testing::TestWithParam<const char*> {};

TEST_P(ServiceFault, RefusesWhatNobodyCouldDoWithout) {
  for (const char* unit : {"ssh", "ssh.service", "sshd.service", "ssh@1.service", "dbus.service",
                           "systemd-journald.service", "ernstfall-0123abcd.service"}) {
    const auto plan = plan_on_prod(GetParam(), unit);
    ASSERT_FALSE(plan) << unit;
    EXPECT_EQ(plan.error().code, Errc::refused) << unit;
    EXPECT_EQ(plan.error().where, "prod");
  }
}

TEST_P(ServiceFault, SaysWhatIsNoService) {
  for (const char* unit :
       {"", "-.mount", "--all", "srv-cloud.mount", "a b.service", "apache*.service",
        "$(reboot).service", "x;y", "dev-vdb.device", "init.scope", "user.slice"}) {
    const auto plan = plan_on_prod(GetParam(), unit);
    ASSERT_FALSE(plan) << unit;
    EXPECT_EQ(plan.error().code, Errc::usage) << unit;
  }
}

TEST_P(ServiceFault, KnowsAServiceWithoutItsEnding) {
  for (const char* unit : {"apache2", "apache2.service"}) {
    const auto plan = plan_on_prod(GetParam(), unit);
    ASSERT_TRUE(plan) << to_string(plan.error());
    EXPECT_EQ(unit_args_of(*plan).front(), "apache2.service");
    EXPECT_THAT(plan->intended, HasSubstr("apache2.service"));
  }
}

// A name may belong to one of the spared services on the node (an alias): it is asked there too.
TEST_P(ServiceFault, TheNodeIsToldWhatIsSparedAsWell) {
  const auto plan = plan_on_prod(GetParam(), "web.service");
  ASSERT_TRUE(plan);
  EXPECT_THAT(unit_args_of(*plan).at(1), HasSubstr("ssh sshd dbus"));
}

INSTANTIATE_TEST_SUITE_P(All, ServiceFault,
                         ::testing::Values("unit.kill", "unit.pause", "unit.stop",
                                           "unit.crash-loop", "observer.prometheus",
                                           "observer.node-exporter"),
                         [](const auto& instance) {
                           std::string name(instance.param);
                           for (char& c : name)
                             if (c == '.' || c == '-') c = '_';
                           return name;
                         });

TEST(UnitKill, MayEndByItself) {
  EXPECT_TRUE(plan_on_prod("unit.kill", "apache2")->ends_by_itself);
  EXPECT_FALSE(plan_on_prod("unit.stop", "apache2")->ends_by_itself);
}

TEST(UnitCrashLoop, KillsNotTooOftenAndNotTooSeldom) {
  const auto plan = plan_on_prod("unit.crash-loop", "apache2", "500ms");
  ASSERT_TRUE(plan);
  EXPECT_EQ(unit_args_of(*plan).at(2), "0.500");
  for (const char* every : {"1ms", "61s", "0s"}) {
    const auto refused = plan_on_prod("unit.crash-loop", "apache2", every);
    ASSERT_FALSE(refused) << every;
    EXPECT_EQ(refused.error().code, Errc::usage);
  }
}

TEST(ObserverPrometheus, HasAServiceOfItsOwn) {
  Node node;
  node.name = "dash";
  FaultStep step;
  step.fault = "observer.prometheus";
  const auto plan = plan_fault({node, "boot-1"}, step);
  ASSERT_TRUE(plan) << to_string(plan.error());
  EXPECT_EQ(unit_args_of(*plan).front(), "prometheus.service");
}

}  // namespace
}  // namespace ernstfall
