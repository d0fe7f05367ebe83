// runbook: resolves where each operator step runs.
#include "harness/run/runbook.h"

namespace ernstfall {

Result<std::vector<RemoteAction>> runbook_actions(const std::vector<OperatorStep>& steps,
                                                  const Cluster& cluster) {
  std::vector<RemoteAction> actions;
  for (const OperatorStep& step : steps) {
    ERNSTFALL_TRY(const std::vector<std::string> nodes, resolve_targets(step.on, cluster));
    if (nodes.size() != 1)
      return fail(Errc::usage, "operator step \"{}\": \"{}\" names {} nodes; expected one",
                  step.name, step.on, nodes.size());
    actions.push_back({step.name, nodes.front(), step.run, step.timeout, step.attempts, false});
  }
  return actions;
}

}  // namespace ernstfall
