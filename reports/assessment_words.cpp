// assessment_words: cells and sentences of an assessment, in a language.
#include "reports/assessment_words.h"

#include <algorithm>
#include <cmath>

namespace ernstfall {

std::string class_meaning_in(Language language, ClusterClass value) {
  switch (value) {
    case ClusterClass::ha:
      return say(language, Msg::class_ha_meaning);
    case ClusterClass::data_ha:
      return say(language, Msg::class_data_ha_meaning);
    case ClusterClass::backup_like:
      return say(language, Msg::class_backup_like_meaning);
    case ClusterClass::unsafe:
      return say(language, Msg::class_unsafe_meaning);
    case ClusterClass::unknown:
      return say(language, Msg::class_unknown_meaning);
  }
  return {};
}

std::string state_in(Language language, RuleState state) {
  switch (state) {
    case RuleState::met:
      return say(language, Msg::state_met);
    case RuleState::not_met:
      return say(language, Msg::state_not_met);
    case RuleState::untested:
      return say(language, Msg::state_untested);
  }
  return {};
}

std::string outcome_in(Language language, NeedOutcome outcome) {
  switch (outcome) {
    case NeedOutcome::untested:
      return say(language, Msg::outcome_untested);
    case NeedOutcome::served:
      return say(language, Msg::outcome_served);
    case NeedOutcome::by_itself:
      return say(language, Msg::outcome_by_itself);
    case NeedOutcome::by_operator:
      return say(language, Msg::outcome_by_operator);
    case NeedOutcome::unclear:
      return say(language, Msg::outcome_unclear);
    case NeedOutcome::by_undo:
      return say(language, Msg::outcome_by_undo);
    case NeedOutcome::not_back:
      return say(language, Msg::outcome_not_back);
  }
  return {};
}

std::string why_in(Language language, const Assessment& assessment) {
  std::string why;
  for (const Text& text : assessment.why) why += (why.empty() ? "" : " ") + say(language, text);
  return why;
}

std::string runs_in(Language language, const Assessment& assessment) {
  if (assessment.counted == 0) return say(language, Msg::as_no_runs);
  return say(language, {Msg::as_runs,
                        {CountValue{assessment.counted}, time_in(language, assessment.from_utc),
                         time_in(language, assessment.to_utc)}});
}

std::string target_in(Language language, const Assessment& assessment) {
  if (!assessment.settings.target_ms) return say(language, Msg::as_target_own);
  return say(language, {Msg::as_target, {DurationValue{*assessment.settings.target_ms}}});
}

std::string title_in(Language language, const FaultNeed& need) {
  return say(language, need.title());
}

std::string pair_note_in(Language language, const NeedResult& result) {
  return result.need.is_pair() ? say(language, Msg::need_pair_note) : std::string();
}

std::string cut_off_in(Language language, const NeedResult& result) {
  if (result.outcome == NeedOutcome::untested) return {};
  // Served all the time, with every question answered.
  if (result.outcome == NeedOutcome::served && result.worst.upper_ms.value_or(1) <= 0) return {};
  const std::string longest = outage_in(language, result.worst);
  const std::string shortest = outage_in(language, result.best);
  if (longest == shortest) return longest;
  return say(language, Msg::as_range, shortest, longest);
}

std::string with_operator_in(Language language, const NeedResult& result) {
  return result.with_operator ? outage_in(language, *result.with_operator) : std::string();
}

std::string files_lost_in(Language language, const NeedResult& result) {
  if (result.runs.empty()) return {};
  if (result.acknowledged == 0) return say(language, Msg::as_not_available);
  return say(language, {Msg::as_of, {CountValue{result.lost}, CountValue{result.acknowledged}}});
}

std::string copies_in(Language language, const NeedResult& result) {
  if (result.runs.empty()) return {};
  return say(language, result.safe ? Msg::as_safe : Msg::as_broken);
}

std::string repeats_in(Language language, const Assessment& assessment) {
  // Also where it was seen in a run that does not count, or is of another fault.
  const bool lost =
      std::any_of(assessment.rules.begin(), assessment.rules.end(), [](const RuleResult& result) {
        return (result.rule == AssessRule::service_loss || result.rule == AssessRule::block_loss) &&
               result.state == RuleState::not_met;
      });
  if (assessment.loss_known == 0 || lost) return {};
  // Of n runs without one, 95 %: 1 - 0.05^(1/n) (Clopper-Pearson).
  const double n = static_cast<double>(assessment.loss_known);
  return say(language, {Msg::as_repeats,
                        {CountValue{assessment.loss_known},
                         NumberValue{100 * (1 - std::pow(0.05, 1 / n)), 0}}});
}

std::string no_single_points_in(Language language, const Assessment& assessment) {
  const auto untested = static_cast<std::size_t>(
      std::count_if(assessment.needs.begin(), assessment.needs.end(), [](const NeedResult& result) {
        return !result.need.is_pair() && result.outcome == NeedOutcome::untested;
      }));
  if (untested == 0) return say(language, Msg::as_no_single_points);
  return say(language, {Msg::as_no_single_points_yet, {CountValue{untested}}});
}

std::vector<std::string> left_out_in(Language language, const Assessment& assessment) {
  std::vector<std::string> lines;
  for (const LeftOutRun& run : assessment.left_out)
    lines.push_back(run.run_id + ": " + say(language, run.why));
  return lines;
}

std::string other_runs_in(Language language, const Assessment& assessment) {
  if (assessment.other_runs.empty()) return {};
  std::string names;
  for (const RunRef& run : assessment.other_runs)
    names += (names.empty() ? "" : ", ") + run.scenario;
  return say(language, Msg::as_other_runs_about, names);
}

}  // namespace ernstfall
