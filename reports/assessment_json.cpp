// assessment_json: assessment.json, schema version 1; docs/reference/assessment-json.md describes
// every field. Sentences are English, whatever language other reports have.
#include <nlohmann/json.hpp>

#include "reports/assessment_words.h"

namespace ernstfall {
namespace {

using AssessJson = nlohmann::ordered_json;

std::string english(const Text& text) {
  return say(Language::english, text);
}

AssessJson number_or_null(const std::optional<double>& value) {
  return value ? AssessJson(*value) : AssessJson(nullptr);
}

AssessJson outage_json(const OutageValue& outage) {
  return {{"lower_ms", number_or_null(outage.lower_ms)},
          {"upper_ms", number_or_null(outage.upper_ms)},
          {"outage_observed", outage.observed}};
}

AssessJson run_json(const RunRef& run) {
  return {{"run_id", run.run_id}, {"scenario", run.scenario}, {"folder", run.folder}};
}

AssessJson runs_json(const std::vector<RunRef>& runs) {
  AssessJson list = AssessJson::array();
  for (const RunRef& run : runs) list.push_back(run_json(run));
  return list;
}

AssessJson left_out_json(const std::vector<LeftOutRun>& runs) {
  AssessJson list = AssessJson::array();
  for (const LeftOutRun& run : runs)
    list.push_back(
        {{"run_id", run.run_id}, {"why", run.why.english()}, {"may_hide", run.may_hide}});
  return list;
}

std::string_view outcome_name(NeedOutcome outcome) {
  switch (outcome) {
    case NeedOutcome::untested:
      return "untested";
    case NeedOutcome::served:
      return "served";
    case NeedOutcome::by_itself:
      return "by-itself";
    case NeedOutcome::by_operator:
      return "by-operator";
    case NeedOutcome::unclear:
      return "unclear";
    case NeedOutcome::by_undo:
      return "by-undo";
    case NeedOutcome::not_back:
      return "not-back";
  }
  return "unclear";
}

AssessJson need_json(const NeedResult& result) {
  const bool alone = result.outcome != NeedOutcome::untested;
  return {{"id", result.need.id()},
          {"title", english(result.need.title())},
          {"pair", result.need.is_pair()},
          {"outcome", outcome_name(result.outcome)},
          {"attended_outcome", outcome_name(result.attended)},
          {"shortest", alone ? outage_json(result.best) : AssessJson(nullptr)},
          {"longest", alone ? outage_json(result.worst) : AssessJson(nullptr)},
          {"attended_longest",
           result.with_operator ? outage_json(*result.with_operator) : AssessJson(nullptr)},
          {"acknowledged", result.acknowledged},
          {"lost", result.lost},
          {"invariants_held", result.runs.empty() ? AssessJson(nullptr) : AssessJson(result.safe)},
          {"runs", runs_json(result.runs)},
          {"left_out", left_out_json(result.left_out)}};
}

AssessJson rule_json(const RuleResult& result, const Assessment& assessment) {
  const RuleEntry& entry = rule_entry(result.rule);
  AssessJson evidence = AssessJson::array();
  for (const Statement& statement : result.statements)
    evidence.push_back(
        {{"state", rule_state_name(statement.state)},
         {"fault", statement.need ? AssessJson(assessment.needs[*statement.need].need.id())
                                  : AssessJson(nullptr)},
         {"text", english(statement.text)},
         {"run", statement.run ? run_json(*statement.run) : AssessJson(nullptr)}});
  return {{"id", entry.id},
          {"title", english({entry.title, {}})},
          {"needed_for", cluster_class_name(entry.needed)},
          {"breaks", entry.breaks},
          {"state", rule_state_name(result.state)},
          {"evidence", std::move(evidence)}};
}

AssessJson next_json(const NextClass& next) {
  AssessJson gaps = AssessJson::array();
  for (const Gap& gap : next.gaps) {
    AssessJson options = AssessJson::array();
    for (const GapOption& option : gap.options)
      options.push_back({{"what", english(option.what)}, {"price", english(option.trade_off)}});
    gaps.push_back({{"rule", rule_entry(gap.rule).id},
                    {"state", rule_state_name(gap.state)},
                    {"missing", english(gap.missing)},
                    {"evidence", gap.evidence},
                    {"options", std::move(options)}});
  }
  return {{"class", cluster_class_name(next.value)}, {"gaps", std::move(gaps)}};
}

}  // namespace

std::string render_assessment_json(const Assessment& assessment) {
  AssessJson needs = AssessJson::array();
  for (const NeedResult& need : assessment.needs) needs.push_back(need_json(need));
  AssessJson rules = AssessJson::array();
  for (const RuleResult& rule : assessment.rules) rules.push_back(rule_json(rule, assessment));
  AssessJson points = AssessJson::array();
  for (const SinglePoint& point : assessment.single_points)
    points.push_back({{"component", point.component},
                      {"fault", assessment.needs[point.need].need.id()},
                      {"text", english(point.why)},
                      {"operator_helps", point.operator_helps},
                      {"run", run_json(point.run)}});
  AssessJson next = AssessJson::array();
  for (const NextClass& value : assessment.next) next.push_back(next_json(value));
  AssessJson differences = AssessJson::array();
  for (const EnvironmentDifference& difference : assessment.differences)
    differences.push_back({{"key", difference.key}, {"values", difference.base}});
  const AssessJson root{{"schema_version", assessment.schema_version},
                        {"cluster", assessment.cluster},
                        {"class", cluster_class_name(assessment.cluster_class)},
                        {"at_most", cluster_class_name(assessment.at_most)},
                        {"why", why_in(Language::english, assessment)},
                        {"target_ms", number_or_null(assessment.settings.target_ms)},
                        {"from", assessment.from_utc},
                        {"to", assessment.to_utc},
                        {"counted", assessment.counted},
                        {"rules", std::move(rules)},
                        {"faults", std::move(needs)},
                        {"single_points_of_failure", std::move(points)},
                        {"next", std::move(next)},
                        {"left_out", left_out_json(assessment.left_out)},
                        {"other_runs", runs_json(assessment.other_runs)},
                        {"differences", std::move(differences)}};
  return root.dump(2, ' ', false, AssessJson::error_handler_t::replace);
}

}  // namespace ernstfall
