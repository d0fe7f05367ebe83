// governed_by: the setting that the length of a phase follows from, with its value.
#include <fmt/core.h>

#include "harness/core/units.h"
#include "reports/predict.h"
#include "reports/timeline.h"

namespace ernstfall {

std::string governed_by(const std::string& name, const MilestoneInput& input,
                        const std::map<std::string, std::string>& settings) {
  const auto drbd = [&](std::string_view setting) {
    const SettingValue value = drbd_setting(settings, input.cluster, setting);
    const bool set = value.input.from.rfind("default", 0) != 0;
    return fmt::format("{} {}{}", setting, value.input.value, set ? "" : " (default)");
  };
  const bool operator_acts = input.facts.first_operator_step_at().has_value();
  if (name == step::kFirstFailure && input.rto.probe != nullptr)
    return fmt::format("period of {} ({}), and how long a client waits", input.rto.probe->name,
                       format_duration_ms(input.rto.period_ms));
  if (name == step::kDrbd) return "DRBD: " + drbd("ping-int") + ", " + drbd("ping-timeout");
  if (name == step::kKubernetes) return "Kubernetes: node-monitor-grace-period";
  if (name == step::kEvicted) return "Kubernetes: tolerationSeconds of the pod";
  if (name == step::kPromoted)
    return operator_acts ? "the runbook's step that promotes"
                         : "whoever promotes (DRBD: " + drbd("auto-promote-timeout") + ")";
  if (name == step::kMounted) return "the mount: replay of the file system's log, fsck";
  if (name == step::kStarted)
    return operator_acts ? "the runbook's step that starts it"
                         : "systemd: After=, RestartSec, TimeoutStartSec of the unit";
  if (name == step::kAnswers) return "how long the application takes to start";
  if (name == step::kStable)
    return "the scenario's stable: " + format_duration(input.scenario.stable);
  if (name == step::kRedundant) return "DRBD: " + drbd("connect-int") + ", " + drbd("c-max-rate");
  if (name == "operator begins" && input.scenario.attended)
    return "the operator's reaction: " + format_duration(input.scenario.attended->reaction);
  if (name == "operator done") return "the steps of the runbook";
  if (name == "power back" && !input.scenario.faults.empty())
    return "the scenario's hold: " + format_duration(input.scenario.faults.front().hold);
  if (name == "node reachable") return "how long the node takes to start";
  return {};
}

}  // namespace ernstfall
