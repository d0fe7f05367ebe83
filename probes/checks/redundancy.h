// redundancy: whether every copy of the data was whole all the time. Pure.
#pragma once

#include "probes/checks/drbd_timeline.h"

namespace ernstfall {

// From `from` to `until` every node with the resource was heard without a gap, and each of its
// lines and polls says that all copies are UpToDate, connected and equal. False also when nobody
// knows.
bool redundancy_was_kept(const DrbdTimeline& timeline, const Cluster& cluster, TimeNs from,
                         TimeNs until);

}  // namespace ernstfall
