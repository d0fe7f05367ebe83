// messages: every sentence of the reports that can be had in more than one language, by its id.
//
// The sentences stand in *.inc beside this file, one MESSAGE(id, English, German) each. Places for
// values are {0}, {1} ...: an order that each language may change. A report holds a Text (id and
// values), a renderer says it in a language. To add a sentence: one MESSAGE; a test compares the
// places of both languages.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/lang/language.h"
#include "harness/lang/text.h"

namespace ernstfall {

enum class Msg : std::uint16_t {
#define MESSAGE(id, english, german) id,
#include "harness/lang/messages.inc"
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

std::string say(Language language, const Text& text);
// The values are names.
template <typename... Names>
std::string say(Language language, Msg id, Names&&... names) {
  return say(language, Text{id, {TextValue(std::string(std::forward<Names>(names)))...}});
}
// "5 min 41.2 s ± 0.1 s", "at least 2 min 10.0 s, not recovered", "not at all", "unknown"
std::string outage_in(Language language, const OutageValue& outage);

// What an older part of the run wrote into the history, in English: a sentence of ours that is
// known (recorded.inc) can be said in every language, everything else is quoted as it is.
Text recorded(const std::string& english);

}  // namespace ernstfall
