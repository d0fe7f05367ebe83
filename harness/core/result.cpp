// result: names of error codes.
#include "harness/core/result.h"

namespace ernstfall {

std::string_view errc_name(Errc code) {
  switch (code) {
    case Errc::usage:
      return "usage";
    case Errc::unreachable:
      return "unreachable";
    case Errc::timeout:
      return "timeout";
    case Errc::cancelled:
      return "cancelled";
    case Errc::auth:
      return "auth";
    case Errc::host_key:
      return "host-key";
    case Errc::io:
      return "io";
    case Errc::corrupt:
      return "corrupt";
    case Errc::protocol:
      return "protocol";
    case Errc::refused:
      return "refused";
    case Errc::unsupported:
      return "unsupported";
    case Errc::internal:
      return "internal";
  }
  return "internal";
}

std::string to_string(const Error& error) {
  return error.where.empty() ? error.what : error.where + ": " + error.what;
}

}  // namespace ernstfall
