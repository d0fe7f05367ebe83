// statistics: comparing two small samples without assuming a distribution. Pure numbers, no units:
// both samples of a call are in the same one. Values may be infinite (a time that never ended),
// never NaN.
//
//   rank test      Mann & Whitney, Ann. Math. Stat. 18 (1947) 50: exact, and exact with ties as
//   well
//                  (every split of the observed midranks is equally likely): Streitberg & Roehmel,
//                  Statistical Software Newsletter 12 (1986) 10
//   shift          Hodges & Lehmann, Ann. Math. Stat. 34 (1963) 598: median of all differences
//   its interval   order statistics of the differences: Bauer, J. Am. Stat. Assoc. 67 (1972) 687
//   one median     the sign test's interval: Dixon & Mood, J. Am. Stat. Assoc. 41 (1946) 557
//   effect size    Cliff, Psychological Bulletin 114 (1993) 494
//   spread         median distance of two values of one sample, times 1.0483: Shamos (1976), as in
//                  Rousseeuw & Croux, J. Am. Stat. Assoc. 88 (1993) 1273
//   sample size    Lehmann, Nonparametrics: Statistical Methods Based on Ranks (1975), section 2.4
//   several tests  Holm, Scand. J. Stat. 6 (1979) 65
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace ernstfall {

// Of up to this many values together the rank distribution is exact; above it is normal, with the
// correction for ties and continuity.
constexpr std::size_t kMaxExactValues = 100;

// A value that is only known to lie between two.
struct Bounds {
  double lower = 0;
  double upper = 0;
  double middle() const;  // of an open one: infinite
};

std::optional<double> lower_of(const std::optional<Bounds>& bounds);
std::optional<double> upper_of(const std::optional<Bounds>& bounds);

std::optional<double> median(std::vector<double> values);  // nullopt: there are none

// The chance of the ranks of `candidate` being as high as they are, or higher, when both samples
// come from one distribution. 1 when a sample is empty.
double rank_test_greater(const std::vector<double>& base, const std::vector<double>& candidate);
// The same for the least favourable values within the bounds: it is never smaller than that of the
// true values.
double rank_test_greater(const std::vector<Bounds>& base, const std::vector<Bounds>& candidate);
// The smallest chance that two samples of these sizes can come to.
double smallest_rank_p(std::size_t base, std::size_t candidate);

// Candidate minus base. `lower` and `upper` hold with at least the confidence for any true values
// within the bounds, since every difference, and so every order statistic of them, grows with the
// candidate's values and falls with the base's. Infinite: so few values carry no such statement.
struct Shift {
  double estimate = 0;
  double lower = 0;
  double upper = 0;
};
// nullopt: a sample is empty. `confidence` is two-sided, 0.95 for 95 %.
std::optional<Shift> shift_between(const std::vector<Bounds>& base,
                                   const std::vector<Bounds>& candidate, double confidence);

// Between which values the median of the whole lies, with at least this confidence; from the
// smallest lower to the largest upper bound that the rule leaves. nullopt: too few values (five are
// enough for 0.9).
std::optional<Bounds> median_interval(const std::vector<Bounds>& values, double confidence);

// Share of pairs in which the candidate is certainly greater, minus those in which it is certainly
// smaller: -1 to 1. Pairs whose bounds overlap count as equal. nullopt: a sample is empty.
std::optional<double> cliffs_delta(const std::vector<Bounds>& base,
                                   const std::vector<Bounds>& candidate);

// Comparable to a standard deviation, and blind to a few outliers. nullopt: fewer than three pairs
// of finite values within the samples.
std::optional<double> spread_of(const std::vector<std::vector<double>>& samples);

// So many values per sample find a shift with the given power in a one-sided rank test at `alpha`,
// for about normal values of that spread; and no fewer than the test needs to reject at all.
// nullopt: more than kMaxRepeats.
constexpr std::size_t kMaxRepeats = 1000;
std::optional<std::size_t> repeats_to_find(double shift, double spread, double alpha, double power);

// The p values of one family, each adjusted so that comparing it with alpha keeps the chance of any
// false alarm among them below alpha. In the order given.
std::vector<double> holm(const std::vector<double>& p);

}  // namespace ernstfall
