// observers: the artefacts of each node at the end of a run.
#pragma once

#include <filesystem>
#include <stop_token>

#include "harness/history/history.h"
#include "harness/inject/executor.h"

namespace ernstfall {

// dmesg, journal of this boot and DRBD's status of every node, into RUN/nodes/NAME/. Best effort:
// what could not be collected is named in RUN/nodes/NAME/missing.txt.
void collect_artefacts(const NodeSet& nodes, const std::filesystem::path& run_folder,
                       Deadline deadline, const std::stop_token& stop);

}  // namespace ernstfall
