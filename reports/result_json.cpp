// result_json: result.json, schema version 1; docs/reference/result-json.md describes every field.
#include <nlohmann/json.hpp>

#include "reports/render.h"

namespace ernstfall {
namespace {

using OrderedJson = nlohmann::ordered_json;

template <typename T>
OrderedJson nullable(const std::optional<T>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

OrderedJson english_of(const std::vector<Text>& texts) {
  OrderedJson list = OrderedJson::array();
  for (const Text& text : texts) list.push_back(text.english());
  return list;
}

OrderedJson at_ms(const std::optional<TimeNs>& at) {
  return at ? OrderedJson(to_ms(*at)) : OrderedJson(nullptr);
}

OrderedJson fault_json(const FaultResult& fault) {
  return {{"fault", fault.fault},
          {"node", fault.node},
          {"intended", fault.intended},
          {"applied_at", at_ms(fault.applied_at)},
          {"confirmed_at", at_ms(fault.confirmed_at)},
          {"effect_at", at_ms(fault.effect_at)},
          {"undone_at", at_ms(fault.undone_at)},
          {"confirmed_by", fault.confirmed_by},
          {"outcome", fault.outcome},
          {"dirty", fault.dirty},
          {"problem", fault.problem}};
}

OrderedJson rto_json(const RunReport& report) {
  const RtoResult& rto = report.rto;
  return {{"probe", rto.probe},
          {"lower_ms", nullable(rto.lower_ms)},
          {"upper_ms", nullable(rto.upper_ms)},
          {"probe_period_ms", rto.probe_period_ms},
          {"redundancy_restored_ms", nullable(upper_of(rto.redundancy_ms))},
          {"redundancy_lower_ms", nullable(lower_of(rto.redundancy_ms))},
          {"allowed_ms", nullable(report.rto_allowed_ms)},
          {"redundancy_allowed_ms", nullable(report.redundancy_allowed_ms)},
          {"outage_observed", rto.outage_observed},
          {"outages", rto.outages},
          {"recovered_by", recovered_by_name(rto.recovered_by)},
          {"down_at", at_ms(rto.down_at)},
          {"up_at", at_ms(rto.up_at)},
          {"problem", rto.problem.english()}};
}

OrderedJson rpo_json(const RunReport& report) {
  const RpoResult& rpo = report.rpo;
  return {{"acknowledged", rpo.acknowledged},
          {"lost", rpo.lost},
          {"lost_allowed", report.lost_allowed},
          {"indeterminate", rpo.indeterminate},
          {"stuck", rpo.stuck},
          {"unaudited", rpo.unaudited},
          {"seconds", nullable(rpo.seconds)}};
}

OrderedJson blocks_json(const RunReport& report) {
  if (!report.blocks) return nullptr;
  const BlockResult& blocks = *report.blocks;
  return {{"acknowledged", blocks.acknowledged},
          {"lost", blocks.lost},
          {"torn", blocks.torn},
          {"out_of_order", blocks.out_of_order},
          {"indeterminate", blocks.indeterminate},
          {"unaudited", blocks.unaudited},
          {"last_before_ms", nullable(blocks.last_before_ms)},
          {"longest_write_ms", blocks.longest_write_ms}};
}

OrderedJson check_json(const CheckResult& check) {
  OrderedJson evidence = OrderedJson::array();
  for (const Evidence& item : check.evidence)
    evidence.push_back({{"at_ms", to_ms(item.at)},
                        {"source", item.source.english()},
                        {"text", item.text.english()}});
  return {{"name", check.name},
          {"verdict", verdict_name(check.verdict)},
          {"message", check.message.english()},
          {"evidence", std::move(evidence)}};
}

OrderedJson sibling_json(const SiblingRun& sibling) {
  return {{"scenario", sibling.scenario},
          {"run_id", sibling.run_id},
          {"verdict", sibling.verdict},
          {"class", sibling.cluster_class},
          {"attended", sibling.attended},
          {"recovered_by", recovered_by_name(sibling.recovered_by)},
          {"outage_observed", sibling.outage_observed},
          {"rto_lower_ms", nullable(sibling.rto_lower_ms)},
          {"rto_upper_ms", nullable(sibling.rto_upper_ms)}};
}

OrderedJson recovery_json(const RecoverySteps& recovery) {
  OrderedJson boundaries = OrderedJson::array();
  for (const Boundary& boundary : recovery.boundaries)
    boundaries.push_back(
        {{"name", boundary.name},
         {"at_ms", at_ms(boundary.at)},
         {"lower_ms", boundary.at ? OrderedJson(to_ms(boundary.lower)) : OrderedJson(nullptr)},
         {"upper_ms", boundary.at ? OrderedJson(to_ms(boundary.upper)) : OrderedJson(nullptr)},
         {"proof", boundary.proof.english()},
         {"gap", boundary.gap.english()},
         {"unordered_with", boundary.unordered_with}});
  return {{"boundaries", std::move(boundaries)},
          {"largest", recovery.largest},
          {"largest_governed_by", recovery.largest_governed_by.english()},
          {"or_largest", recovery.or_largest}};
}

OrderedJson predictions_json(const RunReport& report) {
  OrderedJson predictions = OrderedJson::array();
  for (const Prediction& prediction : report.predictions) {
    OrderedJson inputs = OrderedJson::array();
    for (const Prediction::Input& input : prediction.inputs)
      inputs.push_back({{"name", input.name.english()},
                        {"value", input.value.english()},
                        {"from", input.from.english()}});
    predictions.push_back({{"name", prediction.name.english()},
                           {"verdict", prediction.verdict},
                           {"lower_ms", nullable(prediction.lower_ms)},
                           {"upper_ms", nullable(prediction.upper_ms)},
                           {"measured_lower_ms", nullable(prediction.measured_lower_ms)},
                           {"measured_upper_ms", nullable(prediction.measured_upper_ms)},
                           {"formula", prediction.formula.english()},
                           {"source", prediction.source},
                           {"inputs", std::move(inputs)},
                           {"finding", prediction.finding.english()},
                           {"why", prediction.why.english()}});
  }
  return predictions;
}

OrderedJson clocks_json(const RunReport& report) {
  OrderedJson clocks = OrderedJson::array();
  for (const NodeClockSummary& clock : report.clocks) {
    OrderedJson steps = OrderedJson::array();
    for (const ClockStep& step : clock.steps)
      steps.push_back({{"from_ms", to_ms(step.from)},
                       {"until_ms", to_ms(step.until)},
                       {"by_lower_ms", to_ms(step.by.lower_ns)},
                       {"by_upper_ms", to_ms(step.by.upper_ns)}});
    OrderedJson rates = OrderedJson::array();
    for (const ClockRate& rate : clock.rates)
      rates.push_back({{"from_ms", to_ms(rate.from)},
                       {"until_ms", to_ms(rate.until)},
                       {"lower_ppm", rate.lower_ppm},
                       {"upper_ppm", rate.upper_ppm}});
    const auto& offset = clock.offset;
    const auto& drift = clock.drift;
    clocks.push_back(
        {{"node", clock.node},
         {"round_trips", clock.round_trips},
         {"one_way", clock.one_way},
         {"silent", clock.silent},
         {"offset_ms", offset ? OrderedJson(to_ms(offset->middle_ns())) : OrderedJson(nullptr)},
         {"uncertainty_ms",
          offset ? OrderedJson(to_ms(offset->uncertainty_ns())) : OrderedJson(nullptr)},
         {"at_ms", offset ? OrderedJson(to_ms(clock.offset_at)) : OrderedJson(nullptr)},
         {"uncertainty_max_ms",
          offset ? OrderedJson(to_ms(clock.uncertainty_max_ns)) : OrderedJson(nullptr)},
         {"drift_lower_ppm", drift ? OrderedJson(drift->lower_ppm) : OrderedJson(nullptr)},
         {"drift_upper_ppm", drift ? OrderedJson(drift->upper_ppm) : OrderedJson(nullptr)},
         {"rates", std::move(rates)},
         {"steps", std::move(steps)}});
  }
  return clocks;
}

OrderedJson lists_json(const RunReport& report) {
  OrderedJson reasons = OrderedJson::array();
  for (const ClassReason& reason : report.class_reasons)
    reasons.push_back({{"rule", reason.rule.english()},
                       {"holds", reason.known ? OrderedJson(reason.holds) : OrderedJson(nullptr)},
                       {"evidence", reason.evidence.english()}});
  OrderedJson phases = OrderedJson::array();
  for (const PhaseSpan& phase : report.phases)
    phases.push_back({{"until", phase.name},
                      {"begin_ms", to_ms(phase.begin)},
                      {"end_ms", to_ms(phase.end)},
                      {"lower_ms", to_ms(phase.lower_ns)},
                      {"upper_ms", to_ms(phase.upper_ns)},
                      {"unordered", phase.unordered},
                      {"governed_by", phase.governed_by.english()},
                      {"proof", phase.proof.english()}});
  OrderedJson probes = OrderedJson::array();
  for (const ProbeSummary& probe : report.probes)
    probes.push_back({{"name", probe.name},
                      {"node", probe.node},
                      {"period_ms", probe.period_ms},
                      {"good", probe.good},
                      {"bad", probe.bad},
                      {"missed", probe.missed},
                      {"p50_ms", probe.p50_ms},
                      {"p99_ms", probe.p99_ms},
                      {"max_ms", probe.max_ms}});
  OrderedJson skews = OrderedJson::array();
  for (const StartSkew& skew : report.start_skews)
    skews.push_back({{"step", skew.step},
                     {"fault", skew.fault},
                     {"nodes", skew.nodes},
                     {"skew_ms", to_ms(skew.skew_ns)},
                     {"uncertainty_ms", to_ms(skew.uncertainty_ns)},
                     {"by_nodes_clocks", skew.by_nodes}});
  return {{"start_skew", std::move(skews)},
          {"class_reasons", std::move(reasons)},
          {"phases", std::move(phases)},
          {"recovery", recovery_json(report.recovery)},
          {"predictions", predictions_json(report)},
          {"clocks", clocks_json(report)},
          {"probes", std::move(probes)}};
}

}  // namespace

std::string render_json(const RunReport& report) {
  OrderedJson faults = OrderedJson::array();
  for (const FaultResult& fault : report.faults) faults.push_back(fault_json(fault));
  OrderedJson checks = OrderedJson::array();
  for (const CheckResult& check : report.checks) checks.push_back(check_json(check));
  OrderedJson power = OrderedJson::object();
  for (const NodePower& node : report.power) power[node.node] = node.kind;
  OrderedJson root{
      {"schema_version", report.schema_version},
      {"verdict", run_verdict_name(report.verdict)},
      {"class", cluster_class_name(report.cluster_class)},
      {"run_id", report.run_id},
      {"cluster", report.cluster},
      {"scenario", report.scenario},
      {"title", report.title},
      {"attended", report.attended},
      {"started", report.started_utc},
      {"duration_s", report.duration_s},
      {"seed", report.seed},
      {"versions", report.versions},
      {"power", std::move(power)},
      {"evidence_level", report.evidence_level},
      {"why", report.why.english()},
      {"next_steps", english_of(report.next_steps)},
      {"fault", report.faults.empty() ? OrderedJson(nullptr) : fault_json(report.faults.front())},
      {"faults", std::move(faults)},
      {"rto", rto_json(report)},
      {"rpo", rpo_json(report)},
      {"blocks", blocks_json(report)},
      {"checks", std::move(checks)}};
  root.update(lists_json(report));
  root["sibling"] = report.sibling ? sibling_json(*report.sibling) : OrderedJson(nullptr);
  root["not_measured"] = english_of(report.not_measured);
  root["history_truncated"] = report.history_truncated;
  root["aborted"] = report.aborted;
  root["journal_problem"] = report.journal_problem.english();
  // Node output may hold any bytes; they must not keep a result from being written.
  return root.dump(2, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace ernstfall
