// overview_row: the numbers of one scenario's runs. Only runs that count make numbers; what a run
// that does not count ended with still makes the outcome.
#include "reports/overview_row.h"

#include <algorithm>
#include <map>
#include <set>

#include "harness/lang/messages.h"
#include "reports/classify.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

// As bounds: of two the worse one holds, and what is not known is none.
ClusterClass worse_class(ClusterClass a, ClusterClass b) {
  if (a == ClusterClass::unknown || b == ClusterClass::unknown)
    return a == ClusterClass::unknown ? b : a;
  return class_rank(a) <= class_rank(b) ? a : b;
}

OverviewRun overview_run(const ComparedRun& run) {
  const RunReport& report = run.report;
  OverviewRun row;
  row.folder = run.folder;
  row.run_id = report.run_id;
  row.started_utc = report.started_utc;
  if (const auto out = left_out(run))
    row.why_not = out->why;
  else
    row.counts = true;
  if (!run.problem.empty()) return row;
  row.verdict = report.verdict;
  row.outage = {report.rto.lower_ms, report.rto.upper_ms, report.rto.outage_observed};
  row.outage_allowed_ms = report.rto_allowed_ms;
  row.acknowledged = report.rpo.acknowledged;
  row.lost = report.rpo.lost;
  row.not_read_back = report.rpo.stuck + report.rpo.unaudited;
  row.redundancy_ms = report.rto.redundancy_ms;
  row.whole_at_end = report.soak && is_whole_at_end(report);
  row.cluster_class = report.cluster_class;
  return row;
}

// What a run says about its scenario's outcome; none: nothing (it ended before its fault began).
std::optional<RunVerdict> outcome_by(const ComparedRun& run) {
  if (!run.problem.empty()) return RunVerdict::inconclusive;
  const RunVerdict verdict = run.report.verdict;
  if (verdict == RunVerdict::dirty || verdict == RunVerdict::violated) return verdict;
  const auto out = left_out(run);
  if (!out) return verdict;
  return out->may_hide ? std::optional(RunVerdict::inconclusive) : std::nullopt;
}

void count_outcome(OutcomeCounts& counts, const ComparedRun& run) {
  if (!run.problem.empty()) {
    ++counts.unreadable;
    return;
  }
  switch (run.report.verdict) {
    case RunVerdict::pass:
      // A run whose history is cut passed nothing.
      ++(left_out(run) ? counts.inconclusive : counts.passed);
      return;
    case RunVerdict::violated:
      ++counts.violated;
      return;
    case RunVerdict::inconclusive:
      ++counts.inconclusive;
      return;
    case RunVerdict::dirty:
      ++counts.dirty;
      return;
  }
}

void take_words(OverviewScenario& row, const RunReport& report) {
  row.title = report.title;
  row.cause = report.cause;
  row.effect = report.effect;
  row.attended = report.attended;
}

void take_faults_of(OverviewScenario& row, const RunReport& report) {
  for (const FaultResult& result : report.faults) {
    auto same = std::find_if(row.faults.begin(), row.faults.end(), [&](const OverviewFault& fault) {
      return fault.fault == result.fault;
    });
    if (same == row.faults.end()) same = row.faults.insert(same, {result.fault, {}});
    if (std::find(same->nodes.begin(), same->nodes.end(), result.node) == same->nodes.end())
      same->nodes.push_back(result.node);
  }
}

void take_loss(OverviewScenario& row, const RunReport& report) {
  if (report.rpo.acknowledged == 0) return;
  ++row.loss_known;
  row.acknowledged += report.rpo.acknowledged;
  row.lost += report.rpo.lost;
  row.not_read_back += report.rpo.stuck + report.rpo.unaudited;
}

// The most frequent of them; of equals the one that was seen first.
std::string most_frequent(const std::vector<std::string>& values) {
  std::string best;
  std::ptrdiff_t most = 0;
  for (const std::string& value : values) {
    const auto n = std::count(values.begin(), values.end(), value);
    if (n > most) {
      most = n;
      best = value;
    }
  }
  return best;
}

void take_largest(OverviewScenario& row, const std::vector<const RunReport*>& counted) {
  std::vector<std::string> names;
  for (const RunReport* report : counted)
    if (!report->recovery.largest.empty()) names.push_back(report->recovery.largest);
  row.largest_known = names.size();
  if (names.empty()) return;
  const std::string name = most_frequent(names);
  row.largest = step_text(name);
  row.largest_in = static_cast<std::size_t>(std::count(names.begin(), names.end(), name));
  // The newest knows the setting as it is now.
  for (const RunReport* report : counted)
    if (report->recovery.largest == name)
      if (!report->recovery.largest_governed_by.empty())
        row.governed_by = report->recovery.largest_governed_by;
}

// "fault -> noticed by DRBD", with the arrow of the page.
Text overview_phase_text(const std::string& name) {
  Text text = measure_text(name);
  if (text.id == Msg::su_phase) text.id = Msg::ov_phase;
  return text;
}

void take_measures(OverviewScenario& row, const std::vector<const RunReport*>& counted) {
  for (SuiteMeasure& measure : suite_measures(counted)) {
    if (measure.kind == MeasureKind::outage)
      row.outage = std::move(measure.values);
    else if (measure.kind == MeasureKind::redundancy)
      row.redundancy = std::move(measure.values);
    else if (measure.kind == MeasureKind::phase)
      row.phases.push_back({overview_phase_text(measure.name), std::move(measure.values)});
  }
}

void take_finding(OverviewCheck& check, std::size_t run, const CheckResult& result) {
  OverviewFinding finding{run, result.verdict, result.message, result.evidence};
  if (finding.evidence.size() > kMaxOverviewEvidence) finding.evidence.resize(kMaxOverviewEvidence);
  check.findings.push_back(std::move(finding));
}

void take_checks(OverviewScenario& row, const std::vector<const ComparedRun*>& runs) {
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!runs[i]->problem.empty()) continue;
    for (const CheckResult& result : runs[i]->report.checks) {
      auto check = std::find_if(row.checks.begin(), row.checks.end(),
                                [&](const OverviewCheck& c) { return c.name == result.name; });
      if (check == row.checks.end()) check = row.checks.insert(check, {result.name, 0, 0, 0, {}});
      ++(result.verdict == Verdict::pass   ? check->passed
         : result.verdict == Verdict::fail ? check->failed
                                           : check->unknown);
      if (result.verdict != Verdict::pass) take_finding(*check, i, result);
    }
  }
  const auto passed = [](const OverviewCheck& check) { return check.findings.empty(); };
  row.checks.erase(std::remove_if(row.checks.begin(), row.checks.end(), passed), row.checks.end());
  for (OverviewCheck& check : row.checks) {
    std::stable_sort(check.findings.begin(), check.findings.end(),
                     [](const OverviewFinding& a, const OverviewFinding& b) {
                       return std::make_pair(a.verdict, a.run) > std::make_pair(b.verdict, b.run);
                     });
    if (check.findings.size() > kMaxFindings) check.findings.resize(kMaxFindings);
  }
  std::stable_sort(row.checks.begin(), row.checks.end(),
                   [](const OverviewCheck& a, const OverviewCheck& b) {
                     return (a.failed > 0) > (b.failed > 0);
                   });
}

// Between runs of one cluster. With `scenario` also what is not the test itself, like limits.
std::vector<EnvironmentDifference> around(const std::vector<const ComparedRun*>& runs,
                                          bool scenario, std::size_t& more) {
  std::vector<const Environment*> environments;
  for (const ComparedRun* run : runs)
    if (run->problem.empty()) environments.push_back(&run->environment);
  std::vector<EnvironmentDifference> kept;
  for (EnvironmentDifference& difference : environment_differences(environments, environments)) {
    if (!scenario && difference.key.rfind("scenario: ", 0) == 0) continue;
    if (kept.size() < kMaxOverviewDifferences)
      kept.push_back(std::move(difference));
    else
      ++more;
  }
  return kept;
}

// "drbd@prod" 9.2.10, "drbd@mirror" 9.2.10 -> drbd 9.2.10 on prod, mirror.
std::vector<OverviewVersion> versions_named(const std::vector<const ComparedRun*>& runs) {
  std::map<std::pair<std::string, std::string>, std::set<std::string>> nodes_of;
  for (const ComparedRun* run : runs)
    for (const auto& [key, value] : run->report.versions) {
      const std::size_t at = key.find('@');
      auto& nodes = nodes_of[{key.substr(0, at), value}];
      if (at != std::string::npos) nodes.insert(key.substr(at + 1));
    }
  std::vector<OverviewVersion> versions;
  for (const auto& [program, nodes] : nodes_of)
    versions.push_back({program.first, program.second, {nodes.begin(), nodes.end()}});
  return versions;
}

}  // namespace

int severity_of(RunVerdict verdict) {
  switch (verdict) {
    case RunVerdict::pass:
      return 0;
    case RunVerdict::inconclusive:
      return 1;
    case RunVerdict::violated:
      return 2;
    case RunVerdict::dirty:
      break;
  }
  return 3;
}

RunVerdict worse_verdict(RunVerdict a, RunVerdict b) {
  return severity_of(a) >= severity_of(b) ? a : b;
}

OverviewScenario overview_row(const std::vector<const ComparedRun*>& runs) {
  OverviewScenario row;
  row.scenario = runs.front()->report.scenario;
  row.cluster = runs.front()->report.cluster;
  std::vector<const RunReport*> counted;
  std::vector<const ComparedRun*> counting;
  std::optional<RunVerdict> outcome;
  for (const ComparedRun* run : runs) {
    row.runs.push_back(overview_run(*run));
    count_outcome(row.counts, *run);
    if (const auto by = outcome_by(*run)) outcome = worse_verdict(outcome.value_or(*by), *by);
    if (!run->problem.empty()) continue;
    take_words(row, run->report);
    take_faults_of(row, run->report);
    // Copies that nobody can trust any more are seen in any run.
    if (run->report.cluster_class == ClusterClass::unsafe) row.at_most = ClusterClass::unsafe;
    if (!row.runs.back().counts) continue;
    counting.push_back(run);
    counted.push_back(&run->report);
    take_loss(row, run->report);
    if (run->report.cluster_class != ClusterClass::unknown) ++row.class_known;
    row.at_most = worse_class(row.at_most, run->report.cluster_class);
  }
  row.counted = counted.size();
  row.outcome = outcome.value_or(RunVerdict::inconclusive);
  if (row.counted == 0) row.outcome = worse_verdict(row.outcome, RunVerdict::inconclusive);
  take_largest(row, counted);
  take_measures(row, counted);
  take_checks(row, runs);
  row.differences = around(counting, true, row.differences_more);
  return row;
}

OverviewCluster overview_cluster(const std::string& name,
                                 const std::vector<const ComparedRun*>& runs) {
  OverviewCluster cluster;
  cluster.name = name;
  cluster.runs = runs.size();
  for (const ComparedRun* run : runs) {
    const bool counts = !left_out(*run);
    if (counts) ++cluster.counted;
    if (counts || run->report.cluster_class == ClusterClass::unsafe)
      cluster.at_most = worse_class(cluster.at_most, run->report.cluster_class);
  }
  cluster.versions = versions_named(runs);
  cluster.differences = around(runs, false, cluster.differences_more);
  return cluster;
}

}  // namespace ernstfall
