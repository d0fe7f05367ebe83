// contract_test: what every fault of the catalogue must obey.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "harness/faults/fault.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;

Node node_with_power() {
  Node node;
  node.name = "prod";
  node.power.kind = PowerConfig::Kind::command;
  return node;
}

class FaultContract : public ::testing::TestWithParam<const FaultType*> {
 protected:
  static FaultStep step() {
    FaultStep step;
    step.fault = std::string(GetParam()->name);
    step.on = "prod";
    return step;
  }
};

TEST_P(FaultContract, NameIsAreaDotVerbAndUnique) {
  const std::string name(GetParam()->name);
  EXPECT_EQ(std::count(name.begin(), name.end(), '.'), 1) << name;
  EXPECT_EQ(find_fault(name), GetParam());
  EXPECT_FALSE(GetParam()->summary.empty());
  EXPECT_FALSE(GetParam()->confirmed_by.empty());
  EXPECT_FALSE(GetParam()->undone_by.empty());
}

TEST_P(FaultContract, PlansWithItsDefaultsAndSaysHowToConfirmAndUndo) {
  const Node node = node_with_power();
  const auto plan = plan_fault({node, "boot-1"}, step());
  ASSERT_TRUE(plan) << to_string(plan.error());
  EXPECT_FALSE(plan->apply.empty());
  EXPECT_FALSE(plan->confirm.empty()) << "a fault that is not confirmed can never pass";
  EXPECT_FALSE(plan->undo.empty());
  EXPECT_FALSE(plan->undone.empty()) << "an undo that is not proven is dirty";
  EXPECT_EQ(plan->node, "prod");
}

TEST_P(FaultContract, UndoSurvivesTheJournal) {
  const Node node = node_with_power();
  const auto plan = plan_fault({node, "boot-1"}, step());
  ASSERT_TRUE(plan);
  const auto undo = actions_from_json(actions_to_json(plan->undo));
  const auto undone = observations_from_json(observations_to_json(plan->undone));
  ASSERT_TRUE(undo);
  ASSERT_TRUE(undone);
  ASSERT_EQ(undo->size(), plan->undo.size());
  for (std::size_t i = 0; i < undo->size(); ++i)
    EXPECT_EQ(describe((*undo)[i]), describe(plan->undo[i]));
  ASSERT_EQ(undone->size(), plan->undone.size());
  for (std::size_t i = 0; i < undone->size(); ++i)
    EXPECT_EQ(describe((*undone)[i]), describe(plan->undone[i]));
}

TEST_P(FaultContract, ProtectedNodeIsRefused) {
  Node node = node_with_power();
  node.is_protected = true;
  const auto plan = plan_fault({node, "boot-1"}, step());
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::refused);
}

INSTANTIATE_TEST_SUITE_P(All, FaultContract,
                         ::testing::ValuesIn(all_faults().begin(), all_faults().end()),
                         [](const auto& instance) {
                           std::string name(instance.param->name);
                           for (char& c : name)
                             if (c == '.' || c == '-') c = '_';
                           return name;
                         });

TEST(NodePowerOff, IsRefusedWhereNobodyCanPowerOnAgain) {
  Node mirror;
  mirror.name = "mirror";
  FaultStep step;
  step.fault = "node.power-off";
  const auto plan = plan_fault({mirror, "boot-1"}, step);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::refused);
  EXPECT_THAT(plan.error().what, HasSubstr("mode: reset"));
}

TEST(NodeCrash, OnlyAResetIsAllowedWithoutPowerControl) {
  Node mirror;
  mirror.name = "mirror";
  FaultStep step;
  step.fault = "node.crash";
  EXPECT_FALSE(plan_fault({mirror, "boot-1"}, step));
  step.params["mode"] = {ParamValue::Kind::text, "reset", 0};
  const auto plan = plan_fault({mirror, "boot-1"}, step);
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->undo.empty()) << "there is nothing that could be done but wait";
  EXPECT_TRUE(plan->ends_by_itself);
}

TEST(NodeCrash, UnknownModeIsAUsageError) {
  const Node node = node_with_power();
  FaultStep step;
  step.fault = "node.crash";
  step.params["mode"] = {ParamValue::Kind::text, "explode", 0};
  const auto plan = plan_fault({node, "boot-1"}, step);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::usage);
}

TEST(Plan, AnUnknownActionInAJournalIsCorruptNotIgnored) {
  const auto actions = actions_from_json(nlohmann::json::parse(R"([{"kind":"explode"}])"));
  ASSERT_FALSE(actions);
  EXPECT_EQ(actions.error().code, Errc::corrupt);
  EXPECT_FALSE(actions_from_json(nlohmann::json::parse(R"([{"kind":"power"}])")));
}

}  // namespace
}  // namespace ernstfall
