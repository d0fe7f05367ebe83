// events2_bench: lines of DRBD's event stream that are understood in a second.
#include <benchmark/benchmark.h>

#include "harness/core/files.h"
#include "harness/core/text.h"
#include "harness/drbd/events2.h"

namespace ernstfall {
namespace {

// Run from the top of the source tree.
std::vector<std::string> recorded(const std::string& name) {
  std::vector<std::string> lines;
  const auto text = read_file("tests/golden/" + name);
  if (!text) return lines;
  for (std::string& line : split(*text, '\n'))
    if (!line.empty()) lines.push_back(std::move(line));
  return lines;
}

void run(benchmark::State& state, const std::string& name, bool fold) {
  const std::vector<std::string> lines = recorded(name);
  if (lines.empty()) return state.SkipWithError("no recording: run it from the source tree");
  std::size_t bytes = 0;
  for (const std::string& line : lines) bytes += line.size() + 1;
  for (auto _ : state) {
    DrbdNodeState node;
    for (const std::string& line : lines) {
      const auto event = parse_events2_line(line);
      if (!event) return state.SkipWithError("a line is not understood");
      if (fold) node.apply(*event, "r0");
    }
    benchmark::DoNotOptimize(node);
  }
  const auto passes = static_cast<std::int64_t>(state.iterations());
  state.SetItemsProcessed(passes * static_cast<std::int64_t>(lines.size()));
  state.SetBytesProcessed(passes * static_cast<std::int64_t>(bytes));
}

void parse(benchmark::State& state, const std::string& name) {
  run(state, name, false);
}
void parse_and_fold(benchmark::State& state, const std::string& name) {
  run(state, name, true);
}
constexpr const char* kDrbd9 = "drbd-9.3/events2.prod.txt";
constexpr const char* kDrbd84 = "drbd-8.4/events2-timestamps.peer-killed.mirror.txt";
BENCHMARK_CAPTURE(parse, drbd_9, kDrbd9);
BENCHMARK_CAPTURE(parse, drbd_84, kDrbd84);
BENCHMARK_CAPTURE(parse_and_fold, drbd_9, kDrbd9);
BENCHMARK_CAPTURE(parse_and_fold, drbd_84, kDrbd84);

}  // namespace
}  // namespace ernstfall
