// threshold_comparison: does the candidate break at a milder level than the base? Two suites of
// kind threshold; the rules are in docs/explanation/comparison.md.
//
// The true limit of a side lies between the last level that held and the first that failed, so the
// shift has bounds and no estimate:
//   at least  base's last that held  - candidate's first that failed
//   at most   base's first that failed - candidate's last that held
// both counted towards the harmless end. Which level a search tries is no matter of chance, and a
// level counts only when all its trials agree; so there is no test either.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "reports/comparison.h"
#include "reports/suite_report.h"

namespace ernstfall {

struct ComparedThreshold {
  std::string folder;
  SuiteReport report;  // of kind threshold
  // Its own two files, and of its runs what was recorded around them.
  std::vector<Environment> environments;
};

bool is_threshold_folder(const std::filesystem::path& folder);
Result<ComparedThreshold> read_threshold(const std::filesystem::path& folder,
                                         const Catalogue& catalogue);

// Pure. Matched by the name of the scenario; appended to `report`, whose outcome follows. Errc::
// usage: a side has the same scenario twice.
Status compare_thresholds(const std::vector<ComparedThreshold>& base,
                          const std::vector<ComparedThreshold>& candidate,
                          ComparisonReport& report);

}  // namespace ernstfall
