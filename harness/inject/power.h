// power: one implementation per kind of power control. Each confirms the state that it set.
//
// Adding one: a file power_KIND.cpp, a PowerConfig::Kind, and a line in make_power().
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
  virtual Status on(Deadline deadline, const std::stop_token& stop) = 0;
  virtual Status off(Deadline deadline, const std::stop_token& stop) = 0;
  virtual Result<bool> is_on(Deadline deadline, const std::stop_token& stop) = 0;
  virtual std::string describe() const = 0;
};

// Errc::unsupported for a node without power control.
Result<std::unique_ptr<Power>> make_power(const Node& node);

std::unique_ptr<Power> make_lab_power(const std::string& lab, const std::string& node);
std::unique_ptr<Power> make_command_power(const Node& node);

}  // namespace ernstfall
