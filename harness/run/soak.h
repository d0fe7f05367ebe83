// soak: faults drawn from a part of the catalogue, for a long time.
//
// The schedule follows from the seed, the scenario and the nodes of the cluster file alone; it can
// be printed before anything is touched. Its moments are those of a run in which nothing but
// waiting takes time: in a real one arming, proof and undo come on top, and what has not begun when
// the time is over is recorded as skipped.
#pragma once

#include <string>
#include <vector>

#include "harness/scenario/scenario.h"

namespace ernstfall {

struct SoakEntry {
  int number = 0;  // 1, 2, ... by `planned_at`
  int lane = 0;    // 0 to at_once - 1
  Nanos pause{};   // since the lane's last fault was undone
  Nanos planned_at{};
  FaultStep step;  // `on` names its nodes, but for drbd-primary, which is asked when it begins
};

// Errors as those of parse_selector(); Errc::refused when nothing is left to draw from.
Result<std::vector<SoakEntry>> soak_schedule(const Soak& soak, const Cluster& cluster,
                                             std::uint64_t seed);

// Whether an error of planning an entry means that it cannot be made on its nodes now: it is
// skipped. Everything else (a node that does not answer) is trouble of the run.
bool is_skip(const Error& error);

// "#3   +02:10  net.loss on prod, held for 12 s": one line.
std::string describe_entry(const SoakEntry& entry);

}  // namespace ernstfall
