// canary: what became of the blocks that a block canary was told are on the disk.
//
// A block is acknowledged when its acknowledgement reached us. It is lost when a look at the volume
// that began later does not show it as it was written. Lost out of order is what protocol C
// excludes even for a crash: it is gone, and a block that was issued after its acknowledgement is
// there, wholly or in part. Both are read from one look at one node.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/history/history.h"
#include "harness/lang/text.h"
#include "harness/scenario/scenario.h"
#include "probes/checks/run_facts.h"

namespace ernstfall {

// Its ledger records are about blocks of the volume, not about files of the service.
bool is_canary(const History& history, SourceId source);
bool has_canary(const Scenario& scenario);

struct LostCanaryBlock {
  std::uint64_t seq = 0;
  TimeNs acknowledged_at = 0;
  std::string found_as;  // empty, torn, wrong, gone
  std::string node;      // where it was looked for
  std::string saw;       // what the first wrong block of that file holds
};

struct OrderViolation {
  LostCanaryBlock lost;
  std::uint64_t present = 0;   // the next one after it that is there
  bool other_stretch = false;  // it was written by another writer, after a new begin
};

struct CanaryMeasurement {
  std::uint64_t stretches = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t acknowledged_before_effect = 0;
  std::uint64_t torn = 0;                    // of the lost ones
  std::uint64_t indeterminate = 0;           // there, without an acknowledgement that reached us
  std::uint64_t unaudited = 0;               // acknowledged, and no look has a word on it
  std::vector<LostCanaryBlock> lost;         // by number
  std::vector<OrderViolation> out_of_order;  // by number of the lost block
  std::optional<TimeNs> last_before_effect;  // arrival of the last acknowledgement before it
  double longest_write_ms = 0;
  bool cached = false;             // some file could not be read past the cache
  std::vector<std::string> nodes;  // that were looked at
  std::string unread_why;          // of the last look that failed
  std::uint64_t unreadable_events = 0;
};

CanaryMeasurement measure_canary(const History& history, const RunFacts& facts);
// Why nothing can be said, for both checks alike; empty: enough is known.
Text canary_unknown(const CanaryMeasurement& canary, const RunFacts& facts);

}  // namespace ernstfall
