// power_confirm: makes a Power of what can only ask and order: orders what is not so already, and
// asks again until it is.
#include <algorithm>
#include <optional>
#include <utility>

#include "harness/inject/power.h"

namespace ernstfall {
namespace {

// One question or order; a connection that hangs must leave time for another try.
constexpr Nanos kOneTry = std::chrono::seconds(15);
// Between two questions: soon at first, and then no burden on an interface of a provider.
constexpr Nanos kFirstPause = std::chrono::milliseconds(100);
constexpr Nanos kLongestPause = std::chrono::seconds(2);

bool may_pass(const Error& error) {
  return error.code == Errc::unreachable || error.code == Errc::timeout ||
         error.code == Errc::protocol;
}

class ConfirmedPower final : public Power {
 public:
  ConfirmedPower(std::string node, std::unique_ptr<PowerSwitch> power_switch)
      : node_(std::move(node)), switch_(std::move(power_switch)) {}

  Status on(Deadline deadline, const std::stop_token& stop) override {
    return set(true, deadline, stop);
  }
  Status off(Deadline deadline, const std::stop_token& stop) override {
    return set(false, deadline, stop);
  }

  Result<bool> is_on(Deadline deadline, const std::stop_token& stop) override {
    std::optional<Error> verdict;
    for (Nanos pause = kFirstPause; !verdict || !deadline.expired();
         pause = std::min(pause * 2, kLongestPause)) {
      const auto state = switch_->state(deadline.at_most(kOneTry), stop);
      if (state && *state != PowerState::changing) return *state == PowerState::on;
      if (!state && !(verdict && was_cut_short(state.error(), deadline)))
        return failed(state.error());
      verdict = Error{Errc::timeout, "the power is neither on nor off, but changing", {}};
      ERNSTFALL_CHECK(rest(pause, deadline, stop));
    }
    return failed(*verdict);
  }

  std::string describe() const override { return switch_->describe(); }

 private:
  std::string where() const { return node_ + ": power control " + switch_->describe(); }
  tl::unexpected<Error> failed(Error error) const {
    error.where = where();
    return tl::unexpected<Error>(std::move(error));
  }

  // A try that only the end of the time ended says less than the one before.
  static bool was_cut_short(const Error& error, Deadline deadline) {
    return error.code == Errc::timeout && deadline.expired();
  }
  Status rest(Nanos pause, Deadline deadline, const std::stop_token& stop) const {
    if (sleep_until(deadline.at_most(pause), stop)) return {};
    return fail_at(Errc::cancelled, where(), "stopped while waiting for the power state");
  }

  Status set(bool want_on, Deadline deadline, const std::stop_token& stop) {
    const PowerState wanted = want_on ? PowerState::on : PowerState::off;
    bool ordered = false;
    std::optional<Error> verdict;  // when there is no more time
    for (Nanos pause = kFirstPause; !verdict || !deadline.expired();
         pause = std::min(pause * 2, kLongestPause)) {
      std::optional<Error> trouble;
      const auto state = switch_->state(deadline.at_most(kOneTry), stop);
      if (state && *state == wanted) return {};
      if (!state) {
        trouble = state.error();
      } else if (!ordered) {
        // Again when it failed: the first one may have arrived, and both ask for the same.
        if (const auto status = switch_->order(want_on, deadline.at_most(kOneTry), stop))
          ordered = true;
        else
          trouble = status.error();
      }
      if (trouble && !may_pass(*trouble)) return failed(std::move(*trouble));
      if (!trouble)
        verdict = Error{Errc::timeout,
                        fmt::format("the order was accepted, but the power is still not {}",
                                    want_on ? "on" : "off"),
                        {}};
      else if (!verdict || !was_cut_short(*trouble, deadline))
        verdict = std::move(trouble);
      ERNSTFALL_CHECK(rest(pause, deadline, stop));
    }
    return failed(*verdict);
  }

  const std::string node_;
  const std::unique_ptr<PowerSwitch> switch_;
};

}  // namespace

std::unique_ptr<Power> confirm_power(std::string node, std::unique_ptr<PowerSwitch> power_switch) {
  return std::make_unique<ConfirmedPower>(std::move(node), std::move(power_switch));
}

}  // namespace ernstfall
