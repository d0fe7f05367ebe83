// recorded: finds the sentence of ours that a text of the history is.
#include <algorithm>
#include <array>
#include <optional>

#include "harness/lang/messages.h"

namespace ernstfall {
namespace {

constexpr std::array kRecorded{
#define MESSAGE(id, english, german) Msg::id,
#include "harness/lang/recorded.inc"
#undef MESSAGE
};

// "1 min 41.2 s": digits, marks and the units of times and sizes.
TextValue figure_or_name(const std::string& text) {
  std::string letters;
  bool digits = false;
  for (const char c : text) {
    if (c >= '0' && c <= '9')
      digits = true;
    else if (c == ' ' && !letters.empty() && letters.back() != ' ')
      letters += ' ';
    else if (c != ' ' && c != '.')
      letters += c;
  }
  while (!letters.empty() && letters.back() == ' ') letters.pop_back();
  constexpr std::array<std::string_view, 12> kUnits{"",  "ms",  "s",   "min s", "h min s", "%",
                                                    "B", "KiB", "MiB", "GiB",   "KiB/s",   "MiB/s"};
  const bool dots = std::count(text.begin(), text.end(), '.') <= 1;
  if (digits && dots && std::find(kUnits.begin(), kUnits.end(), letters) != kUnits.end())
    return FigureValue{text};
  return text;
}

// The values of `text` when it is `pattern` with values: as short as possible, the last one long.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view text) {
  std::vector<std::string> values(10);
  std::size_t used = 0;
  while (true) {
    const std::size_t place = pattern.find('{');
    const std::string_view piece = pattern.substr(0, place);
    if (text.substr(0, piece.size()) != piece) return std::nullopt;
    text.remove_prefix(piece.size());
    if (place == std::string_view::npos) {
      if (!text.empty()) return std::nullopt;
      values.resize(used);
      return values;
    }
    const auto index = static_cast<std::size_t>(pattern[place + 1] - '0');
    pattern.remove_prefix(place + 3);
    const std::string_view next = pattern.substr(0, pattern.find('{'));
    const std::size_t end = next.empty() ? text.size() : text.find(next, 1);
    if (text.empty() || end == std::string_view::npos || index >= values.size())
      return std::nullopt;
    values[index] = std::string(text.substr(0, end));
    used = std::max(used, index + 1);
    text.remove_prefix(end);
  }
}

// A value is a figure, a sentence of ours once more, or a name.
TextValue said_again(const std::string& value) {
  Text text = recorded(value);
  if (text.id != Msg::name_only) return inner(std::move(text));
  return figure_or_name(value);
}

}  // namespace

Text recorded(const std::string& english) {
  for (const Msg id : kRecorded) {
    const auto values = match(all_messages()[static_cast<std::size_t>(id)].english, english);
    if (!values) continue;
    Text text(id);
    for (const std::string& value : *values) text.values.push_back(said_again(value));
    return text;
  }
  return english;
}

}  // namespace ernstfall
