// text: a sentence by its id and its values, before it is said in a language. Checks and reports
// keep these; only who prints says them.
//
// The ids are those of messages.h, which only who makes a sentence includes: a new sentence does
// not build the whole program again.
#pragma once

#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/core/clock.h"

namespace ernstfall {

enum class Msg : std::uint16_t;
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
  std::uint64_t count = 0;  // "1,204"
};
struct NumberValue {
  double value = 0;  // without marks between thousands
  int decimals = 1;
};
// Numbers and units as English writes them ("100.0 MiB/s"), and nothing else.
struct FigureValue {
  std::string english;
};

// A name or something that a node said stays as it is; several Texts are joined by commas, or by
// semicolons where one of them has a comma.
using TextValue = std::variant<std::string, DurationValue, OutageValue, CountValue, NumberValue,
                               FigureValue, std::vector<Text>>;

struct Text {
  Msg id{};  // the first message is "{0}": nothing but its value, or nothing at all
  std::vector<TextValue> values;

  Text() = default;
  Text(Msg message,
       std::vector<TextValue> with = {});  // NOLINT: a message without values is a Text
  // What is the same in every language: a name, or what a node or an owner said.
  Text(std::string verbatim);       // NOLINT
  Text(const char* verbatim);       // NOLINT
  Text(std::string_view verbatim);  // NOLINT

  bool empty() const;
  std::string english() const;
  explicit operator std::string() const { return english(); }
  // Right behind it, without anything between the two.
  Text& operator+=(const Text& more);

  // As it reads in English. Friends, so that no two strings are ever compared as Texts.
  template <std::convertible_to<std::string_view> Words>
  friend bool operator==(const Text& text, const Words& english) {
    return text.english() == std::string_view(english);
  }
  friend bool operator==(const Text& a, const Text& b) { return a.english() == b.english(); }
  friend std::ostream& operator<<(std::ostream& out, const Text& text) { return text.print(out); }

 private:
  std::ostream& print(std::ostream& out) const;  // in English
};

// A Text inside another one.
TextValue inner(Text text);
// "{0}; {1}" and "{0} {1}"; one alone where the other is empty.
Text clauses(const Text& first, const Text& second);
Text sentences(const Text& first, const Text& second);

inline DurationValue duration_value(Nanos duration) {
  return {static_cast<double>(duration.count()) / 1e6};
}
inline NumberValue plain_number(std::uint64_t value) {
  return {static_cast<double>(value), 0};
}
// As few digits as it needs: "5", "2.5".
FigureValue short_number(double value);
inline NumberValue seconds_value(TimeNs at) {
  return {to_seconds(at), 1};
}

}  // namespace ernstfall
