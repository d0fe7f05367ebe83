// fake_amt: the management engine of a board: WS-Management behind digest authentication.
#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

#include "tests/mocks/fake_power.h"

namespace ernstfall::mocks {
namespace {

using Answer = HttpServer::Answer;

constexpr const char* kRealm = "Digest:A3829B3827DE4D33D4449B366831FD01";
constexpr const char* kNonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";

std::string md5_hex(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

// key=value or key="value" of an Authorization header.
std::string field(const std::string& header, const std::string& key) {
  const std::size_t at = header.find(key + "=");
  if (at == std::string::npos) return {};
  std::size_t begin = at + key.size() + 1;
  const bool quoted = header[begin] == '"';
  if (quoted) ++begin;
  return header.substr(begin, header.find(quoted ? '"' : ',', begin) - begin);
}

// RFC 2617 with qop=auth.
bool is_right(const HttpServer::Received& request, const std::string& header) {
  const std::string a1 =
      md5_hex(fmt::format("{}:{}:{}", FakePowerServer::kUser, kRealm, FakePowerServer::kSecret));
  const std::string a2 = md5_hex(request.method + ":" + request.target);
  return field(header, "nonce") == kNonce &&
         field(header, " response") ==
             md5_hex(fmt::format("{}:{}:{}:{}:{}:{}", a1, kNonce, field(header, "nc"),
                                 field(header, "cnonce"), field(header, "qop"), a2));
}

Answer envelope(int status, const std::string& body) {
  return {status,
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?><a:Envelope "
          "xmlns:a=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:g=\"urn:cim\"><a:Header>"
          "</a:Header><a:Body>" +
              body + "</a:Body></a:Envelope>"};
}

}  // namespace

Answer speak_amt(FakeMachine& machine, const HttpServer::Received& request) {
  const std::string authorization = request.header("authorization");
  if (authorization.rfind("Digest ", 0) != 0 || !is_right(request, authorization))
    return {401,
            "",
            {},
            {fmt::format("WWW-Authenticate: Digest realm=\"{}\", nonce=\"{}\",stale=\"false\","
                         "qop=\"auth\"",
                         kRealm, kNonce)}};
  ++machine.digests_checked;
  if (request.target != "/wsman" || request.method != "POST") return {404, ""};
  const auto asks = [&](const std::string& text) {
    return request.body.find(text) != std::string::npos;
  };
  if (asks("2004/09/transfer/Get</a:Action>") &&
      asks("/CIM_AssociatedPowerManagementService</w:ResourceURI>"))
    // In the order of a real one: what may be asked for comes before what is.
    return envelope(
        200, fmt::format("<g:CIM_AssociatedPowerManagementService>"
                         "<g:AvailableRequestedPowerStates>10</g:AvailableRequestedPowerStates>"
                         "<g:PowerState>{}</g:PowerState>"
                         "<g:RequestedPowerState>5</g:RequestedPowerState>"
                         "</g:CIM_AssociatedPowerManagementService>",
                         !machine.told_state.empty() ? machine.told_state
                         : machine.ask()             ? "2"
                                                     : "8"));
  if (asks("/CIM_PowerManagementService/RequestPowerStateChange</a:Action>") &&
      asks("ManagedSystem")) {
    std::string result = machine.refuse_orders;
    if (result.empty() && machine.locked_orders > 0) {
      --machine.locked_orders;
      result = "4099";  // busy
    }
    if (result.empty()) {
      const bool on = asks("<p:PowerState>2</p:PowerState>");
      if (!on && !asks("<p:PowerState>8</p:PowerState>")) result = "5";
      if (result.empty()) machine.order(on ? "2" : "8", on);
    }
    return envelope(200, "<g:RequestPowerStateChange_OUTPUT><g:ReturnValue>" +
                             (result.empty() ? "0" : result) +
                             "</g:ReturnValue></g:RequestPowerStateChange_OUTPUT>");
  }
  return envelope(400,
                  "<a:Fault><a:Reason><a:Text xml:lang=\"en-US\">The action is not "
                  "supported</a:Text></a:Reason></a:Fault>");
}

}  // namespace ernstfall::mocks
