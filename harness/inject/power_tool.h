// power_tool: runs the program of a power control (virsh, ipmitool) on this machine.
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>

#include "harness/inject/power.h"
#include "harness/process/process.h"

namespace ernstfall {

// In English whatever the user's language is, with `secrets` in the environment. Errc::io names the
// Debian package when the program is not there; Errc::timeout, Errc::cancelled.
Result<ProcessResult> run_power_tool(
    const Argv& argv, const std::vector<std::pair<std::string, std::string>>& secrets,
    std::string_view package, Deadline deadline, const std::stop_token& stop);

// A failed run as an error: the code of the first of `known` whose text the program printed to
// stderr, else Errc::protocol.
struct KnownFailure {
  std::string_view text;
  Errc code;
  std::string_view meaning;
};
tl::unexpected<Error> tool_failure(const ProcessResult& result,
                                   std::initializer_list<KnownFailure> known);

}  // namespace ernstfall
