// soak_test: what a seed draws, and what a run makes of it.
#include "harness/run/soak.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "harness/faults/fault.h"
#include "probes/checks/run_facts.h"
#include "tests/mocks/sim_injection.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using namespace std::chrono_literals;

Cluster home(bool disposable) {
  Cluster cluster;
  cluster.name = "home";
  cluster.disposable = disposable;
  for (const char* name : {"prod", "mirror", "load"}) {
    Node node;
    node.name = name;
    cluster.nodes.push_back(node);
  }
  return cluster;
}

Soak soak_of(const std::vector<std::string>& picks, Nanos lasts = 30min) {
  Soak soak;
  soak.lasts = lasts;
  for (const std::string& pick : picks) {
    soak.picks.emplace_back();
    soak.picks.back().fault = pick;
  }
  return soak;
}

// By value: a loop over a part of a temporary would outlive it.
std::vector<SoakEntry> schedule_of(const Soak& soak, std::uint64_t seed) {
  return soak_schedule(soak, home(true), seed).value();
}

std::vector<std::string> printed(const Soak& soak, std::uint64_t seed) {
  std::vector<std::string> lines;
  for (const SoakEntry& entry : schedule_of(soak, seed)) lines.push_back(describe_entry(entry));
  return lines;
}

TEST(SoakSchedule, FollowsFromTheSeedAlone) {
  const Soak soak = soak_of({"net.*", "node.crash"});
  EXPECT_EQ(printed(soak, 71), printed(soak, 71));
  EXPECT_NE(printed(soak, 71), printed(soak, 72));
}

// So that a schedule of last year can be run again: what a seed draws is part of the format. When
// this fails on purpose, say so in the changelog.
TEST(SoakSchedule, DrawsTheSameOnEveryMachine) {
  const auto schedule = schedule_of(soak_of({"node.crash"}), 71);
  ASSERT_GE(schedule.size(), 3U);
  std::mt19937_64 random(71ULL * 1'000'003);
  const Nanos pause = 20s + 100ms * static_cast<std::int64_t>(random() % 401);
  EXPECT_EQ(schedule[0].pause, pause);
  (void)random();  // which fault
  EXPECT_EQ(schedule[0].step.on,
            (std::vector<std::string>{"prod", "mirror", "load"}[random() % 3]));
  EXPECT_EQ(schedule[0].step.hold, 5s + 100ms * static_cast<std::int64_t>(random() % 151));
}

TEST(SoakSchedule, KeepsToItsBounds) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Soak soak = soak_of({"net.*"});
    soak.at_once = 2;
    const auto schedule = schedule_of(soak, seed);
    EXPECT_GE(schedule.size(), 2 * 20U);
    std::map<int, Nanos> free_at;
    for (std::size_t i = 0; i < schedule.size(); ++i) {
      const SoakEntry& entry = schedule[i];
      EXPECT_EQ(entry.number, static_cast<int>(i) + 1);
      EXPECT_GE(entry.pause, soak.between.min);
      EXPECT_LE(entry.pause, soak.between.max);
      EXPECT_GE(entry.step.hold, soak.hold.min);
      EXPECT_LE(entry.step.hold, soak.hold.max);
      EXPECT_LT(entry.planned_at, soak.lasts);
      EXPECT_TRUE(entry.lane == 0 || entry.lane == 1);
      EXPECT_EQ(entry.planned_at, free_at[entry.lane] + entry.pause) << "one at a time in a lane";
      free_at[entry.lane] = entry.planned_at + entry.step.hold;
    }
    EXPECT_EQ(free_at.size(), 2U) << "both lanes have work";
  }
}

TEST(SoakSchedule, DrawsEveryFaultOfAPatternAndNoOther) {
  std::set<std::string> drawn;
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    for (const SoakEntry& entry : schedule_of(soak_of({"net.*"}), seed))
      drawn.insert(entry.step.fault);
  std::set<std::string> expected;
  for (const FaultType* type : all_faults())
    if (pattern_fits("net.*", type->name, type->params, type->destructive))
      expected.insert(std::string(type->name));
  EXPECT_EQ(drawn, expected);
  EXPECT_EQ(drawn.count("net.port-block"), 0U) << "needs a parameter";
}

TEST(SoakSchedule, DestroysDataOnlyWhereItWasNamedAndMayBe) {
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    for (const SoakEntry& entry : schedule_of(soak_of({"*"}), seed))
      EXPECT_FALSE(find_fault(entry.step.fault)->destructive) << entry.step.fault;
  const auto named = soak_schedule(soak_of({"drbd.split-brain"}), home(true), 1);
  ASSERT_TRUE(named);
  EXPECT_EQ(named->front().step.fault, "drbd.split-brain");
  Cluster real = home(false);
  real.destruction_confirmed = true;  // typed, for one fault that someone watches
  const auto refused = soak_schedule(soak_of({"drbd.split-brain"}), real, 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::refused);
  Scenario scenario;
  scenario.soak = soak_of({"drbd.split-brain"});
  const Status paper = check_fault_plans(scenario, real);
  ASSERT_FALSE(paper);
  EXPECT_EQ(paper.error().code, Errc::refused);
  EXPECT_THAT(paper.error().what, HasSubstr("disposable"));
  const Status disposable = check_fault_plans(scenario, home(true));
  EXPECT_THAT(disposable ? std::string() : disposable.error().what, Not(HasSubstr("disposable")));
}

TEST(SoakSchedule, AWordForSeveralNodesDrawsThem) {
  Soak soak = soak_of({"net.loss"});
  soak.picks[0].on = "majority";
  std::set<std::string> drawn;
  for (const SoakEntry& entry : schedule_of(soak, 3)) drawn.insert(entry.step.on);
  EXPECT_EQ(drawn, (std::set<std::string>{"load,mirror", "load,prod", "mirror,prod"}));
}

class SoakRun : public ::testing::Test {
 protected:
  SoakRun() {
    sim_.cluster.disposable = true;
    for (Node& node : sim_.cluster.nodes) node.address = "192.0.2.1";
    scenario_.soak = soak_of({"net.isolate"}, 2s);
    scenario_.soak->between = {100ms, 200ms};
    scenario_.soak->hold = {100ms, 200ms};
  }
  std::map<std::string, int> outcomes(sim::SimInjection& injection) {
    std::map<std::string, int> counts;
    for (const FaultFacts& fault : read_facts(injection.history()).faults)
      ++counts[fault.skipped     ? "skipped"
               : !fault.held()   ? "not seen"
               : fault.undone_at ? "held"
                                 : "cut short"];
    return counts;
  }
  sim::SimCluster sim_{{"prod", "mirror"}};
  Scenario scenario_;
};

TEST_F(SoakRun, EveryFaultOfTheScheduleHasAnOutcome) {
  sim::SimInjection injection(sim_);
  EXPECT_THAT(injection.run(scenario_, 5), IsEmpty());
  const auto schedule = soak_schedule(*scenario_.soak, sim_.cluster, 5).value();
  auto counts = outcomes(injection);
  EXPECT_GE(counts["held"], 2);
  EXPECT_EQ(counts["held"] + counts["skipped"], static_cast<int>(schedule.size()));
}

// A real cluster allows faults on one node at a time, so that the second lane is often refused.
TEST_F(SoakRun, WhatAGuardRefusesIsSkippedWithItsReason) {
  sim_.cluster.disposable = false;
  scenario_.soak->at_once = 2;
  scenario_.soak->hold = {400ms, 400ms};
  sim::SimInjection injection(sim_);
  EXPECT_THAT(injection.run(scenario_, 5), IsEmpty()) << "a refusal ends nothing";
  const RunFacts facts = read_facts(injection.history());
  int refused = 0;
  for (const FaultFacts& fault : facts.faults)
    if (fault.skipped && fault.problem.find("max-nodes") != std::string::npos) ++refused;
  EXPECT_GE(refused, 1);
  EXPECT_TRUE(facts.all_confirmed()) << "what was skipped does not count against the rest";
  EXPECT_TRUE(facts.undone_at());
}

// Planted defect: the fault never shows on prod.
TEST_F(SoakRun, AFaultThatIsNotSeenIsUndoneAndTheNextOneComes) {
  int confirms = 0;
  sim_["prod"].script = [&confirms](const RemoteCommand& command) {
    ExecResult result;
    const bool confirm =
        command.stdin_text.find("the rules have hit no packet") != std::string::npos;
    if (confirm) ++confirms;
    result.exit_code = confirm ? 1 : 0;
    return result;
  };
  sim_.cluster.time_scale = 0.01;  // a minute of waiting for the effect
  scenario_.soak->lasts = 6s;
  sim::SimInjection injection(sim_);
  EXPECT_THAT(injection.run(scenario_, 5), IsEmpty());
  auto counts = outcomes(injection);
  EXPECT_GE(confirms, 1);
  EXPECT_GE(counts["not seen"], 1);
  EXPECT_GE(counts["held"], 1);
  EXPECT_THAT(injection.progress.warnings(), ::testing::Contains(HasSubstr("not seen")));
}

// What holds is undone at once, and nothing more begins.
TEST_F(SoakRun, AGuardEndsTheWholeSoak) {
  scenario_.soak->hold = {10s, 10s};
  scenario_.soak->lasts = 5min;
  sim::SimInjection injection(sim_);
  injection.guard = "service_down_for";
  const auto aborted = injection.run(scenario_, 5);
  ASSERT_THAT(aborted, SizeIs(1));
  EXPECT_THAT(aborted[0], HasSubstr("service_down_for"));
  auto counts = outcomes(injection);
  EXPECT_EQ(counts["held"], 1) << "undone";
  EXPECT_GE(counts["skipped"], 5);
}

}  // namespace
}  // namespace ernstfall
