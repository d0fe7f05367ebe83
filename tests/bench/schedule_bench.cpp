// schedule_bench: how late questions are asked. Goal at 1 kHz: p99.9 under 1 ms.
#include <benchmark/benchmark.h>
#include <sched.h>
#include <sys/prctl.h>
#include <time.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "harness/history/history.h"
#include "probes/schedule.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Nanos kPeriod = milliseconds(1);
constexpr Nanos kLong = seconds(10);

// Microseconds.
void report_lateness(benchmark::State& state, std::vector<TimeNs>& late) {
  std::sort(late.begin(), late.end());
  const auto rank = [&](double share) {
    return static_cast<double>(
               late[static_cast<std::size_t>(share * static_cast<double>(late.size() - 1))]) /
           1e3;
  };
  state.counters["slots"] = static_cast<double>(late.size());  // missed ones are among them
  state.counters["p50_us"] = rank(0.5);
  state.counters["p99_us"] = rank(0.99);
  state.counters["p99.9_us"] = rank(0.999);
  state.counters["max_us"] = rank(1);
}

// What this machine gives to a thread that does nothing but sleep, at the same priority: nobody can
// be more punctual than this.
void machine_floor(benchmark::State& state) {
  std::vector<TimeNs> late;
  late.reserve(static_cast<std::size_t>(kLong / kPeriod));
  for (auto _ : state) {
    std::thread([&] {
      (void)::prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
      sched_param priority{};
      priority.sched_priority = ::sched_get_priority_min(SCHED_FIFO);
      state.counters["realtime"] = ::sched_setscheduler(0, SCHED_FIFO, &priority) == 0;
      const RunClock clock;
      for (TimeNs due = 0; due < kLong.count(); due += kPeriod.count()) {
        const auto until = clock.steady(due).time_since_epoch();
        const timespec at{std::chrono::duration_cast<seconds>(until).count(),
                          (until % seconds(1)).count()};
        (void)::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
        late.push_back(clock.now() - due);
      }
    }).join();
  }
  report_lateness(state, late);
}
BENCHMARK(machine_floor)->Iterations(1)->UseRealTime()->Unit(benchmark::kSecond);

// range(0) probes at 1 kHz; each records a sample, as a real one does.
void lateness(benchmark::State& state) {
  const testing_support::TempFolder folder;
  const RunClock clock;
  const auto history = std::move(*HistoryWriter::create(folder.path() / "history", "bench", clock));
  const SourceId source = *history->define_source({0, "probe", "probe", "", 1, 1});
  const auto probes = static_cast<std::size_t>(state.range(0));
  std::vector<TimeNs> late;  // of the schedule's thread alone
  late.reserve(probes * static_cast<std::size_t>(kLong / kPeriod + 1000));
  double missed = 0;
  for (auto _ : state) {
    const ScheduledTask task{
        kPeriod,
        [&](TimeNs slot) {
          const TimeNs now = clock.now();
          late.push_back(now - slot);
          (void)history->append(Sample{source, slot, now, now, Outcome::ok, 0, ""});
        },
        [&](TimeNs slot, TimeNs noticed) {
          late.push_back(noticed - slot);  // else the worst would not count
          ++missed;
        }};
    auto schedule = Schedule::start(clock, std::vector<ScheduledTask>(probes, task));
    if (!schedule) return state.SkipWithError("no schedule");
    std::this_thread::sleep_for(kLong);
    (*schedule)->stop();
  }
  report_lateness(state, late);
  state.counters["missed"] = missed;
}
BENCHMARK(lateness)
    ->ArgNames({"probes"})
    ->Arg(1)
    ->Arg(4)
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kSecond);

}  // namespace
}  // namespace ernstfall
