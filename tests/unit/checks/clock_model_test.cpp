// clock_model_test: bounds that hold whatever the clock does: off, drifting, set forward, set back.
#include "probes/checks/clock_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

namespace ernstfall {
namespace {

using Clock = std::function<std::int64_t(TimeNs)>;  // node's clock minus ours

constexpr TimeNs sec(double seconds) {
  return static_cast<TimeNs>(seconds * 1e9);
}

// Asks every two seconds, over a network whose delays are lopsided; lines come now and then.
ClockModel watched(const Clock& clock, TimeNs until = sec(120), std::uint64_t seed = 7,
                   double delay_max_s = 0.3) {
  ClockModel model;
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> delay(0.002, delay_max_s);
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
    const ClockCourse course = model.course();
    EXPECT_TRUE(course.rates.empty());
    ASSERT_EQ(course.steps.size(), 1U);
    EXPECT_EQ(course.steps[0].by.lower_ns, steps[0].by.lower_ns);
    EXPECT_EQ(course.steps[0].by.upper_ns, steps[0].by.upper_ns);
  }
}

// Planted: 2.9 times too fast, as an emulated machine had it, and rates near what a correction
// makes.
TEST(ClockCourse, AnotherRateIsOneRateAndNoStep) {
  for (const double ppm : {1'900'000.0, 50'000.0, 5'000.0, -5'000.0, -500'000.0}) {
    const Clock clock = [ppm](TimeNs at) {
      return sec(3) + static_cast<std::int64_t>(static_cast<double>(at) * ppm / 1e6);
    };
    const ClockModel model = watched(clock, sec(600));
    EXPECT_GE(model.steps().size(), 2U) << "it would be told as steps";
    const ClockCourse course = model.course();
    EXPECT_TRUE(course.steps.empty()) << ppm << ": " << course.steps.size();
    ASSERT_EQ(course.rates.size(), 1U) << ppm;
    EXPECT_LE(course.rates[0].lower_ppm, ppm);
    EXPECT_GE(course.rates[0].upper_ppm, ppm);
    EXPECT_LT(course.rates[0].upper_ppm - course.rates[0].lower_ppm, 2'000) << ppm;
    EXPECT_LT(course.rates[0].from, sec(5));
    EXPECT_GT(course.rates[0].until, sec(595));
  }
}

TEST(ClockCourse, AStepOfAClockAtAnotherRateIsOneStep) {
  for (const double by : {-30.0, 300.0}) {
    const Clock clock = [by](TimeNs at) { return at * 19 / 10 + (at < sec(61.3) ? 0 : sec(by)); };
    const ClockCourse course = watched(clock).course();
    ASSERT_EQ(course.rates.size(), 1U) << by;
    EXPECT_LE(course.rates[0].lower_ppm, 1'900'000);
    EXPECT_GE(course.rates[0].upper_ppm, 1'900'000);
    EXPECT_GT(course.rates[0].until, sec(115));
    ASSERT_EQ(course.steps.size(), 1U) << by;
    EXPECT_LE(course.steps[0].from, sec(61.3));
    EXPECT_GE(course.steps[0].until, sec(61.3));
    EXPECT_LE(course.steps[0].by.lower_ns, sec(by));
    EXPECT_GE(course.steps[0].by.upper_ns, sec(by));
    EXPECT_LT(course.steps[0].by.uncertainty_ns(), sec(1));
  }
}

// As ntpd does it: 50 ms are taken back at 500 ppm, and then it is right.
TEST(ClockCourse, ASlewOfNtpIsNeither) {
  const Clock clock = [](TimeNs at) {
    return std::max<std::int64_t>(0, sec(0.05) - std::max<TimeNs>(0, at - sec(20)) / 2'000);
  };
  for (const double delay_max_s : {0.003, 0.3}) {
    const ClockCourse course = watched(clock, sec(240), 7, delay_max_s).course();
    EXPECT_TRUE(course.steps.empty());
    EXPECT_TRUE(course.rates.empty());
  }
}

// chrony corrects by up to 83,333 ppm: one rate for that time, and no step where it began or ended.
TEST(ClockCourse, AFastSlewIsARateForItsTime) {
  const Clock clock = [](TimeNs at) {
    return sec(-2) + std::clamp<std::int64_t>((at - sec(40)) / 12, 0, sec(2));
  };
  const ClockCourse course = watched(clock, sec(120), 7, 0.02).course();
  EXPECT_TRUE(course.steps.empty()) << course.steps.size();
  ASSERT_EQ(course.rates.size(), 1U);
  EXPECT_LE(course.rates[0].lower_ppm, 83'334);
  EXPECT_GE(course.rates[0].upper_ppm, 83'333);
  EXPECT_GE(course.rates[0].from, sec(38));
  EXPECT_LE(course.rates[0].until, sec(68));
}

TEST(ClockCourse, NoiseAloneIsNothing) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const ClockModel model =
        watched([](TimeNs) { return sec(1); }, sec(300), seed, seed % 2 == 0 ? 1.9 : 0.05);
    const ClockCourse course = model.course();
    EXPECT_TRUE(course.steps.empty()) << seed;
    EXPECT_TRUE(course.rates.empty()) << seed;
  }
}

TEST(ClockCourse, TwoStepsInOneDirectionAreTwoSteps) {
  const Clock clock = [](TimeNs at) { return at < sec(41) ? 0 : at < sec(81) ? sec(2) : sec(4); };
  const ClockCourse course = watched(clock).course();
  EXPECT_EQ(course.steps.size(), 2U);
  EXPECT_TRUE(course.rates.empty());
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
