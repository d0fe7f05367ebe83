// stored_json: reads fields that may be missing or of another type.
#include "reports/stored_json.h"

#include <nlohmann/json.hpp>

#include "harness/core/files.h"

namespace ernstfall {

Result<nlohmann::json> read_json(const std::filesystem::path& path) {
  ERNSTFALL_TRY(const std::string text, read_file(path, kMaxJsonBytes));
  nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return fail_at(Errc::corrupt, path.string(), "not a JSON object");
  return json;
}

std::string text_of(const nlohmann::json& json, const char* key) {
  if (!json.is_object()) return "";
  const auto it = json.find(key);
  return it != json.end() && it->is_string() ? it->get<std::string>() : "";
}

std::optional<double> number_of(const nlohmann::json& json, const char* key) {
  if (!json.is_object()) return std::nullopt;
  const auto it = json.find(key);
  return it != json.end() && it->is_number() ? std::optional(it->get<double>()) : std::nullopt;
}

bool flag_of(const nlohmann::json& json, const char* key) {
  if (!json.is_object()) return false;
  const auto it = json.find(key);
  return it != json.end() && it->is_boolean() && it->get<bool>();
}

}  // namespace ernstfall
