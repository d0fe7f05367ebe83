// resource_hog: what the faults that use up a resource share: a unit of ours that does it, and that
// the kernel kills before anything else when memory runs out.
#pragma once

#include <string_view>

namespace ernstfall {

// Shell functions, for NodeScripts::lines:
//   start_hog PROPERTY... -- COMMAND...   as unit $mark-hog
//   stop_hog, hog_gone                    for undo and undone
//   average SECONDS FILE PROGRAM          awk over two readings of FILE, told apart by `NR == FNR`
extern const std::string_view kHogFunctions;

}  // namespace ernstfall
