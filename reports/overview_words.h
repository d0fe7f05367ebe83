// overview_words: cells and sentences of an overview, in a language.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "reports/overview.h"

namespace ernstfall {

std::string title_in(Language language, const Overview& overview);
// "2026-11-23 03:12 UTC to 2026-11-24 05:00 UTC"; empty: no start is known
std::string span_in(Language language, const Overview& overview);
// Scenarios by outcome, runs that count; and where a node may still be broken.
std::vector<std::string> headline_in(Language language, const Overview& overview);
std::string dirty_alarm_in(Language language, const Overview& overview);  // empty: nothing is dirty
// What makes rows hard to compare; nothing: all runs were made on the same.
std::vector<std::string> mixed_in(Language language, const Overview& overview);
std::string cluster_name_in(Language language, const std::string& name);
// "drbd 9.2.10 (mirror, prod)", one of each
std::vector<std::string> versions_in(Language language, const OverviewCluster& cluster);

std::string verdict_in(Language language, RunVerdict verdict);  // "VIOLATED"
std::string verdict_in(Language language, const OverviewRun& run);

// Cells of a row. `main` is what is read first; `notes` are below it, and may be none.
struct OverviewCell {
  std::string main;
  std::vector<std::string> notes;
};
// "version 1 of 2"; empty: there is one
std::string row_version_in(Language language, const OverviewScenario& row);
// With its version, and its cluster where there are several.
std::string row_name_in(Language language, const Overview& overview, const OverviewScenario& row);
// Its title, and whether somebody acted.
std::vector<std::string> row_notes_in(Language language, const OverviewScenario& row);
OverviewCell faults_in(Language language, const OverviewScenario& row);
OverviewCell outcome_in(Language language, const OverviewScenario& row);
OverviewCell counted_in(Language language, const OverviewScenario& row);
OverviewCell outage_in(Language language, const OverviewScenario& row);
OverviewCell lost_in(Language language, const OverviewScenario& row);
OverviewCell redundancy_in(Language language, const OverviewScenario& row);
OverviewCell largest_in(Language language, const OverviewScenario& row);
OverviewCell class_in(Language language, const OverviewScenario& row);
std::string started_in(Language language, const OverviewRun& run);
std::string one_line(const OverviewCell& cell);  // "A (B; C)"

// Cells of a run.
std::string outage_in(Language language, const OverviewRun& run);
std::string lost_in(Language language, const OverviewRun& run);
std::string redundancy_in(Language language, const OverviewRun& run);
std::string class_in(Language language, const OverviewRun& run);

// A time that is known to lie between two.
// Of a phase that took no time nobody says that it was "not at all": that is said of outages.
std::string phase_in(Language language, const std::optional<Bounds>& bounds);
std::string bounds_in(Language language, const std::optional<Bounds>& bounds);
std::string finding_in(Language language, const OverviewFinding& finding);
std::string evidence_in(Language language, const Evidence& evidence);
std::string counts_in(Language language, const OverviewCheck& check);

// A run's report, or its folder where it has none, as a link from folder `where`.
std::string link_to(const OverviewRun& run, const std::filesystem::path& where);
// A folder, or a page in it.
std::string link_to(const std::filesystem::path& target, const std::filesystem::path& where);

}  // namespace ernstfall
