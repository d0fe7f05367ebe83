// power_netcup: switches a server of netcup through the REST API of its Server Control Panel. An
// offline refresh token (of the device flow of its Keycloak) gives access tokens of five minutes.
#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "harness/inject/power_http.h"

namespace ernstfall {
namespace {

using Json = nlohmann::json;

constexpr const char* kNetcupToken = "/realms/scp/protocol/openid-connect/token";
constexpr const char* kNetcupApi = "/scp-core/api/v1";
// Access tokens are renewed this long before they expire.
constexpr Nanos kTokenMargin = std::chrono::seconds(30);
constexpr std::int64_t kMaxTokenSeconds = 3600;
constexpr Nanos kTaskPause = std::chrono::milliseconds(500);

// Of application/x-www-form-urlencoded.
std::string form_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_';
    out += plain ? std::string(1, c)
                 : fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return out;
}

// UUIDs of tasks become part of a path.
bool is_task_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         text.find_first_not_of("0123456789abcdefABCDEF-") == std::string_view::npos;
}

class NetcupSwitch final : public PowerSwitch {
 public:
  explicit NetcupSwitch(const PowerConfig& config) : http_(config) {}

  Result<PowerState> state(Deadline deadline, const std::stop_token& stop) override {
    ERNSTFALL_TRY(const HttpResponse response,
                  ask("GET", server_path() + "?loadServerLiveInfo=true", {}, deadline, stop));
    if (response.status != 200) return refused(response);
    ERNSTFALL_TRY(const Json server, http_.json_of(response));
    const auto id = server.find("id");
    if (id == server.end() || !id->is_number_integer() || id->dump() != http_.config().server)
      return fail(Errc::protocol, "answered with another server than {}: {}", http_.config().server,
                  id == server.end() ? "none" : http_.quote(id->dump()));
    const std::string state = json_text(server, "/serverLiveInfo/state");
    for (const char* running : {"RUNNING", "BLOCKED", "PAUSED", "PMSUSPENDED", "CRASHED"})
      if (state == running) return PowerState::on;
    if (state == "SHUTOFF") return PowerState::off;
    if (state == "SHUTDOWN") return PowerState::changing;
    return fail(Errc::protocol, "the state of the server is \"{}\"; expected RUNNING or SHUTOFF",
                http_.quote(state));
  }

  // Without stateOption OFF would be a shutdown by ACPI.
  Status order(bool on, Deadline deadline, const std::stop_token& stop) override {
    ERNSTFALL_TRY(const HttpResponse response,
                  ask("PATCH", server_path() + (on ? "" : "?stateOption=POWEROFF"),
                      Json{{"state", on ? "ON" : "OFF"}}.dump(), deadline, stop));
    if (response.status != 200 && response.status != 202) return refused(response);
    const Json task = Json::parse(response.body, nullptr, false);
    return await_task(task.is_object() ? json_text(task, "/uuid") : std::string(), deadline, stop);
  }

  std::string describe() const override { return "netcup server " + http_.config().server; }

 private:
  std::string server_path() const {
    return std::string(kNetcupApi) + "/servers/" + http_.config().server;
  }

  tl::unexpected<Error> refused(const HttpResponse& response) const {
    const Json document = Json::parse(response.body, nullptr, false);
    const std::string said = document.is_object() ? json_text(document, "/message") : response.body;
    if (response.status == 404)
      return fail(Errc::usage, "this account has no server {}: {}", http_.config().server,
                  http_.quote(said));
    if (response.status == 403)
      return fail(Errc::auth,
                  "access is refused (403): {}; is this machine's address allowed in the settings "
                  "of the REST API?",
                  http_.quote(said));
    return http_.refused(response, said);
  }

  // With an access token; a token that was revoked early is replaced once.
  Result<HttpResponse> ask(const std::string& method, const std::string& path,
                           const std::string& body, Deadline deadline,
                           const std::stop_token& stop) {
    for (bool again : {true, false}) {
      ERNSTFALL_TRY(const std::string token, access_token(deadline, stop));
      ERNSTFALL_TRY(HttpRequest request, http_.request(method, path));
      request.headers = {"Authorization: Bearer " + token, "Accept: application/json"};
      if (!body.empty()) request.headers.push_back("Content-Type: application/merge-patch+json");
      request.body = body;
      ERNSTFALL_TRY(HttpResponse response, http_.send(std::move(request), deadline, stop));
      if (response.status != 401 || !again) return response;
      const std::lock_guard lock(mutex_);
      if (token_ == token) token_.clear();
    }
    return fail(Errc::internal, "unreachable");
  }

  Result<std::string> access_token(Deadline deadline, const std::stop_token& stop) {
    {
      const std::lock_guard lock(mutex_);
      if (!token_.empty() && !token_expiry_->expired()) return token_;
    }
    ERNSTFALL_TRY(const std::string refresh, read_secret(http_.config().secret));
    http_.hide("refresh token", refresh);
    http_.hide("refresh token in a form", form_encode(refresh));
    ERNSTFALL_TRY(HttpRequest request, http_.request("POST", kNetcupToken));
    request.headers = {"Content-Type: application/x-www-form-urlencoded",
                       "Accept: application/json"};
    request.body = "grant_type=refresh_token&client_id=scp&refresh_token=" + form_encode(refresh);
    const Deadline asked_at = Deadline::after(Nanos::zero());
    ERNSTFALL_TRY(const HttpResponse response, http_.send(std::move(request), deadline, stop));
    const Json document = Json::parse(response.body, nullptr, false);
    if (response.status == 400 || response.status == 401) {
      const std::string error =
          document.is_object() ? json_text(document, "/error_description") : "";
      return fail(Errc::auth, "the refresh token is refused: {}",
                  http_.quote(error.empty() ? response.body : error));
    }
    if (response.status != 200) return http_.refused(response, response.body);
    std::string token = document.is_object() ? json_text(document, "/access_token") : std::string();
    if (token.empty() || token.find_first_of(" \t\r\n") != std::string::npos)
      // Not quoted: it may be a token that we failed to understand.
      return fail(Errc::protocol, "the answer to the refresh token holds no access token");
    const auto expires = document.find("expires_in");
    const std::int64_t seconds =
        expires != document.end() && expires->is_number_integer()
            ? std::clamp<std::int64_t>(expires->get<std::int64_t>(), 0, kMaxTokenSeconds)
            : 0;
    http_.hide("access token", token);
    const std::lock_guard lock(mutex_);
    token_ = std::move(token);
    token_expiry_ = Deadline::at(asked_at.time() + std::chrono::seconds(seconds) - kTokenMargin);
    return token_;
  }

  // An order is a task there. One that failed will never change the state, and says why; whatever
  // else there is to know of it, the state decides.
  Status await_task(const std::string& id, Deadline deadline, const std::stop_token& stop) {
    // Time must be left to read the state.
    const Deadline patience = deadline.at_most(deadline.remaining() / 2);
    while (is_task_id(id)) {
      const auto response =
          ask("GET", std::string(kNetcupApi) + "/tasks/" + id, {}, patience, stop);
      if (!response && response.error().code == Errc::cancelled)
        return tl::unexpected(response.error());
      if (!response || response->status != 200) break;
      const Json task = Json::parse(response->body, nullptr, false);
      const std::string state = task.is_object() ? json_text(task, "/state") : std::string();
      if (state == "ERROR" || state == "CANCELED" || state == "ROLLBACK") {
        std::string said = json_text(task, "/responseError/message");
        if (said.empty()) said = json_text(task, "/message");
        return fail(Errc::refused, "the task ended as {}: {}", state, http_.quote(said));
      }
      if (state == "FINISHED" || patience.expired()) break;
      if (!sleep_until(patience.at_most(kTaskPause), stop))
        return fail(Errc::cancelled, "stopped while waiting for the task");
    }
    return {};
  }

  PowerHttp http_;
  std::mutex mutex_;
  std::string token_;
  std::optional<Deadline> token_expiry_;  // set with token_
};

}  // namespace

std::unique_ptr<PowerSwitch> make_netcup_switch(const PowerConfig& config) {
  return std::make_unique<NetcupSwitch>(config);
}

}  // namespace ernstfall
