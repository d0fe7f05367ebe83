// timeline: phases and marks of a run on its one axis.
#pragma once

#include <vector>

#include "probes/checks/drbd_timeline.h"
#include "probes/checks/rto.h"
#include "probes/checks/run_facts.h"
#include "reports/model.h"

namespace ernstfall {

// Contiguous spans from the baseline to the last milestone; each is named for what ended it.
std::vector<PhaseSpan> phases_of(const History& history, const Scenario& scenario,
                                 const RunFacts& facts, const DrbdTimeline& drbd,
                                 const RtoMeasurement& rto);

// In order of time; a lane holds at most kMaxMarksPerLane, and one
// that flaps is cut with a mark that says so.
constexpr std::size_t kMaxMarksPerLane = 60;
std::vector<TimelineMark> marks_of(const History& history, const RunFacts& facts,
                                   const DrbdTimeline& drbd);

}  // namespace ernstfall
