// messages: every sentence of the reports that can be had in more than one language, by its id.
//
// The sentences stand in *.inc beside this file, one MESSAGE(id, English, German) each. Places for
// values are {0}, {1} ...: an order that each language may change. A report holds a Text (id and
// values), a renderer says it in a language. To add a sentence: one MESSAGE; a test compares the
// places of both languages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "reports/lang/language.h"

namespace ernstfall {

enum class Msg : std::uint16_t {
#define MESSAGE(id, english, german) id,
#include "reports/lang/messages.inc"
#undef MESSAGE
};

struct MessageEntry {
  Msg id;
  std::string_view name;
  std::string_view english;
  std::string_view german;
};
const std::vector<MessageEntry>& all_messages();
std::string_view message_name(Msg id);

struct Text;

struct DurationValue {
  double ms = 0;
};
// A time without service: bounds as of RtoResult.
struct OutageValue {
  std::optional<double> lower_ms;
  std::optional<double> upper_ms;
  bool observed = false;
};
struct CountValue {
  std::uint64_t count = 0;
};
struct NumberValue {
  double value = 0;
  int decimals = 1;
};

// A name or something that a node said stays as it is; several Texts are joined by commas, or by
// semicolons where one of them has a comma.
using TextValue = std::variant<std::string, DurationValue, OutageValue, CountValue, NumberValue,
                               std::vector<Text>>;

struct Text {
  Msg id{};
  std::vector<TextValue> values = {};
};

std::string say(Language language, const Text& text);
// The values are names.
template <typename... Names>
std::string say(Language language, Msg id, Names&&... names) {
  return say(language, Text{id, {TextValue(std::string(std::forward<Names>(names)))...}});
}
// "5 min 41.2 s ± 0.1 s", "at least 2 min 10.0 s, not recovered", "not at all", "unknown"
std::string outage_in(Language language, const OutageValue& outage);

}  // namespace ernstfall
