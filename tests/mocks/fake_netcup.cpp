// fake_netcup: Keycloak's token endpoint and the part of the Server Control Panel's REST API that
// switches a server.
#include <nlohmann/json.hpp>

#include "tests/mocks/fake_power.h"

namespace ernstfall::mocks {
namespace {

using Json = nlohmann::json;
using Answer = HttpServer::Answer;

// kSecret in a form.
constexpr const char* kForm =
    "grant_type=refresh_token&client_id=scp&refresh_token=a%20secret%2Bof%2Fthe%20tests";
constexpr const char* kServer = "/scp-core/api/v1/servers/4711";
constexpr const char* kTask = "5cf2a1e0-0000-4000-8000-000000000001";

Answer token(FakeMachine& machine, const HttpServer::Received& request) {
  if (request.header("content-type") != "application/x-www-form-urlencoded" ||
      request.body != kForm)
    return {400,
            R"({"error":"invalid_grant","error_description":"Offline user session not found"})"};
  ++machine.tokens_given;
  machine.token_is_revoked = false;
  return {200, Json{{"access_token", "access-token-" + std::to_string(machine.tokens_given)},
                    {"expires_in", 300},
                    {"token_type", "Bearer"}}
                   .dump()};
}

Answer patch(FakeMachine& machine, const HttpServer::Received& request) {
  if (request.header("content-type") != "application/merge-patch+json")
    return {400, R"({"code":"error.content.type.invalid","message":"Content type is invalid"})"};
  if (machine.locked_orders > 0) {
    --machine.locked_orders;
    return {409, R"({"code":"server.lock.error","message":"Server is locked"})"};
  }
  const Json body = Json::parse(request.body, nullptr, false);
  const std::string state = body.is_object() ? body.value("state", "") : "";
  if (state != "ON" && state != "OFF")
    return {400, R"({"code":"x","message":"Patch request not supported"})"};
  machine.order(state + request.target.substr(std::string(kServer).size()), state == "ON");
  return {202, Json{{"uuid", kTask}, {"state", "PENDING"}}.dump()};
}

}  // namespace

Answer speak_netcup(FakeMachine& machine, const HttpServer::Received& request) {
  if (request.target == "/realms/scp/protocol/openid-connect/token") return token(machine, request);
  if (machine.token_is_revoked || machine.tokens_given == 0 ||
      request.header("authorization") !=
          "Bearer access-token-" + std::to_string(machine.tokens_given))
    return {401, R"({"message":"Authorization header invalid."})"};
  if (request.target == std::string(kServer) + "?loadServerLiveInfo=true")
    return {200, Json{{"id", machine.other_id.empty() ? 4711 : std::stoi(machine.other_id)},
                      {"serverLiveInfo",
                       {{"state", !machine.told_state.empty() ? machine.told_state
                                  : machine.ask()             ? "RUNNING"
                                                              : "SHUTOFF"}}}}
                     .dump()};
  if (request.target == std::string("/scp-core/api/v1/tasks/") + kTask)
    return {200, Json{{"uuid", kTask},
                      {"state", machine.task_state},
                      {"responseError", {{"message", "The node is broken"}}}}
                     .dump()};
  if (request.method == "PATCH" && request.target.rfind(kServer, 0) == 0)
    return patch(machine, request);
  return {404, R"({"code":"not.found","message":"Server not found"})"};
}

}  // namespace ernstfall::mocks
