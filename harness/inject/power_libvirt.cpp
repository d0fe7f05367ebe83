// power_libvirt: switches a virtual machine of libvirt with virsh: off is "destroy", the pulled
// plug.
#include "harness/inject/power_tool.h"

namespace ernstfall {
namespace {

class LibvirtSwitch final : public PowerSwitch {
 public:
  explicit LibvirtSwitch(const PowerConfig& config) : uri_(config.uri), domain_(config.domain) {
    // Else ssh would ask for a password at our terminal, and wait.
    const std::size_t scheme_end = uri_.find("://");
    const bool over_ssh = uri_.substr(0, scheme_end).find("+ssh") != std::string::npos;
    if (over_ssh && uri_.find("no_tty=") == std::string::npos)
      connection_ = uri_ + (uri_.find('?') == std::string::npos ? "?" : "&") + "no_tty=1";
    else
      connection_ = uri_;
  }

  Result<PowerState> state(Deadline deadline, const std::stop_token& stop) override {
    ERNSTFALL_TRY(const std::string out, virsh("domstate", deadline, stop));
    const std::string_view state = trim(out);
    if (state == "shut off") return PowerState::off;
    for (const std::string_view on :
         {"running", "idle", "paused", "in shutdown", "crashed", "pmsuspended"})
      if (state == on) return PowerState::on;
    return fail(Errc::protocol, "virsh says \"{}\"; expected running or shut off",
                elide(state, 80));
  }

  // Never --graceful: that is a SIGTERM first, which lets the hypervisor write its caches.
  Status order(bool on, Deadline deadline, const std::stop_token& stop) override {
    ERNSTFALL_CHECK(virsh(on ? "start" : "destroy", deadline, stop));
    return {};
  }

  std::string describe() const override { return "libvirt domain " + domain_ + " at " + uri_; }

 private:
  Result<std::string> virsh(const std::string& command, Deadline deadline,
                            const std::stop_token& stop) {
    const Argv argv{"virsh", "--connect", connection_, "--quiet", command, "--domain", domain_};
    ERNSTFALL_TRY(ProcessResult result,
                  run_power_tool(argv, {}, "libvirt-clients", deadline, stop));
    if (result.ok()) return std::move(result.out);
    return tool_failure(
        result,
        {{"failed to get domain", Errc::usage, "there is no such virtual machine"},
         {"Host key verification failed", Errc::host_key, "the host's key is not known"},
         {"Permission denied", Errc::auth, "the host refused our credentials"},
         {"authentication failed", Errc::auth, "the host refused our credentials"},
         {"authentication unavailable", Errc::auth, "the host refused our credentials"},
         {"access denied", Errc::auth, "the host refused our credentials"},
         {"failed to connect to the hypervisor", Errc::unreachable, "the host does not answer"}});
  }

  const std::string uri_;
  const std::string domain_;
  std::string connection_;
};

}  // namespace

std::unique_ptr<PowerSwitch> make_libvirt_switch(const PowerConfig& config) {
  return std::make_unique<LibvirtSwitch>(config);
}

}  // namespace ernstfall
