// clock_model: what a node's clock says against our axis, as bounds that every reading keeps. Pure.
//
// A reading is a node's timestamp T that was made after we asked (S) and before it arrived (R).
// With o(t) = node's clock minus our axis that gives, whatever the network did,
//
//   o(R) >= T - R        o(S) <= T - S        half of R - S is the uncertainty of one reading
//
// Between readings the clock runs at most kMaxDriftPpm too fast or too slow:
//
//   max_i (low_i - d|t - R_i|)  <=  o(t)  <=  min_i (high_i + d|t - S_i|)
//
// Readings that cannot both be true under that rate mean that the clock was set between them: a
// step (or a rate beyond kMaxDriftPpm, which looks like several, and is told as a rate: course()).
// While it happened the clock said something between what it said before and after. A step smaller
// than the uncertainty of the readings around it cannot be seen, and moves nothing by more than
// that uncertainty.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "harness/core/clock.h"

namespace ernstfall {

// adjtimex(2): the kernel's frequency correction goes to 500 ppm, adjtime(3) slews at 500 ppm more.
constexpr std::int64_t kMaxDriftPpm = 1000;

struct ClockBounds {
  std::int64_t lower_ns = 0;
  std::int64_t upper_ns = 0;
  std::int64_t middle_ns() const { return lower_ns + (upper_ns - lower_ns) / 2; }
  std::int64_t uncertainty_ns() const { return (upper_ns - lower_ns + 1) / 2; }
};

// Where on our axis something happened: not before `lower`, not after `upper`.
struct Placement {
  TimeNs lower = 0;
  TimeNs upper = 0;
  bool ambiguous = false;  // the clock said this more than once: it was set back between
};

struct ClockStep {
  TimeNs from = 0;  // it happened between these
  TimeNs until = 0;
  ClockBounds by;  // by how much the clock went forward; negative: back
};

// The clock ran too fast by so much all this time, or too slow: more than any correction makes it.
struct ClockRate {
  TimeNs from = 0;
  TimeNs until = 0;
  double lower_ppm = 0;
  double upper_ppm = 0;
};

// What a clock did, in as few words as the readings allow.
struct ClockCourse {
  std::vector<ClockRate> rates;
  std::vector<ClockStep> steps;
};

class ClockModel {
 public:
  // In order of `answered`. `node_ns` counts from the axis' base (wall time at the base taken off);
  // `asked`: nullopt when nobody asked (a line of a stream): then only the lower bound is known.
  void add(std::optional<TimeNs> asked, TimeNs answered, std::int64_t node_ns,
           std::int64_t resolution_ns = 0);
  // The same as bounds of the offset, for what was measured elsewhere.
  void add_bounds(TimeNs at, ClockBounds offset);

  // Node's clock minus our axis; nullopt: nobody ever asked.
  std::optional<ClockBounds> offset_at(TimeNs at) const;
  // When the node's clock said `node_ns`. Bounds narrow it, and tell apart what a clock that was
  // set back said twice. nullopt: never between them, or nothing is known.
  std::optional<Placement> place(std::int64_t node_ns, TimeNs not_before, TimeNs not_after) const;

  std::vector<ClockStep> steps() const;
  // For people: a clock at another rate contradicts every reading before it, and would be told as
  // many steps. Three segments or more of which one straight line keeps all bounds are one rate.
  // Nothing is placed by it.
  ClockCourse course() const;
  // Parts per million that the clock runs too fast, over the longest stretch without a step.
  struct Drift {
    double lower_ppm = 0;
    double upper_ppm = 0;
  };
  std::optional<Drift> drift() const;
  std::size_t round_trips() const { return round_trips_; }
  std::size_t one_way() const { return one_way_; }

 private:
  struct Point {
    TimeNs at = 0;
    std::int64_t offset = 0;
  };
  // A stretch without a step.
  struct Segment {
    TimeNs begin = 0;
    TimeNs end = 0;
    std::vector<Point> lows;  // of each kThin the strongest
    std::vector<Point> highs;
    std::optional<std::int64_t> low_at(TimeNs at) const;
    std::optional<std::int64_t> high_at(TimeNs at) const;
    std::optional<ClockBounds> offset_at(TimeNs at) const;  // nullopt: one of them is not known
  };
  static std::span<const Point> near(const std::vector<Point>& points, TimeNs at);
  void take(std::optional<Point> high, Point low);
  std::optional<TimeNs> contradicted_since(const std::optional<Point>& high,
                                           const Point& low) const;
  void place_in(const Segment& segment, TimeNs from, TimeNs until, std::int64_t node_ns,
                std::vector<Placement>& found) const;

  std::vector<Segment> segments_;
  std::size_t round_trips_ = 0;
  std::size_t one_way_ = 0;
};

}  // namespace ernstfall
