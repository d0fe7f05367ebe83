// synthetic_assessment: one run of every fault that a class rests on, on the homelab, as they come
// out there; and what to change for clusters that are better or worse.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "reports/assessment.h"
#include "tests/mocks/synthetic_run.h"

namespace ernstfall::mocks {

inline Cluster homelab_cluster() {
  Cluster cluster = two_node_cluster();
  cluster.nodes[0].power.kind = PowerConfig::Kind::lab;
  cluster.nodes[2].roles = {"ingress", "control"};
  cluster.nodes[2].power.kind = PowerConfig::Kind::lab;
  return cluster;
}

inline FaultResult held_fault(std::string fault, std::string node, double from_s, double until_s) {
  FaultResult result;
  result.fault = std::move(fault);
  result.node = std::move(node);
  result.effect_at = seconds_ns(from_s);
  result.confirmed_at = seconds_ns(from_s + 1);
  result.undone_at = seconds_ns(until_s);
  result.outcome = "held";
  return result;
}

inline FaultStep step_of(const FaultResult& fault, const std::string& from) {
  FaultStep step;
  step.fault = fault.fault;
  step.on = fault.node;
  step.hold = std::chrono::seconds(30);
  if (!from.empty()) step.params["from"] = {ParamValue::Kind::text, from, 0};
  return step;
}

inline std::string scenario_name(const FaultNeed& need) {
  std::string name = need.id();
  std::replace(name.begin(), name.end(), ':', '-');
  return name;
}

// A run in which users noticed nothing.
inline AssessedRun quiet_run(const FaultNeed& need, const Cluster& cluster) {
  AssessedRun run;
  run.cluster = cluster;
  RunReport& report = run.run.report;
  report.cluster = cluster.name;
  report.scenario = scenario_name(need);
  report.run_id = "20261123T0312-" + report.scenario;
  report.started_utc = "2026-11-23T03:12:05.123Z";
  run.run.folder = "runs/" + report.run_id;
  run.scenario.name = report.scenario;
  const NeedEntry& entry = assessment_needs()[static_cast<std::size_t>(need.kind)];
  if (need.kind == NeedKind::stale_takeover)
    report.faults = {held_fault("net.partition", need.peer, 10, 90),
                     held_fault("node.power-off", need.node, 30, 80)};
  else if (need.kind == NeedKind::quorum_pair)
    report.faults = {held_fault("net.isolate", need.peer, 10, 60),
                     held_fault("net.isolate", need.node, 11, 60)};
  else
    report.faults = {held_fault(std::string(entry.faults.front()), need.node, 10, 40)};
  const bool on_peer = report.faults.front().node == need.peer;
  run.scenario.faults.push_back(step_of(report.faults.front(), on_peer ? need.node : need.peer));
  report.verdict = RunVerdict::pass;
  report.rto.probe = "webdav.write";
  report.rto.lower_ms = 0;
  report.rto.upper_ms = 0;
  report.rto_allowed_ms = 60'000;
  report.rpo.acknowledged = 500;
  for (const char* name : {"single-primary", "no-split-brain", "converged", "rpo"})
    report.checks.push_back({name, Verdict::pass, "", {}});
  report.rto.redundancy_ms = Bounds{33'500, 34'000};
  report.versions = {{"drbd@prod", "8.4.11"}, {"drbd@mirror", "8.4.11"}};
  add_versions(run.run.environment, report.versions);
  return run;
}

inline void outage(AssessedRun& run, RecoveredBy by, double lower_ms, double upper_ms) {
  RtoResult& rto = run.run.report.rto;
  rto.outage_observed = true;
  rto.recovered_by = by;
  rto.lower_ms = lower_ms;
  rto.upper_ms = upper_ms;
}

inline void canary(AssessedRun& run, Verdict blocks = Verdict::pass,
                   Verdict order = Verdict::pass) {
  run.run.report.checks.push_back({"block-loss", blocks, "3 of 18220 blocks are missing", {}});
  run.run.report.checks.push_back({"write-order", order, "block 17 is missing, 18 is there", {}});
}

inline std::vector<AssessedRun> quiet_runs(const Cluster& cluster) {
  std::vector<AssessedRun> runs;
  const auto needs = needs_of(cluster);
  for (const FaultNeed& need : *needs) runs.push_back(quiet_run(need, cluster));
  return runs;
}

// As measured: nobody promotes mirror, load is the only way in, a process that dies starts again.
inline std::vector<AssessedRun> homelab_runs() {
  const Cluster cluster = homelab_cluster();
  std::vector<AssessedRun> runs;
  const auto needs = needs_of(cluster);
  for (const FaultNeed& need : *needs) {
    AssessedRun run = quiet_run(need, cluster);
    const bool of_prod = need.node == "prod";
    const bool power = need.kind == NeedKind::data_power || need.kind == NeedKind::stale_takeover;
    if (power)
      outage(run, RecoveredBy::undo, 103'900, 104'100);
    else if (of_prod && (need.kind == NeedKind::data_isolated || need.kind == NeedKind::data_hang))
      outage(run, RecoveredBy::undo, 31'100, 31'300);
    else if (need.kind == NeedKind::restart && of_prod)
      outage(run, RecoveredBy::itself, 41'000, 41'200);
    else if (need.kind == NeedKind::node_lost)
      outage(run, RecoveredBy::undo, 30'400, 30'600);
    else if (need.kind == NeedKind::link && need.node == "load" && need.peer == "prod")
      outage(run, RecoveredBy::undo, 30'200, 30'400);
    else if (need.kind == NeedKind::process_dies)
      outage(run, RecoveredBy::itself, 2'100, 2'300);
    else if (need.kind == NeedKind::process_hangs)
      outage(run, RecoveredBy::undo, 20'100, 20'300);
    runs.push_back(std::move(run));
  }
  return runs;
}

// Like it, but with the runbook rehearsed.
inline AssessedRun attended_run() {
  const Cluster cluster = homelab_cluster();
  AssessedRun run = quiet_run({NeedKind::data_power, "prod", {}}, cluster);
  run.run.report.scenario = "kill-prod-attended";
  run.run.report.run_id += "-attended";
  run.run.folder += "-attended";
  run.run.report.attended = true;
  outage(run, RecoveredBy::operator_steps, 26'100, 26'300);
  return run;
}

// DRBD 9 with three members, a promoter, two ingresses, and a block canary.
inline std::vector<AssessedRun> recovering_runs() {
  Cluster cluster = homelab_cluster();
  cluster.drbd->nodes.push_back("load");
  std::vector<AssessedRun> runs = quiet_runs(cluster);
  for (AssessedRun& run : runs) {
    run.run.report.versions = {{"drbd@prod", "9.2.10"}, {"drbd@mirror", "9.2.10"}};
    for (const char* node : {"prod", "mirror"})
      run.run.environment["node: " + std::string(node) +
                          " drbd-options resource \"r0\" options quorum"] = "majority";
    canary(run);
    if (run.run.report.faults.front().node == "prod")
      outage(run, RecoveredBy::itself, 9'100, 9'300);
  }
  return runs;
}

inline AssessedRun& run_of(std::vector<AssessedRun>& runs, const std::string& scenario) {
  for (AssessedRun& run : runs)
    if (run.run.report.scenario == scenario) return run;
  throw std::runtime_error("no run " + scenario);
}

}  // namespace ernstfall::mocks
