// clock_course: what a clock did, told in as few words as the readings allow. A clock that runs at
// another rate contradicts every reading before it: what looks like many steps is one rate where a
// single straight line keeps all bounds.
#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "probes/checks/clock_model.h"

namespace ernstfall {
namespace {

constexpr double kPerMillion = 1e6;
// So many bounds tell a rate well enough; each is compared with each.
constexpr std::size_t kMaxBounds = 4000;
// Two steps in one direction that a line explains are a rate; one is a step.
constexpr std::size_t kFewestParts = 3;
constexpr TimeNs kNever = std::numeric_limits<TimeNs>::max() / 4;

struct Bound {
  TimeNs at = 0;
  std::int64_t offset = 0;
};

// Bounds that one straight line keeps, and the slopes that such a line may have.
class Line {
 public:
  // False, and nothing is taken: no line keeps these as well.
  bool take(const std::vector<Bound>& lows, const std::vector<Bound>& highs) {
    Line with = *this;
    for (const Bound& low : lows)
      if (!with.add(low, true)) return false;
    for (const Bound& high : highs)
      if (!with.add(high, false)) return false;
    *this = std::move(with);
    return true;
  }
  double lower_ppm() const { return lower_ * kPerMillion; }
  double upper_ppm() const { return upper_ * kPerMillion; }
  bool is_known() const { return lower_ > -kUnknown && upper_ < kUnknown; }
  // Faster or slower than any clock that is only corrected.
  bool is_a_rate() const {
    return is_known() && (lower_ppm() > kMaxDriftPpm || upper_ppm() < -kMaxDriftPpm);
  }

  // What it says at some moment between the two.
  ClockBounds between(TimeNs from, TimeNs until) const {
    const ClockBounds a = at(from);
    const ClockBounds b = at(until);
    return {std::min(a.lower_ns, b.lower_ns), std::max(a.upper_ns, b.upper_ns)};
  }
  ClockBounds at(TimeNs time) const {
    double low = -std::numeric_limits<double>::max();
    double high = std::numeric_limits<double>::max();
    const auto reach = [&](const Bound& bound, bool least) {
      const auto distance = static_cast<double>(time - bound.at);
      const double slope = (distance > 0) == least ? lower_ : upper_;
      return static_cast<double>(bound.offset) + slope * distance;
    };
    for (const Bound& bound : lows_) low = std::max(low, reach(bound, true));
    for (const Bound& bound : highs_) high = std::min(high, reach(bound, false));
    return {static_cast<std::int64_t>(low), static_cast<std::int64_t>(high)};
  }

 private:
  // A line of slope s keeps all bounds exactly when each pair of them allows s.
  bool add(const Bound& bound, bool is_low) {
    for (const Bound& other : is_low ? highs_ : lows_) {
      const Bound& low = is_low ? bound : other;
      const Bound& high = is_low ? other : bound;
      const auto rise = static_cast<double>(high.offset - low.offset);
      if (high.at == low.at) {
        if (rise < 0) return false;
        continue;
      }
      const double slope = rise / static_cast<double>(high.at - low.at);
      if (high.at > low.at)
        upper_ = std::min(upper_, slope);
      else
        lower_ = std::max(lower_, slope);
      if (lower_ > upper_) return false;
    }
    (is_low ? lows_ : highs_).push_back(bound);
    return true;
  }

  static constexpr double kUnknown = 1e6;  // times as fast
  std::vector<Bound> lows_;
  std::vector<Bound> highs_;
  double lower_ = -kUnknown;
  double upper_ = kUnknown;
};

// What is between two steps, as clock_model has it.
struct Part {
  TimeNs begin = 0;
  TimeNs end = 0;
  TimeNs heard_from = 0;
  TimeNs heard_until = 0;
  std::vector<Bound> lows;
  std::vector<Bound> highs;
  // As the model bounds it; the model lives longer.
  std::function<std::optional<ClockBounds>(TimeNs)> offset_at;
};

// At the latest when the clock had left the line: at the first bound that the line breaks. What is
// before it may be a line of a stream, which says nothing against a clock that was set forward.
TimeNs left_by(const Line& line, const Part& part) {
  TimeNs first = kNever;
  for (const Bound& low : part.lows)
    if (low.offset > line.at(low.at).upper_ns) first = std::min(first, low.at);
  for (const Bound& high : part.highs)
    if (high.offset < line.at(high.at).lower_ns) first = std::min(first, high.at);
  return first == kNever ? part.begin : std::max(first, part.begin);
}

// Parts `first` to `last`, which are one only when a line explains them.
struct Stretch {
  std::size_t first = 0;
  std::size_t last = 0;
  std::optional<Line> rate;
};

std::vector<Stretch> stretches_of(const std::vector<Part>& parts) {
  std::vector<Stretch> all;
  for (std::size_t i = 0; i < parts.size();) {
    Line line;
    std::size_t end = i;
    std::size_t asked = 0;
    for (; end < parts.size() && line.take(parts[end].lows, parts[end].highs); ++end)
      asked += parts[end].lows.empty() || parts[end].highs.empty() ? 0 : 1;
    const bool is_rate = asked >= kFewestParts && line.is_a_rate();
    all.push_back({i, is_rate ? end - 1 : i, std::nullopt});
    if (is_rate) all.back().rate = std::move(line);
    i = all.back().last + 1;
  }
  return all;
}

// As far as the bounds tell.
bool same_rate(const Line& a, const Line& b) {
  return a.lower_ppm() <= b.upper_ppm() && b.lower_ppm() <= a.upper_ppm();
}

void add_rate(std::vector<ClockRate>& rates, const ClockRate& rate, bool goes_on) {
  // The same one before and after a step.
  if (goes_on && rates.back().lower_ppm <= rate.upper_ppm &&
      rate.lower_ppm <= rates.back().upper_ppm) {
    ClockRate& known = rates.back();
    known = {known.from, rate.until, std::max(known.lower_ppm, rate.lower_ppm),
             std::min(known.upper_ppm, rate.upper_ppm)};
    return;
  }
  rates.push_back(rate);
}

ClockCourse course_of(const std::vector<Part>& parts) {
  ClockCourse course;
  const std::vector<Stretch> all = stretches_of(parts);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Stretch& now = all[i];
    const Part& first = parts[now.first];
    if (now.rate)
      add_rate(course.rates,
               {first.heard_from, parts[now.last].heard_until, now.rate->lower_ppm(),
                now.rate->upper_ppm()},
               i > 0 && all[i - 1].rate);
    if (i == 0) continue;
    const Stretch& before = all[i - 1];
    const Part& last = parts[before.last];
    const bool goes_on = before.rate && now.rate && same_rate(*before.rate, *now.rate);
    const TimeNs until = before.rate ? left_by(*before.rate, first) : first.begin;
    const TimeNs from = goes_on ? until : last.end;
    const auto was = before.rate ? before.rate->between(from, until) : last.offset_at(last.end);
    const auto is = now.rate ? now.rate->between(from, until) : first.offset_at(until);
    if (!was || !is) continue;
    const ClockBounds by{is->lower_ns - was->upper_ns, is->upper_ns - was->lower_ns};
    // Where a rate began or ended the clock went on from what it said.
    if ((now.rate || before.rate) && by.lower_ns <= 0 && by.upper_ns >= 0) continue;
    course.steps.push_back({last.end, until, by});
  }
  return course;
}

}  // namespace

ClockCourse ClockModel::course() const {
  std::size_t bounds = 0;
  for (const Segment& segment : segments_) bounds += segment.lows.size() + segment.highs.size();
  // Dropping one widens, and never errs.
  const std::size_t every = bounds / kMaxBounds + 1;
  std::size_t count = 0;
  std::vector<Part> parts;
  for (const Segment& segment : segments_) {
    Part part{segment.begin, segment.end, kNever, -kNever, {}, {}, {}};
    const auto take = [&](const std::vector<Point>& points, std::vector<Bound>& to) {
      for (const Point& point : points) {
        part.heard_from = std::min(part.heard_from, point.at);
        part.heard_until = std::max(part.heard_until, point.at);
        if (count++ % every == 0) to.push_back({point.at, point.offset});
      }
    };
    take(segment.lows, part.lows);
    take(segment.highs, part.highs);
    part.offset_at = [&segment](TimeNs at) { return segment.offset_at(at); };
    parts.push_back(std::move(part));
  }
  return course_of(parts);
}

}  // namespace ernstfall
