// language: the languages of reports, and numbers as each of them writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/core/result.h"

namespace ernstfall {

// `marked` is for tests: every letter of a sentence is replaced, so that what is not one stays
// readable and can be found.
enum class Language { english, german, marked };
std::string_view language_code(Language language);       // "en", "de": also of <html lang>
Result<Language> parse_language(std::string_view code);  // Errc::usage

// "5 min 41.2 s"; German "5 min 41,2 s", with spaces that do not break
std::string duration_in(Language language, double ms);
// "1,204", "1.204"
std::string count_in(Language language, std::uint64_t count);
// `decimals` digits after the point, or the comma. Without a unit: the sentence has it.
std::string number_in(Language language, double value, int decimals);
// Numbers and units as English writes them, and nothing else: "100.0 MiB/s", "100,0 MiB/s"
std::string figure_in(Language language, const std::string& english);
// "23 Nov 2026 03:12 UTC"-like from "2026-11-23T03:12:05.123Z": "2026-11-23 03:12 UTC", the German
// one "23.11.2026 03:12 UTC"
std::string time_in(Language language, const std::string& utc);

}  // namespace ernstfall
