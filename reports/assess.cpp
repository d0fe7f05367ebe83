// assess: from runs to rules, from rules to the class.
#include <algorithm>

#include "reports/assess_gaps.h"
#include "reports/assess_plan.h"
#include "reports/assess_rules.h"
#include "reports/assessment.h"
#include "reports/classify.h"

namespace ernstfall {
namespace {

struct SortedRuns {
  std::vector<const AssessedRun*> counted;
  std::vector<std::vector<const AssessedRun*>> of_need;  // that count
  std::vector<std::vector<LeftOutRun>> left_out;         // of a need
  std::vector<bool> may_hide;                            // one of them ended badly within its fault
  std::vector<std::vector<const AssessedRun*>> unreadable;  // that may be of a need
  // Whatever else is wrong with a run: an invariant that it saw broken was broken.
  std::vector<const AssessedRun*> readable;
};

// What a run did, where it is not one of the faults asked for.
Text title_of(const AssessedRun& run, const std::vector<FaultNeed>& needs) {
  for (const FaultNeed& need : needs)
    if (is_run_of(run, need)) return need.title();
  return {Msg::ev_other_fault, {run.run.report.scenario}};
}

// By what it set out to do, where that can be read; else it may be a run of anything.
bool may_be_run_of(const AssessedRun& run, const FaultNeed& need) {
  if (run.scenario.faults.empty() || run.cluster.nodes.empty()) return true;
  return is_run_of(as_run(run.scenario, run.cluster), need);
}

SortedRuns sort_runs(const std::vector<AssessedRun>& runs, Assessment& assessment) {
  SortedRuns sorted;
  sorted.of_need.resize(assessment.needs.size());
  sorted.left_out.resize(assessment.needs.size());
  sorted.may_hide.resize(assessment.needs.size());
  sorted.unreadable.resize(assessment.needs.size());
  for (const AssessedRun& run : runs) {
    const auto out = left_out(run.run);
    if (run.run.problem.empty()) sorted.readable.push_back(&run);
    if (out) assessment.left_out.push_back(*out);
    if (!out) sorted.counted.push_back(&run);
    bool asked_for = false;
    for (std::size_t i = 0; i < assessment.needs.size(); ++i) {
      if (!run.run.problem.empty()) {
        if (!may_be_run_of(run, assessment.needs[i].need)) continue;
        sorted.unreadable[i].push_back(&run);
        sorted.left_out[i].push_back(*out);
        continue;
      }
      if (!is_run_of(run, assessment.needs[i].need)) continue;
      asked_for = true;
      if (!out) {
        sorted.of_need[i].push_back(&run);
      } else {
        sorted.left_out[i].push_back(*out);
        if (out->may_hide) sorted.may_hide[i] = true;
      }
    }
    if (!asked_for && !out) assessment.other_runs.push_back(ref_of(run));
  }
  return sorted;
}

bool concerns(AssessRule rule, const FaultNeed& need) {
  return is_safety_rule(rule) || !need.is_pair();
}

// Being served again needs every unattended run, or else every attended one; being served again by
// nobody needs the unattended ones; the rest needs all.
std::vector<Statement> statements_of(AssessRule rule, const std::vector<const AssessedRun*>& runs,
                                     const Text& title, const AssessSettings& settings) {
  std::vector<Statement> alone;
  std::vector<Statement> with_operator;
  for (const AssessedRun* run : runs) {
    if (is_safety_rule(rule)) {
      alone.push_back(judge_safety(rule, *run, title));
      continue;
    }
    const bool attended = run->run.report.attended && rule != AssessRule::redundancy;
    (attended ? with_operator : alone).push_back(judge_recovery(rule, *run, title, settings));
  }
  if (rule != AssessRule::served_again || with_operator.empty()) return alone;
  const auto all_met = [](const std::vector<Statement>& list) {
    return !list.empty() && std::all_of(list.begin(), list.end(), [](const Statement& statement) {
      return statement.state == RuleState::met;
    });
  };
  return all_met(alone) ? alone : with_operator;
}

void judge_need(RuleResult& result, std::size_t index, const Assessment& assessment,
                const SortedRuns& sorted) {
  const FaultNeed& need = assessment.needs[index].need;
  if (!concerns(result.rule, need)) return;
  const Text title = need.title();
  std::vector<Statement> statements =
      statements_of(result.rule, sorted.of_need[index], title, assessment.settings);
  const std::vector<TextValue> named{std::vector<Text>{title}};
  // Where one ended badly, that is why there is none.
  if (statements.empty() && !sorted.may_hide[index] && sorted.unreadable[index].empty()) {
    const bool attended_only = !sorted.of_need[index].empty();
    statements.push_back({RuleState::untested,
                          index,
                          {attended_only ? Msg::ev_no_unattended_run : Msg::ev_no_run, named},
                          {}});
  }
  if (sorted.may_hide[index])
    statements.push_back({RuleState::untested, index, {Msg::ev_left_out, named}, {}});
  for (const AssessedRun* run : sorted.unreadable[index])
    statements.push_back({RuleState::untested,
                          index,
                          {Msg::ev_unreadable, {named.front(), run->run.problem}},
                          ref_of(*run)});
  for (Statement& statement : statements) {
    statement.need = index;
    result.state = merge(result.state, statement.state);
    result.statements.push_back(std::move(statement));
  }
}

// Broken invariants and lost writes count wherever they were seen.
void judge_other_runs(RuleResult& result, const SortedRuns& sorted,
                      const std::vector<FaultNeed>& needs) {
  for (const AssessedRun* run : sorted.readable) {
    const Statement statement = judge_safety(result.rule, *run, title_of(*run, needs));
    if (statement.state != RuleState::not_met) continue;
    const bool known = std::any_of(result.statements.begin(), result.statements.end(),
                                   [&](const Statement& other) {
                                     return other.run && other.run->folder == run->run.folder &&
                                            other.state == RuleState::not_met;
                                   });
    if (known) continue;
    result.state = RuleState::not_met;
    result.statements.push_back(statement);
  }
}

RuleResult judge_rule(AssessRule rule, const Assessment& assessment, const SortedRuns& sorted,
                      const std::vector<FaultNeed>& needs) {
  RuleResult result{rule, RuleState::met, {}};
  for (std::size_t i = 0; i < assessment.needs.size(); ++i)
    judge_need(result, i, assessment, sorted);
  if (is_safety_rule(rule)) judge_other_runs(result, sorted, needs);
  std::stable_sort(result.statements.begin(), result.statements.end(),
                   [](const Statement& a, const Statement& b) {
                     return a.state != b.state && merge(a.state, b.state) == a.state;
                   });
  return result;
}

NeedOutcome outcome_of(const RunReport& report) {
  const RtoResult& rto = report.rto;
  if (!rto.problem.empty() || !rto.lower_ms) return NeedOutcome::unclear;
  if (!rto.outage_observed) return rto.upper_ms ? NeedOutcome::served : NeedOutcome::unclear;
  switch (rto.recovered_by) {
    case RecoveredBy::itself:
      return NeedOutcome::by_itself;
    case RecoveredBy::operator_steps:
      return NeedOutcome::by_operator;
    case RecoveredBy::undo:
      return NeedOutcome::by_undo;
    case RecoveredBy::nobody:
      return NeedOutcome::not_back;
  }
  return NeedOutcome::unclear;
}

double length_of(const OutageValue& outage) {
  return outage.upper_ms.value_or(outage.lower_ms.value_or(-1));
}

// No upper end is longer than any that has one.
bool longer(const OutageValue& a, const OutageValue& b) {
  const bool open_a = a.observed && !a.upper_ms;
  const bool open_b = b.observed && !b.upper_ms;
  if (open_a != open_b) return open_a;
  return length_of(a) > length_of(b);
}

void fill_need(NeedResult& result, const std::vector<const AssessedRun*>& runs) {
  for (const AssessedRun* run : runs) {
    const RunReport& report = run->run.report;
    result.runs.push_back(ref_of(*run));
    result.acknowledged += report.rpo.acknowledged;
    result.lost += report.rpo.lost;
    for (const AssessRule rule : {AssessRule::one_primary, AssessRule::no_split_brain,
                                  AssessRule::block_loss, AssessRule::write_order})
      if (judge_safety(rule, *run, {}).state == RuleState::not_met) result.safe = false;
    const OutageValue outage = outage_of(report);
    if (report.attended) {
      result.attended = std::max(result.attended, outcome_of(report));
      if (!result.with_operator || longer(outage, *result.with_operator))
        result.with_operator = outage;
      continue;
    }
    if (result.outcome == NeedOutcome::untested || longer(outage, result.worst))
      result.worst = outage;
    if (result.outcome == NeedOutcome::untested || longer(result.best, outage))
      result.best = outage;
    result.outcome = std::max(result.outcome, outcome_of(report));
  }
}

std::string rule_ids(const Assessment& assessment, RuleState state, ClusterClass up_to) {
  std::string ids;
  for (const RuleResult& result : assessment.rules) {
    const RuleEntry& entry = rule_entry(result.rule);
    if (result.state == state && class_rank(entry.needed) <= class_rank(up_to))
      ids += (ids.empty() ? "" : ", ") + std::string(entry.id);
  }
  return ids;
}

// The table decides: a class has to meet the rules that it needs and those of the classes below.
void decide(Assessment& assessment) {
  assessment.at_most = ClusterClass::ha;
  for (const RuleResult& result : assessment.rules) {
    if (result.state != RuleState::not_met) continue;
    const RuleEntry& entry = rule_entry(result.rule);
    const ClusterClass below = entry.breaks                       ? ClusterClass::unsafe
                               : entry.needed == ClusterClass::ha ? ClusterClass::data_ha
                                                                  : ClusterClass::backup_like;
    if (entry.breaks) assessment.why.push_back({Msg::why_unsafe, {std::string(entry.id)}});
    if (class_rank(below) < class_rank(assessment.at_most)) assessment.at_most = below;
  }
  assessment.cluster_class = assessment.at_most;
  if (assessment.at_most == ClusterClass::unsafe) return;
  const std::string missing = rule_ids(assessment, RuleState::untested, assessment.at_most);
  if (!missing.empty()) {
    assessment.cluster_class = ClusterClass::unknown;
    assessment.why.push_back(
        {Msg::why_ceiling, {std::string(cluster_class_name(assessment.at_most))}});
    assessment.why.push_back({Msg::why_untested, {missing}});
  } else {
    assessment.why.push_back({Msg::why_class, {}});
  }
  const std::string not_met = rule_ids(assessment, RuleState::not_met, ClusterClass::ha);
  if (!not_met.empty()) assessment.why.push_back({Msg::why_not_better, {not_met}});
  const bool blocks_untested =
      std::any_of(assessment.rules.begin(), assessment.rules.end(), [](const RuleResult& result) {
        return rule_entry(result.rule).breaks && result.state == RuleState::untested;
      });
  if (assessment.cluster_class == ClusterClass::backup_like && blocks_untested)
    assessment.why.push_back({Msg::why_unsafe_not_excluded, {}});
}

// Newest last: by time of start.
const AssessedRun& newest_of(const std::vector<AssessedRun>& runs) {
  return *std::max_element(runs.begin(), runs.end(),
                           [](const AssessedRun& a, const AssessedRun& b) {
                             const bool known = b.run.problem.empty();
                             if (a.run.problem.empty() != known) return known;
                             return a.run.report.started_utc < b.run.report.started_utc;
                           });
}

// Versions and cluster file only: scenarios differ because they are different ones.
std::vector<EnvironmentDifference> differences_of(const std::vector<const AssessedRun*>& runs) {
  std::vector<const Environment*> environments;
  for (const AssessedRun* run : runs) environments.push_back(&run->run.environment);
  std::vector<EnvironmentDifference> kept;
  for (EnvironmentDifference& difference : environment_differences(environments, environments)) {
    const bool counts =
        difference.key.rfind("version: drbd", 0) == 0 || difference.key.rfind("cluster: ", 0) == 0;
    if (counts) kept.push_back(std::move(difference));
  }
  return kept;
}

}  // namespace

Result<Assessment> assess_runs(const std::vector<AssessedRun>& runs,
                               const AssessSettings& settings) {
  if (runs.empty()) return fail(Errc::usage, "an assessment needs runs");
  const Cluster& cluster = newest_of(runs).cluster;
  ERNSTFALL_TRY(const std::vector<FaultNeed> needs, needs_of(cluster));
  Assessment assessment;
  assessment.cluster = cluster.name;
  assessment.settings = settings;
  for (const FaultNeed& need : needs) assessment.needs.emplace_back().need = need;
  const SortedRuns sorted = sort_runs(runs, assessment);
  assessment.counted = sorted.counted.size();
  for (const AssessedRun* run : sorted.counted) {
    if (judge_safety(AssessRule::service_loss, *run, {}).state == RuleState::met)
      ++assessment.loss_known;
    const std::string& started = run->run.report.started_utc;
    if (assessment.from_utc.empty() || started < assessment.from_utc) assessment.from_utc = started;
    assessment.to_utc = std::max(assessment.to_utc, started);
  }
  for (std::size_t i = 0; i < needs.size(); ++i) {
    fill_need(assessment.needs[i], sorted.of_need[i]);
    assessment.needs[i].left_out = sorted.left_out[i];
  }
  for (const RuleEntry& entry : assessment_rules())
    assessment.rules.push_back(entry.rule == AssessRule::fencing
                                   ? judge_fencing(sorted.counted, cluster)
                                   : judge_rule(entry.rule, assessment, sorted, needs));
  decide(assessment);
  assessment.differences = differences_of(sorted.counted);
  find_single_points(assessment, cluster, sorted.of_need);
  std::vector<EarlyProtocol> protocols;
  for (const AssessedRun* run : sorted.counted)
    if (lost_acknowledged_data(run->run.report))
      add_protocols(protocols, early_protocols(run->run.environment));
  find_gaps(assessment, cluster, protocols);
  return assessment;
}

ExitCode exit_code_for(const Assessment& assessment) {
  switch (assessment.cluster_class) {
    case ClusterClass::unsafe:
      return ExitCode::violated;
    case ClusterClass::unknown:
      return ExitCode::inconclusive;
    default:
      return ExitCode::pass;
  }
}

}  // namespace ernstfall
