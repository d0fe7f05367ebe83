// start_bench: what is known of a node's clock over real SSH, and how far apart scripts on several
// nodes really begin. The nodes are sshd processes of this machine, which all have its one clock:
// so the truth is known as well as what we say of it.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <thread>

#include "harness/faults/node_script.h"
#include "harness/inject/executor.h"
#include "harness/inject/node_clock.h"
#include "tests/unit/remote/sshd_fixture.h"

namespace ernstfall {
namespace {

using namespace std::chrono_literals;

struct SshNodes {
  explicit SshNodes(std::int64_t count) {
    cluster.name = "sshd";
    std::map<std::string, std::unique_ptr<Remote>> remotes;
    for (std::int64_t i = 0; i < count; ++i) {
      Node node;
      node.name = fmt::format("n{:02}", i);
      daemons.push_back(std::make_unique<TestSshd>());
      remotes[node.name] = connect_to(daemons.back()->access());
      cluster.nodes.push_back(std::move(node));
    }
    set = std::make_unique<NodeSet>(cluster, std::move(remotes),
                                    std::map<std::string, std::unique_ptr<Power>>{});
    for (const Node& node : cluster.nodes)
      (void)exec_ok(*set->remote(node.name), {"true"}, soon(), {});  // connected
  }
  std::vector<std::unique_ptr<TestSshd>> daemons;
  Cluster cluster;
  std::unique_ptr<NodeSet> set;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// range(0) questions to one node: by a shell that stays, as every run does it.
void clock_by_shell(benchmark::State& state) {
  const SshNodes nodes(1);
  std::vector<double> uncertainty_us;
  for (auto _ : state) {
    const auto clock =
        measure_node_clock(*nodes.set->remote("n00"), static_cast<int>(state.range(0)), soon(), {});
    if (!clock) return state.SkipWithError(to_string(clock.error()).c_str());
    uncertainty_us.push_back(static_cast<double>(clock->uncertainty_ns()) / 1e3);
  }
  state.counters["uncertainty_us_median"] = median(uncertainty_us);
}
BENCHMARK(clock_by_shell)
    ->Arg(1)
    ->Arg(10)
    ->Iterations(15)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// The same by a command for each question, as where nothing can be kept open.
void clock_by_command(benchmark::State& state) {
  const SshNodes nodes(1);
  std::vector<double> uncertainty_us;
  for (auto _ : state) {
    double best = 1e12;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      const auto asked = std::chrono::steady_clock::now();
      if (!exec_ok(*nodes.set->remote("n00"), {"date", "+%s.%N"}, soon(), {}))
        return state.SkipWithError("no date");
      best = std::min(
          best, std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - asked)
                    .count());
    }
    uncertainty_us.push_back(best / 2);
  }
  state.counters["uncertainty_us_median"] = median(uncertainty_us);
}
BENCHMARK(clock_by_command)->Arg(3)->Iterations(15)->UseRealTime()->Unit(benchmark::kMillisecond);

struct Began {
  std::int64_t by_node_ns = 0;  // its wall clock
  NodeClock clock;
};

// The clocks, then one moment for all of them, as the start of a step on several nodes.
std::vector<Began> begin_together(const SshNodes& nodes) {
  std::vector<Began> began(nodes.cluster.nodes.size());
  const auto side_by_side = [&](const auto& work) {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < began.size(); ++i) threads.emplace_back([&, i] { work(i); });
  };
  side_by_side([&](std::size_t i) {
    const auto clock =
        measure_node_clock(*nodes.set->remote(nodes.cluster.nodes[i].name), 10, soon(), {});
    if (clock) began[i].clock = *clock;
  });
  const auto at = std::chrono::duration_cast<Nanos>(
                      (std::chrono::steady_clock::now() + 500ms).time_since_epoch())
                      .count();
  side_by_side([&](std::size_t i) {
    const ScriptAction action{"apply",    nodes.cluster.nodes[i].name,
                              "0123abcd", node_script("\nbegin\nsay done\n", false),
                              {},         30s};
    const auto said = Executor(*nodes.set).begin(action, at + began[i].clock.ahead_ns(), {});
    if (said && said->begun_ns) began[i].by_node_ns = *said->begun_ns;
  });
  return began;
}

double spread_ms(const std::vector<Began>& began, bool by_our_axis) {
  std::vector<std::int64_t> moments;
  for (const Began& one : began)
    moments.push_back(one.by_node_ns - (by_our_axis ? one.clock.ahead_ns() : 0));
  const auto [first, last] = std::minmax_element(moments.begin(), moments.end());
  return to_ms(*last - *first);
}

// range(0) nodes. Goal: 20 ms. `true` by the clock that they share, `said` as a report would.
void start_skew_over_ssh(benchmark::State& state) {
  const SshNodes nodes(state.range(0));
  std::vector<double> truth;
  std::vector<double> said;
  double uncertainty_ms = 0;
  for (auto _ : state) {
    const std::vector<Began> began = begin_together(nodes);
    if (std::any_of(began.begin(), began.end(),
                    [](const Began& one) { return one.by_node_ns == 0; }))
      return state.SkipWithError("one did not begin");
    truth.push_back(spread_ms(began, false));
    said.push_back(spread_ms(began, true));
    for (const Began& one : began)
      uncertainty_ms = std::max(uncertainty_ms, to_ms(2 * one.clock.uncertainty_ns()));
    if (std::abs(truth.back() - said.back()) > uncertainty_ms)
      return state.SkipWithError("what would be said is not true");
  }
  state.counters["true_ms_median"] = median(truth);
  state.counters["true_ms_max"] = *std::max_element(truth.begin(), truth.end());
  state.counters["said_ms_median"] = median(said);
  state.counters["uncertainty_ms_max"] = uncertainty_ms;
}
BENCHMARK(start_skew_over_ssh)
    ->ArgNames({"targets"})
    ->Arg(2)
    ->Arg(8)
    ->Iterations(15)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ernstfall
