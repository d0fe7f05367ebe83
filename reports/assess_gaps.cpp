// assess_gaps: which parts may not fail, and what stands before each better class.
#include "reports/assess_gaps.h"

#include <algorithm>
#include <set>

#include "reports/assess_options.h"

namespace ernstfall {
namespace {

std::vector<Text> roles_of(const Cluster& cluster, const FaultNeed& need) {
  if (need.kind == NeedKind::link) return {{Msg::role_link, {}}};
  if (need.kind == NeedKind::disk) return {{Msg::role_disk, {}}};
  const bool process = need.kind == NeedKind::process_dies || need.kind == NeedKind::process_hangs;
  if (process) return {{Msg::role_service, {}}};
  std::vector<Text> roles;
  const Node* node = cluster.find_node(need.node);
  if (node == nullptr) return {{Msg::role_node, {}}};
  if (node->has_role("drbd-primary")) roles.push_back({Msg::role_data, {}});
  if (node->has_role("drbd-secondary")) roles.push_back({Msg::role_replica, {}});
  if (node->has_role("ingress")) roles.push_back({Msg::role_ingress, {}});
  if (node->has_role("control")) roles.push_back({Msg::role_control, {}});
  if (roles.empty()) roles.push_back({Msg::role_node, {}});
  return roles;
}

std::string component_of(const FaultNeed& need) {
  return need.kind == NeedKind::link ? need.node + " - " + need.peer : need.node;
}

const RuleResult& result_of(const Assessment& assessment, AssessRule rule) {
  return assessment.rules[static_cast<std::size_t>(rule)];
}

bool meets(const Assessment& assessment, AssessRule rule, std::size_t need) {
  for (const Statement& statement : result_of(assessment, rule).statements)
    if (statement.need == need && statement.state != RuleState::met) return false;
  return true;
}

double held_for_ms(const AssessedRun& run) {
  const FaultResult& fault = run.run.report.faults.front();
  return fault.effect_at && fault.undone_at ? to_ms(*fault.undone_at - *fault.effect_at) : 0;
}

// A part is named once for each kind of it: a node, its disk, the service on it.
std::string key_of(const Cluster& cluster, const FaultNeed& need) {
  return component_of(need) + "/" +
         say(Language::english, {Msg::ev_other_fault, {roles_of(cluster, need)}});
}

// Its power is not proven to be cut.
bool is_open(const RuleResult& result, const Node& node) {
  return std::any_of(
      result.statements.begin(), result.statements.end(), [&](const Statement& statement) {
        const Msg id = statement.text.id;
        const bool power =
            id == Msg::ev_no_power || id == Msg::ev_not_fenceable || id == Msg::ev_power_unproven;
        return power && std::get<std::string>(statement.text.values.front()) == node.name;
      });
}

// What explains a loss comes first; of copies that cannot be trusted after "stop".
void add_data_options(Gap& gap, const std::vector<EarlyProtocol>& protocols) {
  const bool of_loss = gap.rule == AssessRule::service_loss || gap.rule == AssessRule::block_loss ||
                       gap.rule == AssessRule::write_order;
  std::vector<GapOption> settings;
  if (of_loss && gap.state == RuleState::not_met)
    for (const EarlyProtocol& early : protocols)
      settings.push_back({protocol_advice(early), Msg::opt_protocol_cost});
  if (!rule_entry(gap.rule).breaks) add_options(gap.options, settings);
  add_options(gap.options, options_for(gap.rule, gap.state));
  add_options(gap.options, settings);
}

Gap gap_of(const RuleResult& result, const Assessment& assessment, const Cluster& cluster,
           const std::vector<EarlyProtocol>& protocols) {
  Gap gap{result.rule, result.state, {}, {}, {}};
  const bool missed = result.state == RuleState::not_met;
  std::set<std::size_t> needs;
  std::vector<Text> titles;
  for (std::size_t i = 0; i < result.statements.size(); ++i) {
    const Statement& statement = result.statements[i];
    if (statement.state != result.state) continue;
    gap.evidence.push_back(i);
    if (!statement.need || !needs.insert(*statement.need).second) continue;
    const FaultNeed& need = assessment.needs[*statement.need].need;
    titles.push_back(need.title());
    if (missed && !is_safety_rule(result.rule))
      add_options(gap.options, options_for(result.rule, need, cluster));
  }
  const bool canary =
      result.rule == AssessRule::block_loss || result.rule == AssessRule::write_order;
  if (result.rule == AssessRule::fencing) {
    std::vector<Text> nodes;
    for (const Node& node : cluster.nodes) {
      if (!is_open(result, node)) continue;
      nodes.push_back({Msg::name_only, {node.name}});
      add_options(gap.options, fencing_options(node));
    }
    gap.missing = {Msg::gap_fencing, {nodes}};
    return gap;
  }
  add_data_options(gap, protocols);
  const Msg id = !missed                          ? (canary ? Msg::gap_canary : Msg::gap_untested)
                 : rule_entry(result.rule).breaks ? Msg::gap_broken
                 : result.rule == AssessRule::service_loss ? Msg::gap_lost
                 : result.rule == AssessRule::served_again ? Msg::gap_served
                 : result.rule == AssessRule::unattended   ? Msg::gap_unattended
                 : result.rule == AssessRule::target       ? Msg::gap_target
                                                           : Msg::gap_redundancy;
  gap.missing = {id, {titles}};
  return gap;
}

}  // namespace

void find_single_points(Assessment& assessment, const Cluster& cluster,
                        const std::vector<std::vector<const AssessedRun*>>& runs_of_need) {
  std::set<std::string> named;
  for (std::size_t i = 0; i < assessment.needs.size(); ++i) {
    const NeedResult& result = assessment.needs[i];
    const bool down = result.outcome == NeedOutcome::by_undo ||
                      result.outcome == NeedOutcome::not_back ||
                      result.outcome == NeedOutcome::by_operator;
    if (!down || result.need.is_pair()) continue;
    // The worst run is the evidence.
    const AssessedRun* worst = nullptr;
    for (const AssessedRun* run : runs_of_need[i]) {
      if (run->run.report.attended || !run->run.report.rto.outage_observed) continue;
      if (worst == nullptr || run->run.report.rto.upper_ms.value_or(1e18) >
                                  worst->run.report.rto.upper_ms.value_or(1e18))
        worst = run;
    }
    if (worst == nullptr || !named.insert(key_of(cluster, result.need)).second) continue;
    const bool operator_helps = meets(assessment, AssessRule::served_again, i);
    std::vector<TextValue> values{component_of(result.need), roles_of(cluster, result.need),
                                  outage_of(worst->run.report)};
    if (!operator_helps) values.emplace_back(DurationValue{held_for_ms(*worst)});
    assessment.single_points.push_back(
        {i,
         component_of(result.need),
         {operator_helps ? Msg::sp_operator : Msg::sp_undo, std::move(values)},
         operator_helps,
         ref_of(*worst)});
  }
}

void find_gaps(Assessment& assessment, const Cluster& cluster,
               const std::vector<EarlyProtocol>& protocols) {
  for (const ClusterClass value :
       {ClusterClass::backup_like, ClusterClass::data_ha, ClusterClass::ha}) {
    NextClass next{value, {}};
    for (const RuleResult& result : assessment.rules)
      if (rule_entry(result.rule).needed == value && result.state != RuleState::met)
        next.gaps.push_back(gap_of(result, assessment, cluster, protocols));
    if (!next.gaps.empty()) assessment.next.push_back(std::move(next));
  }
}

}  // namespace ernstfall
