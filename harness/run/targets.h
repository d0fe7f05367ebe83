// targets: which nodes a step's `on` means now, in this run.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "harness/inject/executor.h"
#include "harness/scenario/scenario.h"

namespace ernstfall {

// drbd-primary is asked of the nodes; one and majority follow from the seed alone, so that a run
// can be repeated. Errc::unreachable when no node, or more than one, says that it is Primary.
Result<std::vector<std::string>> choose_targets(const NodeSet& nodes, const FaultStep& step,
                                                std::uint64_t seed, const std::stop_token& stop);

}  // namespace ernstfall
