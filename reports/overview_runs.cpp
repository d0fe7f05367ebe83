// overview_runs: reads the run folders of an overview, also those that are broken; and writes its
// files.
#include <algorithm>
#include <set>

#include "harness/core/files.h"
#include "reports/overview.h"

namespace ernstfall {
namespace {

namespace fs = std::filesystem;

bool has_file(const fs::path& folder, const char* name) {
  std::error_code ec;
  return fs::exists(folder / name, ec);
}

// A run that lost its meta.json, or never got that far.
bool is_broken_run(const fs::path& folder) {
  return !has_file(folder, "meta.json") && !is_suite_folder(folder) &&
         (has_file(folder, "history") || has_file(folder, "journal.jsonl"));
}

OverviewSuite suite_at(const fs::path& folder) {
  OverviewSuite suite{folder.string(), {}};
  for (const char* page : {"suite.html", "threshold.html"})
    if (has_file(folder, page)) suite.page = (folder / page).string();
  return suite;
}

struct FoundFolders {
  std::vector<fs::path> runs;
  std::vector<fs::path> broken;
  std::vector<OverviewSuite> suites;
};

Result<FoundFolders> find_in(const fs::path& path) {
  std::error_code ec;
  const fs::path folder = fs::canonical(path, ec);
  if (ec) return fail_at(Errc::usage, path.string(), "no such folder");
  FoundFolders found;
  if (has_file(folder, "meta.json")) {
    found.runs.push_back(folder);
    return found;
  }
  if (is_broken_run(folder)) {
    found.broken.push_back(folder);
    return found;
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ec)) {
    std::error_code ignored;
    if (entry.is_symlink(ignored) || !entry.is_directory(ignored)) continue;
    if (is_suite_folder(entry.path()))
      found.suites.push_back(suite_at(entry.path()));
    else if (has_file(entry.path(), "meta.json"))
      found.runs.push_back(entry.path());
    else if (is_broken_run(entry.path()))
      found.broken.push_back(entry.path());
  }
  std::sort(found.runs.begin(), found.runs.end());
  std::sort(found.broken.begin(), found.broken.end());
  std::sort(found.suites.begin(), found.suites.end(),
            [](const OverviewSuite& a, const OverviewSuite& b) { return a.folder < b.folder; });
  if (found.runs.empty() && found.broken.empty())
    return fail_at(Errc::usage, path.string(), "neither a run folder nor a folder with some");
  return found;
}

}  // namespace

bool is_folder_of_runs(const fs::path& folder) {
  if (has_file(folder, "meta.json") || is_suite_folder(folder) || is_broken_run(folder))
    return false;
  return find_in(folder).has_value();
}

Result<OverviewInput> read_overview(const std::vector<fs::path>& paths,
                                    const Catalogue& catalogue) {
  OverviewInput input;
  std::vector<fs::path> whole;
  std::set<fs::path> broken;
  for (const fs::path& path : paths) {
    ERNSTFALL_TRY(const FoundFolders found, find_in(path));
    whole.insert(whole.end(), found.runs.begin(), found.runs.end());
    broken.insert(found.broken.begin(), found.broken.end());
    input.suites.insert(input.suites.end(), found.suites.begin(), found.suites.end());
  }
  if (!whole.empty()) {
    ERNSTFALL_TRY(input.runs, read_side(whole, catalogue, kMaxRunsOfOverview));
  }
  Siblings siblings;
  for (const fs::path& folder : broken) input.runs.push_back(read_run(folder, catalogue, siblings));
  for (const ComparedRun& run : input.runs)
    if (!has_file(run.folder, "report.html")) input.without_page.insert(run.folder);
  return input;
}

Status write_overview(const fs::path& folder, const Overview& overview, Language language) {
  std::error_code ec;
  fs::create_directories(folder, ec);
  if (ec) return fail_at(Errc::io, folder.string(), "{}", ec.message());
  const fs::path where = fs::canonical(folder, ec);
  ERNSTFALL_CHECK(
      write_file_atomic(folder / "overview.json", render_overview_json(overview, where) + "\n"));
  ERNSTFALL_CHECK(write_file_atomic(folder / "overview.md",
                                    render_overview_markdown(overview, language, where)));
  return write_file_atomic(folder / "overview.html",
                           render_overview_html(overview, language, where));
}

}  // namespace ernstfall
