// render: a run folder becomes a report, and a report becomes text. Renderers compute nothing.
#pragma once

#include <filesystem>
#include <string>

#include "harness/core/result.h"
#include "harness/history/history.h"
#include "harness/lang/language.h"
#include "harness/scenario/scenario.h"
#include "reports/model.h"
#include "reports/siblings.h"

namespace ernstfall {

struct LoadedRun {
  RunReport report;
  History history;
  Scenario scenario;  // the resolved one
};

// Recomputes everything from RUN/history, the resolved RUN/scenario.yaml and RUN/cluster.yaml, and
// what RUN/journal.jsonl still owes. A stored result.json of this run is not read.
Result<LoadedRun> load_run(const std::filesystem::path& run_folder, const Catalogue& catalogue);
Result<RunReport> load_report(const std::filesystem::path& run_folder, const Catalogue& catalogue);
// Of many runs: what lies beside them is read once for all.
Result<LoadedRun> load_run(const std::filesystem::path& run_folder, const Catalogue& catalogue,
                           Siblings& siblings);
Result<RunReport> load_report(const std::filesystem::path& run_folder, const Catalogue& catalogue,
                              Siblings& siblings);

// For machines, and English whatever the language of the reports is.
std::string render_json(const RunReport& report);  // result.json
std::string render_junit(const RunReport& report);
// For people.
std::string render_console(const RunReport& report, bool colour,
                           Language language = Language::english);  // 80 columns
std::string render_markdown(const RunReport& report, Language language = Language::english);
std::string render_html(const RunReport& report, const History& history,
                        Language language = Language::english);  // one offline file

// result.json, report.html, report.md and junit.xml, each whole or not at all.
Status write_reports(const std::filesystem::path& run_folder, const RunReport& report,
                     const History& history, Language language = Language::english);

}  // namespace ernstfall
