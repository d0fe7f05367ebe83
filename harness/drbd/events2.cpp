// events2: splits a line of `drbdsetup events2` into its parts, in both dialects.
#include "harness/drbd/events2.h"

#include <array>

#include "harness/core/text.h"

namespace ernstfall {
namespace {

constexpr std::array<std::string_view, 6> kActions{"exists",  "create", "change",
                                                   "destroy", "call",   "response"};

// The first word of `text`, which is then removed from it.
std::string_view take_word(std::string_view& text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) {
    text = {};
    return {};
  }
  text.remove_prefix(begin);
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

bool is_timestamp(std::string_view word) {
  return word.size() >= 19 && word[0] >= '0' && word[0] <= '9' && word[4] == '-' && word[10] == 'T';
}

bool is_known_action(std::string_view word) {
  if (word == "rename") return true;
  for (const std::string_view action : kActions)
    if (word == action) return true;
  return false;
}

bool is_digits(std::string_view word) {
  return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
}

tl::unexpected<Error> not_an_event(std::string_view line, std::string_view why) {
  return fail(Errc::protocol, "not a line of events2 ({}): \"{}\"", why, elide(line, 120));
}

}  // namespace

std::string_view DrbdEvent::field(std::string_view key) const {
  for (const auto& [name, value] : fields)
    if (name == key) return value;
  return {};
}

Result<DrbdEvent> parse_events2_line(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  std::string_view rest = line;
  DrbdEvent event;
  event.action = take_word(rest);
  if (is_timestamp(event.action)) {
    event.timestamp = event.action;
    event.action = take_word(rest);
  }
  event.object = take_word(rest);
  // "- skipped 3": 8.4 says so when the kernel dropped messages; the only line without an action.
  if (event.action == "-" && event.object == "skipped") {
    const std::string_view count = take_word(rest);
    if (!is_digits(count) || !take_word(rest).empty())
      return not_an_event(line, "how many were skipped?");
    event.action = "skipped";
    event.object = "-";
    event.fields.emplace_back("count", count);
    return event;
  }
  if (!is_known_action(event.action)) return not_an_event(line, "unknown action");
  if (event.object.empty()) return not_an_event(line, "no object");
  if (event.object == "-" && event.action != "exists")
    return not_an_event(line, "only a dump ends with -");
  if (event.object != "-" &&
      event.object.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") != std::string_view::npos)
    return not_an_event(line, "not an object");
  for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest)) {
    // Only the first colon separates: "local:ipv6:[fd00::1]:7789".
    const std::size_t colon = word.find(':');
    if (colon == std::string_view::npos || colon == 0 || event.object == "-")
      return not_an_event(line, "a field is not key:value");
    event.fields.emplace_back(word.substr(0, colon), word.substr(colon + 1));
  }
  return event;
}

Result<DrbdNodeState> parse_events2_dump(std::string_view dump, std::string_view resource) {
  DrbdNodeState state;
  bool ended = false;
  while (!dump.empty()) {
    const std::size_t newline = dump.find('\n');
    const std::string_view line = trim(dump.substr(0, newline));
    dump.remove_prefix(newline == std::string_view::npos ? dump.size() : newline + 1);
    if (line.empty()) continue;
    if (ended) return fail(Errc::protocol, "the dump of events2 goes on after its end");
    ERNSTFALL_TRY(const DrbdEvent event, parse_events2_line(line));
    if (event.skipped()) return fail(Errc::protocol, "the dump of events2 has a gap");
    ended = event.end_of_dump();
    state.apply(event, resource);
  }
  if (!ended) return fail(Errc::protocol, "the dump of events2 was cut off before its end");
  return state;
}

}  // namespace ernstfall
