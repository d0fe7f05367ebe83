// recovery_test: a delay planted in one step of a recovery is found in the phase that ends with it,
// whatever the nodes' clocks do.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reports/render.h"
#include "reports/timeline.h"
#include "reports/words.h"
#include "tests/mocks/synthetic_takeover.h"

namespace ernstfall {
namespace {

using mocks::seconds_ns;
using mocks::Takeover;
using mocks::takeover;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Clock = std::function<std::int64_t(TimeNs)>;

RunReport report_of(const Takeover& plan) {
  const mocks::SyntheticRun run = takeover(plan);
  return assemble({run.history, run.cluster, run.scenario, 71, false, "", std::nullopt});
}

const Boundary& boundary(const RunReport& report, std::string_view name) {
  for (const Boundary& found : report.recovery.boundaries)
    if (found.name == name) return found;
  ADD_FAILURE() << "no step " << name;
  static const Boundary kNone;
  return kNone;
}

std::vector<std::pair<std::string_view, double>> truth(const Takeover& plan) {
  return {{step::kEffect, plan.cut_s},         {step::kDrbd, plan.noticed_s},
          {step::kPromoted, plan.promoted_s},  {step::kMounted, plan.mounted_s},
          {step::kStarted, plan.started_s},    {step::kAnswers, plan.answers_s},
          {step::kRedundant, plan.redundant_s}};
}

// Every step is where it was, by its own bounds, and the bounds say something.
std::vector<std::string> wrong_steps(const RunReport& report, const Takeover& plan) {
  std::vector<std::string> wrong;
  for (const auto& [name, at] : truth(plan)) {
    const Boundary& found = boundary(report, name);
    const bool known = found.at && !found.proof.empty();
    if (known && found.lower <= seconds_ns(at) && found.upper >= seconds_ns(at) &&
        found.upper - found.lower <= seconds_ns(2.1))
      continue;
    wrong.push_back(fmt::format("{} was at {} s, and is said to be in [{}, {}] s, gap \"{}\"", name,
                                at, to_seconds(found.lower), to_seconds(found.upper),
                                found.gap.english()));
  }
  return wrong;
}

const std::vector<Clock>& clocks() {
  static const std::vector<Clock> kClocks{
      [](TimeNs) { return std::int64_t{0}; }, [](TimeNs) { return seconds_ns(300); },
      [](TimeNs) { return seconds_ns(-30); },
      // Set forward, and back, in the middle of the recovery.
      [](TimeNs at) { return at < seconds_ns(27.5) ? 0 : seconds_ns(300); },
      [](TimeNs at) { return at < seconds_ns(27.5) ? seconds_ns(3) : seconds_ns(-30); },
      // Too fast, as far as the kernel corrects it.
      [](TimeNs at) { return seconds_ns(1) + at / 1'000'000 * 500; }};
  return kClocks;
}

TEST(Recovery, EveryStepIsWhereItWasWhateverTheClocksDo) {
  for (std::size_t i = 0; i < clocks().size(); ++i) {
    Takeover plan;
    plan.clock = clocks()[i];
    const RunReport report = report_of(plan);
    EXPECT_THAT(wrong_steps(report, plan), IsEmpty()) << "clock " << i;
  }
}

TEST(Recovery, TheSamePhasesInTheSameOrderWhateverTheClocksDo) {
  const RunReport calm = report_of({});
  for (const Clock& clock : clocks()) {
    Takeover plan;
    plan.clock = clock;
    const RunReport report = report_of(plan);
    ASSERT_EQ(report.phases.size(), calm.phases.size());
    for (std::size_t i = 0; i < calm.phases.size(); ++i) {
      EXPECT_EQ(report.phases[i].name, calm.phases[i].name);
      EXPECT_LE(report.phases[i].lower_ns, calm.phases[i].upper_ns) << calm.phases[i].name;
      EXPECT_GE(report.phases[i].upper_ns, calm.phases[i].lower_ns) << calm.phases[i].name;
    }
    EXPECT_EQ(report.rto.lower_ms, calm.rto.lower_ms);
    EXPECT_EQ(report.rto.upper_ms, calm.rto.upper_ms);
    EXPECT_EQ(report.verdict, calm.verdict);
  }
}

// Planted defect: the readings say that the clocks are right, as one who trusts NTP would have it.
TEST(Recovery, IgnoringTheOffsetIsCaught) {
  for (const double off : {300.0, -30.0}) {
    Takeover plan;
    plan.clock = [off](TimeNs) { return seconds_ns(off); };
    plan.claimed = [](TimeNs) { return std::int64_t{0}; };
    EXPECT_THAT(wrong_steps(report_of(plan), plan), Not(IsEmpty())) << off;
  }
}

TEST(Recovery, APlantedDelayLandsInItsPhase) {
  constexpr double kLate = 17;
  const std::vector<double Takeover::*> steps{&Takeover::noticed_s, &Takeover::promoted_s,
                                              &Takeover::mounted_s, &Takeover::started_s,
                                              &Takeover::answers_s};
  const std::vector<std::string_view> names{step::kDrbd, step::kPromoted, step::kMounted,
                                            step::kStarted, step::kAnswers};
  for (std::size_t late = 0; late < steps.size(); ++late) {
    for (const Clock& clock : clocks()) {
      Takeover plan;
      plan.clock = clock;
      for (std::size_t i = late; i < steps.size(); ++i) plan.*steps[i] += kLate;
      const RunReport report = report_of(plan);
      EXPECT_EQ(report.recovery.largest, names[late]);
      EXPECT_THAT(report.recovery.or_largest, IsEmpty())
          << names[late] << " " << report.phases.size();
      EXPECT_FALSE(report.recovery.largest_governed_by.empty());
      for (const PhaseSpan& phase : report.phases) {
        if (phase.name != names[late]) continue;
        // From the step before it, as planned.
        const double before = late == 0 ? plan.cut_s : plan.*steps[late - 1];
        const double length = plan.*steps[late] - before;
        // The first failure lies between the cut and DRBD's notice.
        const double slack = late == 0 ? 0.2 : 0;
        EXPECT_LE(to_seconds(phase.lower_ns), length) << phase.name;
        EXPECT_GE(to_seconds(phase.upper_ns) + slack, length) << phase.name;
      }
    }
  }
}

TEST(Recovery, WhatWasNotSeenIsAGapThatSaysWhy) {
  Takeover plan;
  plan.stream = false;
  plan.journal = false;
  const RunReport report = report_of(plan);
  EXPECT_THAT(boundary(report, step::kDrbd).gap, HasSubstr("nobody listened"));
  EXPECT_THAT(boundary(report, step::kMounted).gap, HasSubstr("journal"));
  EXPECT_EQ(boundary(report, step::kKubernetes).gap, "no Kubernetes in this cluster");
  for (const Boundary& found : report.recovery.boundaries)
    EXPECT_NE(found.at.has_value(), !found.gap.empty()) << found.name;
}

TEST(Recovery, StepsWithinTheUncertaintyAreUnordered) {
  Takeover plan;
  plan.mounted_s = plan.promoted_s + 0.002;
  const RunReport report = report_of(plan);
  EXPECT_THAT(boundary(report, step::kPromoted).unordered_with, Contains(step::kMounted));
  EXPECT_THAT(boundary(report, step::kMounted).unordered_with, Contains(step::kPromoted));
  for (const PhaseSpan& phase : report.phases)
    if (phase.name == step::kMounted) {
      EXPECT_TRUE(phase.unordered);
    }
  EXPECT_THAT(boundary(report_of({}), step::kStarted).unordered_with, IsEmpty());
}

TEST(Recovery, AStepOfAClockIsTold) {
  Takeover plan;
  plan.clock = clocks()[3];
  const RunReport report = report_of(plan);
  bool told = false;
  for (const NodeClockSummary& clock : report.clocks)
    if (clock.node == "mirror") {
      ASSERT_EQ(clock.steps.size(), 1U);
      EXPECT_LE(clock.steps[0].from, seconds_ns(27.5));
      EXPECT_GE(clock.steps[0].until, seconds_ns(27.5));
      told = true;
    }
  EXPECT_TRUE(told);
}

// As on a lab machine that measured its time stamp counter wrong: one rate, in one line.
TEST(Recovery, AnotherRateOfAClockIsToldOnce) {
  Takeover plan;
  plan.clock = [](TimeNs at) { return at * 19 / 10; };
  const RunReport report = report_of(plan);
  bool told = false;
  for (const NodeClockSummary& clock : report.clocks)
    if (clock.node == "mirror") {
      EXPECT_THAT(clock.steps, IsEmpty());
      ASSERT_EQ(clock.rates.size(), 1U);
      EXPECT_LE(clock.rates[0].lower_ppm, 1'900'000);
      EXPECT_GE(clock.rates[0].upper_ppm, 1'900'000);
      EXPECT_THAT(
          clock_text(clock).english(),
          testing::ContainsRegex("; ran 2.[89][0-9]* ± 0.[0-9]+ times as fast as ours from [0-9.]+ "
                                 "s to [0-9.]+ s$"));
      told = true;
    }
  EXPECT_TRUE(told);
  const auto json = nlohmann::json::parse(render_json(report));
  for (const auto& clock : json["clocks"])
    if (clock["node"] == "mirror") {
      EXPECT_EQ(clock["rates"].size(), 1U);
      EXPECT_EQ(clock["steps"].size(), 0U);
    }
}

TEST(Recovery, IsInResultJson) {
  const auto json = nlohmann::json::parse(render_json(report_of({})));
  ASSERT_EQ(json["recovery"]["boundaries"].size(), 11U);
  const auto& noticed = json["recovery"]["boundaries"][2];
  EXPECT_EQ(noticed["name"], step::kDrbd);
  EXPECT_LE(noticed["lower_ms"], 26'300);
  EXPECT_GE(noticed["upper_ms"], 26'300);
  EXPECT_EQ(json["recovery"]["boundaries"][3]["at_ms"], nullptr);
  EXPECT_EQ(json["clocks"].size(), 3U);
  EXPECT_TRUE(json["phases"][1].contains("lower_ms"));
  EXPECT_EQ(json["predictions"][0]["name"], "DRBD notices");
}

}  // namespace
}  // namespace ernstfall
