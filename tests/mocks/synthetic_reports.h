// synthetic_reports: reports of repeated runs of one scenario that never happened, with a stated
// spread, for tests and the benchmark of comparisons.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "reports/comparison.h"

namespace ernstfall::mocks {

// One recovery: the phases' medians in ms; each run draws one common factor (lognormal, `sigma`)
// for its whole recovery and one more per phase (lognormal, `phase_sigma`).
struct Recovery {
  double noticed_ms = 6'400;     // fault -> noticed by DRBD
  double promoted_ms = 9'000;    // -> promoted
  double answers_ms = 21'000;    // -> service answers
  double redundant_ms = 30'000;  // -> redundancy restored
  double sigma = 0.12;
  double phase_sigma = 0.08;
  double probe_period_ms = 100;
};

inline ComparedRun recovery_run(const Recovery& recovery, std::mt19937_64& random, int number) {
  std::lognormal_distribution<double> whole(0, recovery.sigma);
  std::lognormal_distribution<double> part(0, recovery.phase_sigma);
  std::uniform_real_distribution<double> within(0, recovery.probe_period_ms);
  const double factor = whole(random);
  ComparedRun run;
  run.folder = "runs/" + std::to_string(number);
  RunReport& report = run.report;
  report.run_id = "run-" + std::to_string(number);
  report.scenario = "kill-prod";
  report.title = "prod loses power";
  report.verdict = RunVerdict::pass;
  FaultResult& fault = report.faults.emplace_back();
  fault.fault = "node.power-off";
  fault.node = "prod";
  fault.effect_at = 0;
  fault.outcome = "held";
  ProbeSummary& probe = report.probes.emplace_back();
  probe.name = "webdav.write";
  probe.period_ms = recovery.probe_period_ms;
  TimeNs at = 0;
  const auto phase = [&](const std::string& name, double median_ms, const std::string& proof) {
    const auto length = static_cast<TimeNs>(median_ms * factor * part(random) * 1e6);
    report.phases.push_back({name, at, at + length, proof});
    at += length;
  };
  phase("noticed by DRBD", recovery.noticed_ms, "drbd.state@mirror: connection Connecting");
  phase("promoted", recovery.promoted_ms, "drbd.state@mirror: role Primary");
  phase("service answers", recovery.answers_ms, "webdav.write: first lasting answer");
  // Two questions that the true outage lies between.
  report.rto.lower_ms = to_ms(at) - within(random);
  report.rto.upper_ms = *report.rto.lower_ms + 2 * recovery.probe_period_ms;
  report.rto.outage_observed = true;
  report.rto.probe = "webdav.write";
  phase("redundancy restored", recovery.redundant_ms, "every replica UpToDate");
  report.rto.redundancy_ms = Bounds{to_ms(at) - 500, to_ms(at)};
  report.rpo.acknowledged = 500;
  report.checks.push_back({"single-primary", Verdict::pass, "", {}});
  report.versions = {{"ernstfall", "0.1.0"}, {"drbd@prod", "9.2.10"}};
  add_versions(run.environment, report.versions);
  run.environment["scenario: faults.0.hold"] = "60s";
  return run;
}

inline std::vector<ComparedRun> recovery_runs(const Recovery& recovery, std::mt19937_64& random,
                                              int count) {
  std::vector<ComparedRun> runs;
  for (int i = 0; i < count; ++i) runs.push_back(recovery_run(recovery, random, i));
  return runs;
}

inline Recovery slower(Recovery recovery, double factor) {
  recovery.noticed_ms *= factor;
  recovery.promoted_ms *= factor;
  recovery.answers_ms *= factor;
  recovery.redundant_ms *= factor;
  return recovery;
}

}  // namespace ernstfall::mocks
