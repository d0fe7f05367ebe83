// check_targets: tries the targets of every probe on paper, before any node is reached.
#include <algorithm>

#include "probes/probe.h"

namespace ernstfall {

Status check_probe_targets(const Scenario& scenario, const Cluster& cluster) {
  std::vector<std::string> lines;
  for (const ProbeSpec& spec : scenario.probes) {
    const ProbeType* type = find_probe(spec.probe);
    if (type == nullptr || !type->needs_node || type->applies == nullptr) continue;
    ERNSTFALL_TRY(const std::vector<std::string> targets, resolve_targets(spec.on, cluster));
    if (std::any_of(targets.begin(), targets.end(), [&](const std::string& target) {
          return type->applies(cluster, *cluster.find_node(target));
        }))
      continue;
    lines.push_back(fmt::format("{}: {} has nothing to watch on {}",
                                spec.place.empty() ? scenario.source.string() : spec.place,
                                spec.probe, spec.on == "*" ? "any node" : spec.on));
  }
  if (lines.empty()) return {};
  return fail(Errc::usage, "{}", join(lines, "\n"));
}

}  // namespace ernstfall
