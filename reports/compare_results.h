// compare_results: what differs between a stored result.json and a recomputed one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ernstfall {

// One line per differing value: "rto.upper_ms: stored 341200.0, now 341300.0". Lists are compared
// entry by entry; what may change without the run changing (a sibling that was run later, and what
// is concluded from it) is left out. At most 50 lines.
std::vector<std::string> compare_results(std::string_view stored, std::string_view now);

}  // namespace ernstfall
