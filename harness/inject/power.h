// power: one implementation per kind of power control. Each confirms the state that it set.
//
//   NodeSet -> Power <- LabNodePower, CommandPower
//                    <- ConfirmedPower -> PowerSwitch <- libvirt, netcup, amt, redfish, ipmi
//
// Adding one: a file power_KIND.cpp with a PowerSwitch, a PowerConfig::Kind, and a line in
// make_power().
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "harness/cluster/cluster.h"
#include "harness/core/clock.h"
#include "harness/core/result.h"

namespace ernstfall {

class Power {
 public:
  virtual ~Power() = default;
  // Both return only after the power control itself reports the new state; both are idempotent.
  // Off is a power cut, never a shutdown.
  virtual Status on(Deadline deadline, const std::stop_token& stop) = 0;
  virtual Status off(Deadline deadline, const std::stop_token& stop) = 0;
  virtual Result<bool> is_on(Deadline deadline, const std::stop_token& stop) = 0;
  // Which control it is, without a secret.
  virtual std::string describe() const = 0;
};

// Errc::unsupported for a node without power control. Reaches nothing and reads no secret.
Result<std::unique_ptr<Power>> make_power(const Node& node);

std::unique_ptr<Power> make_lab_power(const std::string& lab, const std::string& node);
std::unique_ptr<Power> make_command_power(const Node& node);

enum class PowerState {
  on,
  off,
  changing,  // neither yet: asked again
};

// What a kind of power control is able to do by itself: to ask once and to order once. The codes of
// their errors say whether trying again makes sense: unreachable, timeout and protocol do; auth,
// host_key, usage (no such machine), refused, unsupported and io do not.
class PowerSwitch {
 public:
  virtual ~PowerSwitch() = default;
  virtual Result<PowerState> state(Deadline deadline, const std::stop_token& stop) = 0;
  // Returns when the other side has accepted it, which does not mean that it is done.
  virtual Status order(bool on, Deadline deadline, const std::stop_token& stop) = 0;
  virtual std::string describe() const = 0;
};

std::unique_ptr<PowerSwitch> make_libvirt_switch(const PowerConfig& config);
std::unique_ptr<PowerSwitch> make_netcup_switch(const PowerConfig& config);
std::unique_ptr<PowerSwitch> make_amt_switch(const PowerConfig& config);
std::unique_ptr<PowerSwitch> make_redfish_switch(const PowerConfig& config);
std::unique_ptr<PowerSwitch> make_ipmi_switch(const PowerConfig& config);

// Orders only what is not so already, and asks until it is. Errors name the node and the control.
std::unique_ptr<Power> confirm_power(std::string node, std::unique_ptr<PowerSwitch> power_switch);

}  // namespace ernstfall
