// text_width: padding, wrapping and short times.
#include "reports/text_width.h"

#include <fmt/core.h>

#include <algorithm>

namespace ernstfall {

std::size_t display_width(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string pad_right(std::string_view text, std::size_t width) {
  const std::size_t used = display_width(text);
  return std::string(text) + std::string(used < width ? width - used : 0, ' ');
}

std::string wrap(std::string_view text, std::size_t columns, std::size_t indent) {
  std::string result;
  std::size_t width = 0;
  std::size_t at = 0;
  while (at < text.size() && text[at] == ' ') ++at;  // leading spaces are the author's
  result.append(at, ' ');
  width = at;
  bool first = true;
  while (at < text.size()) {
    std::size_t end = text.find(' ', at);
    if (end == std::string_view::npos) end = text.size();
    const std::string_view word = text.substr(at, end - at);
    if (!first && width + 1 + display_width(word) > columns) {
      while (!result.empty() && result.back() == ' ') result.pop_back();
      result += "\n" + std::string(indent, ' ');
      width = indent;
    } else if (!first) {
      result += ' ';
      ++width;
    }
    result += word;
    width += display_width(word);
    first = false;
    at = end + 1;
  }
  return result + "\n";
}

std::string painted(bool colour, std::string_view code, std::string_view text) {
  return colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

std::string paint_prefix(std::string text, std::string_view placeholder,
                         const std::string& painted) {
  const std::size_t at = text.find(placeholder);
  if (at != std::string::npos) text.replace(at, placeholder.size(), painted);
  return text;
}

std::string short_time(const std::string& utc) {
  if (utc.size() < 16) return utc;
  return utc.substr(0, 10) + " " + utc.substr(11, 5) + " UTC";
}

}  // namespace ernstfall
