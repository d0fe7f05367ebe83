// history_bench: what it costs a probe to record something. Goal: under 1 us for each record.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "harness/history/history.h"
#include "harness/history/kinds.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

struct Place {
  testing_support::TempFolder folder;
  RunClock clock;
  std::unique_ptr<HistoryWriter> writer =
      std::move(*HistoryWriter::create(folder.path() / "history", "bench", clock));
  SourceId source = *writer->define_source({0, "webdav.write", "webdav.write", "", 1, 1});
};

// Many threads share one writer, as in a run.
Place* g_place = nullptr;
void make_place(const benchmark::State& /*state*/) {
  g_place = new Place;
}
void remove_place(const benchmark::State& /*state*/) {
  delete g_place;
  g_place = nullptr;
}

void append_samples(benchmark::State& state) {
  const std::string detail = state.range(0) == 0 ? "" : "HTTP 503: Service Unavailable, no retry";
  TimeNs at = 0;
  for (auto _ : state) {
    ++at;
    const Sample sample{g_place->source, at, at, at, Outcome::ok, 201, detail};
    if (!g_place->writer->append(sample)) return state.SkipWithError("append failed");
  }
  state.SetItemsProcessed(state.iterations());
}
// As many as one hour of a run at 1 kHz, and not more: they go to a disk.
BENCHMARK(append_samples)
    ->ArgNames({"detail"})
    ->Arg(0)
    ->Arg(1)
    ->Iterations(1'000'000)
    ->Setup(make_place)
    ->Teardown(remove_place);
BENCHMARK(append_samples)
    ->Name("append_samples_shared")
    ->ArgNames({"detail"})
    ->Arg(0)
    ->Iterations(500'000)
    ->Threads(2)
    ->UseRealTime()
    ->Setup(make_place)
    ->Teardown(remove_place);

void append_events(benchmark::State& state) {
  const std::string text =
      "2026-11-23T04:55:03.340337+00:00 change peer-device name:r0 peer-node-id:1 conn-name:mirror "
      "volume:0 replication:Off peer-disk:DUnknown peer-client:no";
  TimeNs at = 0;
  for (auto _ : state) {
    const Event event{g_place->source, ++at, std::string(kinds::kDrbdLine), text};
    if (!g_place->writer->append(event)) return state.SkipWithError("append failed");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(append_events)->Iterations(300'000)->Setup(make_place)->Teardown(remove_place);

// The worst cases: new space is allocated every 4 MiB, a new file begun every 64 MiB.
void append_worst_case(benchmark::State& state) {
  std::vector<TimeNs> took;
  took.reserve(2'000'000);
  TimeNs at = 0;
  for (auto _ : state) {
    const TimeNs begin = g_place->clock.now();
    const Sample sample{g_place->source, ++at, at, at, Outcome::ok, 201, ""};
    if (!g_place->writer->append(sample)) return state.SkipWithError("append failed");
    took.push_back(g_place->clock.now() - begin);
  }
  std::sort(took.begin(), took.end());
  const auto rank = [&](double share) {
    return static_cast<double>(
               took[static_cast<std::size_t>(share * static_cast<double>(took.size() - 1))]) /
           1e3;
  };
  state.counters["p50_us"] = rank(0.5);
  state.counters["p99_us"] = rank(0.99);
  state.counters["p99.9_us"] = rank(0.999);
  state.counters["max_us"] = rank(1);
}
BENCHMARK(append_worst_case)->Iterations(1'500'000)->Setup(make_place)->Teardown(remove_place);

void sync_one_record(benchmark::State& state) {
  for (auto _ : state) {
    const Event event{g_place->source, 1, "fault.intended", "{}"};
    if (!g_place->writer->append(event) || !g_place->writer->sync())
      return state.SkipWithError("sync failed");
  }
}
BENCHMARK(sync_one_record)
    ->Iterations(200)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Setup(make_place)
    ->Teardown(remove_place);

}  // namespace
}  // namespace ernstfall
