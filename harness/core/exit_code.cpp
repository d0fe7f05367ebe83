// exit_code: maps errors to exit codes.
#include "harness/core/exit_code.h"

namespace ernstfall {

ExitCode exit_code_for(const Error& error) {
  switch (error.code) {
    case Errc::usage:
    case Errc::refused:
      return ExitCode::usage;
    case Errc::unreachable:
    case Errc::timeout:
    case Errc::auth:
    case Errc::host_key:
    case Errc::unsupported:
      return ExitCode::unreachable;
    case Errc::cancelled:
      return ExitCode::interrupted;
    case Errc::io:
    case Errc::corrupt:
    case Errc::protocol:
    case Errc::internal:
      return ExitCode::internal;
  }
  return ExitCode::internal;
}

}  // namespace ernstfall
