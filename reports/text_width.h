// text_width: laying out plain text that may hold characters of more than one byte.
#pragma once

#include <string>
#include <string_view>

namespace ernstfall {

std::size_t display_width(std::string_view utf8);  // code points; we print no wide ones
std::string pad_right(std::string_view text, std::size_t width);
// Words broken at `columns`; lines after the first are indented by `indent`. Ends with a newline.
std::string wrap(std::string_view text, std::size_t columns, std::size_t indent);
// With the escape codes of a terminal, "1;31"; without colour the text as it is.
std::string painted(bool colour, std::string_view code, std::string_view text);
// Replaces the first occurrence of `placeholder`: colours must not count as width.
std::string paint_prefix(std::string text, std::string_view placeholder,
                         const std::string& painted);
// "2026-11-23T03:12:05.123Z" -> "2026-11-23 03:12 UTC"
std::string short_time(const std::string& utc);

}  // namespace ernstfall
