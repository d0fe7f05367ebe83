// language: numbers and times as a language writes them.
#include "harness/lang/language.h"

#include <fmt/core.h>

#include "harness/core/units.h"

namespace ernstfall {
namespace {

// Numbers as English writes them, in the other way: point and comma change places, and a number
// and its unit stay on one line.
std::string with_german_marks(std::string_view english) {
  std::string text;
  for (const char c : english) {
    if (c == '.')
      text += ',';
    else if (c == ',')
      text += '.';
    else if (c == ' ')
      text += "\u00a0";
    else
      text += c;
  }
  return text;
}

std::string written_in(Language language, const std::string& english) {
  return language == Language::german ? with_german_marks(english) : english;
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

std::string figure_in(Language language, const std::string& english) {
  return written_in(language, english);
}

std::string time_in(Language language, const std::string& utc) {
  if (utc.size() < 16) return utc;
  if (language != Language::german) return utc.substr(0, 10) + " " + utc.substr(11, 5) + " UTC";
  return utc.substr(8, 2) + "." + utc.substr(5, 2) + "." + utc.substr(0, 4) + " " +
         utc.substr(11, 5) + " UTC";
}

}  // namespace ernstfall
