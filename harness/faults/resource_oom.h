// resource_oom: memory runs out until the kernel's OOM killer kills: resource.memory with
// `until: oom`.
#pragma once

#include "harness/faults/fault.h"

namespace ernstfall {

// With the parameter `unit`, only that service runs out; without it, the whole node does.
Result<FaultPlan> plan_out_of_memory(const FaultType& type, const FaultTarget& target,
                                     const FaultStep& step);

}  // namespace ernstfall
