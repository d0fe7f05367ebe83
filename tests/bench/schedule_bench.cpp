// schedule_bench: how late questions are asked. Goal at 1 kHz: p99.9 under 1 ms.
#include <benchmark/benchmark.h>

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
  std::sort(late.begin(), late.end());
  const auto rank = [&](double share) {
    return static_cast<double>(
               late[static_cast<std::size_t>(share * static_cast<double>(late.size() - 1))]) /
           1e3;
  };
  state.counters["slots"] = static_cast<double>(late.size());  // missed ones are among them
  state.counters["missed"] = missed;
  state.counters["p50_us"] = rank(0.5);
  state.counters["p99_us"] = rank(0.99);
  state.counters["p99.9_us"] = rank(0.999);
  state.counters["max_us"] = rank(1);
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
