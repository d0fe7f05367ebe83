// power_redfish: switches power through a management controller that speaks Redfish.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/inject/power_http.h"

namespace ernstfall {
namespace {

using Json = nlohmann::json;

constexpr const char* kRedfishSystems = "/redfish/v1/Systems";
constexpr std::size_t kMaxNamedSystems = 16;

class RedfishSwitch final : public PowerSwitch {
 public:
  explicit RedfishSwitch(const PowerConfig& config) : http_(config) {}

  Result<PowerState> state(Deadline deadline, const std::stop_token& stop) override {
    ERNSTFALL_TRY(const Json system, read_system(deadline, stop));
    const std::string state = json_text(system, "/PowerState");
    if (state == "On" || state == "Paused") return PowerState::on;
    if (state == "Off") return PowerState::off;
    if (state == "PoweringOn" || state == "PoweringOff") return PowerState::changing;
    return fail(Errc::protocol, "PowerState is \"{}\"; expected On or Off", http_.quote(state));
  }

  Status order(bool on, Deadline deadline, const std::stop_token& stop) override {
    ERNSTFALL_TRY(const Json system, read_system(deadline, stop));
    const Json::json_pointer action("/Actions/#ComputerSystem.Reset");
    if (!system.contains(action))
      return fail(Errc::unsupported, "this system has no action ComputerSystem.Reset");
    const Json& reset = system.at(action);
    ERNSTFALL_TRY(const std::string type, reset_type(reset, on));
    const std::string target = json_text(reset, "/target");
    // Our credentials go where it points to: to no other host.
    if (target.size() < 2 || target[0] != '/' || target[1] == '/')
      return fail(Errc::protocol, "the target of ComputerSystem.Reset is no path: \"{}\"",
                  http_.quote(target));
    ERNSTFALL_TRY(HttpRequest request, http_.request("POST", target));
    request.headers.push_back("Content-Type: application/json");
    request.body = Json{{"ResetType", type}}.dump();
    ERNSTFALL_TRY(const HttpResponse response, ask(std::move(request), deadline, stop));
    if (response.status >= 200 && response.status < 300) return {};
    return http_.refused(response, explanation(response));
  }

  std::string describe() const override {
    return "redfish at " + http_.config().url + ", system " + http_.config().system;
  }

 private:
  Result<HttpResponse> ask(HttpRequest request, Deadline deadline, const std::stop_token& stop) {
    request.headers.push_back("Accept: application/json");
    request.headers.push_back("OData-Version: 4.0");
    ERNSTFALL_CHECK(http_.sign(request, HttpRequest::Auth::basic));
    return http_.send(std::move(request), deadline, stop);
  }

  Result<Json> read_system(Deadline deadline, const std::stop_token& stop) {
    const std::string& id = http_.config().system;
    ERNSTFALL_TRY(HttpRequest request,
                  http_.request("GET", std::string(kRedfishSystems) + "/" + id));
    ERNSTFALL_TRY(const HttpResponse response, ask(std::move(request), deadline, stop));
    if (response.status == 200) return http_.json_of(response);
    if (response.status == 404) {
      ERNSTFALL_TRY(const std::string others, systems(deadline, stop));
      return fail(Errc::usage, "there is no system \"{}\" here{}", id, others);
    }
    return http_.refused(response, explanation(response));
  }

  // "; there is 1, 2": which ids would be right.
  Result<std::string> systems(Deadline deadline, const std::stop_token& stop) {
    ERNSTFALL_TRY(HttpRequest request, http_.request("GET", kRedfishSystems));
    ERNSTFALL_TRY(const HttpResponse response, ask(std::move(request), deadline, stop));
    const Json document = Json::parse(response.body, nullptr, false);
    if (response.status != 200 || !document.is_object() || !document.contains("Members"))
      return std::string("; nor is there a list of systems: is the url right?");
    std::vector<std::string> names;
    for (const Json& member : document["Members"]) {
      const std::string path = json_text(member, "/@odata.id");
      if (names.size() < kMaxNamedSystems && !path.empty())
        names.push_back(path.substr(path.rfind('/') + 1));
    }
    return "; there is " + http_.quote(names.empty() ? "none" : join(names, ", "));
  }

  // A shutdown is never taken for a power cut.
  Result<std::string> reset_type(const Json& reset, bool on) const {
    const auto allowed = reset.find("ResetType@Redfish.AllowableValues");
    const auto may = [&](const char* type) {
      return allowed == reset.end() || !allowed->is_array() ||
             std::find(allowed->begin(), allowed->end(), type) != allowed->end();
    };
    if (!on && may("ForceOff")) return std::string("ForceOff");
    if (on && may("On")) return std::string("On");
    if (on && may("ForceOn")) return std::string("ForceOn");
    return fail(Errc::unsupported, "this system cannot be switched {}: it allows only {}",
                on ? "on" : "off without a shutdown", http_.quote(allowed->dump()));
  }

  static std::string explanation(const HttpResponse& response) {
    const Json document = Json::parse(response.body, nullptr, false);
    if (!document.is_object()) return response.body;
    const std::string detailed = json_text(document, "/error/@Message.ExtendedInfo/0/Message");
    return detailed.empty() ? json_text(document, "/error/message") : detailed;
  }

  PowerHttp http_;
};

}  // namespace

std::unique_ptr<PowerSwitch> make_redfish_switch(const PowerConfig& config) {
  return std::make_unique<RedfishSwitch>(config);
}

}  // namespace ernstfall
