// markup: escaping, and the head of every HTML report.
#include "reports/markup.h"

#include <fmt/core.h>

namespace ernstfall {

// What would be taken as markup, or would end a table cell, is escaped.
std::string escape_markdown(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '&')
      out += "&amp;";
    else if (static_cast<unsigned char>(c) < 0x20)
      out += ' ';
    else if (std::string_view("\\`*_{}[]>#|!").find(c) != std::string_view::npos)
      out.append({'\\', c});
    else
      out += c;
  }
  return out;
}

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c;
    }
  }
  return out;
}

std::string script_json(std::string_view json) {
  std::string safe;
  safe.reserve(json.size());
  for (const char c : json) {
    if (c == '<')
      safe += "\\u003c";
    else if (c == '>')
      safe += "\\u003e";
    else if (c == '&')
      safe += "\\u0026";
    else
      safe += c;
  }
  return safe;
}

std::string html_tag(std::string_view name, std::string_view css, std::string_view inner_html) {
  return fmt::format("<{0} class=\"{1}\">{2}</{0}>", name, css, inner_html);
}

std::string html_table(Language language, std::string_view caption,
                       std::initializer_list<Msg> columns, std::string_view rows) {
  std::string head;
  for (const Msg column : columns)
    head += fmt::format("<th scope=\"col\">{}</th>", escape_html(say(language, column)));
  return fmt::format(
      "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{0}\"><table><caption>"
      "{0}</caption><thead><tr>{1}</tr></thead><tbody>{2}</tbody></table></div>",
      escape_html(caption), head, rows);
}

std::string html_head(std::string_view title, std::string_view language) {
  std::string html =
      fmt::format("<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">", language);
  html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">";
  html +=
      "<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"referrer\" "
      "content=\"no-referrer\">";
  // Nothing may be loaded, whatever a node managed to put into a text.
  html +=
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">";
  return html + fmt::format("<title>{}</title>", escape_html(title));
}

}  // namespace ernstfall
