// sim_nodes: a cluster of simulated nodes for tests: power, boot ids, and answers by command.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "harness/cluster/cluster.h"
#include "harness/inject/executor.h"

namespace ernstfall::sim {

// State of one node, shared by its Remote and its Power.
struct SimNode {
  std::mutex mutex;
  std::atomic<bool> on = true;  // a heartbeat asks while a test cuts the power
  int boots = 1;
  bool boots_to_answer = true;     // powered on, it comes up; false: hangs in the firmware
  bool ignores_power_off = false;  // planted defect: the power control lies or is miswired
  bool power_on_fails = false;     // planted defect
  std::vector<std::string> log;    // every command and power operation, in order
  std::string state_text;          // what the state script prints
  std::function<ExecResult(const RemoteCommand&)> answer;  // for commands the sim does not know
  // For scripts of ours (`sh -s -- ARG...`): what they find; by default all of them succeed.
  std::function<ExecResult(const RemoteCommand&)> script;

  std::string boot_id() const { return "00000000-0000-0000-0000-" + fmt::format("{:012}", boots); }
  bool answers() const { return on && boots_to_answer; }
};

class SimRemote final : public Remote {
 public:
  SimRemote(std::string name, std::shared_ptr<SimNode> node)
      : name_(std::move(name)), node_(std::move(node)) {}

  Result<ExecResult> exec(const RemoteCommand& command, Deadline,
                          const std::stop_token& stop) override {
    if (stop.stop_requested()) return fail_at(Errc::cancelled, name_, "stopped");
    const std::lock_guard lock(node_->mutex);
    node_->log.push_back(shell_quote(command.argv));
    if (!node_->answers()) return fail_at(Errc::unreachable, name_, "no route");
    const std::string line = shell_quote(command.argv);
    if (line.find("boot_id") != std::string::npos) return said(node_->boot_id() + "\n");
    if (line.find("is-system-running") != std::string::npos) return said("running\n");
    if (line.find("sysrq-trigger") != std::string::npos) {
      ++node_->boots;
      return fail_at(Errc::unreachable, name_, "connection lost");
    }
    if (command.argv.size() > 2 && command.argv[0] == "sh" && command.argv[2] == "--")
      return node_->script ? node_->script(command) : said("");
    if (command.argv.size() > 1 && command.argv[0] == "sh" && command.argv[1] == "-s")
      return said(node_->state_text);
    if (node_->answer) return node_->answer(command);
    return said("");
  }
  Result<std::unique_ptr<LineStream>> stream(const RemoteCommand&, Deadline,
                                             const std::stop_token&) override {
    return fail_at(Errc::unsupported, name_, "the simulation has no streams");
  }
  std::string describe() const override { return "sim " + name_; }
  Result<std::string> control_path_source(Deadline, const std::stop_token&) override {
    return std::string("127.0.0.1");
  }

 private:
  static ExecResult said(std::string out) {
    ExecResult result;
    result.exit_code = 0;
    result.out = std::move(out);
    return result;
  }
  std::string name_;
  std::shared_ptr<SimNode> node_;
};

class SimPower final : public Power {
 public:
  SimPower(std::string name, std::shared_ptr<SimNode> node)
      : name_(std::move(name)), node_(std::move(node)) {}

  Status on(Deadline, const std::stop_token&) override {
    const std::lock_guard lock(node_->mutex);
    node_->log.emplace_back("POWER ON");
    if (node_->power_on_fails)
      return fail_at(Errc::unreachable, name_, "the power control is away");
    if (!node_->on) ++node_->boots;
    node_->on = true;
    return {};
  }
  Status off(Deadline, const std::stop_token&) override {
    const std::lock_guard lock(node_->mutex);
    node_->log.emplace_back("POWER OFF");
    if (!node_->ignores_power_off) node_->on = false;
    return {};
  }
  Result<bool> is_on(Deadline, const std::stop_token&) override {
    const std::lock_guard lock(node_->mutex);
    return node_->on;
  }
  std::string describe() const override { return "sim power"; }

 private:
  std::string name_;
  std::shared_ptr<SimNode> node_;
};

// A cluster with the given nodes, all with power control, and its NodeSet.
struct SimCluster {
  Cluster cluster;
  std::map<std::string, std::shared_ptr<SimNode>> nodes;
  std::unique_ptr<NodeSet> set;

  explicit SimCluster(const std::vector<std::string>& names) {
    std::map<std::string, std::unique_ptr<Remote>> remotes;
    std::map<std::string, std::unique_ptr<Power>> powers;
    cluster.name = "sim";
    for (const std::string& name : names) {
      Node node;
      node.name = name;
      node.power.kind = PowerConfig::Kind::command;
      cluster.nodes.push_back(node);
      nodes[name] = std::make_shared<SimNode>();
      remotes[name] = std::make_unique<SimRemote>(name, nodes[name]);
      powers[name] = std::make_unique<SimPower>(name, nodes[name]);
    }
    set = std::make_unique<NodeSet>(cluster, std::move(remotes), std::move(powers));
  }
  SimNode& operator[](const std::string& name) { return *nodes.at(name); }
};

}  // namespace ernstfall::sim
