// statistics_test: against published and hand-counted values, and properties that must hold.
#include "reports/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace ernstfall {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

constexpr double kNever = std::numeric_limits<double>::infinity();

std::vector<Bounds> points(const std::vector<double>& values) {
  std::vector<Bounds> bounds;
  for (const double value : values) bounds.push_back({value, value});
  return bounds;
}

TEST(RankTest, CompleteSeparationIsOneSplitOfAll) {
  EXPECT_DOUBLE_EQ(rank_test_greater({1, 2, 3}, {4, 5, 6}), 1.0 / 20);
  EXPECT_DOUBLE_EQ(rank_test_greater({1, 2, 3, 4}, {5, 6, 7, 8}), 1.0 / 70);
  EXPECT_DOUBLE_EQ(rank_test_greater({4, 5, 6}, {1, 2, 3}), 1.0);
  EXPECT_DOUBLE_EQ(smallest_rank_p(4, 4), 1.0 / 70);
  EXPECT_DOUBLE_EQ(rank_test_greater(std::vector<double>{}, {1, 2}), 1.0);
}

// U = 2 of 3 and 4: of 35 splits 1 + 1 + 2 are as extreme, by the table of Mann and Whitney.
TEST(RankTest, AgreesWithThePublishedTable) {
  EXPECT_NEAR(rank_test_greater({1, 2, 5}, {3, 4, 6, 7}), 4.0 / 35, 1e-12);
}

// Counted by hand: of {1, 2, 2, 3} the six pairs have the midrank sums 3.5 3.5 5 5 6.5 6.5.
TEST(RankTest, TiesAreExactToo) {
  EXPECT_NEAR(rank_test_greater({1, 2}, {2, 3}), 2.0 / 6, 1e-12);
  EXPECT_DOUBLE_EQ(rank_test_greater({7, 7, 7}, {7, 7, 7}), 1.0);
}

TEST(RankTest, BeyondTheExactSizesItIsNearlyTheSame) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> noise;
  std::vector<double> base;
  std::vector<double> candidate;
  for (int i = 0; i < 50; ++i) {
    base.push_back(noise(random));
    candidate.push_back(noise(random) + 0.3);
  }
  const double exact = rank_test_greater(base, candidate);
  base.push_back(10);  // one more: the normal one
  base.push_back(-10);
  EXPECT_NEAR(rank_test_greater(base, candidate), exact, 0.01);
}

TEST(ShiftBetween, IsTheMedianOfAllDifferences) {
  const auto shift = shift_between(points({1, 2, 3, 4, 5}), points({11, 12, 13, 14, 95}), 0.95);
  ASSERT_TRUE(shift);
  EXPECT_DOUBLE_EQ(shift->estimate, 10);  // the outlier moves nothing
  EXPECT_GT(shift->lower, 0);
  EXPECT_FALSE(shift_between({}, points({1}), 0.95));
}

// With 4 and 4 the whole range of differences has confidence 1 - 2/70; with 3 and 3 only 0.9.
TEST(ShiftBetween, TooFewValuesCarryNoInterval) {
  const auto four = shift_between(points({1, 2, 3, 4}), points({11, 12, 13, 14}), 0.95);
  EXPECT_DOUBLE_EQ(four->lower, 7);
  EXPECT_DOUBLE_EQ(four->upper, 13);
  const auto three = shift_between(points({1, 2, 3}), points({11, 12, 13}), 0.95);
  EXPECT_EQ(three->lower, -kNever);
  EXPECT_EQ(three->upper, kNever);
}

// The interval must hold the true shift in at least 95 of 100 cases, and not in all of them.
TEST(ShiftBetween, CoversWhatItPromises) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> noise(0, 0.3);
  int covered = 0;
  constexpr int kTrials = 2000;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> base;
    std::vector<double> candidate;
    for (int i = 0; i < 8; ++i) {
      base.push_back(noise(random));
      candidate.push_back(noise(random) + 2);
    }
    const auto shift = shift_between(points(base), points(candidate), 0.95);
    covered += shift->lower <= 2 && 2 <= shift->upper ? 1 : 0;
  }
  EXPECT_GE(covered, kTrials * 94 / 100);
  EXPECT_LE(covered, kTrials * 98 / 100);
}

// Whatever the true values within the bounds are, the statement made from the bounds holds for
// them.
TEST(ShiftBetween, BoundsAreNeverBetterThanAnyValuesWithin) {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> place(0, 1);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<Bounds> base;
    std::vector<Bounds> candidate;
    std::vector<double> true_base;
    std::vector<double> true_candidate;
    const auto add = [&](std::vector<Bounds>& bounds, std::vector<double>& truth, double offset) {
      const double lower = offset + 3 * place(random);
      const double width = place(random);
      bounds.push_back({lower, lower + width});
      truth.push_back(lower + width * place(random));
    };
    for (int i = 0; i < 6; ++i) add(base, true_base, 0);
    for (int i = 0; i < 6; ++i) add(candidate, true_candidate, 1);
    EXPECT_GE(rank_test_greater(base, candidate) + 1e-12,
              rank_test_greater(true_base, true_candidate));
    const auto wide = shift_between(base, candidate, 0.95);
    const auto exact = shift_between(points(true_base), points(true_candidate), 0.95);
    EXPECT_LE(wide->lower, exact->lower);
    EXPECT_GE(wide->upper, exact->upper);
  }
}

TEST(ShiftBetween, WhatNeverEndedHasNoUpperEnd) {
  const std::vector<Bounds> never(5, Bounds{100, kNever});
  const auto slower = shift_between(points({1, 2, 3, 4, 5}), never, 0.95);
  EXPECT_EQ(slower->estimate, kNever);
  EXPECT_EQ(slower->lower, 95);
  EXPECT_EQ(slower->upper, kNever);
  const auto same = shift_between(never, never, 0.95);
  EXPECT_EQ(same->estimate, 0);
  EXPECT_EQ(same->lower, -kNever);
}

TEST(CliffsDelta, CountsPairsAndOverlapAsEqual) {
  EXPECT_DOUBLE_EQ(*cliffs_delta(points({1, 2}), points({3, 4})), 1);
  EXPECT_DOUBLE_EQ(*cliffs_delta(points({1, 4}), points({2, 3})), 0);
  EXPECT_DOUBLE_EQ(*cliffs_delta({{1, 3}}, {{2, 4}}), 0);
  EXPECT_FALSE(cliffs_delta({}, points({1})));
}

TEST(SpreadOf, IsTheStandardDeviationOfNormalValuesAndBlindToOutliers) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> noise(50, 4);
  std::vector<double> values;
  for (int i = 0; i < 400; ++i) values.push_back(noise(random));
  EXPECT_NEAR(*spread_of({values}), 4, 0.4);
  values.push_back(1e9);
  values.push_back(kNever);
  EXPECT_NEAR(*spread_of({values}), 4, 0.4);
  EXPECT_FALSE(spread_of({{1, 2}, {3, 4}}));
}

// What is told to be enough must be enough: simulated.
TEST(RepeatsToFind, HaveThePowerTheyPromise) {
  std::mt19937_64 random(9);
  for (const double shift : {1.2, 1.8, 3.0}) {
    const auto n = repeats_to_find(shift, 1, 0.02, 0.9);
    ASSERT_TRUE(n);
    std::normal_distribution<double> noise;
    int found = 0;
    for (int trial = 0; trial < 300; ++trial) {
      std::vector<double> base;
      std::vector<double> candidate;
      for (std::size_t i = 0; i < *n; ++i) {
        base.push_back(noise(random));
        candidate.push_back(noise(random) + shift);
      }
      found += rank_test_greater(base, candidate) <= 0.02 ? 1 : 0;
    }
    EXPECT_GE(found, 300 * 85 / 100) << shift << " with " << *n;
  }
}

TEST(RepeatsToFind, NeverFewerThanTheTestNeedsAndNeverEndless) {
  EXPECT_EQ(repeats_to_find(100, 1, 0.02, 0.9), 4U);
  EXPECT_EQ(repeats_to_find(100, 0, 0.02, 0.9), 4U);
  EXPECT_FALSE(repeats_to_find(0.001, 1, 0.02, 0.9));
  EXPECT_FALSE(repeats_to_find(0, 1, 0.02, 0.9));
}

TEST(Holm, AdjustsInTheOrderGiven) {
  EXPECT_THAT(holm({0.03, 0.01, 0.5}), ElementsAre(DoubleNear(0.06, 1e-12), DoubleNear(0.03, 1e-12),
                                                   DoubleNear(0.5, 1e-12)));
  EXPECT_THAT(holm({0.9, 0.8}), ElementsAre(1.0, 1.0));
  EXPECT_TRUE(holm({}).empty());
}

}  // namespace
}  // namespace ernstfall
