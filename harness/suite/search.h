// search: which level to try next, and what the trials so far prove. Pure: the same outcomes in the
// same order give the same search, so a stopped one goes on from its list of trials.
//
//   1. bracket   the harmless end, then the harmful one
//   2. bisect    one trial per level, until two neighbours are left
//   3. confirm   both neighbours, until each has `repeat` trials
//   4. check     untried levels beyond them: whether it breaks where it should, and nowhere else
//
// Whatever a trial contradicts is searched again. Levels are indices into threshold_levels(): 0 is
// harmless, the last one is the worst.
//
// The result never averages: `held` is the worst level up to which nothing ever broke, `failed` the
// mildest level from which on nothing ever held. Where the service is not steady the two are
// further apart, and what lies between is called noise.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace ernstfall {

enum class TrialOutcome { held, broke, unclear };
std::string_view trial_outcome_name(TrialOutcome outcome);  // "held" ...
std::optional<TrialOutcome> trial_outcome_from(std::string_view name);

struct LevelCount {
  int held = 0;
  int broke = 0;
  int unclear = 0;  // tried, and it proved nothing

  int counted() const { return held + broke; }
  bool mixed() const { return held > 0 && broke > 0; }
};

enum class SearchEnd {
  open,          // there is more to try
  found,         // two neighbours: one held, one failed
  never_broke,   // not even at the harmful end
  always_broke,  // already at the harmless end
  noisy,         // some level both held and broke, or held beyond one that broke
  incomplete,    // the trials are used up, or a level between cannot be tried
};
std::string_view search_end_name(SearchEnd end);  // "found", "never-broke" ...

struct SearchResult {
  SearchEnd end = SearchEnd::open;
  // Indices. Not there: no such level was proven. `held` alone: never broke; `failed` alone:
  // always.
  std::optional<std::size_t> held;
  std::optional<std::size_t> failed;
  std::vector<std::size_t> mixed;  // levels that both held and broke
  // Pairs of a level that broke and a worse one that held, neither of them mixed.
  struct Inversion {
    std::size_t broke;
    std::size_t held;
  };
  std::vector<Inversion> inversions;  // the nearest pair of each worse level
  // Every trial of the two levels agreed, and there were `repeat` of each that exists.
  bool confirmed = false;
  // Levels beyond the two that were tried after the search, or in it; 0: not checked.
  std::size_t checked_above = 0;  // worse than `failed`
  std::size_t checked_below = 0;  // milder than `held`
};

class ThresholdSearch {
 public:
  // levels >= 2, repeat >= 1
  ThresholdSearch(std::size_t levels, int repeat);

  // At most so many trials, those that prove nothing included:
  // 2 log2(levels - 1) + repeat, rounded down, and never fewer than bracketing and bisecting need.
  std::size_t most_trials() const { return most_trials_; }
  std::size_t trials() const { return trials_; }

  std::optional<std::size_t> next() const;  // nullopt: done
  void record(std::size_t level, TrialOutcome outcome);

  SearchResult result() const;
  const std::vector<LevelCount>& counts() const { return counts_; }

 private:
  struct Bounds {
    std::optional<std::size_t> held;
    std::optional<std::size_t> failed;
  };
  Bounds bounds() const;
  bool usable(std::size_t level) const;
  bool tried(std::size_t level) const { return counts_[level].counted() > 0; }
  std::optional<std::size_t> end_to_try() const;
  std::optional<std::size_t> between(std::size_t low, std::size_t high) const;
  std::optional<std::size_t> to_bisect(const Bounds& bounds) const;
  std::optional<std::size_t> to_confirm(const Bounds& bounds) const;
  std::optional<std::size_t> to_check(const Bounds& bounds) const;
  std::size_t tried_in(std::size_t first, std::size_t last) const;

  std::vector<LevelCount> counts_;
  int repeat_;
  std::size_t most_trials_;
  std::size_t trials_ = 0;
};

}  // namespace ernstfall
