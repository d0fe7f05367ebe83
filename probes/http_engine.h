// http_engine: many HTTP requests in flight on one thread of its own (libcurl's multi interface).
//
// With http_exchange the only user of libcurl. Redirects are never followed and nothing is ever
// repeated: a probe must see what a user would see at the first try.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/core/clock.h"
#include "harness/core/result.h"

namespace ernstfall {

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers;  // "Name: value"
  std::string body;                  // sent when not empty, or when the method is PUT
  // Basic is sent with the first request, unasked. Digest answers the server's challenge: then the
  // request goes out twice, the first time without its body.
  enum class Auth { basic, digest };
  Auth auth = Auth::basic;
  std::string user;  // empty: no authentication
  std::string password;
  std::string resolve_address;  // connect there instead of asking DNS; empty: DNS
  std::string ca_file;          // pinned CA; empty: the system's
  // "sha256//BASE64" of the server's public key, which alone is trusted then, whatever name and
  // issuer its certificate has. Empty: certificate and name are verified.
  std::string pinned_key;
  Nanos timeout = std::chrono::seconds(2);  // for the whole exchange
  // A connection that is kept hides what a new user would meet.
  bool fresh_connection = true;
  std::size_t max_body_bytes = 1U << 20U;  // of the answer; more is an error
};

struct HttpResponse {
  TimeNs started = 0;  // when libcurl began with it
  TimeNs ended = 0;
  int status = 0;          // 0: no status line arrived
  int curl_error = 0;      // CURLcode; 0: the exchange was completed
  bool timed_out = false;  // no complete answer within the timeout
  // False only when it is certain that no byte of the request reached the other side: for a write
  // the difference between "refused" and "indeterminate".
  bool maybe_sent = false;
  // This machine could not ask: no descriptor, port or memory was left, or the request was
  // cancelled. Says nothing about the other side.
  bool our_fault = false;
  // The other side's certificate is none that the request trusts; nothing was sent.
  bool untrusted = false;
  std::string body;
  std::string error;  // in words, without a secret; empty when the exchange was completed
  std::vector<std::string> headers;  // of the final response, as received

  bool completed() const { return curl_error == 0; }
  // First value of a header, compared without case; empty when absent.
  std::string header(std::string_view name) const;
};

class HttpEngine {
 public:
  using Done = std::function<void(const HttpResponse&)>;

  static Result<std::unique_ptr<HttpEngine>> start(const RunClock& clock);
  // Ends what is in flight; every `done` that was accepted is called before this returns.
  virtual ~HttpEngine() = default;

  // Returns at once. `done` is called exactly once, on the engine's thread, and must not block.
  // false: too many in flight (kMaxInFlight), or the engine is ending; `done` is not called.
  virtual bool submit(HttpRequest request, Done done) = 0;
  // Waits for the answer. Errc::cancelled when stopped, Errc::refused when it was not accepted;
  // everything else, failures included, is an HttpResponse.
  virtual Result<HttpResponse> perform(HttpRequest request, const std::stop_token& stop) = 0;
  // Ends every request in flight with an error now.
  virtual void cancel_all() = 0;

  static constexpr std::size_t kMaxInFlight = 4096;
};

}  // namespace ernstfall
