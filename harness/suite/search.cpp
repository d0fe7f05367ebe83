// search: bracketing, bisection, confirmation and checks over a list of levels.
#include "harness/suite/search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace ernstfall {
namespace {

constexpr int kTriesOfUnclear = 2;        // a level that proved nothing so often is left alone
constexpr std::size_t kLevelsBeyond = 2;  // to be tried on each side of a result with two sides
constexpr std::size_t kLevelsAlone = 3;   // and of one that lies at an end of the range

std::size_t affordable(std::size_t levels, int repeat) {
  const double halvings = std::log2(static_cast<double>(levels - 1));
  const auto promised =
      static_cast<std::size_t>(std::floor(2 * halvings + 1e-9)) + static_cast<std::size_t>(repeat);
  return std::max(promised, 2 + static_cast<std::size_t>(std::ceil(halvings - 1e-9)));
}

constexpr std::array<std::pair<TrialOutcome, std::string_view>, 3> kOutcomes{
    {{TrialOutcome::held, "held"},
     {TrialOutcome::broke, "broke"},
     {TrialOutcome::unclear, "unclear"}}};

}  // namespace

std::string_view trial_outcome_name(TrialOutcome outcome) {
  for (const auto& [value, name] : kOutcomes)
    if (value == outcome) return name;
  return "unclear";
}

std::optional<TrialOutcome> trial_outcome_from(std::string_view name) {
  for (const auto& [value, known] : kOutcomes)
    if (known == name) return value;
  return std::nullopt;
}

std::string_view search_end_name(SearchEnd end) {
  switch (end) {
    case SearchEnd::open:
      return "open";
    case SearchEnd::found:
      return "found";
    case SearchEnd::never_broke:
      return "never-broke";
    case SearchEnd::always_broke:
      return "always-broke";
    case SearchEnd::noisy:
      return "noisy";
    case SearchEnd::incomplete:
      return "incomplete";
  }
  return "incomplete";
}

ThresholdSearch::ThresholdSearch(std::size_t levels, int repeat)
    : counts_(std::max<std::size_t>(levels, 2)),
      repeat_(std::max(repeat, 1)),
      most_trials_(affordable(counts_.size(), repeat_)) {}

void ThresholdSearch::record(std::size_t level, TrialOutcome outcome) {
  LevelCount& count = counts_.at(level);
  ++trials_;
  if (outcome == TrialOutcome::held)
    ++count.held;
  else if (outcome == TrialOutcome::broke)
    ++count.broke;
  else
    ++count.unclear;
}

bool ThresholdSearch::usable(std::size_t level) const {
  return counts_[level].unclear < kTriesOfUnclear;
}

ThresholdSearch::Bounds ThresholdSearch::bounds() const {
  Bounds bounds;
  for (std::size_t i = 0; i < counts_.size() && counts_[i].broke == 0; ++i)
    if (counts_[i].held > 0) bounds.held = i;
  for (std::size_t i = counts_.size(); i-- > 0 && counts_[i].held == 0;)
    if (counts_[i].broke > 0) bounds.failed = i;
  return bounds;
}

// The harmful end says nothing new while the harmless one breaks.
std::optional<std::size_t> ThresholdSearch::end_to_try() const {
  const std::size_t last = counts_.size() - 1;
  if (!tried(0) && usable(0)) return 0;
  const bool breaks_at_once = counts_[0].broke > 0 && counts_[0].held == 0;
  if (!breaks_at_once && !tried(last) && usable(last)) return last;
  return std::nullopt;
}

// The untried level nearest to the middle.
std::optional<std::size_t> ThresholdSearch::between(std::size_t low, std::size_t high) const {
  std::optional<std::size_t> best;
  const auto distance = [&](std::size_t level) {
    return std::abs(2 * static_cast<double>(level) - static_cast<double>(low + high));
  };
  for (std::size_t level = low + 1; level < high; ++level)
    if (!tried(level) && usable(level) && (!best || distance(level) < distance(*best)))
      best = level;
  return best;
}

std::optional<std::size_t> ThresholdSearch::to_bisect(const Bounds& bounds) const {
  const std::size_t last = counts_.size() - 1;
  std::optional<std::size_t> best;
  std::size_t widest = 1;
  const auto consider = [&](std::size_t low, std::size_t high) {
    if (high <= low + widest) return;
    if (const auto level = between(low, high)) {
      best = level;
      widest = high - low;
    }
  };
  if (bounds.held) {
    std::size_t above = *bounds.held + 1;
    while (above < last && !tried(above)) ++above;
    if (above <= last) consider(*bounds.held, above);
  }
  if (bounds.failed && *bounds.failed > 0) {
    std::size_t below = *bounds.failed - 1;
    while (below > 0 && !tried(below)) --below;
    consider(below, *bounds.failed);
  }
  return best;
}

std::optional<std::size_t> ThresholdSearch::to_confirm(const Bounds& bounds) const {
  std::optional<std::size_t> best;
  const auto consider = [&](std::size_t level) {
    if (counts_[level].counted() >= repeat_ || !usable(level)) return;
    if (!best || counts_[level].counted() < counts_[*best].counted()) best = level;
  };
  if (bounds.held) consider(*bounds.held);
  if (bounds.failed) consider(*bounds.failed);
  if (best) return best;
  for (const SearchResult::Inversion& inversion : result().inversions) {
    consider(inversion.broke);
    consider(inversion.held);
  }
  return best;
}

std::size_t ThresholdSearch::tried_in(std::size_t first, std::size_t last) const {
  std::size_t count = 0;
  for (std::size_t level = first; level <= last && level < counts_.size(); ++level)
    count += tried(level) ? 1 : 0;
  return count;
}

// Beyond each bound a few levels are tried, and the nearest of them twice: what breaks or holds at
// random is not likely to agree with itself so often.
std::optional<std::size_t> ThresholdSearch::to_check(const Bounds& bounds) const {
  const std::size_t last = counts_.size() - 1;
  const bool one_sided = !bounds.held || !bounds.failed;
  const std::size_t wanted = one_sided ? kLevelsAlone : kLevelsBeyond;
  if (bounds.failed && *bounds.failed < last) {
    const std::size_t first = *bounds.failed + 1;
    if (!tried(last) && usable(last)) return last;
    if (tried_in(first, last) < wanted)
      if (const auto level = between(*bounds.failed, last)) return level;
    for (std::size_t level = first; level <= last; ++level) {
      if (!tried(level)) continue;
      if (counts_[level].counted() < 2 && usable(level)) return level;
      break;
    }
  }
  if (bounds.held && *bounds.held > 0) {
    if (tried_in(0, *bounds.held - 1) < wanted)
      if (const auto level = between(0, *bounds.held)) return level;
    for (std::size_t level = *bounds.held; level-- > 0;) {
      if (!tried(level)) continue;
      if (counts_[level].counted() < 2 && usable(level)) return level;
      break;
    }
  }
  return std::nullopt;
}

std::optional<std::size_t> ThresholdSearch::next() const {
  if (trials_ >= most_trials_) return std::nullopt;
  if (const auto level = end_to_try()) return level;
  const Bounds found = bounds();
  if (const auto level = to_bisect(found)) return level;
  if (const auto level = to_confirm(found)) return level;
  return to_check(found);
}

SearchResult ThresholdSearch::result() const {
  SearchResult result;
  const Bounds found = bounds();
  result.held = found.held;
  result.failed = found.failed;
  const std::size_t last = counts_.size() - 1;
  std::optional<std::size_t> broke;  // the worst so far that did nothing else
  for (std::size_t level = 0; level <= last; ++level) {
    const LevelCount& count = counts_[level];
    if (count.mixed())
      result.mixed.push_back(level);
    else if (count.held > 0 && broke)
      result.inversions.push_back({*broke, level});
    else if (count.broke > 0)
      broke = level;
  }
  if (found.failed && *found.failed < last)
    result.checked_above = tried_in(*found.failed + 1, last);
  if (found.held && *found.held > 0) result.checked_below = tried_in(0, *found.held - 1);
  const auto enough = [this](std::optional<std::size_t> level) {
    return !level || counts_[*level].counted() >= repeat_;
  };
  if (!result.mixed.empty() || !result.inversions.empty())
    result.end = SearchEnd::noisy;
  else if (found.held && found.failed && *found.failed == *found.held + 1)
    result.end = SearchEnd::found;
  else if (found.held == last)
    result.end = SearchEnd::never_broke;
  else if (found.failed == std::size_t{0})
    result.end = SearchEnd::always_broke;
  else
    result.end = SearchEnd::incomplete;
  result.confirmed = result.end != SearchEnd::noisy && result.end != SearchEnd::incomplete &&
                     enough(found.held) && enough(found.failed);
  return result;
}

}  // namespace ernstfall
