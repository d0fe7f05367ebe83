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

namespace ernstfall {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::uint64_t kMaxJsonBytes = 64ULL << 20U;

// Fields of a stored document may be missing or of another type: it may come from another version.
std::string text_of(const Json& json, const char* key) {
  const auto it = json.is_object() ? json.find(key) : json.end();
  return json.is_object() && it != json.end() && it->is_string() ? it->get<std::string>() : "";
}
std::optional<double> number_of(const Json& json, const char* key) {
  if (!json.is_object()) return std::nullopt;
  const auto it = json.find(key);
  return it != json.end() && it->is_number() ? std::optional(it->get<double>()) : std::nullopt;
}
bool flag_of(const Json& json, const char* key) {
  if (!json.is_object()) return false;
  const auto it = json.find(key);
  return it != json.end() && it->is_boolean() && it->get<bool>();
}

Result<Json> read_json(const fs::path& path) {
  ERNSTFALL_TRY(const std::string text, read_file(path, kMaxJsonBytes));
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return fail_at(Errc::corrupt, path.string(), "not a JSON object");
  return json;
}

// What the journal still owes to a node, in words; empty when nothing. A line that a crash cut is
// the last one, and nothing was touched before its flush.
Result<Text> open_undos(const fs::path& path) {
  std::error_code ec;
  if (!fs::exists(path, ec)) return Text();  // ended before anything was planned
  ERNSTFALL_TRY(const std::string text, read_file(path, kMaxJsonBytes));
  struct Open {
    std::int64_t id;
    std::string what;
    std::string problem;
  };
  std::vector<Open> open;
  for (const std::string& line : split(text, '\n')) {
    const Json json = Json::parse(line, nullptr, false);
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
  Text words;
  for (const Open& undo : open) {
    Text owed(Msg::owed_not_undone,
              {inner(undo.what.empty() ? Text(Msg::owed_undo, {std::to_string(undo.id)})
                                       : recorded(undo.what))});
    if (!undo.problem.empty())
      owed = {Msg::with_note, {inner(owed), inner(recorded(undo.problem))}};
    words = clauses(words, owed);
  }
  return words;
}

RecoveredBy recovered_by_from(std::string_view name) {
  for (const RecoveredBy value :
       {RecoveredBy::itself, RecoveredBy::operator_steps, RecoveredBy::undo})
    if (recovered_by_name(value) == name) return value;
  return RecoveredBy::nobody;
}

std::optional<SiblingRun> read_sibling(const fs::path& folder) {
  const auto result = read_json(folder / "result.json");
  if (!result) return std::nullopt;
  const Json rto = result->value("rto", Json::object());
  SiblingRun sibling;
  sibling.scenario = text_of(*result, "scenario");
  sibling.run_id = text_of(*result, "run_id");
  sibling.verdict = text_of(*result, "verdict");
  sibling.cluster_class = text_of(*result, "class");
  sibling.attended = flag_of(*result, "attended");
  sibling.recovered_by = recovered_by_from(text_of(rto, "recovered_by"));
  sibling.outage_observed = flag_of(rto, "outage_observed");
  sibling.rto_lower_ms = number_of(rto, "lower_ms");
  sibling.rto_upper_ms = number_of(rto, "upper_ms");
  return sibling;
}

// The newest run of `scenario` on the same cluster beside `run_folder` that has a result.
std::optional<SiblingRun> find_sibling(const fs::path& run_folder, const std::string& scenario,
                                       const std::string& cluster) {
  if (scenario.empty()) return std::nullopt;
  std::error_code ec;
  const fs::path self = fs::canonical(run_folder, ec);
  std::vector<std::pair<std::string, fs::path>> found;  // by time of start
  for (const fs::directory_entry& entry : fs::directory_iterator(self.parent_path(), ec)) {
    std::error_code ignored;
    if (entry.is_symlink(ignored) || !entry.is_directory(ignored) || entry.path() == self) continue;
    const auto meta = read_json(entry.path() / "meta.json");
    if (meta && text_of(*meta, "scenario") == scenario && text_of(*meta, "cluster") == cluster)
      found.emplace_back(text_of(*meta, "started"), entry.path());
  }
  std::sort(found.rbegin(), found.rend());
  for (const auto& [started, path] : found)
    if (auto sibling = read_sibling(path)) return sibling;
  return std::nullopt;
}

}  // namespace

Result<LoadedRun> load_run(const fs::path& run_folder, const Catalogue& catalogue) {
  std::error_code ec;
  if (!fs::is_directory(run_folder, ec))
    return fail_at(Errc::usage, run_folder.string(), "no such run folder");
  ERNSTFALL_TRY(const Cluster cluster, load_cluster(run_folder / "cluster.yaml"));
  ERNSTFALL_TRY(Scenario scenario, load_scenario(run_folder / "scenario.yaml", catalogue));
  ERNSTFALL_TRY(const Json meta, read_json(run_folder / "meta.json"));
  // The copy in the run folder is called scenario.yaml whatever the scenario's own name is.
  if (const std::string name = text_of(meta, "scenario"); !name.empty()) scenario.name = name;
  ERNSTFALL_TRY(History history, read_history(run_folder / "history"));
  ERNSTFALL_TRY(const Text problem, open_undos(run_folder / "journal.jsonl"));
  const auto seed = meta.find("seed");
  // What the nodes were set to before the fault; without it the defaults count, and are named so.
  const auto environment = read_environment(run_folder);
  LoadedRun run{{}, std::move(history)};
  run.report = assemble(
      {run.history, cluster, scenario,
       seed != meta.end() && seed->is_number_unsigned() ? seed->get<std::uint64_t>() : 0,
       !problem.empty(), problem, find_sibling(run_folder, scenario.compare_with, cluster.name),
       environment ? *environment : Environment{}});
  if (const std::string version = text_of(meta, "program_version"); !version.empty())
    run.report.versions.emplace("ernstfall", version);
  return run;
}

Result<RunReport> load_report(const fs::path& run_folder, const Catalogue& catalogue) {
  ERNSTFALL_TRY(LoadedRun run, load_run(run_folder, catalogue));
  return std::move(run.report);
}

Status write_reports(const fs::path& run_folder, const RunReport& report, const History& history,
                     Language language) {
  ERNSTFALL_CHECK(write_file_atomic(run_folder / "result.json", render_json(report) + "\n"));
  ERNSTFALL_CHECK(write_file_atomic(run_folder / "junit.xml", render_junit(report)));
  ERNSTFALL_CHECK(write_file_atomic(run_folder / "report.md", render_markdown(report, language)));
  return write_file_atomic(run_folder / "report.html", render_html(report, history, language));
}

}  // namespace ernstfall
