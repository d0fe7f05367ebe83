// assess_options: what would close a gap. Every option has its price beside it.
#include "reports/assess_options.h"

#include <algorithm>

#include "reports/assess_rules.h"

namespace ernstfall {
namespace {

using Values = std::vector<TextValue>;

std::string other_data_node(const Cluster& cluster, const std::string& node) {
  for (const Node& other : cluster.nodes)
    if (other.name != node && (other.has_role("drbd-primary") || other.has_role("drbd-secondary")))
      return other.name;
  return {};
}

GapOption option(Msg what, Msg trade_off, const Values& values = {}) {
  return {{what, values}, {trade_off, values}};
}

std::vector<GapOption> take_over(AssessRule rule, const std::string& lost,
                                 const std::string& other) {
  const Values names{other, lost};
  std::vector<GapOption> options{option(Msg::opt_promoter, Msg::opt_promoter_cost, names),
                                 option(Msg::opt_pacemaker, Msg::opt_pacemaker_cost, names)};
  if (rule == AssessRule::served_again)
    options.push_back(option(Msg::opt_runbook, Msg::opt_runbook_cost, names));
  return options;
}

std::vector<GapOption> for_node(const Node& node) {
  std::vector<GapOption> options;
  if (node.has_role("ingress")) {
    options.push_back(option(Msg::opt_floating, Msg::opt_floating_cost, {node.name}));
    options.push_back(option(Msg::opt_dns, Msg::opt_dns_cost, {node.name}));
  }
  if (node.has_role("control"))
    options.push_back(option(Msg::opt_control, Msg::opt_control_cost, {node.name}));
  return options;
}

bool same(const Text& a, const Text& b) {
  return say(Language::english, a) == say(Language::english, b);
}

}  // namespace

std::vector<GapOption> options_for(AssessRule rule, const FaultNeed& need, const Cluster& cluster) {
  if (rule == AssessRule::redundancy) return {option(Msg::opt_resync, Msg::opt_resync_cost)};
  if (rule == AssessRule::target) return {option(Msg::opt_timeouts, Msg::opt_timeouts_cost)};
  const Node* node = cluster.find_node(need.node);
  switch (need.kind) {
    case NeedKind::data_power:
    case NeedKind::data_isolated:
    case NeedKind::data_hang:
    case NeedKind::restart:
      return take_over(rule, need.node, other_data_node(cluster, need.node));
    case NeedKind::node_lost:
      return node == nullptr ? std::vector<GapOption>{} : for_node(*node);
    case NeedKind::link:
      return {option(Msg::opt_link, Msg::opt_link_cost, {need.node, need.peer})};
    case NeedKind::disk:
      return {option(Msg::opt_disk, Msg::opt_disk_cost)};
    case NeedKind::process_dies:
      return {option(Msg::opt_restart, Msg::opt_restart_cost)};
    case NeedKind::process_hangs:
      return {option(Msg::opt_watchdog_service, Msg::opt_watchdog_service_cost)};
    case NeedKind::stale_takeover:
    case NeedKind::quorum_pair:
      break;
  }
  return {};
}

std::vector<GapOption> fencing_options(const Node& node) {
  if (can_be_fenced(node))
    return {option(Msg::opt_prove_power, Msg::opt_prove_power_cost, {node.name}),
            option(Msg::opt_quorum, Msg::opt_quorum_cost, {node.name})};
  return {option(Msg::opt_quorum, Msg::opt_quorum_cost, {node.name}),
          option(Msg::opt_amt, Msg::opt_amt_cost, {node.name}),
          option(Msg::opt_self_fencing, Msg::opt_self_fencing_cost, {node.name}),
          option(Msg::opt_plug, Msg::opt_plug_cost, {node.name})};
}

std::vector<GapOption> options_for(AssessRule rule, RuleState state) {
  const bool canary = rule == AssessRule::block_loss || rule == AssessRule::write_order;
  if (state == RuleState::untested)
    return {canary ? option(Msg::opt_canary, Msg::opt_canary_cost)
                   : option(Msg::opt_run, Msg::opt_run_cost)};
  if (rule == AssessRule::service_loss) return {option(Msg::opt_protocol, Msg::opt_protocol_cost)};
  if (rule_entry(rule).breaks) return {option(Msg::opt_compare, Msg::opt_compare_cost)};
  return {};
}

void add_options(std::vector<GapOption>& to, const std::vector<GapOption>& more) {
  for (const GapOption& added : more) {
    const bool known = std::any_of(
        to.begin(), to.end(), [&](const GapOption& have) { return same(have.what, added.what); });
    if (!known) to.push_back(added);
  }
}

}  // namespace ernstfall
