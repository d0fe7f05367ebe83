// assess_plan: picks scenarios for the faults that a class rests on.
#include "reports/assess_plan.h"

#include <algorithm>
#include <array>

namespace ernstfall {
namespace {

// Their hold may be no more than a deadline: they are left alone until what they hit is back.
bool ends_alone(const std::string& fault) {
  static constexpr std::array kAlone{"node.reboot",    "node.power-cycle", "node.crash",
                                     "unit.kill",      "k8s.pod-kill",     "k8s.pod-delete",
                                     "resource.memory"};
  return std::find(kAlone.begin(), kAlone.end(), fault) != kAlone.end();
}

Nanos shortest(const Scenario& scenario) {
  Nanos faults{};
  for (const FaultStep& step : scenario.faults) {
    const Nanos begin = step.at.value_or(faults);
    const Nanos hold = ends_alone(step.fault) ? Nanos{} : step.hold;
    faults = std::max(faults, begin + hold * step.repeat + step.pause * (step.repeat - 1));
  }
  const Nanos reaction = scenario.attended ? scenario.attended->reaction : Nanos{};
  return scenario.baseline + std::max(faults, reaction) + scenario.stable;
}

bool has_tag(const Scenario& scenario) {
  return std::find(scenario.tags.begin(), scenario.tags.end(), kAssessTag) != scenario.tags.end();
}

void add_scenario(AssessPlan& plan, const Scenario& scenario, std::size_t need) {
  const auto known =
      std::find_if(plan.scenarios.begin(), plan.scenarios.end(),
                   [&](const PlannedScenario& planned) { return planned.scenario == &scenario; });
  if (known != plan.scenarios.end()) {
    known->needs.push_back(need);
    return;
  }
  plan.scenarios.push_back({&scenario, {need}, shortest(scenario)});
}

}  // namespace

AssessedRun as_run(const Scenario& scenario, const Cluster& cluster) {
  AssessedRun run;
  run.cluster = cluster;
  run.scenario = scenario;
  run.run.report.soak = scenario.soak.has_value();
  TimeNs next{};
  for (const FaultStep& step : scenario.faults) {
    const TimeNs begin = step.at ? step.at->count() : next;
    const TimeNs end = begin + step.hold.count();
    next = std::max(next, end);
    const auto nodes = resolve_targets(step.on, cluster);
    if (!nodes) continue;
    for (const std::string& node : *nodes) {
      FaultResult fault;
      fault.fault = step.fault;
      fault.node = node;
      fault.effect_at = begin;
      fault.undone_at = end;
      run.run.report.faults.push_back(std::move(fault));
    }
  }
  return run;
}

Result<AssessPlan> plan_assessment(const std::vector<Scenario>& scenarios, const Cluster& cluster) {
  AssessPlan plan;
  ERNSTFALL_TRY(plan.needs, needs_of(cluster));
  std::vector<AssessedRun> runs;
  for (const Scenario& scenario : scenarios) runs.push_back(as_run(scenario, cluster));
  for (std::size_t need = 0; need < plan.needs.size(); ++need) {
    std::vector<const Scenario*> fitting;
    for (std::size_t i = 0; i < runs.size(); ++i)
      if (is_run_of(runs[i], plan.needs[need])) fitting.push_back(&scenarios[i]);
    if (fitting.empty()) {
      plan.missing.push_back(need);
      continue;
    }
    const bool tagged =
        std::any_of(fitting.begin(), fitting.end(), [](const Scenario* s) { return has_tag(*s); });
    if (!tagged) fitting.resize(1);
    for (const Scenario* scenario : fitting)
      if (!tagged || has_tag(*scenario)) add_scenario(plan, *scenario, need);
  }
  return plan;
}

bool has_counted_run(const std::vector<AssessedRun>& runs, const Scenario& scenario,
                     const Cluster& cluster) {
  const std::string words = dump_scenario(scenario);
  return std::any_of(runs.begin(), runs.end(), [&](const AssessedRun& run) {
    return run.run.problem.empty() && !left_out(run.run) && run.cluster.name == cluster.name &&
           run.run.report.scenario == scenario.name && dump_scenario(run.scenario) == words;
  });
}

}  // namespace ernstfall
