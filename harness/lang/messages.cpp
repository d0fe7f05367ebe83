// messages: looks a sentence up and puts its values in.
#include "harness/lang/messages.h"

#include <fmt/args.h>
#include <fmt/format.h>

#include <cctype>

#include "harness/core/text.h"

namespace ernstfall {
namespace {

const MessageEntry& entry_of(Msg id) {
  return all_messages()[static_cast<std::size_t>(id)];
}

std::string value_in(Language language, const TextValue& value) {
  if (const auto* name = std::get_if<std::string>(&value)) return *name;
  if (const auto* time = std::get_if<DurationValue>(&value)) return duration_in(language, time->ms);
  if (const auto* outage = std::get_if<OutageValue>(&value)) return outage_in(language, *outage);
  if (const auto* count = std::get_if<CountValue>(&value)) return count_in(language, count->count);
  if (const auto* number = std::get_if<NumberValue>(&value))
    return number_in(language, number->value, number->decimals);
  if (const auto* figure = std::get_if<FigureValue>(&value))
    return figure_in(language, figure->english);
  std::vector<std::string> items;
  bool commas = false;
  for (const Text& text : std::get<std::vector<Text>>(value)) {
    items.push_back(say(language, text));
    commas = commas || items.back().find(", ") != std::string::npos;
  }
  return join(items, commas ? "; " : ", ");
}

// Every letter of ours becomes one that no name and no node uses.
std::string marked(std::string_view english) {
  std::string text;
  bool place = false;
  for (const char c : english) {
    place = (place || c == '{') && c != '}';
    if (!place && std::isalpha(static_cast<unsigned char>(c)) != 0)
      text += "ж";
    else
      text += c;
  }
  return text;
}

std::string template_in(Language language, const MessageEntry& entry) {
  switch (language) {
    case Language::english:
      return std::string(entry.english);
    case Language::german:
      return std::string(entry.german);
    case Language::marked:
      return marked(entry.english);
  }
  return {};
}

}  // namespace

const std::vector<MessageEntry>& all_messages() {
  static const std::vector<MessageEntry> kMessages{
#define MESSAGE(id, english, german) {Msg::id, #id, english, german},
#include "harness/lang/messages.inc"
#undef MESSAGE
  };
  return kMessages;
}

std::string_view message_name(Msg id) {
  return entry_of(id).name;
}

std::string say(Language language, const Text& text) {
  if (text.empty()) return {};
  fmt::dynamic_format_arg_store<fmt::format_context> values;
  for (const TextValue& value : text.values) values.push_back(value_in(language, value));
  return fmt::vformat(template_in(language, entry_of(text.id)), values);
}

}  // namespace ernstfall
