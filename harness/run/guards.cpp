// guards: sets of nodes, counted.
#include "harness/run/guards.h"

#include <algorithm>
#include <set>

#include "harness/cluster/window.h"
#include "harness/core/units.h"

namespace ernstfall {
namespace {

// Nodes that a step holds, and those whose copy of the data it takes.
struct Held {
  std::set<std::string> nodes;
  std::set<std::string> copies;
};

bool holds_copy(const Cluster& cluster, const std::string& node) {
  return cluster.drbd && std::find(cluster.drbd->nodes.begin(), cluster.drbd->nodes.end(), node) !=
                             cluster.drbd->nodes.end();
}

void add(const PlannedStep& step, const Cluster& cluster, Held& held) {
  const FaultType* type = find_fault(step.step.fault);
  for (const FaultPlan& plan : step.plans) {
    held.nodes.insert(plan.node);
    if (type != nullptr && type->takes != Takes::nothing && holds_copy(cluster, plan.node))
      held.copies.insert(plan.node);
  }
}

std::string names(const std::set<std::string>& nodes) {
  return join(std::vector<std::string>(nodes.begin(), nodes.end()), ", ");
}

Status check_held(const Held& held, const Cluster& cluster) {
  const auto limit = static_cast<std::size_t>(cluster.max_nodes());
  if (held.nodes.size() > limit)
    return fail(
        Errc::refused,
        "max-nodes: faults on {} at the same time; cluster {} allows {} (guards: max_nodes)",
        names(held.nodes), cluster.name, limit);
  if (!cluster.drbd || held.copies.empty()) return {};
  const std::size_t members = cluster.drbd->nodes.size();
  if (held.copies.size() == members)
    return fail(Errc::refused, "all-copies: {} hold every copy of resource {}; one has to stay",
                names(held.copies), cluster.drbd->resource);
  if (members >= 3 && (members - held.copies.size()) * 2 <= members)
    return fail(Errc::refused,
                "last-quorum: without {} the rest of resource {} is no majority of {}",
                names(held.copies), cluster.drbd->resource, members);
  return {};
}

}  // namespace

Status check_blast_radius(const std::vector<PlannedStep>& planned, const Cluster& cluster) {
  Held beside;
  for (const PlannedStep& step : planned)
    if (step.step.at) add(step, cluster, beside);
  ERNSTFALL_CHECK(check_held(beside, cluster));
  for (const PlannedStep& step : planned) {
    if (step.step.at) continue;
    Held held = beside;
    add(step, cluster, held);
    ERNSTFALL_CHECK(check_held(held, cluster));
  }
  return {};
}

Status check_window(const Cluster& cluster, const std::tm& local) {
  if (cluster.guards.windows.empty()) return {};
  for (const std::string& text : cluster.guards.windows) {
    ERNSTFALL_TRY(const Window window, parse_window(text));
    if (contains(window, local)) return {};
  }
  return fail(Errc::refused, "window: it is {:02}:{:02} now, and cluster {} allows runs only {}",
              local.tm_hour, local.tm_min, cluster.name, join(cluster.guards.windows, "; "));
}

bool takes_a_copy(const PlannedStep& step, const Cluster& cluster) {
  Held held;
  add(step, cluster, held);
  return !held.copies.empty();
}

Status check_last_copy(const PlannedStep& step, const ClusterState& state, const Cluster& cluster) {
  Held held;
  add(step, cluster, held);
  if (held.copies.empty()) return {};
  for (const auto& [name, node] : state.nodes) {
    if (held.copies.count(name) > 0 || !node.drbd || node.drbd->volumes.empty()) continue;
    const auto& volumes = node.drbd->volumes;
    if (std::all_of(volumes.begin(), volumes.end(),
                    [](const auto& volume) { return volume.second.disk == "UpToDate"; }))
      return {};
  }
  return fail(Errc::refused,
              "last-good-copy: {} on {}, and no other node's copy of resource {} is UpToDate now",
              step.step.fault, names(held.copies), cluster.drbd->resource);
}

std::string stop_condition(const StopConditions& conditions, const LiveBoard& board, TimeNs now) {
  if (conditions.split_brain)
    if (const std::string line = board.split_brain(); !line.empty())
      return "split_brain: DRBD says " + line;
  if (conditions.service_down_for)
    if (const auto since = board.service_down_since();
        since && Nanos(now - *since) >= *conditions.service_down_for)
      return fmt::format("service_down_for: no service probe was answered for {}",
                         format_duration(Nanos(now - *since)));
  if (conditions.service_error_rate) {
    const ErrorRateCondition& rate = *conditions.service_error_rate;
    if (const auto percent = board.service_error_percent(now, rate.over);
        percent && *percent > rate.above_percent)
      return fmt::format("service_error_rate: {:.1f} % of the answers of the last {} were bad",
                         *percent, format_duration(rate.over));
  }
  return {};
}

}  // namespace ernstfall
