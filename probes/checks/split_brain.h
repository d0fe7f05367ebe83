// split_brain: the signs by which DRBD says that two nodes wrote apart from each other.
#pragma once

#include <vector>

#include "harness/cluster/cluster.h"
#include "harness/scenario/scenario.h"
#include "probes/checks/check.h"
#include "probes/checks/drbd_timeline.h"

namespace ernstfall {

// Calls of the split-brain helpers, and connections that stayed StandAlone without anybody of ours
// having asked for it. Empty: no sign was seen, which is proof only as far as the streams were
// heard.
std::vector<Evidence> split_brain_signs(const CheckContext& context, const RunFacts& facts,
                                        const DrbdTimeline& timeline);

}  // namespace ernstfall
