// overview: runs sorted into rows, by cluster, scenario and version, and the rows put in order.
#include "reports/overview.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "reports/overview_row.h"

namespace ernstfall {
namespace {

// Runs of one row.
struct RowRuns {
  std::vector<const ComparedRun*> runs;
  bool version_known = true;
};

bool started_before(const ComparedRun* a, const ComparedRun* b) {
  return std::tie(a->report.started_utc, a->report.run_id, a->folder) <
         std::tie(b->report.started_utc, b->report.run_id, b->folder);
}

// All runs of one scenario on one cluster, by version, the oldest version first. Runs whose version
// is not known belong to the only one there is, and otherwise to a row of their own.
std::vector<RowRuns> versions_of(std::vector<const ComparedRun*> runs) {
  std::sort(runs.begin(), runs.end(), started_before);
  std::vector<RowRuns> rows;
  std::vector<std::string> identities;
  RowRuns unknown;
  unknown.version_known = false;
  for (const ComparedRun* run : runs) {
    const std::string identity = test_identity(run->environment);
    if (identity.empty()) {
      unknown.runs.push_back(run);
      continue;
    }
    const auto known = std::find(identities.begin(), identities.end(), identity);
    if (known == identities.end()) {
      identities.push_back(identity);
      rows.emplace_back().runs.push_back(run);
    } else {
      rows[static_cast<std::size_t>(known - identities.begin())].runs.push_back(run);
    }
  }
  if (unknown.runs.empty()) return rows;
  if (rows.size() == 1) {
    auto& all = rows.front().runs;
    all.insert(all.end(), unknown.runs.begin(), unknown.runs.end());
    std::sort(all.begin(), all.end(), started_before);
  } else {
    rows.push_back(std::move(unknown));
  }
  return rows;
}

std::vector<EnvironmentDifference> between_versions(const RowRuns& before, const RowRuns& row) {
  const auto environments = [](const RowRuns& from) {
    std::vector<const Environment*> list;
    for (const ComparedRun* run : from.runs)
      if (!test_identity(run->environment).empty()) list.push_back(&run->environment);
    return list;
  };
  std::vector<EnvironmentDifference> kept;
  for (EnvironmentDifference& difference :
       environment_differences(environments(before), environments(row)))
    if (difference.other_test && kept.size() < kMaxOverviewDifferences)
      kept.push_back(std::move(difference));
  return kept;
}

std::vector<OverviewScenario> rows_of(const std::vector<const ComparedRun*>& runs) {
  const std::vector<RowRuns> versions = versions_of(runs);
  const auto known = static_cast<std::size_t>(std::count_if(
      versions.begin(), versions.end(), [](const RowRuns& r) { return r.version_known; }));
  std::vector<OverviewScenario> rows;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    OverviewScenario row = overview_row(versions[i].runs);
    row.version = i + 1;
    row.versions = known;
    row.version_known = versions[i].version_known;
    if (i > 0 && row.version_known)
      row.version_differences = between_versions(versions[i - 1], versions[i]);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::size_t catalogue_rank(const OverviewScenario& row, const Catalogue& catalogue) {
  if (row.faults.empty()) return catalogue.faults.size() + 1;
  for (std::size_t i = 0; i < catalogue.faults.size(); ++i)
    if (catalogue.faults[i].name == row.faults.front().fault) return i;
  return catalogue.faults.size();
}

void put_in_order(std::vector<OverviewScenario>& rows, const Catalogue& catalogue) {
  const auto rank = [&catalogue](const OverviewScenario& row) {
    return std::make_pair(-severity_of(row.outcome), catalogue_rank(row, catalogue));
  };
  std::stable_sort(rows.begin(), rows.end(),
                   [&rank](const OverviewScenario& a, const OverviewScenario& b) {
                     const auto first = rank(a);
                     const auto second = rank(b);
                     return std::tie(first, a.scenario, a.cluster, a.version) <
                            std::tie(second, b.scenario, b.cluster, b.version);
                   });
}

void take_span(Overview& overview, const std::string& started_utc) {
  if (started_utc.empty()) return;
  if (overview.from_utc.empty() || started_utc < overview.from_utc) overview.from_utc = started_utc;
  overview.to_utc = std::max(overview.to_utc, started_utc);
}

// Of the rows in their order; `unnamed`: runs that do not even say what they are runs of.
void take_left_out(Overview& overview, const std::vector<const ComparedRun*>& unnamed) {
  for (const OverviewScenario& row : overview.scenarios)
    for (const OverviewRun& run : row.runs)
      if (!run.counts) overview.left_out.push_back({run.run_id, row.scenario, run.why_not});
  for (const ComparedRun* run : unnamed)
    if (const auto out = left_out(*run))
      overview.left_out.push_back({run->report.run_id, {}, out->why});
}

}  // namespace

Overview overview_of(const OverviewInput& input, const Catalogue& catalogue) {
  Overview overview;
  overview.suites = input.suites;
  overview.runs = input.runs.size();
  std::map<std::pair<std::string, std::string>, std::vector<const ComparedRun*>> by_scenario;
  std::map<std::string, std::vector<const ComparedRun*>> by_cluster;
  std::vector<const ComparedRun*> unnamed;
  for (const ComparedRun& run : input.runs) {
    take_span(overview, run.report.started_utc);
    if (run.report.scenario.empty()) {
      unnamed.push_back(&run);
      continue;
    }
    by_scenario[{run.report.scenario, run.report.cluster}].push_back(&run);
    by_cluster[run.report.cluster].push_back(&run);
  }
  for (const auto& [name, runs] : by_scenario)
    for (OverviewScenario& row : rows_of(runs)) overview.scenarios.push_back(std::move(row));
  put_in_order(overview.scenarios, catalogue);
  for (OverviewScenario& row : overview.scenarios)
    for (OverviewRun& run : row.runs) run.has_page = input.without_page.count(run.folder) == 0;
  for (auto& [name, runs] : by_cluster) {
    std::sort(runs.begin(), runs.end(), started_before);
    overview.clusters.push_back(overview_cluster(name, runs));
  }
  for (const OverviewScenario& row : overview.scenarios) overview.counted += row.counted;
  take_left_out(overview, unnamed);
  if (!overview.scenarios.empty()) overview.outcome = overview.scenarios.front().outcome;
  // What such a run has left on a node, nobody knows.
  if (!unnamed.empty())
    overview.outcome = worse_verdict(overview.outcome, RunVerdict::inconclusive);
  return overview;
}

std::vector<std::string> overview_anchors(const Overview& overview) {
  std::map<std::string, std::size_t> used;
  std::vector<std::string> anchors;
  for (const OverviewScenario& row : overview.scenarios) {
    std::string anchor;
    for (const char c : row.scenario) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      anchor += plain ? c : '-';
    }
    const std::size_t number = ++used["s-" + anchor];
    anchors.push_back("s-" + anchor + (number > 1 ? "--" + std::to_string(number) : ""));
  }
  return anchors;
}

}  // namespace ernstfall
