// classify: applies the rubric. Worst first: what is unsafe cannot be anything better.
#include "reports/classify.h"

#include <algorithm>

#include "harness/lang/messages.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

const CheckResult* check_of(const RunReport& report, std::string_view name) {
  for (const CheckResult& check : report.checks)
    if (check.name == name) return &check;
  return nullptr;
}

Verdict verdict_of(const RunReport& report, std::string_view name) {
  const CheckResult* check = check_of(report, name);
  return check == nullptr ? Verdict::unknown : check->verdict;
}

Text message_of(const RunReport& report, std::string_view name) {
  const CheckResult* check = check_of(report, name);
  return check == nullptr ? Text(Msg::reason_not_checked) : check->message;
}

struct Rules {
  Verdict fault_proven = Verdict::unknown;
  Verdict invariants = Verdict::unknown;
  Verdict blocks = Verdict::unknown;
  bool canary = false;  // blocks were watched at all
  Verdict nothing_lost = Verdict::unknown;
  Verdict recovered_in_fault = Verdict::unknown;
  Verdict unattended = Verdict::unknown;
  Verdict redundant = Verdict::unknown;
  bool cut = false;  // the end of the run is not recorded
};

Verdict holds_if(bool condition) {
  return condition ? Verdict::pass : Verdict::fail;
}

Rules judge(const RunReport& report, const RunFacts& facts) {
  Rules rules;
  const bool baseline_ok = facts.baseline_ok.value_or(true);
  if (facts.all_confirmed() && baseline_ok) rules.fault_proven = Verdict::pass;
  rules.invariants =
      merge(verdict_of(report, "single-primary"), verdict_of(report, "no-split-brain"));
  rules.canary =
      check_of(report, "block-loss") != nullptr || check_of(report, "write-order") != nullptr;
  rules.blocks = merge(verdict_of(report, "block-loss"), verdict_of(report, "write-order"));
  if (report.rpo.lost > 0)
    rules.nothing_lost = Verdict::fail;
  else if (verdict_of(report, "rpo") == Verdict::pass)
    rules.nothing_lost = Verdict::pass;
  if (report.rto.lower_ms && (report.rto.upper_ms || report.rto.outage_observed)) {
    const bool during = !report.rto.outage_observed ||
                        report.rto.recovered_by == RecoveredBy::itself ||
                        report.rto.recovered_by == RecoveredBy::operator_steps;
    rules.recovered_in_fault = holds_if(during);
    // Not back yet, and the fault still there: nobody knows what would have come.
    if (!report.rto.upper_ms && (!facts.undone_at() || report.history_truncated))
      rules.recovered_in_fault = Verdict::unknown;
    if (during) rules.unattended = holds_if(report.rto.recovered_by != RecoveredBy::operator_steps);
  }
  rules.redundant = verdict_of(report, "converged");
  rules.cut = report.history_truncated;
  return rules;
}

ClusterClass class_of(const Rules& rules) {
  if (rules.invariants == Verdict::fail || rules.blocks == Verdict::fail)
    return ClusterClass::unsafe;
  if (rules.fault_proven != Verdict::pass || rules.invariants != Verdict::pass)
    return ClusterClass::unknown;
  if (rules.nothing_lost == Verdict::fail || rules.recovered_in_fault == Verdict::fail)
    return ClusterClass::backup_like;
  if (rules.nothing_lost != Verdict::pass || rules.recovered_in_fault != Verdict::pass)
    return ClusterClass::unknown;
  if (rules.canary && rules.blocks != Verdict::pass) return ClusterClass::unknown;
  if (rules.unattended == Verdict::fail || rules.redundant == Verdict::fail)
    return ClusterClass::data_ha;
  if (rules.cut) return ClusterClass::unknown;
  return rules.redundant == Verdict::pass ? ClusterClass::ha : ClusterClass::unknown;
}

}  // namespace

int class_rank(ClusterClass value) {
  switch (value) {
    case ClusterClass::ha:
      return 3;
    case ClusterClass::data_ha:
      return 2;
    case ClusterClass::backup_like:
      return 1;
    default:
      return 0;
  }
}

void classify(RunReport& report, const RunFacts& facts) {
  const Rules rules = judge(report, facts);
  report.cluster_class = class_of(rules);
  const auto add = [&](Msg rule, Verdict verdict, Text evidence) {
    report.class_reasons.push_back(
        {rule, verdict == Verdict::pass, std::move(evidence), verdict != Verdict::unknown});
  };
  const FaultResult* fault = report.faults.empty() ? nullptr : &report.faults.front();
  add(Msg::reason_effect, rules.fault_proven,
      fault == nullptr                                  ? Text(Msg::reason_no_fault)
      : !fault->problem.empty() && !fault->confirmed_at ? recorded(fault->problem)
      : !facts.baseline_ok.value_or(true)
          ? Text(Msg::reason_no_baseline, {inner(recorded(facts.baseline_why))})
          : recorded(fault->confirmed_by));
  add(Msg::reason_invariants, rules.invariants,
      message_of(report,
                 verdict_of(report, "single-primary") >= verdict_of(report, "no-split-brain")
                     ? "single-primary"
                     : "no-split-brain"));
  if (rules.canary)
    add(Msg::reason_blocks, rules.blocks,
        message_of(report, verdict_of(report, "block-loss") >= verdict_of(report, "write-order")
                               ? "block-loss"
                               : "write-order"));
  add(Msg::reason_nothing_lost, rules.nothing_lost, message_of(report, "rpo"));
  const TextValue recovered = inner(recovered_text(report.rto.recovered_by));
  add(Msg::reason_served, rules.recovered_in_fault,
      report.rto.problem.empty() ? Text(Msg::reason_cut_off, {outage_value(report.rto), recovered})
                                 : report.rto.problem);
  add(Msg::reason_unattended, rules.unattended, {Msg::reason_recovered, {recovered}});
  add(Msg::reason_redundant, rules.redundant, message_of(report, "converged"));
}

}  // namespace ernstfall
