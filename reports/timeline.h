// timeline: phases and marks of a run on its one axis.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "probes/checks/drbd_timeline.h"
#include "probes/checks/node_time.h"
#include "probes/checks/rto.h"
#include "probes/checks/run_facts.h"
#include "reports/milestones.h"
#include "reports/model.h"

namespace ernstfall {

struct Timeline {
  // Contiguous spans from the baseline to the last milestone; each is named for what ended it.
  std::vector<PhaseSpan> phases;
  RecoverySteps recovery;
};

// `settings` as AssembleInput's: what governs a phase is told with its value where it is known.
Timeline timeline_of(const MilestoneInput& input,
                     const std::map<std::string, std::string>& settings);

// The setting that the length of the phase that ends with `name` follows from; empty: none is
// known.
Text governed_by(const std::string& name, const MilestoneInput& input,
                 const std::map<std::string, std::string>& settings);

// In order of time; a lane holds at most kMaxMarksPerLane, and one
// that flaps is cut with a mark that says so.
constexpr std::size_t kMaxMarksPerLane = 60;
std::vector<TimelineMark> marks_of(const History& history, const RunFacts& facts,
                                   const DrbdTimeline& drbd);

}  // namespace ernstfall
