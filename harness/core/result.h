// result: errors as values. Every fallible function of ernstfall returns Result<T> or Status.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace ernstfall {

// What kind of failure it was; decides the exit code and whether a retry makes sense.
enum class Errc {
  usage,        // the user asked for something impossible, or an input file is wrong
  unreachable,  // a node or service could not be reached
  timeout,      // the deadline passed
  cancelled,    // the stop token was set
  auth,         // the other side refused our credentials
  host_key,     // the SSH host key is unknown or differs: never retried
  io,           // a local file or socket failed, disk full included
  corrupt,      // stored data failed its checks
  protocol,     // the other side spoke something we do not understand
  refused,      // a guard or precondition says no
  unsupported,  // this node, version or backend cannot do it
  internal,     // a bug of ours, or a third-party exception
};

struct Error {
  Errc code = Errc::internal;
  std::string what;   // one sentence, no trailing full stop, never a secret
  std::string where;  // node, file:line:col, URL ...; may be empty
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

// Machine name of a code ("host-key", "timeout" ...).
std::string_view errc_name(Errc code);

// "where: what", or "what" when there is no place to name.
std::string to_string(const Error& error);

template <typename... Args>
tl::unexpected<Error> fail(Errc code, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected<Error>(Error{code, fmt::format(format, std::forward<Args>(args)...), {}});
}

// The same with a place, e.g. fail_at(Errc::unreachable, "prod", "no answer on port {}", 22).
template <typename... Args>
tl::unexpected<Error> fail_at(Errc code, std::string where, fmt::format_string<Args...> format,
                              Args&&... args) {
  return tl::unexpected<Error>(
      Error{code, fmt::format(format, std::forward<Args>(args)...), std::move(where)});
}

}  // namespace ernstfall

// Returns the error of `expr` from the enclosing function; for Status-like values.
#define ERNSTFALL_CHECK(expr)                                               \
  do {                                                                      \
    if (auto ernstfall_status_ = (expr); !ernstfall_status_)                \
      return tl::unexpected<::ernstfall::Error>(ernstfall_status_.error()); \
  } while (false)

#define ERNSTFALL_CONCAT_(a, b) a##b
#define ERNSTFALL_CONCAT(a, b) ERNSTFALL_CONCAT_(a, b)

// ERNSTFALL_TRY(auto x, f()): declares x with the value of f(), or returns f()'s error.
#define ERNSTFALL_TRY(declaration, expr) \
  ERNSTFALL_TRY_(declaration, expr, ERNSTFALL_CONCAT(ernstfall_result_, __LINE__))
#define ERNSTFALL_TRY_(declaration, expr, temporary)                            \
  auto temporary = (expr);                                                      \
  if (!temporary) return tl::unexpected<::ernstfall::Error>(temporary.error()); \
  declaration = std::move(*temporary)
