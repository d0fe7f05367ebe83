// measures: the values that runs are compared by, taken from their reports.
#pragma once

#include <string>
#include <vector>

#include "reports/comparison.h"

namespace ernstfall {

// One value of one run. Its bounds are those between which the true one lies.
struct MeasureValues {
  std::string name;
  MeasureKind kind = MeasureKind::outage;
  std::vector<Bounds> base;
  std::vector<Bounds> candidate;
  std::size_t base_missing = 0;
  std::size_t candidate_missing = 0;
};

// Of runs that count. Outage, redundancy restored and loss are always there, with no values where
// nothing was measured; then each recovery phase that some run of either side went through.
//   outage      [lower, upper] of the run's rto; never recovered: no upper end
//   redundancy  DRBD's last line that says otherwise, and our look; never lost: [0, 0]
//   phase       "A -> B": between two milestones; either may be earlier by the period of the probe
//               that proves it
//   loss        [lost, lost + stuck + not read back]
std::vector<MeasureValues> measures_of(const std::vector<const RunReport*>& base,
                                       const std::vector<const RunReport*>& candidate);

// Of bounds; the true extremes lie between those of the bounds, which may be of different runs.
SampleSummary summary_of_values(const std::vector<Bounds>& values, std::size_t missing);

}  // namespace ernstfall
