// clock_model_test: bounds that hold whatever the clock does: off, drifting, set forward, set back.
#include "probes/checks/clock_model.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace ernstfall {
namespace {

using Clock = std::function<std::int64_t(TimeNs)>;  // node's clock minus ours

constexpr TimeNs sec(double seconds) {
  return static_cast<TimeNs>(seconds * 1e9);
}

// Asks every two seconds, over a network whose delays are lopsided; lines come now and then.
ClockModel watched(const Clock& clock, TimeNs until = sec(120)) {
  ClockModel model;
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> delay(0.002, 0.3);
  for (TimeNs at = 0; at < until; at += sec(2)) {
    const TimeNs said = at + sec(delay(random));
    const TimeNs answered = said + sec(delay(random));
    model.add(at, answered, said + clock(said));
    const TimeNs line = at + sec(1);
    model.add(std::nullopt, line + sec(0.004), line + clock(line));
  }
  return model;
}

void expect_encloses(const ClockModel& model, const Clock& clock, TimeNs until = sec(120)) {
  for (TimeNs at = 0; at < until; at += sec(0.37)) {
    const auto offset = model.offset_at(at);
    ASSERT_TRUE(offset) << at;
    EXPECT_LE(offset->lower_ns, clock(at)) << to_seconds(at);
    EXPECT_GE(offset->upper_ns, clock(at)) << to_seconds(at);
    const auto placed = model.place(at + clock(at), at - sec(5), at + sec(5));
    ASSERT_TRUE(placed) << to_seconds(at);
    EXPECT_LE(placed->lower, at);
    EXPECT_GE(placed->upper, at);
  }
}

TEST(ClockModel, FiveMinutesAheadAndHalfAMinuteBehindAreEnclosed) {
  for (const double off : {300.0, -30.0, 0.0}) {
    const Clock clock = [off](TimeNs) { return sec(off); };
    const ClockModel model = watched(clock);
    expect_encloses(model, clock);
    EXPECT_TRUE(model.steps().empty());
    EXPECT_LT(model.offset_at(sec(60))->uncertainty_ns(), sec(0.15)) << "half of a round trip";
  }
}

TEST(ClockModel, ADriftIsFollowedAndTold) {
  const Clock clock = [](TimeNs at) { return sec(3) + at / 1'000'000 * 120; };
  const ClockModel model = watched(clock, sec(600));
  expect_encloses(model, clock, sec(600));
  const auto drift = model.drift();
  ASSERT_TRUE(drift);
  EXPECT_LE(drift->lower_ppm, 120);
  EXPECT_GE(drift->upper_ppm, 120);
  EXPECT_LT(drift->upper_ppm - drift->lower_ppm, 600);
}

TEST(ClockModel, AStepIsFoundBetweenTheReadingsAroundIt) {
  for (const double by : {300.0, -30.0, 2.0, -2.0}) {
    const Clock clock = [by](TimeNs at) { return at < sec(61.3) ? sec(1) : sec(1 + by); };
    const ClockModel model = watched(clock);
    expect_encloses(model, clock);
    const auto steps = model.steps();
    ASSERT_EQ(steps.size(), 1U) << by;
    EXPECT_LE(steps[0].from, sec(61.3));
    EXPECT_GE(steps[0].until, sec(61.3));
    EXPECT_LT(steps[0].until - steps[0].from, sec(4.5)) << by;
    EXPECT_LE(steps[0].by.lower_ns, sec(by));
    EXPECT_GE(steps[0].by.upper_ns, sec(by));
  }
}

TEST(ClockModel, WhatAClockThatWasSetBackSaidTwiceIsAmbiguousUnlessBounded) {
  const Clock clock = [](TimeNs at) { return at < sec(60) ? 0 : sec(-30); };
  const ClockModel model = watched(clock);
  const auto twice = model.place(sec(50), 0, sec(120));
  ASSERT_TRUE(twice);
  EXPECT_TRUE(twice->ambiguous);
  EXPECT_LE(twice->lower, sec(50));
  EXPECT_GE(twice->upper, sec(80));
  const auto second = model.place(sec(50), sec(70), sec(90));
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->ambiguous);
  EXPECT_NEAR(to_seconds(second->lower), 80, 0.5);
}

TEST(ClockModel, WhoWasNeverAskedIsNotPlaced) {
  ClockModel model;
  EXPECT_FALSE(model.offset_at(0));
  model.add(std::nullopt, sec(1), sec(1));
  EXPECT_FALSE(model.offset_at(sec(1)));
  EXPECT_FALSE(model.place(sec(1), 0, sec(2)));
}

TEST(ClockModel, AStampThatFitsNowhereIsNotPlaced) {
  const ClockModel model = watched([](TimeNs) { return sec(10); });
  EXPECT_FALSE(model.place(sec(40), sec(39), sec(41))) << "by our clock that was at 30 s";
}

}  // namespace
}  // namespace ernstfall
