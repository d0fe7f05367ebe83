// assess_rules: the rubric as a table, and what one run shows about each rule.
#include "reports/assess_rules.h"

#include <algorithm>

namespace ernstfall {
namespace {

const CheckResult* assess_check(const RunReport& report, std::string_view name) {
  for (const CheckResult& check : report.checks)
    if (check.name == name) return &check;
  return nullptr;
}

Statement statement(RuleState state, Msg id, std::vector<TextValue> values,
                    const AssessedRun& run) {
  return {state, std::nullopt, {id, std::move(values)}, ref_of(run)};
}

Statement judge_check(const std::string& name, const AssessedRun& run, const Text& title) {
  const CheckResult* check = assess_check(run.run.report, name);
  if (check == nullptr || check->verdict == Verdict::unknown) {
    const bool canary = name == kBlockLossCheck || name == kWriteOrderCheck;
    return statement(RuleState::untested,
                     check == nullptr && canary ? Msg::ev_no_canary : Msg::ev_check_unknown,
                     {inner(title), name}, run);
  }
  if (check->verdict == Verdict::fail)
    return statement(RuleState::not_met, Msg::ev_check_broken,
                     {inner(title), name, inner(check->message)}, run);
  return statement(RuleState::met, Msg::ev_check_held, {inner(title), name}, run);
}

Statement judge_service_loss(const AssessedRun& run, const Text& title) {
  const RpoResult& rpo = run.run.report.rpo;
  if (rpo.lost > 0)
    return statement(RuleState::not_met, Msg::ev_lost,
                     {inner(title), CountValue{rpo.lost}, CountValue{rpo.acknowledged}}, run);
  if (rpo.acknowledged == 0)
    return statement(RuleState::untested, Msg::ev_no_ledger, {inner(title)}, run);
  if (rpo.unaudited > 0 || rpo.stuck > 0)
    return statement(RuleState::untested, Msg::ev_not_audited,
                     {inner(title), CountValue{rpo.acknowledged}, CountValue{rpo.unaudited},
                      CountValue{rpo.stuck}},
                     run);
  return statement(RuleState::met, Msg::ev_none_lost, {inner(title), CountValue{rpo.acknowledged}},
                   run);
}

// How long the first fault was there until we took it away.
double held_ms(const RunReport& report, const Scenario& scenario) {
  if (!scenario.faults.empty() && scenario.faults.front().hold.count() > 0)
    return static_cast<double>(scenario.faults.front().hold.count()) / 1e6;
  const FaultResult& fault = report.faults.front();
  return fault.effect_at && fault.undone_at ? to_ms(*fault.undone_at - *fault.effect_at) : 0;
}

// `by_operator`: whether being served again by the operator is enough.
Statement judge_served(const AssessedRun& run, const Text& title, bool by_operator) {
  const RunReport& report = run.run.report;
  const RtoResult& rto = report.rto;
  const OutageValue outage = outage_of(report);
  if (!rto.problem.empty() || !rto.lower_ms)
    return statement(RuleState::untested, Msg::ev_outage_unknown,
                     {inner(title), inner(rto.problem)}, run);
  if (!rto.outage_observed)
    return rto.upper_ms ? statement(RuleState::met, Msg::ev_served, {inner(title), outage}, run)
                        : statement(RuleState::untested, Msg::ev_outage_unknown,
                                    {inner(title), std::string("-")}, run);
  switch (rto.recovered_by) {
    case RecoveredBy::itself:
      return statement(RuleState::met, Msg::ev_by_itself, {inner(title), outage}, run);
    case RecoveredBy::operator_steps:
      return statement(by_operator ? RuleState::met : RuleState::not_met, Msg::ev_by_operator,
                       {inner(title), outage}, run);
    case RecoveredBy::undo:
      return statement(RuleState::not_met, Msg::ev_by_undo,
                       {inner(title), outage, DurationValue{held_ms(report, run.scenario)}}, run);
    case RecoveredBy::nobody:
      break;
  }
  return statement(RuleState::not_met, Msg::ev_not_back, {inner(title), outage}, run);
}

Statement judge_target(const AssessedRun& run, const Text& title, const AssessSettings& settings) {
  const RtoResult& rto = run.run.report.rto;
  const OutageValue outage = outage_of(run.run.report);
  const auto allowed = settings.target_ms ? settings.target_ms : run.run.report.rto_allowed_ms;
  if (!rto.problem.empty() || !rto.lower_ms)
    return statement(RuleState::untested, Msg::ev_outage_unknown,
                     {inner(title), inner(rto.problem)}, run);
  if (!allowed)
    return statement(RuleState::untested, Msg::ev_no_target, {inner(title), outage}, run);
  const std::vector<TextValue> values{inner(title), outage, DurationValue{*allowed}};
  if (*rto.lower_ms > *allowed) return statement(RuleState::not_met, Msg::ev_within, values, run);
  if (rto.upper_ms && *rto.upper_ms <= *allowed)
    return statement(RuleState::met, Msg::ev_within, values, run);
  return statement(RuleState::untested, Msg::ev_within_unknown, values, run);
}

Statement judge_redundancy(const AssessedRun& run, const Text& title) {
  const RunReport& report = run.run.report;
  const CheckResult* check = assess_check(report, "converged");
  if (check == nullptr || check->verdict == Verdict::unknown)
    return statement(RuleState::untested, Msg::ev_redundancy_unknown, {inner(title)}, run);
  if (check->verdict == Verdict::fail)
    return statement(RuleState::not_met, Msg::ev_not_redundant,
                     {inner(title), inner(check->message)}, run);
  const auto& restored = report.rto.redundancy_ms;
  if (!restored) return statement(RuleState::met, Msg::ev_redundant_end, {inner(title)}, run);
  if (restored->upper <= 0)
    return statement(RuleState::met, Msg::ev_redundant_kept, {inner(title)}, run);
  return statement(RuleState::met, Msg::ev_redundant,
                   {inner(title), OutageValue{restored->lower, restored->upper, true}}, run);
}

}  // namespace

const std::vector<RuleEntry>& assessment_rules() {
  static const std::vector<RuleEntry> kRules{
      {AssessRule::one_primary, "one-primary", ClusterClass::backup_like, true,
       Msg::rule_one_primary, Msg::rule_one_primary_how},
      {AssessRule::no_split_brain, "no-split-brain", ClusterClass::backup_like, true,
       Msg::rule_no_split_brain, Msg::rule_no_split_brain_how},
      {AssessRule::block_loss, "block-loss", ClusterClass::data_ha, true, Msg::rule_block_loss,
       Msg::rule_block_loss_how},
      {AssessRule::write_order, "write-order", ClusterClass::data_ha, true, Msg::rule_write_order,
       Msg::rule_write_order_how},
      {AssessRule::service_loss, "service-loss", ClusterClass::data_ha, false,
       Msg::rule_service_loss, Msg::rule_service_loss_how},
      {AssessRule::served_again, "served-again", ClusterClass::data_ha, false,
       Msg::rule_served_again, Msg::rule_served_again_how},
      {AssessRule::unattended, "unattended", ClusterClass::ha, false, Msg::rule_unattended,
       Msg::rule_unattended_how},
      {AssessRule::target, "target", ClusterClass::ha, false, Msg::rule_target,
       Msg::rule_target_how},
      {AssessRule::redundancy, "redundancy", ClusterClass::ha, false, Msg::rule_redundancy,
       Msg::rule_redundancy_how},
      {AssessRule::fencing, "fencing", ClusterClass::ha, false, Msg::rule_fencing,
       Msg::rule_fencing_how}};
  return kRules;
}

const RuleEntry& rule_entry(AssessRule rule) {
  return assessment_rules()[static_cast<std::size_t>(rule)];
}

std::string_view rule_state_name(RuleState state) {
  switch (state) {
    case RuleState::met:
      return "met";
    case RuleState::not_met:
      return "not met";
    case RuleState::untested:
      return "untested";
  }
  return "untested";
}

RuleState merge(RuleState a, RuleState b) {
  if (a == RuleState::not_met || b == RuleState::not_met) return RuleState::not_met;
  if (a == RuleState::untested || b == RuleState::untested) return RuleState::untested;
  return RuleState::met;
}

RunRef ref_of(const AssessedRun& run) {
  return {run.run.folder, run.run.report.run_id, run.run.report.scenario, run.has_page};
}

OutageValue outage_of(const RunReport& report) {
  return {report.rto.lower_ms, report.rto.upper_ms, report.rto.outage_observed};
}

bool is_safety_rule(AssessRule rule) {
  return rule_entry(rule).breaks || rule == AssessRule::service_loss;
}

Statement judge_safety(AssessRule rule, const AssessedRun& run, const Text& title) {
  switch (rule) {
    case AssessRule::one_primary:
      return judge_check("single-primary", run, title);
    case AssessRule::no_split_brain:
      return judge_check("no-split-brain", run, title);
    case AssessRule::block_loss:
      return judge_check(kBlockLossCheck, run, title);
    case AssessRule::write_order:
      return judge_check(kWriteOrderCheck, run, title);
    default:
      return judge_service_loss(run, title);
  }
}

Statement judge_recovery(AssessRule rule, const AssessedRun& run, const Text& title,
                         const AssessSettings& settings) {
  switch (rule) {
    case AssessRule::served_again:
      return judge_served(run, title, true);
    case AssessRule::unattended:
      return judge_served(run, title, false);
    case AssessRule::target:
      return judge_target(run, title, settings);
    default:
      return judge_redundancy(run, title);
  }
}

}  // namespace ernstfall
