// compare_results: walks two JSON documents side by side.
#include "reports/compare_results.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/core/text.h"

namespace ernstfall {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxDifferences = 50;
constexpr std::size_t kMaxValueBytes = 80;

std::string shown(const Json& value) {
  return elide(value.dump(-1, ' ', false, Json::error_handler_t::replace), kMaxValueBytes);
}

void walk(const std::string& path, const Json& stored, const Json& now,
          std::vector<std::string>& differences) {
  if (stored == now || differences.size() >= kMaxDifferences) return;
  if (stored.is_object() && now.is_object()) {
    for (const auto& [key, value] : stored.items())
      walk(path.empty() ? key : path + "." + key, value, now.value(key, Json()), differences);
    for (const auto& [key, value] : now.items())
      if (!stored.contains(key))
        walk(path.empty() ? key : path + "." + key, Json(), value, differences);
    return;
  }
  if (stored.is_array() && now.is_array()) {
    for (std::size_t i = 0; i < std::max(stored.size(), now.size()); ++i)
      walk(fmt::format("{}[{}]", path, i), i < stored.size() ? stored[i] : Json(),
           i < now.size() ? now[i] : Json(), differences);
    return;
  }
  differences.push_back(fmt::format("{}: stored {}, now {}", path, shown(stored), shown(now)));
}

}  // namespace

std::vector<std::string> compare_results(std::string_view stored, std::string_view now) {
  Json before = Json::parse(stored, nullptr, false);
  Json after = Json::parse(now, nullptr, false);
  if (!before.is_object() || !after.is_object()) return {"the stored result is not a JSON object"};
  for (Json* document : {&before, &after}) {
    document->erase("sibling");
    document->erase("next_steps");
  }
  std::vector<std::string> differences;
  walk("", before, after, differences);
  return differences;
}

}  // namespace ernstfall
