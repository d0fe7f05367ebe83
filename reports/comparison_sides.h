// comparison_sides: nothing may be on both sides of a comparison: against itself a candidate is
// never worse, and the gate before an upgrade would be open. Nor may it be there twice: repeats are
// what chance is judged by.
#pragma once

#include <vector>

#include "harness/core/result.h"
#include "reports/comparison.h"
#include "reports/threshold_comparison.h"

namespace ernstfall {

struct ComparedSide {
  std::vector<ComparedRun> runs;
  std::vector<ComparedThreshold> thresholds;
};

// Errc::usage, with both places: a run or a search is there twice, as itself or as a copy.
Status check_each_once(const ComparedSide& side);
// That of each side; and Errc::usage, with both places: the same run or the same search for a
// threshold is on both sides, whatever path led there (a link, a bind mount), or one is a copy of
// the other.
Status check_sides_differ(const ComparedSide& base, const ComparedSide& candidate);

}  // namespace ernstfall
