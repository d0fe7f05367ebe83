// load: reads a run folder back and recomputes its report; writes the rendered files.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "harness/cluster/cluster.h"
#include "harness/core/files.h"
#include "harness/core/text.h"
#include "harness/lang/messages.h"
#include "reports/environment.h"
#include "reports/render.h"
#include "reports/siblings.h"
#include "reports/stored_json.h"

namespace ernstfall {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct JournalEnd {
  Text owed;          // what it still owes to a node, in words; empty when nothing
  bool ended = true;  // the harness itself ended the run
};

// A line that a crash cut is the last one, and nothing was touched before its flush.
Result<JournalEnd> read_journal_end(const fs::path& path) {
  std::error_code ec;
  // It is begun before the history: without it nobody knows how the run ended, nor what it owes.
  if (!fs::exists(path, ec)) return JournalEnd{{}, false};
  ERNSTFALL_TRY(const std::string text, read_file(path, kMaxJsonBytes));
  struct Open {
    std::int64_t id;
    std::string what;
    std::string problem;
  };
  std::vector<Open> open;
  JournalEnd end;
  end.ended = false;
  for (const std::string& line : split(text, '\n')) {
    const Json json = Json::parse(line, nullptr, false);
    if (json.is_object() && text_of(json, "kind") == "run-end") end.ended = true;
    if (!json.is_object() || !json.contains("id") || !json["id"].is_number_integer()) continue;
    const auto id = json["id"].get<std::int64_t>();
    const std::string kind = text_of(json, "kind");
    const auto same =
        std::find_if(open.begin(), open.end(), [id](const Open& o) { return o.id == id; });
    if (kind == "undo-planned" && same == open.end())
      open.push_back({id, text_of(json, "what"), {}});
    else if (kind == "dirty" && same != open.end())
      same->problem = text_of(json, "why");
    else if (kind == "clean" && same != open.end())
      open.erase(same);
  }
  for (const Open& undo : open) {
    Text owed(Msg::owed_not_undone,
              {inner(undo.what.empty() ? Text(Msg::owed_undo, {std::to_string(undo.id)})
                                       : recorded(undo.what))});
    if (!undo.problem.empty())
      owed = {Msg::with_note, {inner(owed), inner(recorded(undo.problem))}};
    end.owed = clauses(end.owed, owed);
  }
  return end;
}

}  // namespace

Result<LoadedRun> load_run(const fs::path& run_folder, const Catalogue& catalogue,
                           Siblings& siblings) {
  std::error_code ec;
  if (!fs::is_directory(run_folder, ec))
    return fail_at(Errc::usage, run_folder.string(), "no such run folder");
  ERNSTFALL_TRY(const Cluster cluster, load_cluster(run_folder / "cluster.yaml"));
  ERNSTFALL_TRY(Scenario scenario, load_scenario(run_folder / "scenario.yaml", catalogue));
  ERNSTFALL_TRY(const Json meta, read_json(run_folder / "meta.json"));
  // The copy in the run folder is called scenario.yaml whatever the scenario's own name is.
  if (const std::string name = text_of(meta, "scenario"); !name.empty()) scenario.name = name;
  ERNSTFALL_TRY(History history, read_history(run_folder / "history"));
  ERNSTFALL_TRY(const JournalEnd end, read_journal_end(run_folder / "journal.jsonl"));
  // Killed between two records: nothing in the history itself says that more was to come.
  if (!end.ended && history.damage.empty()) {
    history.truncated = true;
    history.damage = say(Language::english, Msg::rec_harness_ended);
  }
  const auto seed = meta.find("seed");
  // What the nodes were set to before the fault; without it the defaults count, and are named so.
  const auto environment = read_environment(run_folder);
  LoadedRun run{{}, std::move(history), std::move(scenario)};
  run.report =
      assemble({run.history, cluster, run.scenario,
                seed != meta.end() && seed->is_number_unsigned() ? seed->get<std::uint64_t>() : 0,
                !end.owed.empty(), end.owed,
                siblings.newest(run_folder, run.scenario.compare_with, cluster.name),
                environment ? *environment : Environment{}});
  if (const std::string version = text_of(meta, "program_version"); !version.empty())
    run.report.versions.emplace("ernstfall", version);
  return run;
}

Result<LoadedRun> load_run(const fs::path& run_folder, const Catalogue& catalogue) {
  Siblings siblings;
  return load_run(run_folder, catalogue, siblings);
}

Result<RunReport> load_report(const fs::path& run_folder, const Catalogue& catalogue,
                              Siblings& siblings) {
  ERNSTFALL_TRY(LoadedRun run, load_run(run_folder, catalogue, siblings));
  return std::move(run.report);
}

Result<RunReport> load_report(const fs::path& run_folder, const Catalogue& catalogue) {
  Siblings siblings;
  return load_report(run_folder, catalogue, siblings);
}

Status write_reports(const fs::path& run_folder, const RunReport& report, const History& history,
                     Language language) {
  ERNSTFALL_CHECK(write_file_atomic(run_folder / "result.json", render_json(report) + "\n"));
  ERNSTFALL_CHECK(write_file_atomic(run_folder / "junit.xml", render_junit(report)));
  ERNSTFALL_CHECK(write_file_atomic(run_folder / "report.md", render_markdown(report, language)));
  return write_file_atomic(run_folder / "report.html", render_html(report, history, language));
}

}  // namespace ernstfall
