// check_plans: tries every fault of a scenario on paper, so that a refusal comes before any node is
// reached.
#include "harness/faults/fault.h"

namespace ernstfall {

Status check_fault_plans(const Scenario& scenario, const Cluster& cluster) {
  std::vector<std::string> lines;
  bool only_refused = true;
  for (const FaultStep& step : scenario.faults) {
    ERNSTFALL_TRY(const std::vector<std::string> targets, resolve_targets(step.on, cluster));
    for (const std::string& target : targets) {
      // A plan only carries the boot id along.
      const auto plan = plan_fault({*cluster.find_node(target), "unknown", &cluster}, step);
      if (plan) continue;
      const std::string place = plan.error().code == Errc::refused ? step.on_place : step.place;
      lines.push_back((place.empty() ? scenario.source.string() : place) + ": " +
                      to_string(plan.error()));
      only_refused = only_refused && plan.error().code == Errc::refused;
    }
  }
  if (lines.empty()) return {};
  return fail(only_refused ? Errc::refused : Errc::usage, "{}", join(lines, "\n"));
}

}  // namespace ernstfall
