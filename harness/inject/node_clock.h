// node_clock: what a node's wall clock says, against our steady clock, as bounds that cannot be
// wrong: an answer was made after its question was sent and before it came.
#pragma once

#include <cstdint>
#include <stop_token>

#include "harness/core/clock.h"
#include "harness/core/result.h"
#include "harness/remote/remote.h"

namespace ernstfall {

struct NodeClock {
  // The node's wall clock minus our steady clock.
  std::int64_t ahead_min_ns = 0;
  std::int64_t ahead_max_ns = 0;
  Nanos round_trip_max{};  // of one question

  std::int64_t ahead_ns() const { return ahead_min_ns + (ahead_max_ns - ahead_min_ns) / 2; }
  std::int64_t uncertainty_ns() const { return (ahead_max_ns - ahead_min_ns) / 2; }
};

// Asks `questions` times; each answer makes the bounds narrower. Errc::protocol when an answer is
// no time, or when the clock was set between two of them.
Result<NodeClock> measure_node_clock(Remote& remote, int questions, Deadline deadline,
                                     const std::stop_token& stop);

}  // namespace ernstfall
