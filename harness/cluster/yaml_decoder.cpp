// yaml_decoder: strict reading over yaml-cpp, which by itself accepts duplicate keys, unknown keys,
// octal-looking numbers and "no" as false.
#include "harness/cluster/yaml_decoder.h"

#include <charconv>

#include "harness/core/units.h"

namespace ernstfall::yaml {

void Problems::add(const YAML::Mark& mark, const std::string& message) {
  if (lines_.size() >= kMaxProblems) {
    ++dropped_;
    return;
  }
  lines_.push_back(
      mark.is_null() ? fmt::format("{}: {}", path_, message)
                     : fmt::format("{}:{}:{}: {}", path_, mark.line + 1, mark.column + 1, message));
}

Error Problems::error() const {
  std::string text = join(lines_, "\n");
  if (dropped_ > 0) text += fmt::format("\nand {} more", dropped_);
  return Error{Errc::usage, text, {}};
}

std::string suggestion(std::string_view name, const std::vector<std::string>& candidates) {
  if (const auto near = nearest_name(name, candidates))
    return fmt::format("; did you mean \"{}\"?", *near);
  return candidates.empty() ? "" : "; expected one of " + join(candidates, ", ");
}

namespace {

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t size = lead < 0x80                   ? 1
                             : lead >= 0xC2 && lead < 0xE0 ? 2
                             : (lead & 0xF0U) == 0xE0      ? 3
                             : lead >= 0xF0 && lead < 0xF5 ? 4
                                                           : 0;
    if (size == 0 || i + size > text.size()) return false;
    for (std::size_t k = 1; k < size; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0U) != 0x80U) return false;
    i += size;
  }
  return true;
}

}  // namespace

Result<YAML::Node> parse_document(std::string_view text, const std::string& path) {
  if (!is_utf8(text)) return fail_at(Errc::usage, path, "the file is not UTF-8 text");
  Problems problems(path);
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.empty() || documents.front().IsNull())
      return fail_at(Errc::usage, path, "the file is empty; expected a mapping");
    if (documents.size() > 1)
      return fail_at(Errc::usage, path, "the file holds {} documents; expected one",
                     documents.size());
    if (!documents.front().IsMap()) {
      problems.add(documents.front(), "expected a mapping (key: value) at the top");
      return tl::unexpected(problems.error());
    }
    return documents.front();
  } catch (const YAML::Exception& error) {
    problems.add(error.mark, "not valid YAML: " + error.msg);
    return tl::unexpected(problems.error());
  }
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
  known_.emplace(key);
  const auto it = values_.find(std::string(key));
  return it != values_.end() && !it->second.IsNull();
}

YAML::Node Map::take(std::string_view key) {
  known_.emplace(key);
  const auto it = values_.find(std::string(key));
  if (it == values_.end()) return YAML::Node(YAML::NodeType::Undefined);
  if (it->second.IsNull()) {
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

void Map::number(std::string_view key, double& value, double min) {
  const YAML::Node node = take(key);
  if (!node.IsDefined()) return;
  const auto got = scalar(node, std::string(key), problems_);
  if (!got) return;
  double parsed = 0;
  const auto [end, ec] = std::from_chars(got->data(), got->data() + got->size(), parsed);
  // Written so that nan fails too.
  if (ec != std::errc() || end != got->data() + got->size() || !(parsed >= min && parsed <= 1e6)) {
    problems_.add(node, fmt::format("{}: \"{}\" is not a number of at least {}", key, *got, min));
    return;
  }
  value = parsed;
}

namespace {

template <typename T>
void parsed_scalar(Map& map, const YAML::Node& node, std::string_view key, T& value,
                   Result<T> (*parse)(std::string_view)) {
  if (!node.IsDefined()) return;
  const auto got = scalar(node, std::string(key), map.problems());
  if (!got) return;
  auto parsed = parse(*got);
  if (parsed)
    value = *parsed;
  else
    map.problems().add(node, fmt::format("{}: {}", key, parsed.error().what));
}

}  // namespace

void Map::duration(std::string_view key, Nanos& value, bool required) {
  parsed_scalar(*this, required ? require(key) : take(key), key, value, parse_duration);
}
void Map::bytes(std::string_view key, std::uint64_t& value) {
  parsed_scalar(*this, take(key), key, value, parse_bytes);
}
void Map::frequency(std::string_view key, double& value) {
  parsed_scalar(*this, take(key), key, value, parse_frequency_hz);
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
               const std::function<void(const std::string&, const YAML::Node&)>& visit) {
  const YAML::Node node = take(key);
  if (!node.IsDefined()) return;
  Map inner(node, std::string(key), problems_);
  if (!node.IsMap()) return;
  std::set<std::string> seen;
  for (const auto& pair : node)
    if (pair.first.IsScalar() && seen.insert(pair.first.Scalar()).second)
      visit(pair.first.Scalar(), pair.second);
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
