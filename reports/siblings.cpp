// siblings: one look at a folder's meta.json files, and results where they are asked for.
#include "reports/siblings.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "reports/stored_json.h"

namespace ernstfall {
namespace {

namespace fs = std::filesystem;

RecoveredBy recovered_by_from(std::string_view name) {
  for (const RecoveredBy value :
       {RecoveredBy::itself, RecoveredBy::operator_steps, RecoveredBy::undo})
    if (recovered_by_name(value) == name) return value;
  return RecoveredBy::nobody;
}

std::optional<SiblingRun> read_sibling(const fs::path& folder) {
  const auto result = read_json(folder / "result.json");
  if (!result) return std::nullopt;
  const nlohmann::json rto = result->value("rto", nlohmann::json::object());
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

}  // namespace

Siblings::Folder& Siblings::runs_in(const fs::path& folder) {
  const auto [it, is_new] = folders_.try_emplace(folder);
  Folder& runs = it->second;
  if (!is_new) return runs;
  std::error_code ec;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ec)) {
    std::error_code ignored;
    if (entry.is_symlink(ignored) || !entry.is_directory(ignored)) continue;
    if (const auto meta = read_json(entry.path() / "meta.json"))
      runs[{text_of(*meta, "scenario"), text_of(*meta, "cluster")}].push_back(
          {text_of(*meta, "started"), entry.path(), false, std::nullopt});
  }
  for (auto& [key, candidates] : runs)
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
      return std::tie(a.started, a.folder) > std::tie(b.started, b.folder);
    });
  return runs;
}

std::optional<SiblingRun> Siblings::newest(const fs::path& run_folder, const std::string& scenario,
                                           const std::string& cluster) {
  if (scenario.empty()) return std::nullopt;
  std::error_code ec;
  const fs::path self = fs::canonical(run_folder, ec);
  Folder& runs = runs_in(self.parent_path());
  const auto found = runs.find({scenario, cluster});
  if (found == runs.end()) return std::nullopt;
  for (Candidate& candidate : found->second) {
    if (candidate.folder == self) continue;
    if (!std::exchange(candidate.read, true)) candidate.run = read_sibling(candidate.folder);
    if (candidate.run) return candidate.run;
  }
  return std::nullopt;
}

}  // namespace ernstfall
