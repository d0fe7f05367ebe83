// bmc: a management controller per node that has one: IPMI in the lab's network, played by ipmi_sim
// (Debian package openipmi), whose power switch is the lab's own.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "harness/core/result.h"
#include "lab/store.h"

namespace ernstfall {

inline constexpr const char* kBmcUser = "fence";
// ipmi_sim does not answer who asks for its suites.
inline constexpr int kBmcCipherSuite = 3;
inline constexpr const char* kBmcPasswordFile = "bmc-password";  // in the lab's folder, 0600

// Gives this end of the lab's network the controllers' addresses, starts those that do not run, and
// waits until each says whether its node has power. The calling process is in the lab's network.
Status ensure_bmcs(const LabStore& store, const Topology& topology, const std::stop_token& stop);

// What ipmi_sim asks its helper: "get power", "set power 0", "check power 1". Returns what the
// helper prints.
Result<std::string> answer_chassis(const std::string& lab, const std::string& node,
                                   const std::vector<std::string>& words,
                                   const std::stop_token& stop);

// ipmi_sim's two files; the first holds the password.
std::string bmc_configuration(const LabNode& node, const std::string& helper,
                              const std::string& password);
std::string bmc_commands();

}  // namespace ernstfall
