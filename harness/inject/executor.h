// executor: the only code that carries out a fault's actions and looks for its effects.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "harness/cluster/cluster.h"
#include "harness/faults/plan.h"
#include "harness/inject/power.h"
#include "harness/remote/remote.h"

namespace ernstfall {

// Remotes and power controls of a cluster's nodes, made once and shared by everything in a run.
class NodeSet {
 public:
  static Result<std::unique_ptr<NodeSet>> open(const Cluster& cluster);
  // For tests: fakes instead of the real things.
  NodeSet(const Cluster& cluster, std::map<std::string, std::unique_ptr<Remote>> remotes,
          std::map<std::string, std::unique_ptr<Power>> powers);

  const Cluster& cluster() const { return cluster_; }
  Remote* remote(std::string_view node) const;  // nullptr: no such node
  Power* power(std::string_view node) const;    // nullptr: none

 private:
  const Cluster& cluster_;
  std::map<std::string, std::unique_ptr<Remote>, std::less<>> remotes_;
  std::map<std::string, std::unique_ptr<Power>, std::less<>> powers_;
};

class Executor {
 public:
  explicit Executor(NodeSet& nodes) : nodes_(nodes) {}

  // What a script said on stdout (its first line), empty for everything else.
  Result<std::string> perform(const Action& action, const std::stop_token& stop);
  // The apply script of a fault. With `at_ns`, its effect begins when the node's wall clock says
  // so: the script is there by then and waits, so that the time to start it is no part of a skew.
  struct Begun {
    std::string said;
    std::optional<std::int64_t> begun_ns;  // by the node's wall clock; none: it did not say
  };
  Result<Begun> begin(const ScriptAction& action, std::optional<std::int64_t> at_ns,
                      const std::stop_token& stop);
  // Waits until it is seen; returns how it was seen, in words. Errc::timeout with what was seen
  // instead.
  Result<std::string> observe(const Observation& observation, Deadline deadline,
                              const std::stop_token& stop);
  // The same question once, without waiting for a yes.
  Result<std::string> look(const Observation& observation, Deadline deadline,
                           const std::stop_token& stop) {
    return check_once(observation, deadline, stop);
  }
  Result<std::string> boot_id(const std::string& node, Deadline deadline,
                              const std::stop_token& stop);

 private:
  Status run_remote(const RemoteAction& action, const std::stop_token& stop);
  Status run_power(const SwitchPower& action, const std::stop_token& stop);
  Status run_revive(const ReviveAction& action, const std::stop_token& stop);
  Result<std::string> run_script(const std::string& node, const std::string& token,
                                 const std::string& script, const Argv& args, Deadline deadline,
                                 const std::stop_token& stop);
  // All of its stdout.
  Result<std::string> output_of(const std::string& node, const std::string& script,
                                const Argv& args, Deadline deadline, const std::stop_token& stop);
  Result<std::string> check_once(const Observation& observation, Deadline deadline,
                                 const std::stop_token& stop);

  NodeSet& nodes_;
};

}  // namespace ernstfall
