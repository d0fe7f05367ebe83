// messages: looks a sentence up and puts its values in.
#include "reports/lang/messages.h"

#include <fmt/args.h>
#include <fmt/format.h>

#include "harness/core/text.h"
#include "reports/words.h"

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
  std::vector<std::string> items;
  bool commas = false;
  for (const Text& text : std::get<std::vector<Text>>(value)) {
    items.push_back(say(language, text));
    commas = commas || items.back().find(", ") != std::string::npos;
  }
  return join(items, commas ? "; " : ", ");
}

}  // namespace

const std::vector<MessageEntry>& all_messages() {
  static const std::vector<MessageEntry> kMessages{
#define MESSAGE(id, english, german) {Msg::id, #id, english, german},
#include "reports/lang/messages.inc"
#undef MESSAGE
  };
  return kMessages;
}

std::string_view message_name(Msg id) {
  return entry_of(id).name;
}

std::string say(Language language, const Text& text) {
  const MessageEntry& entry = entry_of(text.id);
  fmt::dynamic_format_arg_store<fmt::format_context> values;
  for (const TextValue& value : text.values) values.push_back(value_in(language, value));
  return fmt::vformat(language == Language::german ? entry.german : entry.english, values);
}

std::string outage_in(Language language, const OutageValue& outage) {
  if (!outage.lower_ms) return say(language, Msg::unknown);
  if (!outage.upper_ms)
    return outage.observed ? say(language, {Msg::outage_open, {DurationValue{*outage.lower_ms}}})
                           : say(language, Msg::unknown);
  if (!outage.observed)
    return *outage.upper_ms > 0
               ? say(language, {Msg::outage_none_seen, {DurationValue{*outage.upper_ms}}})
               : say(language, Msg::outage_none);
  // A measured interval is numbers and units alone, and those are written alike.
  std::string english = outage_in_words(outage.lower_ms, outage.upper_ms, true);
  if (language == Language::german)
    for (char& c : english)
      if (c == '.') c = ',';
  return english;
}

}  // namespace ernstfall
