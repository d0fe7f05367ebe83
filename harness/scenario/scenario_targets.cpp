// scenario_targets: what `on` means in a given cluster.
#include <set>

#include "harness/scenario/scenario.h"

namespace ernstfall {

Result<std::vector<std::string>> resolve_targets(const std::string& on, const Cluster& cluster) {
  std::vector<std::string> targets;
  std::vector<std::string> names;
  std::set<std::string> roles;
  const bool by_role = on.rfind("role:", 0) == 0;
  for (const Node& node : cluster.nodes) {
    names.push_back(node.name);
    for (const std::string& role : node.roles) roles.insert("role:" + role);
    if (on == "*" || node.name == on || (by_role && node.has_role(on.substr(5))))
      targets.push_back(node.name);
  }
  if (!targets.empty()) return targets;
  const std::vector<std::string> candidates =
      by_role ? std::vector<std::string>(roles.begin(), roles.end()) : names;
  const auto near = nearest_name(on, candidates);
  return fail(Errc::usage, "no node of cluster {} is \"{}\"{}", cluster.name, on,
              near ? fmt::format("; did you mean \"{}\"?", *near)
                   : "; there are " + join(candidates, ", "));
}

Status check_scenario_against_cluster(const Scenario& scenario, const Cluster& cluster) {
  const auto check = [&](const std::string& on, const std::string& what) -> Status {
    auto targets = resolve_targets(on, cluster);
    if (targets) return {};
    return fail_at(Errc::usage, scenario.source.string(), "{}: {}", what, targets.error().what);
  };
  for (const FaultStep& step : scenario.faults) {
    ERNSTFALL_CHECK(check(step.on, step.fault));
    const auto targets = resolve_targets(step.on, cluster);
    for (const std::string& target : *targets)
      if (cluster.find_node(target)->is_protected)
        return fail_at(Errc::refused, scenario.source.string(),
                       "{} aims at {}, which the cluster file protects from every fault",
                       step.fault, target);
  }
  for (const ProbeSpec& probe : scenario.probes)
    if (!probe.on.empty()) ERNSTFALL_CHECK(check(probe.on, probe.probe));
  if (!scenario.attended) return {};
  for (const auto* steps : {&scenario.attended->steps, &scenario.attended->restore})
    for (const OperatorStep& step : *steps)
      ERNSTFALL_CHECK(check(step.on, "operator step \"" + step.name + "\""));
  return {};
}

}  // namespace ernstfall
