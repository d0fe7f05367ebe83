// yaml_decoder: strict reading over yaml-cpp, which by itself accepts duplicate keys, unknown keys,
// octal-looking numbers and "no" as false.
#include "harness/cluster/yaml_decoder.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "harness/core/units.h"

namespace ernstfall::yaml {

void Problems::add(const YAML::Mark& mark, const std::string& message) {
  if (lines_.size() >= kMaxProblems) {
    ++dropped_;
    return;
  }
  lines_.push_back({mark, message});
}

std::string Problems::place(const YAML::Mark& mark) const {
  return mark.is_null() ? path_ : fmt::format("{}:{}:{}", path_, mark.line + 1, mark.column + 1);
}

Error Problems::error() const {
  // From top to bottom, as one reads the file.
  std::vector<Line> lines = lines_;
  std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) {
    return std::pair(a.mark.line, a.mark.column) < std::pair(b.mark.line, b.mark.column);
  });
  std::string text;
  for (const Line& line : lines)
    text += (text.empty() ? "" : "\n") + place(line.mark) + ": " + line.message;
  if (dropped_ > 0) text += fmt::format("\nand {} more", dropped_);
  return Error{Errc::usage, text, {}};
}

std::string suggestion(std::string_view name, const std::vector<std::string>& candidates) {
  if (const auto near = nearest_name(name, candidates))
    return fmt::format("; did you mean \"{}\"?", *near);
  return candidates.empty() ? "" : "; expected one of " + join(candidates, ", ");
}

bool is_plain_name(std::string_view text) {
  static constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !text.empty() && text.size() <= kMaxNameBytes && text.front() != '.' &&
         text.front() != '-' && text.find_first_not_of(kAllowed) == std::string_view::npos;
}

void check_name(const YAML::Node& at, const std::string& what, const std::string& name,
                Problems& problems) {
  if (!is_plain_name(name))
    problems.add(at, fmt::format("{}: \"{}\" is not a name; expected letters, digits, \".\", "
                                 "\"_\" and \"-\", at most {} of them",
                                 what, elide(name, 80), kMaxNameBytes));
}

std::optional<std::string> scalar(const YAML::Node& node, const std::string& what,
                                  Problems& problems) {
  if (node.IsScalar()) return node.Scalar();
  problems.add(node, fmt::format("{}: expected one value, found {}", what,
                                 node.IsSequence() ? "a list"
                                 : node.IsMap()    ? "a mapping"
                                                   : "nothing"));
  return std::nullopt;
}

std::vector<std::string> scalars(const YAML::Node& node, const std::string& what,
                                 Problems& problems) {
  std::vector<std::string> values;
  if (!node.IsSequence()) {
    problems.add(node, fmt::format("{}: expected a list, like [a, b]", what));
    return values;
  }
  for (const YAML::Node& element : node)
    if (auto value = scalar(element, what, problems)) values.push_back(std::move(*value));
  return values;
}

Map::Map(const YAML::Node& node, std::string what, Problems& problems)
    : node_(node), what_(std::move(what)), problems_(problems) {
  if (!node.IsMap()) {
    problems.add(node, fmt::format("{}: expected a mapping (key: value)", what_));
    return;
  }
  for (const auto& pair : node) {
    const auto key = scalar(pair.first, "a key of " + what_, problems);
    if (!key) continue;
    if (const auto first = key_marks_.find(*key); first != key_marks_.end()) {
      problems.add(pair.first, fmt::format("\"{}\" is given twice in {}; first in line {}", *key,
                                           what_, first->second.line + 1));
      continue;
    }
    key_marks_[*key] = pair.first.Mark();
    values_.emplace(*key, pair.second);
  }
}

bool Map::has(std::string_view key) {
  return take(key).IsDefined();
}

YAML::Node Map::take(std::string_view key) {
  known_.emplace(key);
  const auto it = values_.find(std::string(key));
  if (it == values_.end()) return YAML::Node(YAML::NodeType::Undefined);
  if (it->second.IsNull()) {
    // Never the same as absent: "operator:" with its steps lost would be another scenario.
    if (valueless_.insert(it->first).second)
      problems_.add(key_marks_.at(it->first), fmt::format("\"{}\" has no value", key));
    return YAML::Node(YAML::NodeType::Undefined);
  }
  return it->second;
}

YAML::Node Map::require(std::string_view key) {
  YAML::Node node = take(key);
  if (!node.IsDefined() && values_.find(std::string(key)) == values_.end() && node_.IsMap())
    problems_.add(node_, fmt::format("{} needs \"{}\"", what_, key));
  return node;
}

void Map::text(std::string_view key, std::string& value, bool required) {
  const YAML::Node node = required ? require(key) : take(key);
  if (!node.IsDefined()) return;
  auto got = scalar(node, std::string(key), problems_);
  if (!got) return;
  if (got->empty() && required) problems_.add(node, fmt::format("\"{}\" is empty", key));
  value = std::move(*got);
}

void Map::name(std::string_view key, std::string& value, bool required) {
  text(key, value, required);
  if (const YAML::Node node = take(key); node.IsDefined() && node.IsScalar() && !value.empty())
    check_name(node, std::string(key), value, problems_);
}

void Map::boolean(std::string_view key, bool& value) {
  const YAML::Node node = take(key);
  if (!node.IsDefined()) return;
  const auto got = scalar(node, std::string(key), problems_);
  if (!got) return;
  if (*got == "true" || *got == "false")
    value = *got == "true";
  else
    problems_.add(node,
                  fmt::format("{}: \"{}\" is not a boolean; expected true or false", key, *got));
}

void Map::integer(std::string_view key, int& value, int min, int max) {
  const YAML::Node node = take(key);
  if (!node.IsDefined()) return;
  const auto got = scalar(node, std::string(key), problems_);
  if (!got) return;
  int parsed = 0;
  const auto [end, ec] = std::from_chars(got->data(), got->data() + got->size(), parsed);
  const bool octal_looking = got->size() > 1 && got->front() == '0';
  if (ec != std::errc() || end != got->data() + got->size() || octal_looking || parsed < min ||
      parsed > max) {
    problems_.add(
        node, fmt::format("{}: \"{}\" is not a whole number from {} to {}", key, *got, min, max));
    return;
  }
  value = parsed;
}

void Map::number(std::string_view key, double& value, double min, double max) {
  const YAML::Node node = take(key);
  if (!node.IsDefined()) return;
  const auto got = scalar(node, std::string(key), problems_);
  if (!got) return;
  double parsed = 0;
  const auto [end, ec] = std::from_chars(got->data(), got->data() + got->size(), parsed);
  // Written so that nan fails too.
  if (ec != std::errc() || end != got->data() + got->size() || !(parsed >= min && parsed <= max)) {
    problems_.add(node,
                  fmt::format("{}: \"{}\" is not a number from {} to {}", key, *got, min, max));
    return;
  }
  value = parsed;
}

namespace {

// True when `value` was set.
template <typename T>
bool parsed_scalar(Map& map, const YAML::Node& node, std::string_view key, T& value,
                   Result<T> (*parse)(std::string_view)) {
  if (!node.IsDefined()) return false;
  const auto got = scalar(node, std::string(key), map.problems());
  if (!got) return false;
  auto parsed = parse(*got);
  if (parsed)
    value = *parsed;
  else
    map.problems().add(node, fmt::format("{}: {}", key, parsed.error().what));
  return parsed.has_value();
}

}  // namespace

void Map::duration(std::string_view key, Nanos& value, bool required, Nanos min) {
  const YAML::Node node = required ? require(key) : take(key);
  if (!parsed_scalar(*this, node, key, value, parse_duration)) return;
  if (value < min || value > kMaxDuration)
    problems_.add(node, fmt::format("{}: \"{}\" is out of range; expected {} to {}", key,
                                    node.Scalar(), duration_literal(min), kMaxDurationText));
}
void Map::bytes(std::string_view key, std::uint64_t& value, std::uint64_t min, std::uint64_t max) {
  const YAML::Node node = take(key);
  if (!parsed_scalar(*this, node, key, value, parse_bytes)) return;
  if (value < min || value > max)
    problems_.add(node, fmt::format("{}: \"{}\" is out of range; expected {} to {}", key,
                                    node.Scalar(), format_bytes(min), format_bytes(max)));
}
void Map::frequency(std::string_view key, double& value) {
  const YAML::Node node = take(key);
  if (!parsed_scalar(*this, node, key, value, parse_frequency_hz)) return;
  if (value < kMinFrequencyHz || value > kMaxFrequencyHz)
    problems_.add(node, fmt::format("{}: \"{}\" is out of range; expected 0.001Hz to 1kHz", key,
                                    node.Scalar()));
}

void Map::words(std::string_view key, std::vector<std::string>& value, bool required) {
  const YAML::Node node = required ? require(key) : take(key);
  if (!node.IsDefined()) return;
  value = scalars(node, std::string(key), problems_);
  if (required && node.IsSequence() && value.empty())
    problems_.add(node, fmt::format("{}: the list is empty", key));
}

void Map::choice(std::string_view key, std::string& value,
                 const std::vector<std::string>& allowed) {
  const YAML::Node node = take(key);
  if (!node.IsDefined()) return;
  const auto got = scalar(node, std::string(key), problems_);
  if (!got) return;
  for (const std::string& word : allowed)
    if (word == *got) {
      value = word;
      return;
    }
  problems_.add(node,
                fmt::format("{}: unknown value \"{}\"{}", key, *got, suggestion(*got, allowed)));
}

void Map::each(std::string_view key,
               const std::function<void(const YAML::Node&, const YAML::Node&)>& visit) {
  const YAML::Node node = take(key);
  if (!node.IsDefined()) return;
  Map inner(node, std::string(key), problems_);
  if (!node.IsMap()) return;
  std::set<std::string> seen;
  for (const auto& pair : node)
    if (pair.first.IsScalar() && seen.insert(pair.first.Scalar()).second)
      visit(pair.first, pair.second);
}

void Map::list(std::string_view key, const std::function<void(const YAML::Node&)>& visit) {
  const YAML::Node node = take(key);
  if (!node.IsDefined()) return;
  if (!node.IsSequence()) {
    problems_.add(node, fmt::format("{}: expected a list", key));
    return;
  }
  for (const YAML::Node& element : node) visit(element);
}

void Map::finish() {
  const std::vector<std::string> candidates(known_.begin(), known_.end());
  // In file order, so that messages read from top to bottom.
  if (!node_.IsMap()) return;
  std::set<std::string> seen;
  for (const auto& pair : node_) {
    if (!pair.first.IsScalar()) continue;
    const std::string& key = pair.first.Scalar();
    if (known_.count(key) == 0 && seen.insert(key).second)
      problems_.add(pair.first, fmt::format("unknown key \"{}\" in {}{}", key, what_,
                                            suggestion(key, candidates)));
  }
}

}  // namespace ernstfall::yaml
