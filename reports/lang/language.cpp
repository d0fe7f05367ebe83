// language: numbers and times as a language writes them.
#include "reports/lang/language.h"

#include <fmt/core.h>

#include "harness/core/units.h"
#include "reports/text_width.h"

namespace ernstfall {
namespace {

// Numbers as English writes them, in the other way: point and comma change places.
std::string with_german_marks(std::string text) {
  for (char& c : text) {
    if (c == '.')
      c = ',';
    else if (c == ',')
      c = '.';
  }
  return text;
}

std::string written_in(Language language, std::string english) {
  return language == Language::german ? with_german_marks(std::move(english)) : english;
}

}  // namespace

std::string_view language_code(Language language) {
  return language == Language::german ? "de" : "en";
}

Result<Language> parse_language(std::string_view code) {
  if (code == "en") return Language::english;
  if (code == "de") return Language::german;
  return fail(Errc::usage, "--lang {}: expected en or de", code);
}

std::string duration_in(Language language, double ms) {
  return written_in(language, format_duration_ms(ms));
}

std::string count_in(Language language, std::uint64_t count) {
  return written_in(language, format_count(count));
}

std::string number_in(Language language, double value, int decimals) {
  return written_in(language, fmt::format("{:.{}f}", value, decimals));
}

std::string time_in(Language language, const std::string& utc) {
  if (language == Language::english || utc.size() < 16) return short_time(utc);
  return utc.substr(8, 2) + "." + utc.substr(5, 2) + "." + utc.substr(0, 4) + " " +
         utc.substr(11, 5) + " UTC";
}

}  // namespace ernstfall
