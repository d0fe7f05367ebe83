// power_ipmi: switches power through a management controller with ipmitool (IPMI 2.0, lanplus).
#include "harness/inject/power_tool.h"

namespace ernstfall {
namespace {

class IpmiSwitch final : public PowerSwitch {
 public:
  explicit IpmiSwitch(const PowerConfig& config) : config_(config) {}

  Result<PowerState> state(Deadline deadline, const std::stop_token& stop) override {
    ERNSTFALL_TRY(const std::string out, ipmitool("status", deadline, stop));
    const std::string_view said = trim(out);
    if (said == "Chassis Power is on") return PowerState::on;
    if (said == "Chassis Power is off") return PowerState::off;
    return fail(Errc::protocol, "ipmitool says \"{}\"; expected \"Chassis Power is on\" or off",
                elide(said, 80));
  }

  // "off" is the immediate one; "soft" would be a shutdown.
  Status order(bool on, Deadline deadline, const std::stop_token& stop) override {
    ERNSTFALL_CHECK(ipmitool(on ? "on" : "off", deadline, stop));
    return {};
  }

  std::string describe() const override {
    return config_.port == 623 ? "ipmi at " + config_.host
                               : fmt::format("ipmi at {} port {}", config_.host, config_.port);
  }

 private:
  Result<std::string> ipmitool(const std::string& command, Deadline deadline,
                               const std::stop_token& stop) {
    ERNSTFALL_TRY(const std::string password, read_secret(config_.secret));
    Argv argv{
        "ipmitool", "-I",        "lanplus", "-H", config_.host, "-p", std::to_string(config_.port),
        "-U",       config_.user};
    if (config_.cipher_suite >= 0)
      argv.insert(argv.end(), {"-C", std::to_string(config_.cipher_suite)});
    argv.insert(argv.end(), {"-E", "chassis", "power", command});
    // Of the two, ipmitool prefers the first, and the user's own may be that of another controller.
    ERNSTFALL_TRY(
        ProcessResult result,
        run_power_tool(argv, {{"IPMITOOL_PASSWORD", password}, {"IPMI_PASSWORD", password}},
                       "ipmitool", deadline, stop));
    if (result.ok()) return std::move(result.out);
    for (std::string* text : {&result.out, &result.err})
      for (std::size_t at = 0; (at = text->find(password, at)) != std::string::npos; at += 3)
        text->replace(at, password.size(), "***");
    return tool_failure(
        result, {{"RAKP 2", Errc::auth, "refused our credentials"},
                 {"unauthorized name", Errc::auth, "refused our credentials"},
                 {"Invalid user name", Errc::auth, "refused our credentials"},
                 {"nsufficient privilege", Errc::auth, "this user may not do this"},
                 {"rivilege Level to", Errc::auth, "this user may not do this"},
                 {"Address lookup", Errc::usage, "there is no such host"},
                 // What it prints for silence and, without -v, for some wrong passwords too.
                 {"Unable to establish", Errc::unreachable,
                  "does not answer, or user or password are wrong"}});
  }

  const PowerConfig config_;
};

}  // namespace

std::unique_ptr<PowerSwitch> make_ipmi_switch(const PowerConfig& config) {
  return std::make_unique<IpmiSwitch>(config);
}

}  // namespace ernstfall
