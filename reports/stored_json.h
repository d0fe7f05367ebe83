// stored_json: what a stored document says. Its fields may be missing or of another type: it may
// come from another version.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "harness/core/result.h"

namespace ernstfall {

constexpr std::uint64_t kMaxJsonBytes = 64ULL << 20U;

// An object. Errc::corrupt: it is none; errors of read_file().
Result<nlohmann::json> read_json(const std::filesystem::path& path);

// Of an object: empty, nullopt or false for what is not there, or is no such thing.
std::string text_of(const nlohmann::json& json, const char* key);
std::optional<double> number_of(const nlohmann::json& json, const char* key);
bool flag_of(const nlohmann::json& json, const char* key);

}  // namespace ernstfall
