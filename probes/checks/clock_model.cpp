// clock_model: bounds of a clock's offset, its steps, and where its timestamps lie on our axis.
#include "probes/checks/clock_model.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace ernstfall {
namespace {

// Per stretch of this length only the strongest bounds are kept: dropping one widens, never errs.
constexpr TimeNs kThin = 5 * kNsPerSecond;
constexpr TimeNs kEver = std::numeric_limits<TimeNs>::max() / 4;
constexpr TimeNs kDriftMin = 60 * kNsPerSecond;

std::int64_t drift_over(TimeNs duration) {
  return std::abs(duration) / 1'000 * kMaxDriftPpm / 1'000;
}

}  // namespace

// Bounds that are further away than this many others are loose by the drift, and cost time.
std::span<const ClockModel::Point> ClockModel::near(const std::vector<Point>& points, TimeNs at) {
  constexpr std::ptrdiff_t kReach = 64;
  const auto middle =
      std::lower_bound(points.begin(), points.end(), at,
                       [](const Point& point, TimeNs time) { return point.at < time; });
  const auto begin = middle - std::min<std::ptrdiff_t>(kReach, middle - points.begin());
  const auto end = middle + std::min<std::ptrdiff_t>(kReach, points.end() - middle);
  return {begin, end};
}

std::optional<std::int64_t> ClockModel::Segment::low_at(TimeNs at) const {
  std::optional<std::int64_t> best;
  for (const Point& point : near(lows, at))
    best = std::max(best.value_or(std::numeric_limits<std::int64_t>::min()),
                    point.offset - drift_over(at - point.at));
  return best;
}

std::optional<std::int64_t> ClockModel::Segment::high_at(TimeNs at) const {
  std::optional<std::int64_t> best;
  for (const Point& point : near(highs, at))
    best = std::min(best.value_or(std::numeric_limits<std::int64_t>::max()),
                    point.offset + drift_over(at - point.at));
  return best;
}

std::optional<ClockBounds> ClockModel::Segment::offset_at(TimeNs at) const {
  const auto low = low_at(at);
  const auto high = high_at(at);
  if (!low || !high) return std::nullopt;
  return ClockBounds{*low, *high};
}

void ClockModel::add(std::optional<TimeNs> asked, TimeNs answered, std::int64_t node_ns,
                     std::int64_t resolution_ns) {
  std::optional<Point> high;
  if (asked) high = Point{*asked, node_ns + resolution_ns - *asked};
  (asked ? round_trips_ : one_way_) += 1;
  take(high, {answered, node_ns - answered});
}

void ClockModel::add_bounds(TimeNs at, ClockBounds offset) {
  ++round_trips_;
  take(Point{at, offset.upper_ns}, {at, offset.lower_ns});
}

// Since when the new reading and an old one cannot both be true; nullopt: they can.
std::optional<TimeNs> ClockModel::contradicted_since(const std::optional<Point>& high,
                                                     const Point& low) const {
  const Segment& now = segments_.back();
  std::optional<TimeNs> since;
  const auto later = [&since](TimeNs at) { since = std::max(since.value_or(at), at); };
  for (const Point& old : near(now.highs, low.at))
    if (low.offset > old.offset + drift_over(low.at - old.at)) later(old.at);
  if (!high) return since;
  for (const Point& old : near(now.lows, high->at)) {
    if (old.offset <= high->offset + drift_over(high->at - old.at)) continue;
    // Its stamp was made before it arrived: at the latest when the clock, as bounded then, said it.
    const auto upper = now.high_at(old.at);
    later(upper ? old.at - (*upper - old.offset) : old.at);
  }
  return since;
}

void ClockModel::take(std::optional<Point> high, Point low) {
  if (segments_.empty()) segments_.push_back({-kEver, kEver, {}, {}});
  if (const auto since = contradicted_since(high, low)) {
    segments_.back().end = std::min(*since, low.at);
    segments_.push_back({low.at, kEver, {}, {}});
  }
  Segment& now = segments_.back();
  // The strongest of those that are about as old: what stays is a reading that was made.
  const auto keep = [](std::vector<Point>& points, const Point& point, bool higher_is_stronger) {
    if (points.empty() || point.at / kThin != points.back().at / kThin) {
      points.push_back(point);
      return;
    }
    Point& kept = points.back();
    if (higher_is_stronger ? point.offset >= kept.offset : point.offset <= kept.offset)
      kept = point;
  };
  keep(now.lows, low, true);
  if (high) keep(now.highs, *high, false);
}

std::optional<ClockBounds> ClockModel::offset_at(TimeNs at) const {
  std::optional<ClockBounds> hull;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const Segment& segment = segments_[i];
    // Between two stretches the clock was being set: it said something between the two.
    if (i > 0 && at <= segments_[i - 1].end) continue;
    if (i + 1 < segments_.size() && at >= segments_[i + 1].begin) continue;
    const auto offset = segment.offset_at(at);
    if (!offset || offset->lower_ns > offset->upper_ns) return std::nullopt;
    if (!hull) hull = offset;
    hull->lower_ns = std::min(hull->lower_ns, offset->lower_ns);
    hull->upper_ns = std::max(hull->upper_ns, offset->upper_ns);
  }
  return hull;
}

void ClockModel::place_in(const Segment& segment, TimeNs from, TimeNs until, std::int64_t node_ns,
                          std::vector<Placement>& found) const {
  if (from > until || segment.lows.empty() || segment.highs.empty()) return;
  // The offset depends on the time that is looked for, but hardly: a few rounds are exact to the
  // ns.
  const auto solve = [&](const auto& offset_at_time) {
    TimeNs at = std::clamp(node_ns - *offset_at_time(segment.highs.front().at), from, until);
    TimeNs solved = at;
    for (int round = 0; round < 5; ++round) {
      solved = node_ns - *offset_at_time(at);
      at = std::clamp(solved, from, until);
    }
    return solved;
  };
  const TimeNs lower = solve([&](TimeNs at) { return segment.high_at(at); });
  const TimeNs upper = solve([&](TimeNs at) { return segment.low_at(at); });
  if (upper < from || lower > until || lower > upper) return;
  found.push_back({std::max(lower, from), std::min(upper, until), false});
}

std::optional<Placement> ClockModel::place(std::int64_t node_ns, TimeNs not_before,
                                           TimeNs not_after) const {
  std::vector<Placement> found;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const Segment& now = segments_[i];
    place_in(now, std::max(now.begin, not_before), std::min(now.end, not_after), node_ns, found);
    if (i + 1 == segments_.size()) continue;
    const Segment& next = segments_[i + 1];
    if (now.highs.empty() || next.highs.empty()) return std::nullopt;
    // While it was being set: anything between the two clocks.
    const TimeNs from = std::max(now.end, not_before);
    const TimeNs until = std::min(next.begin, not_after);
    if (from > until) continue;
    const std::int64_t low = std::min(*now.low_at(from), *next.low_at(until));
    const std::int64_t high = std::max(*now.high_at(from), *next.high_at(until));
    const TimeNs lower = std::max(node_ns - high, from);
    const TimeNs upper = std::min(node_ns - low, until);
    if (lower <= upper) found.push_back({lower, upper, false});
  }
  if (found.empty()) return std::nullopt;
  Placement hull = found.front();
  for (const Placement& other : found) {
    if (other.lower > hull.upper || other.upper < hull.lower) hull.ambiguous = true;
    hull.lower = std::min(hull.lower, other.lower);
    hull.upper = std::max(hull.upper, other.upper);
  }
  return hull;
}

std::vector<ClockStep> ClockModel::steps() const {
  std::vector<ClockStep> steps;
  for (std::size_t i = 1; i < segments_.size(); ++i) {
    const Segment& before = segments_[i - 1];
    const Segment& after = segments_[i];
    ClockStep step{before.end, after.begin, {}};
    const auto was = before.offset_at(before.end);
    const auto is = after.offset_at(after.begin);
    if (!was || !is) continue;
    step.by = {is->lower_ns - was->upper_ns, is->upper_ns - was->lower_ns};
    steps.push_back(step);
  }
  return steps;
}

std::optional<ClockModel::Drift> ClockModel::drift() const {
  std::optional<Drift> best;
  TimeNs longest = kDriftMin;
  for (const Segment& segment : segments_) {
    if (segment.highs.empty() || segment.lows.empty()) continue;
    const TimeNs length = std::max(segment.highs.back().at, segment.lows.back().at) -
                          std::min(segment.highs.front().at, segment.lows.front().at);
    if (length < longest) continue;
    Drift drift{-1e9, 1e9};
    // A straight line that keeps all bounds exists exactly for the slopes that every pair allows.
    for (const Point& low : segment.lows)
      for (const Point& high : segment.highs) {
        if (low.at == high.at) continue;
        const double slope = 1e6 * static_cast<double>(high.offset - low.offset) /
                             static_cast<double>(high.at - low.at);
        if (high.at > low.at)
          drift.upper_ppm = std::min(drift.upper_ppm, slope);
        else
          drift.lower_ppm = std::max(drift.lower_ppm, slope);
      }
    if (drift.lower_ppm < -1e8 || drift.upper_ppm > 1e8 || drift.lower_ppm > drift.upper_ppm)
      continue;
    longest = length;
    best = drift;
  }
  return best;
}

}  // namespace ernstfall
