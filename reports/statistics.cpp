// statistics: rank tests, shifts and sample sizes; the sources are in the header.
#include "reports/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace ernstfall {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

double normal_cdf(double z) {
  return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

// By bisection: called a few times per comparison, and as exact as a double.
double normal_quantile(double p) {
  double low = -40;
  double high = 40;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (normal_cdf(middle) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

// Twice the midrank of each value, which is a whole number.
std::vector<std::size_t> double_midranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&values](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<std::size_t> ranks(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (std::size_t i = begin; i < end; ++i) ranks[order[i]] = begin + end + 1;
    begin = end;
  }
  return ranks;
}

// By sum: in how many ways `count` of the scores have it.
std::vector<double> ways_by_sum(const std::vector<std::size_t>& scores, std::size_t count) {
  const std::size_t total = std::accumulate(scores.begin(), scores.end(), std::size_t{0});
  std::vector<std::vector<double>> ways(count + 1, std::vector<double>(total + 1, 0.0));
  ways[0][0] = 1;
  std::size_t seen = 0;
  std::size_t reached = 0;  // the greatest sum of all scores so far
  for (const std::size_t score : scores) {
    ++seen;
    reached += score;
    for (std::size_t taken = std::min(count, seen); taken >= 1; --taken)
      for (std::size_t sum = reached; sum >= score; --sum)
        ways[taken][sum] += ways[taken - 1][sum - score];
  }
  return ways[count];
}

double exact_tail(const std::vector<std::size_t>& scores, std::size_t count, std::size_t observed) {
  const std::vector<double> ways = ways_by_sum(scores, count);
  double all = 0;
  double tail = 0;
  for (std::size_t sum = 0; sum < ways.size(); ++sum) {
    all += ways[sum];
    if (sum >= observed) tail += ways[sum];
  }
  return tail / all;
}

double normal_tail(const std::vector<std::size_t>& scores, std::size_t count,
                   std::size_t observed) {
  const auto n = static_cast<double>(scores.size());
  const auto k = static_cast<double>(count);
  double mean = 0;
  for (const std::size_t score : scores) mean += static_cast<double>(score) / n;
  double squares = 0;
  for (const std::size_t score : scores)
    squares += (static_cast<double>(score) - mean) * (static_cast<double>(score) - mean);
  const double variance = k * (n - k) * squares / (n * (n - 1));
  if (variance <= 0) return 1;
  // Half a rank for continuity; the scores are doubled.
  return 1 - normal_cdf((static_cast<double>(observed) - k * mean - 1) / std::sqrt(variance));
}

// How many of the smallest differences may be left out on each side of the interval; 0: none, and
// the interval has no end.
std::size_t order_of_limit(std::size_t base, std::size_t candidate, double alpha_each) {
  const std::size_t n = base + candidate;
  if (n > kMaxExactValues) {
    const auto pairs = static_cast<double>(base * candidate);
    const double k = pairs / 2 + normal_quantile(alpha_each) *
                                     std::sqrt(pairs * static_cast<double>(n + 1) / 12);
    return k < 1 ? 0 : static_cast<std::size_t>(k);
  }
  std::vector<std::size_t> ranks(n);
  std::iota(ranks.begin(), ranks.end(), 1U);
  const std::vector<double> ways = ways_by_sum(ranks, candidate);
  const double all = std::accumulate(ways.begin(), ways.end(), 0.0);
  const std::size_t least = candidate * (candidate + 1) / 2;
  double below = 0;
  std::size_t k = 0;
  while (least + k < ways.size()) {
    below += ways[least + k];
    if (below / all > alpha_each * (1 + 1e-12)) break;
    ++k;
  }
  return k;
}

template <typename Difference>
std::vector<double> sorted_differences(const std::vector<Bounds>& base,
                                       const std::vector<Bounds>& candidate,
                                       const Difference& difference) {
  std::vector<double> all;
  all.reserve(base.size() * candidate.size());
  for (const Bounds& b : base)
    for (const Bounds& c : candidate) {
      const double d = difference(b, c);
      all.push_back(std::isnan(d) ? 0 : d);  // neither ever ended
    }
  std::sort(all.begin(), all.end());
  return all;
}

double middle_of_sorted(const std::vector<double>& values) {
  const std::size_t half = values.size() / 2;
  if (values.size() % 2 == 1) return values[half];
  const double a = values[half - 1];
  const double b = values[half];
  return a == b ? a : (a + b) / 2;
}

}  // namespace

double Bounds::middle() const {
  return std::isinf(upper) ? upper : (lower + upper) / 2;
}

std::optional<double> lower_of(const std::optional<Bounds>& bounds) {
  return bounds ? std::optional(bounds->lower) : std::nullopt;
}

std::optional<double> upper_of(const std::optional<Bounds>& bounds) {
  return bounds ? std::optional(bounds->upper) : std::nullopt;
}

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  return middle_of_sorted(values);
}

double rank_test_greater(const std::vector<double>& base, const std::vector<double>& candidate) {
  if (base.empty() || candidate.empty()) return 1;
  std::vector<double> values = candidate;
  values.insert(values.end(), base.begin(), base.end());
  const std::vector<std::size_t> scores = double_midranks(values);
  const std::size_t observed = std::accumulate(
      scores.begin(), scores.begin() + static_cast<std::ptrdiff_t>(candidate.size()),
      std::size_t{0});
  return values.size() <= kMaxExactValues ? exact_tail(scores, candidate.size(), observed)
                                          : normal_tail(scores, candidate.size(), observed);
}

double rank_test_greater(const std::vector<Bounds>& base, const std::vector<Bounds>& candidate) {
  std::vector<double> high;
  std::vector<double> low;
  for (const Bounds& value : base) high.push_back(value.upper);
  for (const Bounds& value : candidate) low.push_back(value.lower);
  return rank_test_greater(high, low);
}

double smallest_rank_p(std::size_t base, std::size_t candidate) {
  double p = 1;  // one over "base + candidate choose candidate"
  for (std::size_t i = 1; i <= candidate; ++i)
    p *= static_cast<double>(i) / static_cast<double>(base + i);
  return p;
}

std::optional<Shift> shift_between(const std::vector<Bounds>& base,
                                   const std::vector<Bounds>& candidate, double confidence) {
  if (base.empty() || candidate.empty()) return std::nullopt;
  Shift shift;
  shift.estimate = middle_of_sorted(sorted_differences(
      base, candidate, [](const Bounds& b, const Bounds& c) { return c.middle() - b.middle(); }));
  const std::size_t k = order_of_limit(base.size(), candidate.size(), (1 - confidence) / 2);
  if (k == 0) {
    shift.lower = -kInfinite;
    shift.upper = kInfinite;
    return shift;
  }
  shift.lower = sorted_differences(
      base, candidate, [](const Bounds& b, const Bounds& c) { return c.lower - b.upper; })[k - 1];
  const auto high = sorted_differences(
      base, candidate, [](const Bounds& b, const Bounds& c) { return c.upper - b.lower; });
  shift.upper = high[high.size() - k];
  return shift;
}

std::optional<Bounds> median_interval(const std::vector<Bounds>& values, double confidence) {
  const std::size_t n = values.size();
  if (n == 0) return std::nullopt;
  // How many of the smallest and of the largest may be left out: chances of a fair coin.
  double chance = std::pow(0.5, static_cast<double>(n));
  double below = 0;
  std::size_t left_out = 0;
  while (left_out < (n + 1) / 2 && 2 * (below + chance) <= 1 - confidence) {
    below += chance;
    ++left_out;
    chance *= static_cast<double>(n - left_out + 1) / static_cast<double>(left_out);
  }
  if (left_out == 0) return std::nullopt;
  std::vector<double> lower;
  std::vector<double> upper;
  for (const Bounds& value : values) {
    lower.push_back(value.lower);
    upper.push_back(value.upper);
  }
  std::sort(lower.begin(), lower.end());
  std::sort(upper.begin(), upper.end());
  return Bounds{lower[left_out - 1], upper[n - left_out]};
}

std::optional<double> cliffs_delta(const std::vector<Bounds>& base,
                                   const std::vector<Bounds>& candidate) {
  if (base.empty() || candidate.empty()) return std::nullopt;
  double balance = 0;
  for (const Bounds& b : base)
    for (const Bounds& c : candidate) {
      if (c.lower > b.upper) balance += 1;
      if (c.upper < b.lower) balance -= 1;
    }
  return balance / static_cast<double>(base.size() * candidate.size());
}

std::optional<double> spread_of(const std::vector<std::vector<double>>& samples) {
  std::vector<double> distances;
  for (const std::vector<double>& sample : samples)
    for (std::size_t i = 0; i < sample.size(); ++i)
      for (std::size_t j = i + 1; j < sample.size(); ++j)
        if (std::isfinite(sample[i]) && std::isfinite(sample[j]))
          distances.push_back(std::abs(sample[i] - sample[j]));
  if (distances.size() < 3) return std::nullopt;
  return *median(std::move(distances)) * 1.0483;
}

std::optional<std::size_t> repeats_to_find(double shift, double spread, double alpha,
                                           double power) {
  if (!(shift > 0)) return std::nullopt;
  std::size_t least = 1;
  while (least <= kMaxRepeats && smallest_rank_p(least, least) > alpha) ++least;
  // As for the t test, divided by the rank test's efficiency for normal values, 3/pi.
  const double z = normal_quantile(1 - alpha) + normal_quantile(power);
  const double wanted = std::ceil(2 * std::pow(z * spread / shift, 2) * std::acos(-1.0) / 3);
  if (!(wanted <= static_cast<double>(kMaxRepeats)) || least > kMaxRepeats) return std::nullopt;
  // One more where samples overlap: of few values the exact test rejects less often than alpha.
  const std::size_t overlap = shift < 6 * spread ? 1 : 0;
  return std::max(least, static_cast<std::size_t>(wanted)) + overlap;
}

std::vector<double> holm(const std::vector<double>& p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&p](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size());
  double least = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    least = std::max(least, static_cast<double>(p.size() - i) * p[order[i]]);
    adjusted[order[i]] = std::min(1.0, least);
  }
  return adjusted;
}

}  // namespace ernstfall
