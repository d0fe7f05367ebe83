// report_bench: a report of one million samples. Goal: under 1 s and under 3 MB.
#include <benchmark/benchmark.h>

#include "reports/render.h"
#include "tests/mocks/synthetic_run.h"

namespace ernstfall {
namespace {

// 150 s at 2,236 Hz on three probes: 1.0 million samples, and the strips flap at the worst moments.
const mocks::SyntheticRun& million() {
  static const mocks::SyntheticRun run = mocks::kill_prod({.rate_hz = 2240});
  return run;
}

RunReport assembled() {
  const mocks::SyntheticRun& run = million();
  return assemble({run.history, run.cluster, run.scenario, 71, false, "", {}});
}

void assemble_million(benchmark::State& state) {
  million();
  for (auto _ : state) benchmark::DoNotOptimize(assembled());
  state.counters["samples"] = static_cast<double>(million().history.samples.size());
}
BENCHMARK(assemble_million)->Unit(benchmark::kMillisecond);

void render_html_million(benchmark::State& state) {
  const RunReport report = assembled();
  std::size_t bytes = 0;
  for (auto _ : state) bytes = render_html(report, million().history).size();
  state.counters["samples"] = static_cast<double>(million().history.samples.size());
  state.counters["MB"] = static_cast<double>(bytes) / 1e6;
}
BENCHMARK(render_html_million)->Unit(benchmark::kMillisecond);

// What the goal is about: from a history in memory to the bytes of the page.
void report_million(benchmark::State& state) {
  million();
  std::size_t bytes = 0;
  for (auto _ : state) bytes = render_html(assembled(), million().history).size();
  state.counters["samples"] = static_cast<double>(million().history.samples.size());
  state.counters["MB"] = static_cast<double>(bytes) / 1e6;
}
BENCHMARK(report_million)->Unit(benchmark::kMillisecond);

// Outcomes that change with every sample are the worst for size.
void render_html_million_flapping(benchmark::State& state) {
  static mocks::SyntheticRun run = [] {
    mocks::SyntheticRun copy = million();
    std::size_t i = 0;
    for (Sample& sample : copy.history.samples)
      sample.outcome = ++i % 2 == 0 ? Outcome::ok : Outcome::failed;
    return copy;
  }();
  const RunReport report = assemble({run.history, run.cluster, run.scenario, 71, false, "", {}});
  std::size_t bytes = 0;
  for (auto _ : state) bytes = render_html(report, run.history).size();
  state.counters["MB"] = static_cast<double>(bytes) / 1e6;
}
BENCHMARK(render_html_million_flapping)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ernstfall
