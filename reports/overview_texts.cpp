// overview_texts: phases and reasons in words; what checks and nodes said is quoted.
#include "reports/overview_texts.h"

#include <array>
#include <utility>

#include "reports/milestones.h"

namespace ernstfall {
namespace {

constexpr std::string_view kArrow = " -> ";

constexpr std::array<std::pair<std::string_view, Msg>, 16> kPhases{{
    {"fault", Msg::ov_step_fault},
    {step::kEffect, Msg::ov_step_effect},
    {step::kFirstFailure, Msg::ov_step_first_failure},
    {step::kDrbd, Msg::ov_step_drbd},
    {step::kKubernetes, Msg::ov_step_kubernetes},
    {step::kEvicted, Msg::ov_step_evicted},
    {step::kPromoted, Msg::ov_step_promoted},
    {step::kMounted, Msg::ov_step_mounted},
    {step::kStarted, Msg::ov_step_started},
    {step::kAnswers, Msg::ov_step_answers},
    {step::kStable, Msg::ov_step_stable},
    {step::kRedundant, Msg::ov_step_redundant},
    {"operator begins", Msg::ov_step_operator_begins},
    {"operator done", Msg::ov_step_operator_done},
    {"power back", Msg::ov_step_power_back},
    {"node reachable", Msg::ov_step_reachable},
}};

}  // namespace

Text quoted(std::string words) {
  return {Msg::name_only, {std::move(words)}};
}

Text left_out_text(const LeftOutRun& run) {
  switch (run.reason) {
    case LeftOutReason::unreadable:
      return {Msg::ov_out_unreadable, {run.detail}};
    case LeftOutReason::dirty:
      return {Msg::ov_out_dirty, {run.detail}};
    case LeftOutReason::ended_early:
      return {Msg::ov_out_ended_early, {run.detail}};
    case LeftOutReason::truncated:
      return {Msg::ov_out_truncated, {}};
    case LeftOutReason::inconclusive:
      break;
  }
  return {Msg::ov_out_inconclusive, {run.detail}};
}

Text phase_text(const std::string& name) {
  for (const auto& [known, id] : kPhases)
    if (name == known) return {id, {}};
  return quoted(name);
}

Text measured_phase_text(const std::string& name) {
  const std::size_t at = name.find(kArrow);
  if (at == std::string::npos) return phase_text(name);
  return {Msg::ov_phase,
          {std::vector<Text>{phase_text(name.substr(0, at))},
           std::vector<Text>{phase_text(name.substr(at + kArrow.size()))}}};
}

std::optional<Text> governed_text(const RunReport& report) {
  if (report.recovery.largest_governed_by.empty()) return std::nullopt;
  return quoted(report.recovery.largest_governed_by);
}

Text check_message_text(const CheckResult& check) {
  return quoted(check.message);
}

}  // namespace ernstfall
