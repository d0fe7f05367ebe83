// compare_bench: how often `ernstfall compare` is right on simulated runs, and what it costs.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "tests/mocks/synthetic_reports.h"

namespace ernstfall {
namespace {

constexpr int kPairsPerSet = 100;

// Another one, so that nobody has to trust that this one was not chosen: ERNSTFALL_BENCH_SEED.
std::uint64_t seed() {
  const char* given = std::getenv("ERNSTFALL_BENCH_SEED");
  return given == nullptr ? 20261126 : std::strtoull(given, nullptr, 10);
}

struct Pairs {
  mocks::Recovery base;
  mocks::Recovery candidate;
  int repeats = 10;
};

// One set: 100 pairs, each with runs of its own. Counts the outcomes.
struct Outcomes {
  int regression = 0;
  int no_regression = 0;
  int unknown = 0;
};

Outcomes one_set(const Pairs& pairs, std::mt19937_64& random) {
  Outcomes outcomes;
  for (int pair = 0; pair < kPairsPerSet; ++pair) {
    const auto base = mocks::recovery_runs(pairs.base, random, pairs.repeats);
    const auto candidate = mocks::recovery_runs(pairs.candidate, random, pairs.repeats);
    switch (compare_runs(base, candidate, {}).outcome) {
      case CompareOutcome::regression:
        ++outcomes.regression;
        break;
      case CompareOutcome::no_regression:
        ++outcomes.no_regression;
        break;
      case CompareOutcome::unknown:
        ++outcomes.unknown;
        break;
    }
  }
  return outcomes;
}

// Per set of 100 pairs: the mean of each outcome, and the worst set.
void count_outcomes(benchmark::State& state, const Pairs& pairs, bool few_is_bad) {
  std::mt19937_64 random(seed());
  double sets = 0;
  Outcomes sum;
  int worst = few_is_bad ? kPairsPerSet : 0;
  for (auto _ : state) {
    const Outcomes outcomes = one_set(pairs, random);
    sum.regression += outcomes.regression;
    sum.no_regression += outcomes.no_regression;
    sum.unknown += outcomes.unknown;
    worst =
        few_is_bad ? std::min(worst, outcomes.regression) : std::max(worst, outcomes.regression);
    sets += 1;
  }
  state.counters["regression"] = sum.regression / sets;
  state.counters["no_regression"] = sum.no_regression / sets;
  state.counters["not_enough_data"] = sum.unknown / sets;
  state.counters["worst_set"] = worst;
}

mocks::Recovery with_sigma(std::int64_t percent) {
  mocks::Recovery recovery;
  recovery.sigma = static_cast<double>(percent) / 100;
  return recovery;
}

// range(0): sigma of the whole recovery in percent; range(1): repeats on each side.
void nothing_changed(benchmark::State& state) {
  const mocks::Recovery same = with_sigma(state.range(0));
  count_outcomes(state, {same, same, static_cast<int>(state.range(1))}, false);
}
BENCHMARK(nothing_changed)
    ->ArgsProduct({{10, 12, 15}, {10}})
    ->Args({12, 5})
    ->Args({12, 20})
    ->Iterations(20)
    ->Unit(benchmark::kMillisecond);

void recovery_30_percent_slower(benchmark::State& state) {
  const mocks::Recovery base = with_sigma(state.range(0));
  count_outcomes(state, {base, mocks::slower(base, 1.3), static_cast<int>(state.range(1))}, true);
}
BENCHMARK(recovery_30_percent_slower)
    ->ArgsProduct({{10, 12, 15}, {10}})
    ->Args({12, 5})
    ->Args({12, 20})
    ->Iterations(20)
    ->Unit(benchmark::kMillisecond);

// The outage grows by 30 % because one of its phases does; what follows it does not.
void one_phase_makes_it_30_percent_slower(benchmark::State& state) {
  const mocks::Recovery base = with_sigma(state.range(0));
  mocks::Recovery slow = base;
  slow.answers_ms += 0.3 * (base.noticed_ms + base.promoted_ms + base.answers_ms);
  count_outcomes(state, {base, slow, static_cast<int>(state.range(1))}, true);
}
BENCHMARK(one_phase_makes_it_30_percent_slower)
    ->ArgsProduct({{10, 12, 15}, {10}})
    ->Iterations(20)
    ->Unit(benchmark::kMillisecond);

void one_comparison(benchmark::State& state) {
  std::mt19937_64 random(1);
  const auto base = mocks::recovery_runs({}, random, static_cast<int>(state.range(0)));
  const auto candidate = mocks::recovery_runs({}, random, static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(compare_runs(base, candidate, {}).outcome);
}
BENCHMARK(one_comparison)->Arg(10)->Arg(50)->Arg(200)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ernstfall
