// power_http: what the power controls that speak HTTP have in common: trust, deadlines, what an
// answer means as an error, and that no error holds a secret.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "harness/inject/power.h"
#include "probes/http_engine.h"

namespace ernstfall {

class PowerHttp {
 public:
  explicit PowerHttp(const PowerConfig& config) : config_(config) {}

  // To `path` below the URL of the cluster file, without credentials. Errc::usage when the pinned
  // certificate cannot be read.
  Result<HttpRequest> request(std::string method, std::string_view path) const;
  // Adds user and password. Errc::usage when the password cannot be read.
  Status sign(HttpRequest& request, HttpRequest::Auth auth);
  // A complete answer, whatever its status. Errc::host_key for a certificate that is not trusted,
  // Errc::timeout, Errc::unreachable, Errc::cancelled, Errc::io (this machine is out of something).
  Result<HttpResponse> send(HttpRequest request, Deadline deadline, const std::stop_token& stop);

  // No quote holds `secret` from now on; an earlier one of the same name may be forgotten.
  void hide(const std::string& name, std::string secret);
  // The beginning of what the other side said, in one line and without a secret.
  std::string quote(std::string_view text) const;
  // What a status means that is not the expected one: Errc::auth or Errc::protocol. `said` is the
  // other side's own explanation.
  tl::unexpected<Error> refused(const HttpResponse& response, std::string_view said) const;
  // Errc::protocol when the body is no JSON object.
  Result<nlohmann::json> json_of(const HttpResponse& response) const;

  const PowerConfig& config() const { return config_; }

 private:
  const PowerConfig config_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> secrets_;
  std::unique_ptr<HttpEngine> engine_;  // from the first request on: most runs need none
};

// The string at `pointer` ("/error/message"); empty when there is none.
std::string json_text(const nlohmann::json& document, const std::string& pointer);

}  // namespace ernstfall
