// search_test: threshold searches on simulated services: those that break at a known level, that
// never or always break, that flap, that have a hole, that cannot be tried everywhere.
#include "harness/suite/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

namespace ernstfall {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using Service = std::function<TrialOutcome(std::size_t level)>;

constexpr auto kHeld = TrialOutcome::held;
constexpr auto kBroke = TrialOutcome::broke;

Service breaks_from(std::size_t limit) {
  return [limit](std::size_t level) { return level >= limit ? kBroke : kHeld; };
}

ThresholdSearch run_search(std::size_t levels, int repeat, const Service& service) {
  ThresholdSearch search(levels, repeat);
  while (const auto level = search.next()) {
    EXPECT_LT(level, levels);
    search.record(*level, service(*level));
    if (search.trials() > 10'000) ADD_FAILURE() << "no end";
    if (search.trials() > 10'000) break;
  }
  return search;
}

TEST(Search, FindsEveryLevelWithinThePromisedTrials) {
  for (const std::size_t levels : {5U, 6U, 9U, 10U, 41U, 64U, 65U, 1000U})
    for (const int repeat : {1, 3, 5})
      for (std::size_t limit = 1; limit < levels; ++limit) {
        const ThresholdSearch done = run_search(levels, repeat, breaks_from(limit));
        const SearchResult result = done.result();
        ASSERT_EQ(result.end, SearchEnd::found) << levels << " " << repeat << " " << limit;
        EXPECT_EQ(result.held, limit - 1);
        EXPECT_EQ(result.failed, limit);
        const double promised = 2 * std::log2(static_cast<double>(levels - 1)) + repeat;
        EXPECT_LE(static_cast<double>(done.trials()), promised + 1e-9);
        EXPECT_LE(done.trials(), done.most_trials());
      }
}

TEST(Search, ConfirmsBothLevelsAndChecksBeyondThem) {
  const ThresholdSearch done = run_search(65, 3, breaks_from(30));
  const SearchResult result = done.result();
  EXPECT_TRUE(result.confirmed);
  EXPECT_GE(done.counts()[29].held, 3);
  EXPECT_GE(done.counts()[30].broke, 3);
  EXPECT_GE(result.checked_above, 1U);
  EXPECT_GE(result.checked_below, 1U);
}

TEST(Search, TooFewTrialsForTheRepeatsIsSaidNotHidden) {
  const SearchResult result = run_search(5, 10, breaks_from(2)).result();
  EXPECT_EQ(result.end, SearchEnd::found);
  EXPECT_FALSE(result.confirmed);
}

TEST(Search, NeverBrokeHasNoFailedLevel) {
  const ThresholdSearch done = run_search(64, 3, breaks_from(1000));
  const SearchResult result = done.result();
  EXPECT_EQ(result.end, SearchEnd::never_broke);
  EXPECT_EQ(result.held, 63U);
  EXPECT_EQ(result.failed, std::nullopt);
  EXPECT_TRUE(result.confirmed);
  EXPECT_GE(result.checked_below, 3U);
  EXPECT_LE(done.trials(), 9U);
}

TEST(Search, AlwaysBrokeHasNoHeldLevel) {
  const SearchResult result = run_search(64, 3, breaks_from(0)).result();
  EXPECT_EQ(result.end, SearchEnd::always_broke);
  EXPECT_EQ(result.held, std::nullopt);
  EXPECT_EQ(result.failed, 0U);
  EXPECT_TRUE(result.confirmed);
  EXPECT_GE(result.checked_above, 3U);
}

// At every level it breaks with the same chance.
TEST(Search, AFlappingServiceIsNoisy) {
  int noisy = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    std::mt19937_64 random(seed);
    const ThresholdSearch done =
        run_search(65, 3, [&](std::size_t) { return (random() & 1U) != 0 ? kBroke : kHeld; });
    EXPECT_LE(done.trials(), done.most_trials());
    noisy += done.result().end == SearchEnd::noisy ? 1 : 0;
  }
  EXPECT_GE(noisy, 390);
}

TEST(Search, EveryOtherTrialBreaksIsNoisy) {
  int trial = 0;
  EXPECT_EQ(run_search(65, 3, [&](std::size_t) { return ++trial % 2 == 0 ? kBroke : kHeld; })
                .result()
                .end,
            SearchEnd::noisy);
}

// Between 20 and 30 it breaks by chance, below never and above always.
TEST(Search, AnUnsteadyBandIsNeverReportedTooNarrow) {
  int noisy = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random(seed);
    const SearchResult result = run_search(65, 3, [&](std::size_t level) {
                                  if (level < 20) return kHeld;
                                  if (level > 30) return kBroke;
                                  return (random() & 1U) != 0 ? kBroke : kHeld;
                                }).result();
    noisy += result.end == SearchEnd::noisy ? 1 : 0;
    ASSERT_TRUE(result.held);
    ASSERT_TRUE(result.failed);
    EXPECT_LE(*result.held, 30U);
    EXPECT_GE(*result.failed, 20U);
    EXPECT_LT(*result.held, *result.failed);
  }
  EXPECT_GE(noisy, 150);
}

TEST(Search, AHoleInTheMiddleIsNotMonotonic) {
  const ThresholdSearch done = run_search(
      65, 3, [](std::size_t level) { return level >= 28 && level <= 40 ? kBroke : kHeld; });
  const SearchResult result = done.result();
  EXPECT_EQ(result.end, SearchEnd::noisy);
  EXPECT_THAT(result.mixed, IsEmpty());
  EXPECT_THAT(result.inversions, Not(IsEmpty()));
  EXPECT_EQ(result.held, 27U);
  EXPECT_EQ(result.failed, std::nullopt);
}

TEST(Search, OneFailureOfAHeldLevelMovesTheBound) {
  ThresholdSearch moved(17, 3);
  bool planted = false;
  while (const auto level = moved.next()) {
    TrialOutcome outcome = breaks_from(9)(*level);
    if (*level == 8 && moved.counts()[8].held == 1 && !planted) {
      outcome = kBroke;
      planted = true;
    }
    moved.record(*level, outcome);
  }
  const SearchResult result = moved.result();
  EXPECT_TRUE(planted);
  EXPECT_EQ(result.end, SearchEnd::noisy);
  EXPECT_THAT(result.mixed, ElementsAre(8U));
  EXPECT_LT(result.held.value_or(99), 8U);
  EXPECT_EQ(result.failed, 9U);
}

TEST(Search, ALevelThatCannotBeTriedIsGoneAround) {
  const SearchResult result = run_search(65, 3, [](std::size_t level) {
                                return level == 32 ? TrialOutcome::unclear : breaks_from(40)(level);
                              }).result();
  EXPECT_EQ(result.end, SearchEnd::found);
  EXPECT_EQ(result.held, 39U);
}

TEST(Search, EndsThatCannotBeTriedProveNothing) {
  const auto unclear_below = [](std::size_t limit, std::size_t level) {
    return level < limit ? TrialOutcome::unclear : breaks_from(30)(level);
  };
  const SearchResult mild =
      run_search(65, 3, [&](std::size_t level) { return unclear_below(1, level); }).result();
  EXPECT_EQ(mild.end, SearchEnd::found);
  EXPECT_EQ(mild.failed, 30U);
  const SearchResult nothing =
      run_search(65, 3, [](std::size_t) { return TrialOutcome::unclear; }).result();
  EXPECT_EQ(nothing.end, SearchEnd::incomplete);
  EXPECT_EQ(nothing.held, std::nullopt);
  EXPECT_EQ(nothing.failed, std::nullopt);
  const SearchResult worst = run_search(65, 3, [](std::size_t level) {
                               return level == 64 ? TrialOutcome::unclear : kHeld;
                             }).result();
  EXPECT_EQ(worst.end, SearchEnd::incomplete) << "the harmful end was never tried";
  EXPECT_EQ(worst.failed, std::nullopt);
}

TEST(Search, GoesOnFromItsTrials) {
  const Service service = breaks_from(23);
  std::vector<std::pair<std::size_t, TrialOutcome>> whole;
  run_search(65, 3, [&](std::size_t level) {
    whole.emplace_back(level, service(level));
    return service(level);
  });
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    ThresholdSearch again(65, 3);
    for (std::size_t i = 0; i < cut; ++i) {
      EXPECT_EQ(again.next(), whole[i].first);
      again.record(whole[i].first, whole[i].second);
    }
    EXPECT_EQ(again.next(), cut < whole.size() ? std::optional(whole[cut].first) : std::nullopt);
  }
}

}  // namespace
}  // namespace ernstfall
