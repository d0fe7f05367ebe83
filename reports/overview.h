// overview: many runs on one page, for the morning after: scenario by scenario what they came to,
// the worst first, and which of them do not count.
//
//   read_overview -> overview_of -> render_overview_*
//
// A row is one scenario in one version on one cluster: runs of two tests, or of two clusters, are
// never counted together. What was not measured is not known, and never 0.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/lang/language.h"
#include "harness/lang/text.h"
#include "reports/comparison.h"
#include "reports/suite_report.h"

namespace ernstfall {

// --- what is read ---

// A folder beside the runs that holds runs of its own.
struct OverviewSuite {
  std::string folder;
  std::string page;  // its report; empty: there is none
};

struct OverviewInput {
  std::vector<ComparedRun> runs;  // `problem` says why one cannot be read
  std::vector<OverviewSuite> suites;
  std::set<std::string> without_page;  // folders of runs that have no report.html
};
// Each path is a run folder, or a folder of them (one level). What looks like a run folder and is
// broken is among the runs. Errc::usage: a path that is neither, the same run twice, too many runs.
constexpr std::size_t kMaxRunsOfOverview = 2000;
Result<OverviewInput> read_overview(const std::vector<std::filesystem::path>& paths,
                                    const Catalogue& catalogue);
// A folder that is no run and no suite, and holds runs, or what is left of some.
bool is_folder_of_runs(const std::filesystem::path& folder);

// --- what it comes to ---

struct OverviewRun {
  std::string folder;
  std::string run_id;
  bool has_page = true;               // report.html
  std::string started_utc;            // empty: not known
  std::optional<RunVerdict> verdict;  // none: it cannot be read
  bool counts = false;
  Text why_not;  // when it does not count
  OutageValue outage;
  std::optional<double> outage_allowed_ms;
  std::uint64_t acknowledged = 0;  // writes; 0: nothing is known about lost ones
  std::uint64_t lost = 0;
  std::uint64_t not_read_back = 0;  // acknowledged, and stuck or never read: may be lost as well
  std::optional<Bounds> redundancy_ms;  // as RtoResult
  bool whole_at_end = false;            // a soak, which has no such time
  ClusterClass cluster_class = ClusterClass::unknown;
};

// One fault of the scenario, with every node that it was made on.
struct OverviewFault {
  std::string fault;
  std::vector<std::string> nodes;
};

struct OverviewMeasure {
  Text name;
  SampleSummary values;  // of the runs that count, ms
};

// What one run said about a check that did not pass.
struct OverviewFinding {
  std::size_t run = 0;  // index in OverviewScenario::runs
  Verdict verdict = Verdict::unknown;
  Text message;
  std::vector<Evidence> evidence;  // the most telling first
};
struct OverviewCheck {
  std::string name;
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t unknown = 0;
  std::vector<OverviewFinding> findings;  // fail first, then the newest; at most kMaxFindings
};
constexpr std::size_t kMaxFindings = 6;          // of one check
constexpr std::size_t kMaxOverviewEvidence = 4;  // of one finding
constexpr std::size_t kMaxOverviewDifferences = 20;

// Runs by what they came to; together they are all runs.
struct OutcomeCounts {
  std::size_t passed = 0;
  std::size_t violated = 0;
  std::size_t inconclusive = 0;
  std::size_t dirty = 0;
  std::size_t unreadable = 0;

  std::size_t all() const { return passed + violated + inconclusive + dirty + unreadable; }
};

struct OverviewScenario {
  std::string scenario;
  std::string cluster;  // empty: not known
  std::string title;
  std::string cause;
  std::string effect;
  bool attended = false;
  std::size_t version = 1;  // of `versions` that the runs have of it, the oldest first
  std::size_t versions = 1;
  bool version_known = true;                               // false: its scenario cannot be read
  std::vector<EnvironmentDifference> version_differences;  // to the version before
  std::vector<OverviewFault> faults;                       // empty: not known

  // dirty > violated > inconclusive > pass, over all runs. A run that does not count, and ended
  // after its fault had begun, leaves it inconclusive.
  RunVerdict outcome = RunVerdict::inconclusive;
  OutcomeCounts counts;
  std::size_t counted = 0;
  std::vector<OverviewRun> runs;  // the oldest first

  // Of the runs that count. n 0: nothing was measured.
  SampleSummary outage;
  SampleSummary redundancy;
  std::size_t loss_known = 0;  // runs
  std::uint64_t acknowledged = 0;
  std::uint64_t lost = 0;
  std::uint64_t not_read_back = 0;
  // The phase that was the largest in most of the runs, and the setting that governs it.
  std::optional<Text> largest;
  std::optional<Text> governed_by;
  std::size_t largest_in = 0;  // runs, of those that know one:
  std::size_t largest_known = 0;
  // No better than this by these runs. unknown: no run says.
  ClusterClass at_most = ClusterClass::unknown;
  std::size_t class_known = 0;  // runs that say
  std::vector<OverviewMeasure> phases;
  std::vector<OverviewCheck> checks;               // that failed or were unknown in some run
  std::vector<EnvironmentDifference> differences;  // between the runs that count; `base` has them
  std::size_t differences_more = 0;
};

// One version of a program, and the nodes that have it; none: it is not about nodes.
struct OverviewVersion {
  std::string program;
  std::string value;
  std::vector<std::string> nodes;
};

struct OverviewCluster {
  std::string name;  // empty: not known
  std::size_t runs = 0;
  std::size_t counted = 0;
  ClusterClass at_most = ClusterClass::unknown;
  std::vector<OverviewVersion> versions;           // every one that some run names
  std::vector<EnvironmentDifference> differences;  // between its runs; `base` has the values
  std::size_t differences_more = 0;
};

// A run that does not count, and its row.
struct OverviewLeftOut {
  std::string run_id;
  std::string scenario;  // empty: not known
  Text why;
};

struct Overview {
  int schema_version = 1;
  std::string from_utc;  // start of the first and of the last run
  std::string to_utc;
  RunVerdict outcome = RunVerdict::inconclusive;  // the worst of all rows and runs
  std::size_t runs = 0;
  std::size_t counted = 0;
  std::vector<OverviewCluster> clusters;    // by name
  std::vector<OverviewScenario> scenarios;  // the worst outcome first, then as the catalogue has it
  std::vector<OverviewLeftOut> left_out;    // in the order of the rows; of no row: last
  std::vector<OverviewSuite> suites;
};

// The newest that can be read, if one can.
const OverviewRun& newest_of(const OverviewScenario& row);
// Pure. `catalogue` gives the order of the faults.
Overview overview_of(const OverviewInput& input, const Catalogue& catalogue);
// The row's section in the page: "kill-prod", "kill-prod-2" when there are several.
std::vector<std::string> overview_anchors(const Overview& overview);

std::string render_overview_console(const Overview& overview, Language language, bool colour);
// Links and folders are relative to folder `where`; empty: as they are.
std::string render_overview_markdown(const Overview& overview, Language language,
                                     const std::filesystem::path& where = {});
std::string render_overview_html(const Overview& overview, Language language,
                                 const std::filesystem::path& where = {});
// English sentences; docs/reference/overview-json.md.
std::string render_overview_json(const Overview& overview, const std::filesystem::path& where = {});

// overview.html, overview.md and overview.json, each whole or not at all.
Status write_overview(const std::filesystem::path& folder, const Overview& overview,
                      Language language);

}  // namespace ernstfall
