// overview_json: overview.json, schema version 1; docs/reference/overview-json.md describes every
// field. Sentences are English, whatever language other reports have.
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/lang/messages.h"
#include "reports/overview_words.h"

namespace ernstfall {
namespace {

using OverviewJson = nlohmann::ordered_json;

OverviewJson words(const Text& text) {
  return say(Language::english, text);
}
OverviewJson words(const std::optional<Text>& text) {
  return text ? words(*text) : OverviewJson();
}
// JSON has no infinity: null is "no such bound".
OverviewJson known_number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? OverviewJson(*value) : OverviewJson();
}
OverviewJson known_text(const std::string& text) {
  return text.empty() ? OverviewJson() : OverviewJson(text);
}

OverviewJson known_bounds(const std::optional<Bounds>& bounds) {
  if (!bounds) return {};
  return {{"lower", known_number(bounds->lower)}, {"upper", known_number(bounds->upper)}};
}

OverviewJson summary_json(const SampleSummary& summary) {
  return {{"n", summary.n},
          {"missing", summary.missing},
          {"min", known_bounds(summary.min)},
          {"median", known_bounds(summary.median)},
          {"max", known_bounds(summary.max)}};
}

OverviewJson differences_json(const std::vector<EnvironmentDifference>& differences) {
  OverviewJson list = OverviewJson::array();
  for (const EnvironmentDifference& difference : differences)
    list.push_back({{"key", difference.key}, {"values", difference.base}});
  return list;
}

OverviewJson changes_json(const std::vector<EnvironmentDifference>& differences) {
  OverviewJson list = OverviewJson::array();
  for (const EnvironmentDifference& difference : differences)
    list.push_back(
        {{"key", difference.key}, {"before", difference.base}, {"now", difference.candidate}});
  return list;
}

OverviewJson run_of_overview(const OverviewRun& run, const std::filesystem::path& where) {
  const bool written = run.acknowledged > 0;
  return {{"run_id", run.run_id},
          {"folder", link_to(run.folder, where)},
          {"started", known_text(run.started_utc)},
          {"verdict", run.verdict ? OverviewJson(run_verdict_name(*run.verdict)) : OverviewJson()},
          {"counts", run.counts},
          {"why_not", run.counts ? OverviewJson() : words(run.why_not)},
          {"outage_ms",
           {{"lower", known_number(run.outage.lower_ms)},
            {"upper", known_number(run.outage.upper_ms)},
            {"observed", run.outage.observed}}},
          {"outage_allowed_ms", known_number(run.outage_allowed_ms)},
          {"acknowledged", written ? OverviewJson(run.acknowledged) : OverviewJson()},
          {"lost", written ? OverviewJson(run.lost) : OverviewJson()},
          {"not_read_back", written ? OverviewJson(run.not_read_back) : OverviewJson()},
          {"redundancy_restored_ms", known_number(upper_of(run.redundancy_ms))},
          {"redundancy_lower_ms", known_number(lower_of(run.redundancy_ms))},
          {"class", cluster_class_name(run.cluster_class)}};
}

OverviewJson check_of_overview(const OverviewCheck& check, const OverviewScenario& row) {
  OverviewJson findings = OverviewJson::array();
  for (const OverviewFinding& finding : check.findings) {
    OverviewJson evidence = OverviewJson::array();
    for (const Evidence& item : finding.evidence)
      evidence.push_back({{"at_s", to_seconds(item.at)},
                          {"source", words(item.source)},
                          {"text", words(item.text)}});
    findings.push_back({{"run_id", row.runs[finding.run].run_id},
                        {"verdict", verdict_name(finding.verdict)},
                        {"message", words(finding.message)},
                        {"evidence", std::move(evidence)}});
  }
  return {{"name", check.name},
          {"failed", check.failed},
          {"unknown", check.unknown},
          {"passed", check.passed},
          {"findings", std::move(findings)}};
}

OverviewJson faults_of_overview(const OverviewScenario& row) {
  OverviewJson faults = OverviewJson::array();
  for (const OverviewFault& fault : row.faults)
    faults.push_back({{"fault", fault.fault}, {"nodes", fault.nodes}});
  return faults;
}

OverviewJson row_json(const OverviewScenario& row, const std::filesystem::path& where) {
  OverviewJson runs = OverviewJson::array();
  for (const OverviewRun& run : row.runs) runs.push_back(run_of_overview(run, where));
  OverviewJson phases = OverviewJson::array();
  for (const OverviewMeasure& phase : row.phases) {
    OverviewJson json = summary_json(phase.values);
    json["name"] = words(phase.name);
    phases.push_back(std::move(json));
  }
  OverviewJson checks = OverviewJson::array();
  for (const OverviewCheck& check : row.checks) checks.push_back(check_of_overview(check, row));
  const bool written = row.loss_known > 0;
  return {{"scenario", row.scenario},
          {"cluster", known_text(row.cluster)},
          {"version", row.version_known ? OverviewJson(row.version) : OverviewJson()},
          {"versions", row.versions},
          {"version_changes", changes_json(row.version_differences)},
          {"title", known_text(row.title)},
          {"cause", known_text(row.cause)},
          {"effect", known_text(row.effect)},
          {"attended", row.attended},
          {"faults", faults_of_overview(row)},
          {"outcome", run_verdict_name(row.outcome)},
          {"verdicts",
           {{"pass", row.counts.passed},
            {"violated", row.counts.violated},
            {"inconclusive", row.counts.inconclusive},
            {"dirty", row.counts.dirty},
            {"unreadable", row.counts.unreadable}}},
          {"counted", row.counted},
          {"outage_ms", summary_json(row.outage)},
          {"redundancy_restored_ms", summary_json(row.redundancy)},
          {"writes",
           {{"runs", row.loss_known},
            {"acknowledged", written ? OverviewJson(row.acknowledged) : OverviewJson()},
            {"lost", written ? OverviewJson(row.lost) : OverviewJson()},
            {"not_read_back", written ? OverviewJson(row.not_read_back) : OverviewJson()}}},
          {"largest_phase",
           {{"name", words(row.largest)},
            {"governed_by", words(row.governed_by)},
            {"in_runs", row.largest_in},
            {"known_in", row.largest_known}}},
          {"class_at_most", cluster_class_name(row.at_most)},
          {"class_known_in", row.class_known},
          {"phases", std::move(phases)},
          {"checks", std::move(checks)},
          {"differences", differences_json(row.differences)},
          {"differences_more", row.differences_more},
          {"runs", std::move(runs)}};
}

OverviewJson cluster_of_overview(const OverviewCluster& cluster) {
  OverviewJson versions = OverviewJson::array();
  for (const OverviewVersion& version : cluster.versions)
    versions.push_back(
        {{"program", version.program}, {"version", version.value}, {"nodes", version.nodes}});
  return {{"name", known_text(cluster.name)},
          {"runs", cluster.runs},
          {"counted", cluster.counted},
          {"class_at_most", cluster_class_name(cluster.at_most)},
          {"versions", std::move(versions)},
          {"differences", differences_json(cluster.differences)},
          {"differences_more", cluster.differences_more}};
}

}  // namespace

std::string render_overview_json(const Overview& overview, const std::filesystem::path& where) {
  OverviewJson clusters = OverviewJson::array();
  for (const OverviewCluster& cluster : overview.clusters)
    clusters.push_back(cluster_of_overview(cluster));
  OverviewJson rows = OverviewJson::array();
  for (const OverviewScenario& row : overview.scenarios) rows.push_back(row_json(row, where));
  OverviewJson out = OverviewJson::array();
  for (const OverviewLeftOut& run : overview.left_out)
    out.push_back(
        {{"run_id", run.run_id}, {"scenario", known_text(run.scenario)}, {"why", words(run.why)}});
  OverviewJson suites = OverviewJson::array();
  for (const OverviewSuite& suite : overview.suites)
    suites.push_back(
        {{"folder", link_to(suite.folder, where)},
         {"page", suite.page.empty() ? OverviewJson() : OverviewJson(link_to(suite.page, where))}});
  const OverviewJson root{{"schema_version", overview.schema_version},
                          {"outcome", run_verdict_name(overview.outcome)},
                          {"from", known_text(overview.from_utc)},
                          {"to", known_text(overview.to_utc)},
                          {"runs", overview.runs},
                          {"counted", overview.counted},
                          {"mixed", mixed_in(Language::english, overview)},
                          {"clusters", std::move(clusters)},
                          {"scenarios", std::move(rows)},
                          {"left_out", std::move(out)},
                          {"suites", std::move(suites)}};
  return root.dump(2, ' ', false, OverviewJson::error_handler_t::replace);
}

}  // namespace ernstfall
