// power_tool: runs the program of a power control, and tells what its failures mean.
#include "harness/inject/power_tool.h"

namespace ernstfall {

Result<ProcessResult> run_power_tool(
    const Argv& argv, const std::vector<std::pair<std::string, std::string>>& secrets,
    std::string_view package, Deadline deadline, const std::stop_token& stop) {
  ProcessSpec spec;
  spec.argv = argv;
  spec.extra_env = secrets;
  spec.extra_env.emplace_back("LC_ALL", "C");  // its words are read
  spec.max_output_bytes = 64U << 10U;
  auto result = run_process(spec, deadline, stop);
  if (result) return result;
  const std::string& what = result.error().what;
  switch (result.error().code) {
    case Errc::io:
      return fail(Errc::io, "{}: {} (Debian package {})", argv.front(), what, package);
    case Errc::timeout:
      return fail(Errc::timeout, "does not answer: {} was {}", argv.front(), what);
    default:
      return fail(result.error().code, "{}: {}", argv.front(), what);
  }
}

tl::unexpected<Error> tool_failure(const ProcessResult& result,
                                   std::initializer_list<KnownFailure> known) {
  for (const KnownFailure& failure : known)
    if (result.err.find(failure.text) != std::string::npos)
      return fail(failure.code, "{} ({})", failure.meaning, elide(result.summary(), 160));
  return fail(Errc::protocol, "{}", elide(result.summary(), 160));
}

}  // namespace ernstfall
