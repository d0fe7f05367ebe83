// text: putting sentences together.
#include "harness/lang/text.h"

#include <fmt/core.h>

#include <ostream>

#include "harness/lang/messages.h"

namespace ernstfall {

static_assert(Msg::name_only == Msg{}, "a Text without anything is the first message");

Text::Text(Msg message, std::vector<TextValue> with) : id(message), values(std::move(with)) {}
Text::Text(std::string verbatim) : id(Msg::name_only), values{std::move(verbatim)} {}
Text::Text(const char* verbatim) : Text(std::string(verbatim)) {}
Text::Text(std::string_view verbatim) : Text(std::string(verbatim)) {}

bool Text::empty() const {
  if (id != Msg::name_only) return false;
  if (values.empty()) return true;
  const auto* verbatim = std::get_if<std::string>(&values.front());
  return verbatim != nullptr && verbatim->empty();
}

std::string Text::english() const {
  return say(Language::english, *this);
}

Text& Text::operator+=(const Text& more) {
  if (more.empty()) return *this;
  if (empty()) return *this = more;
  return *this = Text(Msg::joined, {inner(*this), inner(more)});
}

std::ostream& Text::print(std::ostream& out) const {
  return out << english();
}

TextValue inner(Text text) {
  std::vector<Text> one;
  one.push_back(std::move(text));
  return one;
}

FigureValue short_number(double value) {
  return {fmt::format("{:g}", value)};
}

Text clauses(const Text& first, const Text& second) {
  if (first.empty() || second.empty()) return first.empty() ? second : first;
  return {Msg::two_clauses, {inner(first), inner(second)}};
}

Text sentences(const Text& first, const Text& second) {
  if (first.empty() || second.empty()) return first.empty() ? second : first;
  return {Msg::two_sentences, {inner(first), inner(second)}};
}

}  // namespace ernstfall
