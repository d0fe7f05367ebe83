// check_plans: tries every fault of a scenario on paper, so that a refusal comes before any node is
// reached.
#include "harness/faults/fault.h"

namespace ernstfall {
namespace {

// A soak skips what is refused when its time comes; what is written wrongly never becomes right. A
// typed confirmation is for one fault that someone watches, not for a draw.
void check_picks(const Soak& soak, const Cluster& cluster, std::vector<std::string>& lines,
                 bool& only_refused) {
  for (const SoakPick& pick : soak.picks) {
    const FaultType* type = find_fault(pick.fault);
    const auto targets = resolve_targets(pick.on, cluster);
    if (type == nullptr || !targets) continue;
    if (type->destructive && !cluster.disposable) {
      lines.push_back(
          fmt::format("{}: {} may destroy data: a soak picks it only on a cluster marked "
                      "`disposable: true`",
                      pick.place, type->name));
      continue;
    }
    FaultStep step;
    step.fault = pick.fault;
    step.on = pick.on;
    step.params = pick.params;
    const auto plan = plan_fault({*cluster.find_node(targets->front()), "unknown", &cluster}, step);
    if (plan || plan.error().code == Errc::refused) continue;
    lines.push_back(pick.place + ": " + to_string(plan.error()));
    only_refused = false;
  }
}

}  // namespace

namespace {

// The harmless end was tried with the faults; the other one may be beyond what the fault can do.
void check_worst_level(const Scenario& scenario, const Cluster& cluster,
                       std::vector<std::string>& lines, bool& only_refused) {
  const Threshold& threshold = *scenario.threshold;
  const Scenario worst =
      scenario_at(scenario, threshold.more_is_worse ? threshold.to : threshold.from);
  const FaultStep& step = worst.faults[static_cast<std::size_t>(threshold.fault) - 1];
  const auto targets = resolve_targets(step.on, cluster);
  if (!targets || targets->empty()) return;
  const auto plan = plan_fault({*cluster.find_node(targets->front()), "unknown", &cluster}, step);
  if (plan || plan.error().code == Errc::refused) return;
  lines.push_back((threshold.place.empty() ? scenario.source.string() : threshold.place) + ": " +
                  to_string(plan.error()));
  only_refused = false;
}

}  // namespace

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
  if (scenario.threshold) check_worst_level(scenario, cluster, lines, only_refused);
  if (scenario.soak) check_picks(*scenario.soak, cluster, lines, only_refused);
  if (lines.empty()) return {};
  return fail(only_refused ? Errc::refused : Errc::usage, "{}", join(lines, "\n"));
}

}  // namespace ernstfall
