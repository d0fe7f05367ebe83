// clock_test: deadlines, interruptible sleep, and the axis of a run.
#include "harness/core/clock.h"

#include <gtest/gtest.h>

#include <thread>

#include "harness/core/exit_code.h"

namespace ernstfall {
namespace {

using namespace std::chrono_literals;

TEST(Deadlines, NeverGoNegativeAndRoundUp) {
  const Deadline past = Deadline::at(std::chrono::steady_clock::now() - 1h);
  EXPECT_TRUE(past.expired());
  EXPECT_EQ(past.remaining(), Nanos::zero());
  EXPECT_EQ(past.remaining_ms(), 0);
  const Deadline future = Deadline::after(1h);
  EXPECT_FALSE(future.expired());
  EXPECT_GT(Deadline::at(std::chrono::steady_clock::now() + 2ms).remaining_ms() + 1, 0);
  // poll(2) with 0 would spin until a deadline that is less than a millisecond away.
  const Deadline near = Deadline::after(1h);
  EXPECT_EQ(near.remaining_ms(), 3'600'000);
  EXPECT_LE(Deadline::after(1000h).remaining_ms(), 3'600'000);
}

TEST(Deadlines, AtMostTakesTheEarlier) {
  const Deadline hour = Deadline::after(1h);
  EXPECT_LT(hour.at_most(1min).time(), hour.time());
  EXPECT_EQ(hour.at_most(2h).time(), hour.time());
}

TEST(SleepUntil, ReachesItsDeadline) {
  const Deadline deadline = Deadline::after(20ms);
  EXPECT_TRUE(sleep_until(deadline, {}));
  EXPECT_TRUE(deadline.expired());
}

TEST(SleepUntil, StopEndsIt) {
  std::stop_source source;
  std::jthread stopper([&] { source.request_stop(); });
  const Deadline deadline = Deadline::after(1h);
  EXPECT_FALSE(sleep_until(deadline, source.get_token()));
  EXPECT_FALSE(deadline.expired());
  EXPECT_FALSE(sleep_until(deadline, source.get_token()));
}

TEST(RunClock, GoesThereAndBack) {
  const RunClock clock;
  EXPECT_EQ(clock.at(clock.base), 0);
  EXPECT_EQ(clock.at(clock.steady(123'456'789)), 123'456'789);
  const TimeNs first = clock.now();
  EXPECT_LE(first, clock.now());
}

TEST(FormatUtc, HasMillisecondsAndNoLocalTime) {
  const std::chrono::system_clock::time_point time{1'795'403'525'007ms};
  EXPECT_EQ(format_utc(time), "2026-11-23T03:12:05.007Z");
  EXPECT_EQ(format_utc_compact(time), "20261123T031205Z");
}

TEST(Errors, EachCodeHasANameOfItsOwnAndAnExitCode) {
  std::vector<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Errc::internal); ++i) {
    const auto code = static_cast<Errc>(i);
    for (const std::string_view name : names) EXPECT_NE(name, errc_name(code));
    names.push_back(errc_name(code));
    EXPECT_GE(static_cast<int>(exit_code_for(Error{code, "x", ""})), 64);
  }
  EXPECT_EQ(to_string(Error{Errc::io, "what", "where"}), "where: what");
  EXPECT_EQ(to_string(Error{Errc::io, "what", ""}), "what");
}

}  // namespace
}  // namespace ernstfall
