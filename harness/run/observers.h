// observers: clock offsets of the nodes against ours, and the artefacts of each node at the end.
#pragma once

#include <filesystem>
#include <stop_token>

#include "harness/history/history.h"
#include "harness/inject/executor.h"

namespace ernstfall {

// Three questions per node; the one with the shortest round trip counts. Appends
// kinds::kClockOffset with offset (node minus wall) and uncertainty (half the round trip). Nodes
// that do not answer are left out. The offset serves display only: nothing is judged by a node's
// clock.
void record_clock_offsets(const NodeSet& nodes, HistoryWriter& history, SourceId run_source,
                          Deadline deadline, const std::stop_token& stop);

// dmesg, journal of this boot and DRBD's status of every node, into RUN/nodes/NAME/. Best effort:
// what could not be collected is named in RUN/nodes/NAME/missing.txt.
void collect_artefacts(const NodeSet& nodes, const std::filesystem::path& run_folder,
                       Deadline deadline, const std::stop_token& stop);

}  // namespace ernstfall
