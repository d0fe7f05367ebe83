// inject_bench: what the harness itself adds to a fault: how far apart targets begin, what a line
// of the journal costs, and how long planning takes.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "harness/faults/fault.h"
#include "harness/run/preflight.h"
#include "probes/checks/run_facts.h"
#include "tests/mocks/sim_injection.h"

namespace ernstfall {
namespace {

std::vector<std::string> node_names(std::int64_t count) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < count; ++i) names.push_back(fmt::format("n{:02}", i));
  return names;
}

// range(0) targets of one step, on nodes without SSH whose clocks are up to a minute off and whose
// commands take 5 to 20 ms to start: what is left of that, as the report says it. Goal: 20 ms.
void start_skew(benchmark::State& state) {
  sim::SimCluster cluster(node_names(state.range(0)));
  cluster.cluster.disposable = true;
  std::int64_t i = 0;
  for (auto& [name, node] : cluster.nodes) {
    sim::keep_time(*node,
                   {(i % 7 - 3) * 20'000'000'000, {}, std::chrono::milliseconds(5 + i % 4 * 5)});
    ++i;
  }
  Scenario scenario;
  scenario.faults.emplace_back();
  scenario.faults.back().fault = "net.isolate";
  scenario.faults.back().on = "*";
  std::vector<double> skews;
  double uncertainty = 0;
  for (auto _ : state) {
    sim::SimInjection injection(cluster);
    if (!injection.run(scenario).empty()) return state.SkipWithError("not injected");
    const auto found = start_skews(read_facts(injection.history()));
    if (found.size() != 1 || !found[0].by_nodes) return state.SkipWithError("no skew");
    skews.push_back(to_ms(found[0].skew_ns));
    uncertainty = std::max(uncertainty, to_ms(found[0].uncertainty_ns));
  }
  std::sort(skews.begin(), skews.end());
  state.counters["skew_ms_median"] = skews[skews.size() / 2];
  state.counters["skew_ms_max"] = skews.back();
  state.counters["uncertainty_ms_max"] = uncertainty;
}
BENCHMARK(start_skew)
    ->ArgNames({"targets"})
    ->Arg(2)
    ->Arg(8)
    ->Arg(32)
    ->Iterations(15)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// A small record, flushed to the disk: seven of these stand around every fault.
void journal_append(benchmark::State& state) {
  const testing_support::TempFolder folder;
  auto journal = Journal::open(folder.path());
  int id = 0;
  for (auto _ : state)
    if (!journal->record("applying", {{"id", ++id}})) return state.SkipWithError("no record");
}
BENCHMARK(journal_append)->UseRealTime()->Unit(benchmark::kMicrosecond);

// For the parameters that have no default.
const std::map<std::string, std::string, std::less<>> kGiven{{"unit", "apache2.service"},
                                                             {"mount", "/srv/cloud"},
                                                             {"device", "/dev/mapper/data"},
                                                             {"ports", "7789"},
                                                             {"rate", "1Mbit"},
                                                             {"delay", "100ms"},
                                                             {"by", "30s"},
                                                             {"share", "10%"},
                                                             {"resource", "r0"},
                                                             {"longer_than", "1400"},
                                                             {"to", "90%"}};

Params required_params(const FaultType& type) {
  Params params;
  for (const ParamSpec& spec : type.params)
    if (spec.required)
      params[std::string(spec.name)] = *parse_param(spec.kind, kGiven.find(spec.name)->second);
  return params;
}

// Every fault of the catalogue planned for a node, and the plan as --dry-run prints it: our own
// part, with nodes that answer at once.
void plan_all_faults(benchmark::State& state) {
  sim::SimCluster cluster({"prod", "mirror", "load"});
  cluster.cluster.disposable = true;
  cluster.cluster.drbd = DrbdConfig{"r0", {"prod", "mirror"}};
  int last = 0;
  for (Node& node : cluster.cluster.nodes) {
    node.roles = {"drbd-primary", "drbd-secondary", "service", "ingress", "control", "monitoring"};
    node.address = fmt::format("192.0.2.{}", ++last);
  }
  std::size_t planned = 0;
  std::size_t bytes = 0;
  for (auto _ : state) {
    PreflightResult result;
    for (const FaultType* type : all_faults()) {
      FaultStep step;
      step.fault = std::string(type->name);
      step.on = "prod";
      step.params = required_params(*type);
      auto one = plan_step(*cluster.set, step, 1, {});
      if (!one) return state.SkipWithError(to_string(one.error()).c_str());
      result.faults.push_back(std::move(*one));
    }
    planned = result.faults.size();
    bytes = describe_plan(result, Scenario(), std::chrono::minutes(1)).size();
    for (auto& [name, node] : cluster.nodes) node->log.clear();
  }
  state.counters["faults"] = static_cast<double>(planned);
  state.counters["plan_bytes"] = static_cast<double>(bytes);
}
BENCHMARK(plan_all_faults)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ernstfall
