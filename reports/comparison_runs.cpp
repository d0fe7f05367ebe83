// comparison_runs: which runs a side has, and which of them count.
#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/core/files.h"
#include "harness/lang/messages.h"
#include "harness/suite/suite_log.h"
#include "reports/comparison.h"
#include "reports/render.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

namespace fs = std::filesystem;

bool is_run_folder(const fs::path& folder) {
  std::error_code ec;
  return fs::is_regular_file(folder / "meta.json", ec);
}

// Links such as `latest` left out.
std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code ec;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ec)) {
    std::error_code ignored;
    if (!entry.is_symlink(ignored) && entry.is_directory(ignored)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

// The run folders that a path means, by name: also those of repeats among them, because the one
// that failed is what somebody repeats for.
Result<std::vector<fs::path>> folders_of(const fs::path& path) {
  std::error_code ec;
  const fs::path folder = fs::canonical(path, ec);
  if (ec) return fail_at(Errc::usage, path.string(), "no such folder");
  if (is_run_folder(folder)) return std::vector<fs::path>{folder};
  std::vector<fs::path> found;
  for (const fs::path& entry : folders_in(folder)) {
    if (is_run_folder(entry))
      found.push_back(entry);
    else if (is_suite_folder(entry)) {
      ERNSTFALL_TRY(const SuiteState suite, read_suite(entry));
      // Trials are at levels that nobody wants to know the cluster by.
      if (suite.kind != SuiteKind::threshold)
        std::ranges::copy_if(folders_in(entry), std::back_inserter(found), is_run_folder);
    }
  }
  if (found.empty())
    return fail_at(Errc::usage, path.string(), "neither a run folder nor a folder with some");
  return found;
}

// Of a run that cannot be read otherwise: it is named where it would have counted.
void take_meta(const fs::path& folder, RunReport& report) {
  const auto text = read_file(folder / "meta.json");
  if (!text) return;
  const auto meta = nlohmann::json::parse(*text, nullptr, false);
  if (!meta.is_object()) return;
  const auto word = [&meta](const char* key) {
    const auto it = meta.find(key);
    return it != meta.end() && it->is_string() ? it->get<std::string>() : std::string();
  };
  report.scenario = word("scenario");
  report.cluster = word("cluster");
  report.started_utc = word("started");
}

bool fault_had_begun(const RunReport& report) {
  return std::any_of(report.faults.begin(), report.faults.end(),
                     [](const FaultResult& fault) { return fault.effect_at.has_value(); });
}

Text why_inconclusive(const RunReport& report) {
  for (const FaultResult& fault : report.faults)
    if (fault.outcome != "held") {
      Text what(Msg::lo_fault, {fault.fault, fault.node, inner(held_text(fault.outcome))});
      if (!fault.problem.empty()) {
        what.id = Msg::lo_fault_because;
        what.values.push_back(inner(recorded(fault.problem)));
      }
      return what;
    }
  for (const CheckResult& check : report.checks)
    if (check.verdict == Verdict::unknown)
      return {Msg::labelled, {check.name, inner(check.message)}};
  return report.why;
}

Text why_dirty(const RunReport& report) {
  if (!report.journal_problem.empty()) return report.journal_problem;
  for (const FaultResult& fault : report.faults)
    if (fault.dirty)
      return {Msg::proof_fault_by, {fault.fault, fault.node, inner(recorded(fault.problem))}};
  return {};
}

}  // namespace

ComparedRun read_run(const fs::path& folder, const Catalogue& catalogue, Siblings& siblings) {
  ComparedRun run;
  run.folder = folder.string();
  run.report.run_id = folder.filename().string();
  auto report = load_report(folder, catalogue, siblings);
  auto environment = read_environment(folder);
  if (!report)
    run.problem = to_string(report.error());
  else if (!environment)
    run.problem = to_string(environment.error());
  if (report)
    run.report = std::move(*report);
  else
    take_meta(folder, run.report);
  if (environment) run.environment = std::move(*environment);
  add_versions(run.environment, run.report.versions);
  return run;
}

Result<std::vector<ComparedRun>> read_side(const std::vector<fs::path>& paths,
                                           const Catalogue& catalogue, std::size_t most) {
  std::vector<fs::path> folders;
  std::set<fs::path> known;
  for (const fs::path& path : paths) {
    ERNSTFALL_TRY(const std::vector<fs::path> found, folders_of(path));
    for (const fs::path& folder : found) {
      if (!known.insert(folder).second)
        return fail_at(Errc::usage, folder.string(), "this run is there twice");
      folders.push_back(folder);
    }
  }
  if (folders.size() > most)
    return fail(Errc::usage, "{} runs; {} are the most", folders.size(), most);
  std::vector<ComparedRun> runs;
  Siblings siblings;
  for (const fs::path& folder : folders) runs.push_back(read_run(folder, catalogue, siblings));
  return runs;
}

std::optional<LeftOutRun> left_out(const ComparedRun& run) {
  const RunReport& report = run.report;
  if (!run.problem.empty())
    return LeftOutRun{report.run_id, {Msg::lo_not_readable, {run.problem}}, true};
  if (report.verdict == RunVerdict::dirty)
    return LeftOutRun{report.run_id, {Msg::lo_dirty, {inner(why_dirty(report))}}, true};
  const bool begun = fault_had_begun(report);
  // What a person ended says nothing about the cluster.
  if (!report.aborted.empty())
    return LeftOutRun{report.run_id,
                      {Msg::lo_ended_early, {inner(recorded(report.aborted))}},
                      begun && report.aborted != "stopped by the user"};
  if (report.history_truncated) return LeftOutRun{report.run_id, Msg::lo_cut, begun};
  if (report.verdict == RunVerdict::inconclusive)
    return LeftOutRun{
        report.run_id, {Msg::lo_inconclusive, {inner(why_inconclusive(report))}}, begun};
  return std::nullopt;
}

}  // namespace ernstfall
