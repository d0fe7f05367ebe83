// levels: the values that a threshold search may try, from the harmless end to the harmful one.
//
//   linear  from, from + step, from + 2 step ... to
//   log     from, from (1 + step), from (1 + step)^2 ... to, rounded to three digits, as people
//           write them: 126ms, not 125.892541ms
#pragma once

#include <string>
#include <vector>

#include "harness/core/result.h"
#include "harness/scenario/scenario.h"

namespace ernstfall {

// Index 0 is the harmless end. Two levels or more, none twice; neighbours are at most one
// resolution apart, but for rounding. Errc::internal when a value cannot be written and read back.
Result<std::vector<ParamValue>> threshold_levels(const Threshold& threshold);

// A value as parse_param() reads it: 126ms, 1.25MiB, 2.5Mbit, 7%.
std::string level_text(ParamValue::Kind kind, double value);

}  // namespace ernstfall
