// assess_fencing: whether a node with data can be kept from writing when nobody can ask it: by its
// power, or by DRBD's quorum.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "harness/core/text.h"
#include "reports/assess_rules.h"

namespace ernstfall {
namespace {

std::vector<const Node*> data_nodes(const Cluster& cluster) {
  std::vector<const Node*> nodes;
  for (const Node& node : cluster.nodes)
    if (node.has_role("drbd-primary") || node.has_role("drbd-secondary")) nodes.push_back(&node);
  return nodes;
}

// The harness may reach a power control that the cluster itself has not: in a lab every node has
// one.
bool says_unfenceable(const Node& node) {
  const auto it = node.labels.find(kFenceableLabel);
  return it != node.labels.end() && it->second == "false";
}

// Seen to be off: the fault was confirmed, by the power control and by the node's silence. It was
// the control that the node has now: another one proves nothing about it.
const AssessedRun* fenced_in(const std::vector<const AssessedRun*>& counted, const Node& node) {
  const auto same_control = [&node](const AssessedRun& run) {
    const Node* then = run.cluster.find_node(node.name);
    return then != nullptr && then->power.kind == node.power.kind;
  };
  for (const AssessedRun* run : counted)
    for (const FaultResult& fault : run->run.report.faults)
      if (fault.node == node.name && same_control(*run) && fault.confirmed_at &&
          fault.outcome == "held" &&
          (fault.fault == "node.power-off" || fault.fault == "node.power-cycle"))
        return run;
  return nullptr;
}

std::vector<Statement> judge_power(const std::vector<const AssessedRun*>& counted,
                                   const Cluster& cluster) {
  std::vector<Statement> statements;
  for (const Node* node : data_nodes(cluster)) {
    const std::string kind(power_kind_name(node->power.kind));
    if (node->power.kind == PowerConfig::Kind::none)
      statements.push_back({RuleState::not_met, {}, {Msg::ev_no_power, {node->name}}, {}});
    else if (says_unfenceable(*node))
      statements.push_back({RuleState::not_met, {}, {Msg::ev_not_fenceable, {node->name}}, {}});
    else if (const AssessedRun* run = fenced_in(counted, *node))
      statements.push_back(
          {RuleState::met, {}, {Msg::ev_fenced, {node->name, kind}}, ref_of(*run)});
    else
      statements.push_back(
          {RuleState::untested, {}, {Msg::ev_power_unproven, {node->name, kind}}, {}});
  }
  return statements;
}

// Major, minor, patch of "9.2.10"; nothing for what is no version.
std::optional<std::array<int, 3>> version_numbers(const std::string& text) {
  std::array<int, 3> numbers{};
  const std::vector<std::string> parts = split(text, '.');
  if (parts.size() < 2) return std::nullopt;
  for (std::size_t i = 0; i < std::min<std::size_t>(parts.size(), numbers.size()); ++i) {
    char* end = nullptr;
    const long number = std::strtol(parts[i].c_str(), &end, 10);
    if (end == parts[i].c_str()) return std::nullopt;
    numbers[i] = static_cast<int>(number);
  }
  return numbers;
}

// The value of DRBD's option `quorum` on a node: "off" where options are recorded without it;
// nullopt where none are.
std::optional<std::string> quorum_option(const Environment& environment, const std::string& node) {
  const std::string prefix = "node: " + node + " drbd-options ";
  const std::string suffix = " options quorum";
  std::optional<std::string> value;
  for (const auto& [key, text] : environment) {
    if (key.rfind(prefix, 0) != 0) continue;
    if (!value) value = "off";
    if (key.size() > suffix.size() &&
        key.compare(key.size() - suffix.size(), suffix.size(), suffix) == 0)
      value = text;
  }
  return value;
}

Statement judge_quorum_of(const AssessedRun& run, const std::string& node) {
  const auto& versions = run.run.report.versions;
  const auto it = versions.find("drbd@" + node);
  const auto numbers = it == versions.end() ? std::nullopt : version_numbers(it->second);
  if (!numbers) return {RuleState::untested, {}, {Msg::ev_drbd_unknown, {node}}, ref_of(run)};
  if (*numbers < std::array<int, 3>{9, 0, 18})
    return {RuleState::not_met, {}, {Msg::ev_drbd_old, {node, it->second}}, ref_of(run)};
  const auto quorum = quorum_option(run.run.environment, node);
  if (!quorum) return {RuleState::untested, {}, {Msg::ev_quorum_unrecorded, {node}}, ref_of(run)};
  if (*quorum != "majority" && *quorum != "all")
    return {RuleState::not_met, {}, {Msg::ev_quorum_off, {node, *quorum}}, ref_of(run)};
  return {RuleState::met, {}, {Msg::ev_quorum_on, {node, it->second, *quorum}}, ref_of(run)};
}

// A run that shows quorum off outweighs one that shows it on; one that recorded nothing says
// nothing.
bool outweighs(RuleState a, RuleState b) {
  const auto weight = [](RuleState state) {
    return state == RuleState::not_met ? 2 : state == RuleState::met ? 1 : 0;
  };
  return weight(a) > weight(b);
}

// Of all runs one answer for each node.
std::vector<Statement> judge_quorum(const std::vector<const AssessedRun*>& counted,
                                    const Cluster& cluster) {
  std::vector<Statement> statements;
  for (const Node* node : data_nodes(cluster)) {
    Statement answer{RuleState::untested, {}, {Msg::ev_drbd_unknown, {node->name}}, {}};
    for (const AssessedRun* run : counted) {
      Statement here = judge_quorum_of(*run, node->name);
      if (!answer.run || outweighs(here.state, answer.state)) answer = std::move(here);
    }
    statements.push_back(std::move(answer));
  }
  const std::size_t members = cluster.drbd ? cluster.drbd->nodes.size() : 0;
  if (members < 3)
    statements.push_back(
        {RuleState::not_met, {}, {Msg::ev_quorum_voters, {std::to_string(members)}}, {}});
  for (const AssessedRun* run : counted)
    for (const FaultResult& fault : run->run.report.faults) {
      const bool cut = fault.fault == "drbd.quorum-loss" || fault.fault == "net.isolate";
      const Node* node = cluster.find_node(fault.node);
      if (!cut || node == nullptr || fault.outcome != "held") continue;
      if (!node->has_role("drbd-primary") && !node->has_role("drbd-secondary")) continue;
      if (judge_safety(AssessRule::one_primary, *run, {}).state != RuleState::met) continue;
      statements.push_back(
          {RuleState::met, {}, {Msg::ev_quorum_proven, {fault.node}}, ref_of(*run)});
      return statements;
    }
  statements.push_back({RuleState::untested, {}, {Msg::ev_quorum_unproven, {}}, {}});
  return statements;
}

RuleState state_of(const std::vector<Statement>& statements) {
  RuleState state = RuleState::met;
  for (const Statement& statement : statements) state = merge(state, statement.state);
  return state;
}

}  // namespace

bool can_be_fenced(const Node& node) {
  return node.power.kind != PowerConfig::Kind::none && !says_unfenceable(node);
}

RuleResult judge_fencing(const std::vector<const AssessedRun*>& counted, const Cluster& cluster) {
  RuleResult result{AssessRule::fencing, RuleState::untested, judge_power(counted, cluster)};
  std::vector<Statement> quorum = judge_quorum(counted, cluster);
  const RuleState power = state_of(result.statements);
  const RuleState by_quorum = state_of(quorum);
  // Either is enough.
  if (power == RuleState::met || by_quorum == RuleState::met)
    result.state = RuleState::met;
  else if (power == RuleState::not_met && by_quorum == RuleState::not_met)
    result.state = RuleState::not_met;
  for (Statement& statement : quorum) result.statements.push_back(std::move(statement));
  return result;
}

}  // namespace ernstfall
