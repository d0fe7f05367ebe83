// scenario_targets: what `on` means in a given cluster, and whether a scenario fits it.
#include <algorithm>
#include <set>

#include "harness/scenario/scenario.h"

namespace ernstfall {

namespace {

bool has_label(const Node& node, std::string_view pair) {
  const std::size_t equals = pair.find('=');
  if (equals == std::string_view::npos) return false;
  const auto label = node.labels.find(std::string(pair.substr(0, equals)));
  return label != node.labels.end() && label->second == pair.substr(equals + 1);
}

bool says(const std::string& item, const Node& node) {
  if (item.rfind("role:", 0) == 0) return node.has_role(item.substr(5));
  if (item.rfind("label:", 0) == 0) return has_label(node, std::string_view(item).substr(6));
  return item == "*" || node.name == item || (item == "ingress" && node.has_role("ingress"));
}

// Words of the same kind that would have meant something, in file order.
std::vector<std::string> names_like(const std::string& item, const Cluster& cluster) {
  std::vector<std::string> names;
  const auto add = [&names](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const Node& node : cluster.nodes) {
    if (item.rfind("role:", 0) == 0)
      for (const std::string& role : node.roles) add("role:" + role);
    else if (item.rfind("label:", 0) == 0)
      for (const auto& [key, value] : node.labels) add("label:" + key + "=" + value);
    else
      add(node.name);
  }
  return names;
}

Status add_set(const std::string& set, const Cluster& cluster, std::set<std::string>& chosen) {
  for (const std::string& part : split(set, ',')) {
    const std::string item(trim(part));
    bool any = false;
    for (const Node& node : cluster.nodes)
      if (says(item, node)) {
        chosen.insert(node.name);
        any = true;
      }
    if (any) continue;
    const std::vector<std::string> candidates = names_like(item, cluster);
    const auto near = nearest_name(item, candidates);
    std::string hint;
    if (near)
      hint = fmt::format("; did you mean \"{}\"?", *near);
    else if (!candidates.empty())
      hint = "; there are " + join(candidates, ", ");
    return fail(Errc::usage, "no node of cluster {} is \"{}\"{}", cluster.name, item, hint);
  }
  return {};
}

}  // namespace

Result<Selector> parse_selector(const std::string& on, const Cluster& cluster) {
  Selector selector;
  std::string set = on;
  if (cluster.find_node(on) == nullptr) {
    for (const auto& [word, pick] :
         {std::pair<std::string, Selector::Pick>{"one", Selector::Pick::one},
          {"majority", Selector::Pick::majority}})
      if (on == word || on.rfind(word + ":", 0) == 0) {
        selector.pick = pick;
        set = on == word ? "" : on.substr(word.size() + 1);
      }
    if (on == "drbd-primary") {
      if (!cluster.drbd)
        return fail(Errc::usage, "drbd-primary: cluster {} has no \"drbd\"", cluster.name);
      selector.pick = Selector::Pick::drbd_primary;
      selector.candidates = cluster.drbd->nodes;
      return selector;
    }
  }
  std::set<std::string> chosen;
  if (set.empty() && selector.pick != Selector::Pick::all) {
    for (const Node& node : cluster.nodes)
      if (!node.is_protected) chosen.insert(node.name);
    if (chosen.empty())
      return fail(Errc::usage, "{}: every node of cluster {} is protected", on, cluster.name);
  } else {
    ERNSTFALL_CHECK(add_set(set, cluster, chosen));
  }
  for (const Node& node : cluster.nodes)
    if (chosen.count(node.name) > 0) selector.candidates.push_back(node.name);
  return selector;
}

Result<std::vector<std::string>> resolve_targets(const std::string& on, const Cluster& cluster) {
  ERNSTFALL_TRY(const Selector selector, parse_selector(on, cluster));
  return selector.candidates;
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
  void check_drbd(const std::string& what, const std::string& place) {
    if (!cluster_.drbd)
      add(Errc::usage, place,
          fmt::format("{} writes to the replicated volume, and cluster {} has no \"drbd\"", what,
                      cluster_.name));
  }
  void check_metric(const MetricCondition& metric) {
    if (!cluster_.prometheus)
      add(Errc::usage, metric.place,
          fmt::format("stop_when asks Prometheus, and cluster {} has no \"prometheus\"",
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
  if (scenario.soak)
    for (const SoakPick& pick : scenario.soak->picks) {
      FaultStep step;
      step.fault = pick.fault;
      step.on = pick.on;
      step.on_place = pick.on_place;
      fit.check_fault(step);
    }
  if (scenario.stop_when.metric) fit.check_metric(*scenario.stop_when.metric);
  for (const ProbeSpec& probe : scenario.probes) {
    if (probe.on.empty())
      fit.check_service(probe.probe, probe.place);
    else
      fit.check_on(probe.on, probe.place, probe.probe);
  }
  for (const LoadSpec& load : scenario.loads)
    if (load.on_volume)
      fit.check_drbd(load.load, load.place);
    else
      fit.check_service(load.load, load.place);
  if (scenario.attended)
    for (const auto* steps : {&scenario.attended->steps, &scenario.attended->restore})
      for (const OperatorStep& step : *steps)
        fit.check_on(step.on, step.place, "operator step \"" + step.name + "\"");
  return fit.status();
}

}  // namespace ernstfall
