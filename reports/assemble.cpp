// assemble: from a history to a report. Pure: the same input gives the same report.
#include <algorithm>
#include <chrono>

#include "harness/core/units.h"
#include "harness/lang/messages.h"
#include "probes/checks/canary.h"
#include "probes/checks/drbd_timeline.h"
#include "probes/checks/rpo.h"
#include "probes/checks/rto.h"
#include "probes/checks/samples.h"
#include "reports/classify.h"
#include "reports/model.h"
#include "reports/predict.h"
#include "reports/timeline.h"

namespace ernstfall {
namespace {

void take_faults(RunReport& report, const RunFacts& facts) {
  report.start_skews = start_skews(facts);
  for (const FaultFacts& fault : facts.faults) {
    FaultResult result;
    result.fault = fault.fault;
    result.node = fault.node;
    result.intended = fault.intended;
    result.applied_at = fault.applied_at;
    result.confirmed_at = fault.confirmed_at;
    result.effect_at = fault.effect_from;
    result.undo_begin_at = fault.undo_begin_at;
    result.undone_at = fault.undone_at;
    result.confirmed_by = fault.confirmed_by;
    result.dirty = fault.dirty;
    result.problem = fault.problem;
    result.outcome = fault.skipped      ? "skipped"
                     : fault.dirty      ? "dirty"
                     : !fault.held()    ? "not seen"
                     : !fault.undone_at ? "cut short"
                                        : "held";
    report.faults.push_back(std::move(result));
  }
}

RecoveredBy who_recovered(const RtoMeasurement& rto, const RunFacts& facts) {
  if (!rto.outage_observed) return rto.upper_ms ? RecoveredBy::itself : RecoveredBy::nobody;
  if (!rto.outage->ended_by) return RecoveredBy::nobody;
  const TimeNs up = *rto.outage->ended_by;
  if (facts.undo_begin_at() && up > *facts.undo_begin_at()) return RecoveredBy::undo;
  const auto first_step = facts.first_operator_step_at();
  return first_step && *first_step <= up ? RecoveredBy::operator_steps : RecoveredBy::itself;
}

void take_rto(RunReport& report, const RtoMeasurement& rto, const RunFacts& facts) {
  RtoResult& result = report.rto;
  result.probe = rto.probe == nullptr ? "" : rto.probe->name;
  result.lower_ms = rto.lower_ms;
  result.upper_ms = rto.upper_ms;
  result.probe_period_ms = rto.period_ms;
  result.outage_observed = rto.outage_observed;
  result.outages = rto.outages;
  result.problem = rto.problem;
  result.recovered_by = who_recovered(rto, facts);
  if (rto.outage) {
    result.down_at = rto.outage->first_bad_at;
    result.up_at = rto.outage->ended_by;
  }
  // Whose outage it was, and who ended it, cannot be told when fault follows fault; and an outage
  // that nobody made, of a cluster that was sick before, is no recovery time.
  if (report.soak || !facts.effect_at()) {
    result.lower_ms.reset();
    result.upper_ms.reset();
    result.recovered_by = RecoveredBy::nobody;
    result.problem = report.soak ? Msg::rto_soak : Msg::rto_nothing;
  }
}

void take_rpo(RunReport& report, const RpoMeasurement& rpo) {
  report.rpo = {rpo.acknowledged, rpo.lost.size(), rpo.indeterminate,
                rpo.stuck,        rpo.unaudited,   rpo.seconds};
  report.evidence_level = rpo.acknowledged > rpo.unaudited ? "E5" : "E0";
}

void take_blocks(RunReport& report, const CanaryMeasurement& canary, const RunFacts& facts) {
  if (canary.stretches == 0) return;
  BlockResult& blocks = report.blocks.emplace();
  blocks.acknowledged = canary.acknowledged;
  blocks.lost = canary.lost.size();
  blocks.torn = canary.torn;
  blocks.indeterminate = canary.indeterminate;
  blocks.unaudited = canary.unaudited;
  blocks.out_of_order = canary.out_of_order.size();
  blocks.went_back = std::all_of(canary.out_of_order.begin(), canary.out_of_order.end(),
                                 [](const OrderViolation& v) { return v.other_stretch; });
  if (canary.last_before_effect && facts.effect_at())
    blocks.last_before_ms = to_ms(*facts.effect_at() - *canary.last_before_effect);
  blocks.longest_write_ms = canary.longest_write_ms;
}

void run_checks(RunReport& report, const AssembleInput& input) {
  const auto& wanted = input.scenario.checks;
  for (const CheckType* check : all_checks()) {
    const bool named = std::find(wanted.begin(), wanted.end(), check->name) != wanted.end();
    if ((!wanted.empty() && !named) || !check->applies(input.cluster, input.scenario)) continue;
    report.checks.push_back(run_check(*check, {input.history, input.cluster, input.scenario}));
  }
}

ProbeSummary summary_of(const Source& source, const std::vector<const Sample*>& samples) {
  ProbeSummary summary;
  summary.name = source.name;
  summary.node = source.node;
  summary.period_ms = to_ms(source.period_ns);
  std::vector<TimeNs> latencies;
  latencies.reserve(samples.size());
  for (const Sample* sample : samples) {
    if (sample->outcome == Outcome::missed)
      ++summary.missed;
    else if (is_available(sample->outcome))
      latencies.push_back(sample->ended - sample->scheduled);
    else
      ++summary.bad;
  }
  summary.good = latencies.size();
  if (latencies.empty()) return summary;
  const auto at = [&](double share) {
    const auto index = static_cast<std::size_t>(share * static_cast<double>(latencies.size() - 1));
    const auto nth = latencies.begin() + static_cast<std::ptrdiff_t>(index);
    std::nth_element(latencies.begin(), nth, latencies.end());
    return to_ms(*nth);
  };
  summary.p50_ms = at(0.5);
  summary.p99_ms = at(0.99);
  summary.max_ms = at(1);
  return summary;
}

void take_probes(RunReport& report, const History& history) {
  const auto by_source = samples_by_source(history);
  for (const Source& source : history.sources)
    if (source.id < by_source.size() && !by_source[source.id].empty())
      report.probes.push_back(summary_of(source, by_source[source.id]));
}

// As the steps of the recovery have it. What was lost after our look, the check knows.
void take_redundancy(RunReport& report, const RunFacts& facts) {
  for (const Boundary& step : report.recovery.boundaries) {
    if (step.name != step::kRedundant) continue;
    if (step.at)
      report.rto.redundancy_ms =
          Bounds{to_ms(step.lower - *facts.effect_at()), to_ms(step.upper - *facts.effect_at())};
    else if (step.gap.id == Msg::gap_redundancy_kept && is_whole_at_end(report))
      report.rto.redundancy_ms = Bounds{0, 0};
  }
}

void take_recovery(RunReport& report, const AssembleInput& input, const RunFacts& facts,
                   const DrbdTimeline& drbd, const RtoMeasurement& rto) {
  const NodeTimes times(input.history);
  const std::vector<JournalLine> journal = journal_lines(input.history);
  report.clocks = times.summaries();
  // A soak has many faults, and no one moment to count from.
  if (report.soak) return;
  Settings settings = input.settings;
  settings.insert(facts.settings.begin(), facts.settings.end());
  const MilestoneInput milestones{input.history, input.cluster, input.scenario, facts,
                                  drbd,          rto,           times,          journal};
  Timeline timeline = timeline_of(milestones, settings);
  report.phases = std::move(timeline.phases);
  report.recovery = std::move(timeline.recovery);
  take_redundancy(report, facts);
  report.predictions = predict(milestones, settings, report.recovery);
}

// dirty > violated > inconclusive > pass. A run whose fault or baseline is not proven cannot fail
// an expectation; a broken invariant is a finding all the same.
RunVerdict verdict_of(const RunReport& report, const AssembleInput& input, const RunFacts& facts) {
  const bool fault_dirty = std::any_of(report.faults.begin(), report.faults.end(),
                                       [](const FaultResult& fault) { return fault.dirty; });
  if (input.journal_dirty || fault_dirty) return RunVerdict::dirty;
  const bool valid = facts.baseline_ok.value_or(true) &&
                     (!input.scenario.touches_anything() || facts.all_confirmed());
  bool unknown =
      !valid || facts.aborted.has_value() || report.history_truncated || report.checks.empty();
  for (const CheckResult& check : report.checks) {
    const bool invariant = check.name == "single-primary" || check.name == "no-split-brain" ||
                           check.name == "block-loss" || check.name == "write-order";
    if (check.verdict == Verdict::fail && (valid || invariant)) return RunVerdict::violated;
    unknown = unknown || check.verdict != Verdict::pass;
  }
  return unknown ? RunVerdict::inconclusive : RunVerdict::pass;
}

void take_identity(RunReport& report, const AssembleInput& input, const RunFacts& facts) {
  report.run_id = input.history.header.run_id;
  report.cluster = input.cluster.name;
  report.scenario = input.scenario.name;
  report.title = input.scenario.title.empty() ? input.scenario.name : input.scenario.title;
  report.cause = input.scenario.cause;
  report.effect = input.scenario.effect;
  report.attended = input.scenario.is_attended();
  report.soak = input.scenario.soak.has_value();
  report.started_utc = format_utc(std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(
          Nanos(input.history.header.wall_base_unix_ns))));
  report.duration_s = to_seconds(facts.end);
  report.seed = input.seed;
  report.versions = facts.versions;
  for (const Node& node : input.cluster.nodes)
    report.power.push_back({node.name, std::string(power_kind_name(node.power.kind))});
  report.history_truncated = is_cut(input.history);
  if (input.scenario.expect.rto_max)
    report.rto_allowed_ms = to_ms(input.scenario.expect.rto_max->count());
  report.lost_allowed = input.scenario.expect.lost_max.value_or(0);
  if (input.scenario.expect.redundancy_max)
    report.redundancy_allowed_ms = to_ms(input.scenario.expect.redundancy_max->count());
  report.sibling = input.sibling;
  report.journal_problem = input.journal_problem;
  report.aborted = facts.aborted.value_or("");
}

}  // namespace

bool is_whole_at_end(const RunReport& report) {
  return std::any_of(report.checks.begin(), report.checks.end(), [](const CheckResult& check) {
    return check.name == "converged" && check.verdict == Verdict::pass;
  });
}

RunReport assemble(const AssembleInput& input) {
  const RunFacts facts = read_facts(input.history);
  const RtoMeasurement rto = measure_rto(input.history, input.scenario, facts);
  const DrbdTimeline drbd = fold_drbd(input.history, input.cluster, facts);
  RunReport report;
  take_identity(report, input, facts);
  take_faults(report, facts);
  take_rto(report, rto, facts);
  take_rpo(report, measure_rpo(input.history, facts));
  take_blocks(report, measure_canary(input.history, facts), facts);
  run_checks(report, input);
  take_probes(report, input.history);
  take_recovery(report, input, facts, drbd, rto);
  report.marks = marks_of(input.history, facts, drbd);
  report.verdict = verdict_of(report, input, facts);
  classify(report, facts);
  explain(report, facts, input.cluster, input.scenario, input.settings);
  if (report.history_truncated)
    report.not_measured.insert(
        report.not_measured.begin(),
        input.history.damage.empty()
            ? Text(Msg::limit_truncated)
            : Text(Msg::limit_truncated_because, {inner(recorded(input.history.damage))}));
  return report;
}

}  // namespace ernstfall
