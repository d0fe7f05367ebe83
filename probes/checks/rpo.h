// rpo: which acknowledged writes were lost, counted from the ledger that is kept off the cluster.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/history/history.h"
#include "probes/checks/run_facts.h"

namespace ernstfall {

// One acknowledged write that is not there, or not as it was written.
struct LostWrite {
  SourceId source = 0;
  std::uint64_t seq = 0;
  TimeNs acknowledged_at = 0;
  LedgerStep found_as = LedgerStep::lost;  // lost, unreadable or wrong
};

struct RpoMeasurement {
  std::uint64_t acknowledged = 0;
  std::uint64_t acknowledged_before_effect = 0;
  std::uint64_t indeterminate = 0;  // no answer; may or may not exist
  std::uint64_t refused = 0;
  std::uint64_t stuck = 0;      // acknowledged, still 425 at the audit's end
  std::uint64_t unaudited = 0;  // acknowledged, never read back
  std::vector<LostWrite> lost;  // by time of acknowledgement
  // Effect of the fault minus acknowledgement of the oldest lost write, never negative; 0 when
  // nothing is lost and everything was audited; nullopt when that is not known.
  std::optional<double> seconds;
};

RpoMeasurement measure_rpo(const History& history, const RunFacts& facts);

}  // namespace ernstfall
