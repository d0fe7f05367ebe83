// schedule_test: on the grid, never a burst after a stall, prompt to stop.
#include "probes/schedule.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "tests/unit/probes/probe_world.h"

namespace ernstfall {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing_support::eventually;

struct Entry {
  TimeNs slot = 0;
  TimeNs noticed = 0;
  bool missed = false;
};

// Everything that a schedule did with one task.
class Diary {
 public:
  Diary(const RunClock& clock, Nanos period) : clock_(clock), period_(period) {}

  ScheduledTask task() {
    return {period_, [this](TimeNs slot) { add(slot, false); },
            [this](TimeNs slot, TimeNs) { add(slot, true); }};
  }
  std::vector<Entry> entries() {
    const std::lock_guard lock(mutex_);
    return entries_;
  }
  void expect_grid() {
    const auto all = entries();
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(all[i].slot, all[0].slot + static_cast<TimeNs>(i) * period_.count());
      EXPECT_GE(all[i].noticed, all[i].slot) << "before its time";
    }
  }

 private:
  void add(TimeNs slot, bool missed) {
    const std::lock_guard lock(mutex_);
    entries_.push_back({slot, clock_.now(), missed});
  }

  const RunClock clock_;
  const Nanos period_;
  std::mutex mutex_;
  std::vector<Entry> entries_;
};

TEST(Schedule, EverySlotIsOnTheGridAndAccountedFor) {
  const RunClock clock;
  Diary fast(clock, milliseconds(2));
  Diary slow(clock, milliseconds(7));
  const TimeNs before = clock.now();
  const auto schedule = *Schedule::start(clock, {fast.task(), slow.task()});
  ASSERT_TRUE(eventually([&] { return slow.entries().size() >= 20; }));
  schedule->stop();
  EXPECT_GE(fast.entries()[0].slot, before);
  EXPECT_EQ(fast.entries()[0].slot, slow.entries()[0].slot);
  fast.expect_grid();
  slow.expect_grid();
  // One order of time for both: the fast one is not behind the slow one.
  EXPECT_GT(fast.entries().back().slot + 2 * kNsPerMs, slow.entries().back().slot);
}

// Planted: one task blocks. Slots that came up meanwhile are missed, and none of them is fired.
TEST(Schedule, AStallIsRecordedAndNeverFollowedByABurst) {
  const RunClock clock;
  constexpr Nanos kPeriod = milliseconds(10);
  Diary diary(clock, kPeriod);
  std::atomic<TimeNs> begin = 0;
  std::atomic<TimeNs> end = 0;
  const ScheduledTask blocker{hours(1),
                              [&](TimeNs) {
                                begin = clock.now();
                                std::this_thread::sleep_for(10 * kPeriod);
                                end = clock.now();
                              },
                              [](TimeNs, TimeNs) {}};
  const auto schedule = *Schedule::start(clock, {diary.task(), blocker});
  ASSERT_TRUE(eventually([&] {
    const auto entries = diary.entries();
    return end > 0 && !entries.empty() && entries.back().slot > end;
  }));
  schedule->stop();
  diary.expect_grid();
  int missed = 0;
  for (const Entry& entry : diary.entries()) {
    const bool stalled = entry.slot > begin && entry.slot < end - kPeriod.count();
    EXPECT_TRUE(entry.missed || !stalled) << "a slot of the stall was fired after it";
    EXPECT_TRUE(!entry.missed || entry.noticed - entry.slot > kPeriod.count());
    missed += stalled ? 1 : 0;
  }
  EXPECT_GE(missed, 8);
}

TEST(Schedule, StopDoesNotWaitForTheNextSlot) {
  const RunClock clock;
  Diary diary(clock, hours(10));
  const auto schedule = *Schedule::start(clock, {diary.task()});
  ASSERT_TRUE(eventually([&] { return diary.entries().size() == 1; }));
  schedule->stop();
  schedule->stop();  // again is harmless
  EXPECT_EQ(diary.entries().size(), 1U);
}

TEST(Schedule, StopReturnsAfterTheLastFire) {
  const RunClock clock;
  std::promise<void> entered;
  std::atomic<bool> left = false;
  const ScheduledTask slow{hours(1),
                           [&](TimeNs) {
                             entered.set_value();
                             std::this_thread::sleep_for(milliseconds(50));
                             left = true;
                           },
                           [](TimeNs, TimeNs) {}};
  const auto schedule = *Schedule::start(clock, {slow});
  entered.get_future().get();
  schedule->stop();
  EXPECT_TRUE(left);
}

TEST(Schedule, NoTasksAndNoPeriod) {
  const RunClock clock;
  const auto empty = Schedule::start(clock, {});
  ASSERT_TRUE(empty);
  (*empty)->stop();
  Diary diary(clock, Nanos(0));
  EXPECT_FALSE(Schedule::start(clock, {diary.task()}));
}

}  // namespace
}  // namespace ernstfall
