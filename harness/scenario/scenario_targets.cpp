// scenario_targets: what `on` means in a given cluster, and whether a scenario fits it.
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
  std::string hint;
  if (near)
    hint = fmt::format("; did you mean \"{}\"?", *near);
  else if (!candidates.empty())
    hint = "; there are " + join(candidates, ", ");
  return fail(Errc::usage, "no node of cluster {} is \"{}\"{}", cluster.name, on, hint);
}

namespace {

class Fit {
 public:
  Fit(const Scenario& scenario, const Cluster& cluster) : scenario_(scenario), cluster_(cluster) {}

  void check_fault(const FaultStep& step) {
    const auto targets = check_on(step.on, step.on_place, step.fault);
    for (const std::string& target : targets)
      if (cluster_.find_node(target)->is_protected)
        add(Errc::refused, step.on_place,
            fmt::format("{} aims at {}, which the cluster file protects from every fault",
                        step.fault, target));
  }
  std::vector<std::string> check_on(const std::string& on, const std::string& place,
                                    const std::string& what) {
    auto targets = resolve_targets(on, cluster_);
    if (targets) return *targets;
    add(Errc::usage, place, what + ": " + targets.error().what);
    return {};
  }
  void check_service(const std::string& what, const std::string& place) {
    if (!cluster_.service)
      add(Errc::usage, place,
          fmt::format("{} asks the service, and cluster {} has no \"service\"", what,
                      cluster_.name));
  }
  Status status() const {
    if (lines_.empty()) return {};
    return fail(worst_, "{}", join(lines_, "\n"));
  }

 private:
  void add(Errc code, const std::string& place, const std::string& message) {
    if (code == Errc::usage) worst_ = Errc::usage;
    lines_.push_back((place.empty() ? scenario_.source.string() : place) + ": " + message);
  }

  const Scenario& scenario_;
  const Cluster& cluster_;
  Errc worst_ = Errc::refused;
  std::vector<std::string> lines_;
};

}  // namespace

Status check_scenario_against_cluster(const Scenario& scenario, const Cluster& cluster) {
  Fit fit(scenario, cluster);
  for (const FaultStep& step : scenario.faults) fit.check_fault(step);
  for (const ProbeSpec& probe : scenario.probes) {
    if (probe.on.empty())
      fit.check_service(probe.probe, probe.place);
    else
      fit.check_on(probe.on, probe.place, probe.probe);
  }
  for (const LoadSpec& load : scenario.loads) fit.check_service(load.load, load.place);
  if (scenario.attended)
    for (const auto* steps : {&scenario.attended->steps, &scenario.attended->restore})
      for (const OperatorStep& step : *steps)
        fit.check_on(step.on, step.place, "operator step \"" + step.name + "\"");
  return fit.status();
}

}  // namespace ernstfall
