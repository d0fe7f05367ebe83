// contract_test: what every fault of the catalogue must obey.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
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

// For the parameters that have no default, whatever the fault.
const std::map<std::string, std::string, std::less<>> kSamples{
    {"unit", "apache2.service"},
    {"mount", "/srv/cloud"},
    {"device", "/dev/mapper/data"},
    {"ports", "7789"},
    {"rate", "1Mbit"},
    {"delay", "100ms"},
    {"by", "30s"},
    {"share", "10%"},
    {"pod", "default/cloud"},
    {"resource", "r0"},
    {"longer_than", "1400"},
    {"to", "90%"},
    {"selector", "app=cloud"},
    {"pool", "vg0/pool"},
};

Params required_params(const FaultType& type) {
  Params params;
  for (const ParamSpec& spec : type.params) {
    if (!spec.required) continue;
    const auto sample = kSamples.find(spec.name);
    EXPECT_NE(sample, kSamples.end()) << "give kSamples a value for " << spec.name;
    if (sample != kSamples.end())
      params[std::string(spec.name)] = *parse_param(spec.kind, sample->second);
  }
  return params;
}

// Every script of a plan: what the node's shell will read.
std::vector<std::string> scripts_of(const FaultPlan& plan) {
  std::vector<std::string> scripts;
  for (const auto* list : {&plan.apply, &plan.undo, &plan.disarm})
    for (const Action& action : *list)
      if (const auto* script = std::get_if<ScriptAction>(&action))
        scripts.push_back(script->script);
  for (const auto* list : {&plan.preconditions, &plan.confirm, &plan.undone, &plan.disarmed})
    for (const Observation& observation : *list)
      if (const auto* script = std::get_if<ScriptSees>(&observation))
        scripts.push_back(script->script);
  return scripts;
}

bool shell_can_read(const std::string& script) {
  FILE* shell = ::popen("sh -n", "w");
  if (shell == nullptr) return false;
  const bool written = std::fwrite(script.data(), 1, script.size(), shell) == script.size();
  return ::pclose(shell) == 0 && written;
}

class FaultContract : public ::testing::TestWithParam<const FaultType*> {
 protected:
  static FaultStep step() {
    FaultStep step;
    step.fault = std::string(GetParam()->name);
    step.on = "prod";
    step.params = required_params(*GetParam());
    return step;
  }
  // Two nodes and DRBD between them: what the default values of the parameters may mean.
  static Cluster cluster() {
    Cluster cluster;
    cluster.name = "two";
    cluster.disposable = true;
    Node prod = node_with_power();
    prod.address = "192.0.2.1";
    prod.roles = {"drbd-primary", "service", "monitoring"};
    Node mirror = prod;
    mirror.name = "mirror";
    mirror.address = "192.0.2.2";
    mirror.roles = {"drbd-secondary", "ingress", "control"};
    cluster.nodes = {prod, mirror};
    cluster.drbd = DrbdConfig{"r0", {"prod", "mirror"}};
    return cluster;
  }
  static Result<FaultPlan> plan(const std::string& token = "0123abcd") {
    static const Cluster two = cluster();
    return plan_fault({two.nodes.front(), "boot-1", &two, token, "192.0.2.9"}, step());
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
  const auto plan = this->plan();
  ASSERT_TRUE(plan) << to_string(plan.error());
  EXPECT_FALSE(plan->apply.empty());
  EXPECT_FALSE(plan->confirm.empty()) << "a fault that is not confirmed can never pass";
  EXPECT_FALSE(plan->undo.empty());
  EXPECT_FALSE(plan->undone.empty()) << "an undo that is not proven is dirty";
  EXPECT_EQ(plan->node, "prod");
  EXPECT_FALSE(plan->intended.empty());
}

TEST_P(FaultContract, WhatAScriptDoesADeadManUndoes) {
  const auto plan = this->plan();
  ASSERT_TRUE(plan);
  const bool scripted = std::any_of(plan->apply.begin(), plan->apply.end(), [](const Action& a) {
    return std::holds_alternative<ScriptAction>(a);
  });
  if (!scripted) return;
  ASSERT_TRUE(plan->dead_man.has_value());
  EXPECT_EQ(plan->dead_man->token, "0123abcd");
  EXPECT_FALSE(plan->disarm.empty());
  EXPECT_FALSE(plan->disarmed.empty());
}

TEST_P(FaultContract, ScriptsAreReadableAndHaveNothingOfTheirTargetInThem) {
  const auto plan = this->plan();
  const auto other = this->plan("fedc9876");
  ASSERT_TRUE(plan && other);
  const auto scripts = scripts_of(*plan);
  for (const std::string& script : scripts) {
    EXPECT_TRUE(shell_can_read(script)) << script;
    EXPECT_THAT(script, ::testing::Not(HasSubstr("192.0.2."))) << "addresses are arguments";
    EXPECT_THAT(script, ::testing::Not(HasSubstr("0123abcd"))) << "the token is an argument";
  }
  EXPECT_EQ(scripts, scripts_of(*other)) << "the same text for every use";
}

TEST_P(FaultContract, UndoSurvivesTheJournal) {
  const auto plan = this->plan();
  ASSERT_TRUE(plan);
  for (const auto* list : {&plan->undo, &plan->disarm}) {
    const auto read = actions_from_json(actions_to_json(*list));
    ASSERT_TRUE(read);
    EXPECT_EQ(actions_to_json(*read), actions_to_json(*list));
    EXPECT_EQ(read->size(), list->size());
  }
  for (const auto* list : {&plan->undone, &plan->disarmed}) {
    const auto read = observations_from_json(observations_to_json(*list));
    ASSERT_TRUE(read);
    EXPECT_EQ(observations_to_json(*read), observations_to_json(*list));
    EXPECT_EQ(read->size(), list->size());
  }
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
