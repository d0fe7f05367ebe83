// governed_by: the setting that the length of a phase follows from, with its value.
#include "harness/lang/messages.h"
#include "reports/predict.h"
#include "reports/timeline.h"

namespace ernstfall {

Text governed_by(const std::string& name, const MilestoneInput& input,
                 const std::map<std::string, std::string>& settings) {
  const auto drbd = [&](std::string_view setting) -> Text {
    const SettingValue value = drbd_setting(settings, input.cluster, setting);
    return {value.is_default ? Msg::gov_default : Msg::gov_setting,
            {std::string(setting), inner(value.input.value)}};
  };
  const auto two = [&](std::string_view first, std::string_view second) -> Text {
    return {Msg::gov_drbd, {std::vector<Text>{drbd(first), drbd(second)}}};
  };
  const bool operator_acts = input.facts.first_operator_step_at().has_value();
  if (name == step::kFirstFailure && input.rto.probe != nullptr)
    return {Msg::gov_probe, {input.rto.probe->name, DurationValue{input.rto.period_ms}}};
  if (name == step::kDrbd) return two("ping-int", "ping-timeout");
  if (name == step::kKubernetes) return Msg::gov_kubernetes_grace;
  if (name == step::kEvicted) return Msg::gov_kubernetes_toleration;
  if (name == step::kPromoted)
    return operator_acts ? Text(Msg::gov_runbook_promotes)
                         : Text(Msg::gov_whoever_promotes, {inner(drbd("auto-promote-timeout"))});
  if (name == step::kMounted) return Msg::gov_mount;
  if (name == step::kStarted) return operator_acts ? Msg::gov_runbook_starts : Msg::gov_systemd;
  if (name == step::kAnswers) return Msg::gov_application;
  if (name == step::kStable) return {Msg::gov_stable, {duration_value(input.scenario.stable)}};
  if (name == step::kRedundant) return two("connect-int", "c-max-rate");
  if (name == "operator begins" && input.scenario.attended)
    return {Msg::gov_reaction, {duration_value(input.scenario.attended->reaction)}};
  if (name == "operator done") return Msg::gov_runbook;
  if (name == "power back" && !input.scenario.faults.empty())
    return {Msg::gov_hold, {duration_value(input.scenario.faults.front().hold)}};
  if (name == "node reachable") return Msg::gov_node_start;
  return {};
}

}  // namespace ernstfall
