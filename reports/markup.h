// markup: escaping and the few pieces that every HTML or Markdown report is made of.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "harness/lang/messages.h"

namespace ernstfall {

std::string escape_markdown(std::string_view text);  // also safe inside a table cell
std::string escape_html(std::string_view text);      // also safe inside a quoted attribute
// JSON that may stand in a script element, where `</script` and `<!--` mean something.
std::string script_json(std::string_view json);
// <name class="css">inner</name>; `inner` is HTML already.
std::string html_tag(std::string_view name, std::string_view css, std::string_view inner_html);
// A table that scrolls by itself where the page is narrow; `rows` are HTML, the rest is text.
std::string html_table(Language language, std::string_view caption,
                       std::initializer_list<Msg> columns, std::string_view rows);
// Doctype, and a head that is still open; `title` is plain text.
std::string html_head(std::string_view title, std::string_view language = "en");

}  // namespace ernstfall
