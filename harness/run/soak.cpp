// soak: draws faults, nodes and times from a generator whose numbers are the same everywhere.
#include "harness/run/soak.h"

#include <algorithm>
#include <random>

#include "harness/core/units.h"
#include "harness/faults/fault.h"

namespace ernstfall {
namespace {

// What a pick means, one fault at a time.
struct Candidate {
  const FaultType* type;
  const SoakPick* pick;
  Selector selector;
};

// No std distribution: what these do with a generator differs between libraries. The small bias of
// a remainder does not matter here.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(random_() % count); }
  // In steps of 100 ms, so that a printed plan says all of it.
  Nanos within(const NanosRange& range) {
    constexpr Nanos kGrain = std::chrono::milliseconds(100);
    const auto steps = static_cast<std::size_t>((range.max - range.min) / kGrain);
    return range.min + kGrain * static_cast<std::int64_t>(below(steps + 1));
  }

 private:
  std::mt19937_64 random_;
};

Result<std::vector<Candidate>> candidates_of(const Soak& soak, const Cluster& cluster) {
  std::vector<Candidate> all;
  for (const SoakPick& pick : soak.picks) {
    ERNSTFALL_TRY(const Selector selector, parse_selector(pick.on, cluster));
    for (const FaultType* type : all_faults()) {
      // Destructive: named, and on a cluster that may be destroyed for good.
      const bool fits = pick.is_pattern()
                            ? pattern_fits(pick.fault, type->name, type->params, type->destructive)
                            : type->name == pick.fault;
      if (fits && (!type->destructive || cluster.disposable))
        all.push_back({type, &pick, selector});
    }
  }
  if (all.empty())
    return fail(Errc::refused, "the soak has no fault to draw from on cluster {}", cluster.name);
  return all;
}

std::string draw_nodes(const Candidate& candidate, Draw& draw) {
  const Selector& selector = candidate.selector;
  if (selector.pick == Selector::Pick::drbd_primary) return candidate.pick->on;
  std::vector<std::string> left = selector.candidates;
  if (selector.pick == Selector::Pick::all) return join(left, ",");
  const std::size_t wanted = selector.pick == Selector::Pick::one ? 1 : left.size() / 2 + 1;
  std::vector<std::string> chosen;
  while (chosen.size() < wanted) {
    const auto at = static_cast<std::ptrdiff_t>(draw.below(left.size()));
    chosen.push_back(left[static_cast<std::size_t>(at)]);
    left.erase(left.begin() + at);
  }
  std::sort(chosen.begin(), chosen.end());
  return join(chosen, ",");
}

}  // namespace

Result<std::vector<SoakEntry>> soak_schedule(const Soak& soak, const Cluster& cluster,
                                             std::uint64_t seed) {
  ERNSTFALL_TRY(const std::vector<Candidate> candidates, candidates_of(soak, cluster));
  std::vector<SoakEntry> schedule;
  for (int lane = 0; lane < soak.at_once; ++lane) {
    // A generator for each lane: how long one lane's faults take changes nothing in another.
    Draw draw(seed * 1'000'003 + static_cast<std::uint64_t>(lane));
    Nanos at{};
    while (true) {
      SoakEntry entry;
      entry.lane = lane;
      entry.pause = draw.within(soak.between);
      const Candidate& candidate = candidates[draw.below(candidates.size())];
      entry.step.fault = std::string(candidate.type->name);
      entry.step.on = draw_nodes(candidate, draw);
      entry.step.params = candidate.pick->params;
      entry.step.hold = draw.within(soak.hold);
      entry.step.place = candidate.pick->place;
      entry.step.on_place = candidate.pick->on_place;
      at += entry.pause;
      if (at >= soak.lasts) break;
      entry.planned_at = at;
      at += entry.step.hold;
      schedule.push_back(std::move(entry));
    }
  }
  std::stable_sort(schedule.begin(), schedule.end(), [](const SoakEntry& a, const SoakEntry& b) {
    return a.planned_at < b.planned_at;
  });
  for (std::size_t i = 0; i < schedule.size(); ++i) schedule[i].number = static_cast<int>(i) + 1;
  return schedule;
}

// usage: what a pattern drew makes no sense on this node (no peer, no such device ...).
bool is_skip(const Error& error) {
  return error.code == Errc::refused || error.code == Errc::usage ||
         error.code == Errc::unsupported;
}

std::string describe_entry(const SoakEntry& entry) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(entry.planned_at).count();
  std::string with;
  for (const auto& [name, value] : entry.step.params)
    with += fmt::format("{}{}: {}", with.empty() ? " (" : ", ", name, value.text);
  if (!with.empty()) with += ")";
  return fmt::format("#{:<4} +{:02}:{:02}:{:02}  {} on {}{}, held for {}", entry.number,
                     seconds / 3600, seconds / 60 % 60, seconds % 60, entry.step.fault,
                     entry.step.on, with, format_duration(entry.step.hold));
}

}  // namespace ernstfall
