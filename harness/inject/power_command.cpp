// power_command: switches power by the owner's own commands, run on this machine.
#include <utility>

#include "harness/inject/power.h"
#include "harness/process/process.h"

namespace ernstfall {
namespace {

class CommandPower final : public Power {
 public:
  explicit CommandPower(const Node& node) : node_(node.name), config_(node.power) {}

  Status on(Deadline deadline, const std::stop_token& stop) override {
    return set(config_.on, true, deadline, stop);
  }
  Status off(Deadline deadline, const std::stop_token& stop) override {
    return set(config_.off, false, deadline, stop);
  }

  Result<bool> is_on(Deadline deadline, const std::stop_token& stop) override {
    ERNSTFALL_TRY(const std::string out, run(config_.status, deadline, stop));
    const std::string word = split(trim(out), ' ').front();
    if (word == "on") return true;
    if (word == "off") return false;
    return fail_at(Errc::protocol, node_,
                   "the power command \"status\" printed \"{}\"; expected on or off as first word",
                   elide(trim(out), 80));
  }

  std::string describe() const override { return "power command " + shell_quote(config_.off); }

 private:
  Result<std::string> run(const Argv& argv, Deadline deadline, const std::stop_token& stop) {
    ProcessSpec spec;
    spec.argv = argv;
    auto out = run_process_ok(spec, deadline, stop);
    if (!out) out.error().where = node_ + ": power command " + elide(shell_quote(argv), 120);
    return out;
  }

  // Commands return before the machine follows (web APIs do): the state is read back until it
  // holds.
  Status set(const Argv& argv, bool want_on, Deadline deadline, const std::stop_token& stop) {
    ERNSTFALL_CHECK(run(argv, deadline, stop));
    while (true) {
      const auto now_on = is_on(deadline, stop);
      if (now_on && *now_on == want_on) return {};
      if (!now_on && now_on.error().code != Errc::protocol) return tl::unexpected(now_on.error());
      if (deadline.expired())
        return fail_at(Errc::timeout, node_,
                       "the power command succeeded, but the power is still {}",
                       want_on ? "off" : "on");
      if (!sleep_until(deadline.at_most(std::chrono::milliseconds(200)), stop))
        return fail_at(Errc::cancelled, node_, "stopped while waiting for the power state");
    }
  }

  std::string node_;
  PowerConfig config_;
};

}  // namespace

std::unique_ptr<Power> make_command_power(const Node& node) {
  return std::make_unique<CommandPower>(node);
}

}  // namespace ernstfall
