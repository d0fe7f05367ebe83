// synthetic_search: a search for a threshold that never happened.
#pragma once

#include <optional>
#include <string>

#include "harness/lang/messages.h"
#include "reports/threshold_comparison.h"

namespace ernstfall::mocks {

// Levels 10, 20 ... 100 ms of delay.
inline ComparedThreshold searched(std::optional<std::size_t> held,
                                  std::optional<std::size_t> failed,
                                  SearchEnd end = SearchEnd::found) {
  ComparedThreshold compared;
  compared.report.kind = SuiteKind::threshold;
  compared.report.suite_id = "a-suite";
  compared.report.scenario = "threshold-delay";
  ThresholdReport threshold;
  threshold.vary = "delay";
  threshold.fault = {Msg::proof_fault, {"net.delay", "mirror"}};
  threshold.broken_when = {Msg::su_b_rto, {DurationValue{3000}}};
  threshold.repeat = 2;
  for (int i = 1; i <= 10; ++i)
    threshold.levels.push_back({std::to_string(10 * i) + "ms", 10.0 * i, {}});
  threshold.result.end = end;
  threshold.result.held = held;
  threshold.result.failed = failed;
  threshold.result.confirmed = true;
  threshold.trials = 9;
  compared.report.threshold = threshold;
  compared.environments.push_back(
      {{"version: drbd@prod", "9.2.1"}, {"scenario: faults.0.fault", "net.delay"}});
  return compared;
}

}  // namespace ernstfall::mocks
