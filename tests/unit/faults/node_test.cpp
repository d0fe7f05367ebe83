// node_test: what the faults of a whole node do, and with which words they are refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/faults/fault.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;

Result<FaultPlan> plan_of(const std::string& fault, const std::map<std::string, std::string>& with,
                          PowerConfig::Kind power = PowerConfig::Kind::none) {
  Node node;
  node.name = "prod";
  node.power.kind = power;
  FaultStep step;
  step.fault = fault;
  for (const auto& [name, text] : with)
    for (const ParamSpec& spec : find_fault(fault)->params)
      if (spec.name == name) {
        ERNSTFALL_TRY(step.params[name], parse_param(spec.kind, text));
      }
  return plan_fault({node, "boot-1"}, step);
}

std::string first_arg(const FaultPlan& plan) {
  return std::get<ScriptAction>(plan.apply.front()).args.front();
}

TEST(NodeReboot, InGoodOrderOrAtOnce) {
  const auto plan = plan_of("node.reboot", {});
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->ends_by_itself);
  EXPECT_TRUE(plan->undo.empty()) << "nobody could switch this node on";
  EXPECT_EQ(std::get<RemoteAction>(plan->apply.front()).argv, (Argv{"systemctl", "reboot"}));
  const auto forced = plan_of("node.reboot", {{"force", "true"}}, PowerConfig::Kind::command);
  ASSERT_TRUE(forced);
  EXPECT_EQ(std::get<RemoteAction>(forced->apply.front()).argv, (Argv{"reboot", "-f"}));
  ASSERT_EQ(forced->undo.size(), 1U);
  EXPECT_GE(std::get<ReviveAction>(forced->undo.front()).grace, std::chrono::minutes(1))
      << "a start takes longer than a reset of the power is worth";
}

TEST(NodeClockStep, StepsInMicrosecondsWithASign) {
  EXPECT_EQ(first_arg(*plan_of("node.clock-step", {})), "30000000");
  EXPECT_EQ(first_arg(*plan_of("node.clock-step", {{"by", "1h"}, {"direction", "back"}})),
            "-3600000000");
}

TEST(NodeClockStep, RefusesWhatItCannotProveOrWhatIsAbsurd) {
  for (const auto& with : std::vector<std::map<std::string, std::string>>{
           {{"by", "100ms"}}, {{"by", "1000h"}}, {{"direction", "up"}}}) {
    const auto plan = plan_of("node.clock-step", with);
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().code, Errc::usage);
  }
}

TEST(NodeClockDrift, SetsTheTick) {
  EXPECT_EQ(first_arg(*plan_of("node.clock-drift", {})), "100");
  EXPECT_EQ(first_arg(*plan_of("node.clock-drift", {{"rate", "0.05%"}, {"direction", "slow"}})),
            "-5");
  for (const auto& with : std::vector<std::map<std::string, std::string>>{
           {{"rate", "0.01%"}}, {{"rate", "11%"}}, {{"direction", "back"}}}) {
    const auto plan = plan_of("node.clock-drift", with);
    ASSERT_FALSE(plan);
    EXPECT_EQ(plan.error().code, Errc::usage);
  }
}

TEST(NodeFreeze, TakesUnitsThatGoOn) {
  EXPECT_EQ(first_arg(*plan_of("node.freeze", {})), "");
  EXPECT_EQ(first_arg(*plan_of("node.freeze", {{"except", "k3s.service,cron.service"}})),
            "k3s.service cron.service");
  const auto plan = plan_of("node.freeze", {{"except", "$(reboot)"}});
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::usage);
  EXPECT_THAT(plan.error().what, HasSubstr("except"));
}

}  // namespace
}  // namespace ernstfall
