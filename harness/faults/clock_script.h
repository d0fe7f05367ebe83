// clock_script: what the faults of a node's clock share: how it is read, stepped and measured.
#pragma once

#include <string>
#include <string_view>

#include "harness/faults/fault.h"
#include "harness/faults/node_script.h"

namespace ernstfall {

// plan_scripts() with these lines before every script:
//   clock now       nanoseconds of CLOCK_REALTIME and CLOCK_MONOTONIC_RAW; tick and frequency
//   clock owed      microseconds by which the clock is ahead of where it would be without us, from
//                   what `remember` wrote in $keep/clock
//   clock step US   CLOCK_REALTIME jumps, by exactly so much
//   clock tick N    microseconds by which it grows in what should be 10000
//   clock rate S    measured over S seconds: how much faster than the raw clock, in millionths
//   remember        once, before anything is changed
// and the questions before `ready`.
FaultPlan plan_clock_scripts(const FaultTarget& target, const NodeScripts& scripts, Argv args,
                             std::string intended, std::string effect);

}  // namespace ernstfall
