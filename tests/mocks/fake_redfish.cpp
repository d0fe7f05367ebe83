// fake_redfish: a management controller with one system, as DMTF's DSP0266 describes it.
#include <openssl/evp.h>

#include <nlohmann/json.hpp>

#include "harness/core/text.h"
#include "tests/mocks/fake_power.h"

namespace ernstfall::mocks {
namespace {

using Json = nlohmann::json;
using Answer = HttpServer::Answer;

constexpr const char* kAction = "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset";

std::string expected_authorization() {
  const std::string pair =
      std::string(FakePowerServer::kUser) + ":" + std::string(FakePowerServer::kSecret);
  std::string out(4 * ((pair.size() + 2) / 3) + 1, '\0');
  out.resize(static_cast<std::size_t>(EVP_EncodeBlock(
      reinterpret_cast<unsigned char*>(out.data()),
      reinterpret_cast<const unsigned char*>(pair.data()), static_cast<int>(pair.size()))));
  return "Basic " + out;
}

Answer error(int status, const std::string& message) {
  return {status, Json{{"error",
                        {{"code", "Base.1.8.GeneralError"},
                         {"message", "See ExtendedInfo"},
                         {"@Message.ExtendedInfo", Json::array({Json{{"Message", message}}})}}}}
                      .dump()};
}

Json system_of(FakeMachine& machine) {
  Json reset{{"target", machine.reset_target.empty() ? kAction : machine.reset_target}};
  reset["ResetType@Redfish.AllowableValues"] =
      machine.allowed_resets.empty() ? Json{"On", "ForceOff", "GracefulShutdown", "ForceRestart"}
                                     : Json(split(machine.allowed_resets, ','));
  return {{"Id", "1"},
          {"PowerState", !machine.told_state.empty() ? machine.told_state
                         : machine.ask()             ? "On"
                                                     : "Off"},
          {"Actions", {{"#ComputerSystem.Reset", reset}}}};
}

}  // namespace

Answer speak_redfish(FakeMachine& machine, const HttpServer::Received& request) {
  if (request.header("authorization") != expected_authorization())
    return error(401, "The authorization failed");
  if (request.method == "GET" && request.target == "/redfish/v1/Systems")
    return {200, R"({"Members":[{"@odata.id":"/redfish/v1/Systems/1"}]})"};
  if (request.method == "GET" && request.target == "/redfish/v1/Systems/1")
    return {200, system_of(machine).dump()};
  if (request.method == "POST" && request.target == kAction) {
    if (!machine.refuse_orders.empty()) return error(400, machine.refuse_orders);
    if (machine.locked_orders > 0) {
      --machine.locked_orders;
      return error(503, "The service is temporarily unavailable");
    }
    const Json body = Json::parse(request.body, nullptr, false);
    if (!body.is_object() || request.header("content-type") != "application/json")
      return error(415, "Not JSON");
    const std::string type = body.value("ResetType", "");
    if (type != "On" && type != "ForceOn" && type != "ForceOff")
      return error(400, "Not a ResetType of these tests: " + type);
    machine.order(type, type != "ForceOff");
    return {204, ""};
  }
  return error(404, "There is no resource here");
}

}  // namespace ernstfall::mocks
