// power_amt: switches power through Intel AMT: WS-Management over HTTP with digest authentication.
#include <atomic>
#include <charconv>
#include <pugixml.hpp>

#include "harness/inject/power_http.h"

namespace ernstfall {
namespace {

#define ERNSTFALL_CIM "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
constexpr const char* kAmtStateClass = ERNSTFALL_CIM "CIM_AssociatedPowerManagementService";
constexpr const char* kAmtPowerClass = ERNSTFALL_CIM "CIM_PowerManagementService";
constexpr const char* kAmtSystemClass = ERNSTFALL_CIM "CIM_ComputerSystem";
#undef ERNSTFALL_CIM
constexpr const char* kAmtAddressing = "http://schemas.xmlsoap.org/ws/2004/08/addressing";

// CIM's numbers of power states. CIM calls 8 "off - soft"; AMT cuts the power at once for it and
// reports it for a machine that is off (S5). 12 is the one that asks the system to shut down.
constexpr int kAmtOn = 2;
constexpr int kAmtOff = 8;
// Of RequestPowerStateChange.
constexpr int kAmtDone = 0;
constexpr int kAmtJobStarted = 4096;

// The first element of that name, whatever its namespace is called here.
pugi::xml_node element(const pugi::xml_document& document, std::string_view name) {
  return document.find_node([name](const pugi::xml_node& node) {
    std::string_view full = node.name();
    if (const std::size_t colon = full.find(':'); colon != std::string_view::npos)
      full.remove_prefix(colon + 1);
    return full == name;
  });
}

class AmtSwitch final : public PowerSwitch {
 public:
  explicit AmtSwitch(const PowerConfig& config) : http_(config) {}

  Result<PowerState> state(Deadline deadline, const std::stop_token& stop) override {
    ERNSTFALL_TRY(const int state, ask("http://schemas.xmlsoap.org/ws/2004/09/transfer/Get",
                                       kAmtStateClass, "", "", "PowerState", deadline, stop));
    switch (state) {
      case kAmtOn:
      case 3:  // asleep: the memory still has power
      case 4:
        return PowerState::on;
      case 6:
      case 7:  // hibernating
      case kAmtOff:
      case 12:
      case 13:
        return PowerState::off;
      case 5:  // cycles and resets
      case 9:
      case 10:
      case 11:
      case 14:
      case 15:
      case 16:
        return PowerState::changing;
      default:
        return fail(Errc::protocol, "PowerState is {}; expected 2 (on) or 8 (off)", state);
    }
  }

  Status order(bool on, Deadline deadline, const std::stop_token& stop) override {
    const std::string selectors =
        "<w:SelectorSet><w:Selector Name=\"Name\">Intel(r) AMT Power Management "
        "Service</w:Selector></w:SelectorSet>";
    const std::string input = fmt::format(
        "<p:RequestPowerStateChange_INPUT xmlns:p=\"{}\"><p:PowerState>{}</p:PowerState>"
        "<p:ManagedElement><a:Address>{}/role/anonymous</a:Address><a:ReferenceParameters>"
        "<w:ResourceURI>{}</w:ResourceURI><w:SelectorSet><w:Selector Name=\"Name\">ManagedSystem"
        "</w:Selector></w:SelectorSet></a:ReferenceParameters></p:ManagedElement>"
        "</p:RequestPowerStateChange_INPUT>",
        kAmtPowerClass, on ? kAmtOn : kAmtOff, kAmtAddressing, kAmtSystemClass);
    ERNSTFALL_TRY(const int result,
                  ask(std::string(kAmtPowerClass) + "/RequestPowerStateChange", kAmtPowerClass,
                      selectors, input, "ReturnValue", deadline, stop));
    if (result == kAmtDone || result == kAmtJobStarted) return {};
    if (result == 1) return fail(Errc::unsupported, "RequestPowerStateChange is not supported");
    return fail(Errc::protocol, "RequestPowerStateChange gave {}; expected 0", result);
  }

  std::string describe() const override { return "amt at " + http_.config().url; }

 private:
  // The number in the element `wanted` of the answer.
  Result<int> ask(const std::string& action, const std::string& resource,
                  const std::string& selectors, const std::string& body, const char* wanted,
                  Deadline deadline, const std::stop_token& stop) {
    ERNSTFALL_TRY(HttpRequest request, http_.request("POST", "/wsman"));
    request.headers = {"Content-Type: application/soap+xml;charset=UTF-8"};
    request.body = fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:a=\"{0}\" "
        "xmlns:w=\"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd\"><s:Header>"
        "<a:Action s:mustUnderstand=\"true\">{1}</a:Action>"
        "<a:To s:mustUnderstand=\"true\">/wsman</a:To>"
        "<w:ResourceURI s:mustUnderstand=\"true\">{2}</w:ResourceURI>"
        "<a:MessageID s:mustUnderstand=\"true\">uuid:00000000-0000-4000-8000-{3:012x}</a:MessageID>"
        "<a:ReplyTo><a:Address>{0}/role/anonymous</a:Address></a:ReplyTo>"
        "<w:OperationTimeout>PT10S</w:OperationTimeout>{4}"
        "</s:Header><s:Body>{5}</s:Body></s:Envelope>",
        kAmtAddressing, action, resource, ++messages_, selectors, body);
    ERNSTFALL_CHECK(http_.sign(request, HttpRequest::Auth::digest));
    ERNSTFALL_TRY(const HttpResponse response, http_.send(std::move(request), deadline, stop));
    return number_of(response, wanted);
  }

  Result<int> number_of(const HttpResponse& response, const char* wanted) const {
    pugi::xml_document document;
    const bool is_xml = document.load_buffer(response.body.data(), response.body.size());
    if (response.status == 404)
      return fail(Errc::usage, "there is no WS-Management here (404): is the url that of AMT?");
    if (response.status != 200) {
      const std::string reason = is_xml ? element(document, "Text").text().get() : "";
      return http_.refused(response, reason.empty() ? response.body : reason);
    }
    if (!is_xml)
      return fail(Errc::protocol, "answered with something that is no XML: \"{}\"",
                  http_.quote(response.body));
    const std::string text(trim(element(document, wanted).text().get()));
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc() || end != text.data() + text.size())
      return fail(Errc::protocol, "the answer has no number {}: \"{}\"", wanted,
                  http_.quote(response.body));
    return number;
  }

  PowerHttp http_;
  std::atomic<std::uint64_t> messages_{0};
};

}  // namespace

std::unique_ptr<PowerSwitch> make_amt_switch(const PowerConfig& config) {
  return std::make_unique<AmtSwitch>(config);
}

}  // namespace ernstfall
