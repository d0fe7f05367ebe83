// overview_bench: many run folders read and rendered as one page. The cost of a run must not depend
// on how many lie beside it.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>

#include "reports/overview.h"
#include "reports/render.h"
#include "tests/mocks/run_folder.h"

namespace ernstfall {
namespace {

namespace fs = std::filesystem;

// `count` runs, every second one attended and the sibling of the others. Small ones: what is
// measured is what the number of runs costs, and not the length of a history.
class ManyRuns {
 public:
  explicit ManyRuns(int count) {
    std::string name = (fs::temp_directory_path() / "ernstfall-overview-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    root_ = name;
    for (int i = 0; i < count; ++i) {
      const bool attended = i % 2 == 1;
      mocks::SyntheticRun run =
          mocks::kill_prod({.rate_hz = 1, .attended = attended, .end_s = 150.0 + i % 7});
      run.scenario.compare_with = attended ? "kill-prod" : "kill-prod-attended";
      const fs::path folder = root_ / fmt::format("run-{:05}", i);
      mocks::write_run_folder(folder, run, fmt::format("2026-11-23T{:05}Z", i));
      const RunReport report =
          assemble({run.history, run.cluster, run.scenario, 71, false, "", {}});
      if (!write_file_atomic(folder / "result.json", render_json(report))) std::abort();
    }
  }
  ManyRuns(const ManyRuns&) = delete;
  ManyRuns& operator=(const ManyRuns&) = delete;
  ~ManyRuns() {
    std::error_code ec;
    fs::remove_all(root_, ec);
  }

  const fs::path& root() const { return root_; }
  static const Catalogue& catalogue() {
    static const Catalogue kCatalogue = [] {
      Catalogue catalogue;
      catalogue.faults.push_back({"node.power-off", "", {}, true});
      catalogue.loads.push_back({"ledger.webdav", "", {}, false});
      return catalogue;
    }();
    return kCatalogue;
  }

 private:
  fs::path root_;
};

void read_runs(benchmark::State& state) {
  const ManyRuns runs(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    const auto input = read_overview({runs.root()}, ManyRuns::catalogue());
    if (!input) state.SkipWithError(to_string(input.error()).c_str());
    benchmark::DoNotOptimize(input);
  }
  state.counters["runs"] = benchmark::Counter(static_cast<double>(state.range(0)),
                                              benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(read_runs)->Arg(125)->Arg(500)->Arg(2000)->Iterations(1)->Unit(benchmark::kMillisecond);

void render_page(benchmark::State& state) {
  const ManyRuns runs(static_cast<int>(state.range(0)));
  const auto input = read_overview({runs.root()}, ManyRuns::catalogue());
  if (!input) return state.SkipWithError(to_string(input.error()).c_str());
  std::size_t bytes = 0;
  for (auto _ : state)
    bytes =
        render_overview_html(overview_of(*input, ManyRuns::catalogue()), Language::english).size();
  state.counters["MB"] = static_cast<double>(bytes) / 1e6;
}
BENCHMARK(render_page)->Arg(500)->Arg(2000)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ernstfall
