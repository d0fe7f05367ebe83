// environment: a run folder's settings as one flat list, and the differences of two sets of them.
#include "reports/environment.h"

#include <fmt/core.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/core/files.h"
#include "harness/core/text.h"

namespace ernstfall {
namespace {

namespace fs = std::filesystem;
using EnvironmentJson = nlohmann::json;

constexpr std::size_t kMaxValueShown = 200;
constexpr int kMaxYamlDepth = 32;

void flatten(const std::string& key, const YAML::Node& node, int depth, Environment& out) {
  if (depth > kMaxYamlDepth) return;
  if (node.IsMap()) {
    for (const auto& entry : node)
      flatten(key + "." + entry.first.Scalar(), entry.second, depth + 1, out);
  } else if (node.IsSequence()) {
    for (std::size_t i = 0; i < node.size(); ++i)
      flatten(fmt::format("{}.{}", key, i), node[i], depth + 1, out);
  } else {
    out[key] = node.IsScalar() ? node.Scalar() : "";
  }
}

Status add_yaml(const fs::path& path, const std::string& prefix, Environment& out) {
  ERNSTFALL_TRY(const std::string text, read_file(path));
  try {
    const YAML::Node document = YAML::Load(text);
    if (!document.IsMap()) return fail_at(Errc::corrupt, path.string(), "not a mapping");
    for (const auto& entry : document) flatten(prefix + entry.first.Scalar(), entry.second, 0, out);
  } catch (const YAML::Exception& error) {
    return fail_at(Errc::corrupt, path.string(), "{}", error.what());
  }
  return {};
}

// "KEY VALUE" lines, the key being the first `words` words.
void add_lines(const std::string& prefix, const std::string& text, std::size_t words,
               char separator, Environment& out) {
  for (const std::string& line : split(text, '\n')) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < words && at != std::string::npos; ++i)
      at = line.find(separator, i == 0 ? 0 : at + 1);
    if (trim(line).empty()) continue;
    const std::string key = line.substr(0, at);
    out[prefix + key] =
        at == std::string::npos ? "present" : std::string(trim(line.substr(at + 1)));
  }
}

// `drbdsetup show`: blocks of "NAME {", "KEY VALUE;" and "}".
void add_drbd_options(const std::string& prefix, const std::string& text, Environment& out) {
  std::vector<std::string> blocks;
  for (const std::string& raw : split(text, '\n')) {
    std::string line(trim(raw.substr(0, raw.find('#'))));
    if (line.empty()) continue;
    if (line.back() == '{') {
      blocks.emplace_back(trim(line.substr(0, line.size() - 1)));
    } else if (line.front() == '}') {
      if (!blocks.empty()) blocks.pop_back();
    } else {
      if (line.back() == ';') line.pop_back();
      const std::size_t space = line.find_first_of(" \t");
      blocks.push_back(line.substr(0, space));
      const std::string value =
          space == std::string::npos ? "yes" : std::string(trim(line.substr(space)));
      // Of several connections each may say something else.
      std::string& all = out[prefix + join(blocks, " ")];
      if (all.empty())
        all = value;
      else if (all != value)
        all += ", " + value;
      blocks.pop_back();
    }
  }
}

void add_node_settings(const std::string& node, const EnvironmentJson& sections, Environment& out) {
  const auto text = [&sections](const char* name) {
    const auto it = sections.find(name);
    return it != sections.end() && it->is_string() ? it->get<std::string>() : std::string();
  };
  const std::string prefix = "node: " + node + " ";
  add_drbd_options(prefix + "drbd-options ", text("drbd-options"), out);
  add_lines(prefix + "sysctl ", text("sysctls"), 1, ':', out);
  add_lines(prefix + "unit ", text("units"), 1, ' ', out);
  add_lines(prefix + "mount ", text("mounts"), 2, ' ', out);
}

// The journal's record of every node before anything was touched.
Status add_initial_state(const fs::path& path, Environment& out) {
  std::error_code ec;
  if (!fs::exists(path, ec)) return {};  // said by "not recorded"
  ERNSTFALL_TRY(const std::string text, read_file(path));
  for (const std::string& line : split(text, '\n')) {
    const EnvironmentJson record = EnvironmentJson::parse(line, nullptr, false);
    if (!record.is_object() || record.value("kind", EnvironmentJson()) != "initial-state" ||
        !record.contains("state") || !record["state"].is_string())
      continue;
    const EnvironmentJson state =
        EnvironmentJson::parse(record["state"].get<std::string>(), nullptr, false);
    if (!state.is_object()) return fail_at(Errc::corrupt, path.string(), "its initial state");
    for (const auto& [node, sections] : state.items())
      if (sections.is_object()) add_node_settings(node, sections, out);
    return {};
  }
  return {};
}

// Titles, limits and deadlines of a scenario change the verdict of a run, and nothing that happens
// in it.
bool is_other_test(const std::string& key) {
  constexpr std::string_view kPrefix = "scenario: ";
  if (key.rfind(kPrefix, 0) != 0) return false;
  constexpr std::array<std::string_view, 11> kHarmless{
      "title",  "cause",     "effect",     "compare_with",  "tags",  "scenario",
      "expect", "stop_when", "settle_max", "node_back_max", "checks"};
  const std::string rest = key.substr(kPrefix.size());
  const std::string top = rest.substr(0, rest.find('.'));
  return std::find(kHarmless.begin(), kHarmless.end(), top) == kHarmless.end();
}

int rank_of(const std::string& key) {
  constexpr std::array<std::string_view, 3> kOrder{"version: ", "scenario: ", "cluster: "};
  for (std::size_t i = 0; i < kOrder.size(); ++i)
    if (key.rfind(kOrder[i], 0) == 0) return static_cast<int>(i);
  return static_cast<int>(kOrder.size());
}

std::set<std::string> values_of(const std::vector<const Environment*>& side,
                                const std::string& key) {
  std::set<std::string> values;
  for (const Environment* environment : side) {
    const auto it = environment->find(key);
    values.insert(it == environment->end() ? "not recorded" : it->second);
  }
  return values;
}

std::string shown_values(const std::set<std::string>& values) {
  const std::vector<std::string> list(values.begin(), values.end());
  return elide(join(list, " | "), kMaxValueShown);
}

}  // namespace

Result<Environment> read_environment(const fs::path& run_folder) {
  Environment environment;
  ERNSTFALL_CHECK(add_yaml(run_folder / "cluster.yaml", "cluster: ", environment));
  ERNSTFALL_CHECK(add_yaml(run_folder / "scenario.yaml", "scenario: ", environment));
  ERNSTFALL_CHECK(add_initial_state(run_folder / "journal.jsonl", environment));
  return environment;
}

void add_versions(Environment& environment, const std::map<std::string, std::string>& versions) {
  for (const auto& [name, version] : versions) environment["version: " + name] = version;
}

std::string test_identity(const Environment& environment) {
  std::string identity;
  for (const auto& [key, value] : environment)
    if (is_other_test(key))
      identity += EnvironmentJson{key, value}.dump(-1, ' ', false,
                                                   EnvironmentJson::error_handler_t::replace);
  return identity;
}

std::vector<EnvironmentDifference> environment_differences(
    const std::vector<const Environment*>& base, const std::vector<const Environment*>& candidate) {
  std::vector<EnvironmentDifference> differences;
  if (base.empty() || candidate.empty()) return differences;
  std::set<std::string> keys;
  for (const auto* side : {&base, &candidate})
    for (const Environment* environment : *side)
      for (const auto& [key, value] : *environment) keys.insert(key);
  for (const std::string& key : keys) {
    const std::set<std::string> before = values_of(base, key);
    const std::set<std::string> after = values_of(candidate, key);
    if (before.size() == 1 && before == after) continue;
    differences.push_back({key, shown_values(before), shown_values(after), is_other_test(key)});
  }
  std::stable_sort(differences.begin(), differences.end(),
                   [](const EnvironmentDifference& a, const EnvironmentDifference& b) {
                     return rank_of(a.key) < rank_of(b.key);
                   });
  return differences;
}

}  // namespace ernstfall
