// yaml_decoder: reads YAML mappings strictly: every problem with file, line and column, all of them
// at once, unknown and duplicate keys with the nearest valid name, and no value without its unit.
#pragma once

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/core/clock.h"
#include "harness/core/result.h"
#include "harness/core/text.h"

namespace ernstfall::yaml {

// Collects problems; the first kMaxProblems are kept.
class Problems {
 public:
  static constexpr std::size_t kMaxProblems = 20;
  explicit Problems(std::string path) : path_(std::move(path)) {}

  void add(const YAML::Mark& mark, const std::string& message);
  void add(const YAML::Node& node, const std::string& message) { add(node.Mark(), message); }
  // "file:line:col"
  std::string place(const YAML::Mark& mark) const;
  std::string place(const YAML::Node& node) const { return place(node.Mark()); }
  bool any() const { return !lines_.empty(); }
  // Errc::usage; one line per problem, each starting with its place.
  Error error() const;

 private:
  std::string path_;
  struct Line {
    YAML::Mark mark;
    std::string message;
  };
  std::vector<Line> lines_;
  std::size_t dropped_ = 0;
};

// "; did you mean "x"?" or, when nothing is near, "; expected one of a, b, c".
std::string suggestion(std::string_view name, const std::vector<std::string>& candidates);

// The only document of the text, which must be a mapping.
Result<YAML::Node> parse_document(std::string_view text, const std::string& path);

// Names become parts of paths and of names of sources.
inline constexpr std::size_t kMaxNameBytes = 63;
bool is_plain_name(std::string_view text);
void check_name(const YAML::Node& at, const std::string& what, const std::string& name,
                Problems& problems);

// Bounds that keep arithmetic on times from overflowing, also when scaled.
inline constexpr Nanos kMaxDuration = std::chrono::hours(1000);
inline constexpr std::string_view kMaxDurationText = "1000h";
inline constexpr double kMinFrequencyHz = 0.001;
inline constexpr double kMaxFrequencyHz = 1000;

// One mapping. Each key is taken once; finish() reports what was not taken.
class Map {
 public:
  // `what` names the mapping in messages: "a node", "the scenario".
  Map(const YAML::Node& node, std::string what, Problems& problems);

  bool has(std::string_view key);  // present and with a value; counts as known
  // nullptr-like undefined node when absent.
  YAML::Node take(std::string_view key);
  YAML::Node require(std::string_view key);

  // Each leaves `value` alone when the key is absent, and reports what cannot be decoded.
  void text(std::string_view key, std::string& value, bool required = false);
  void name(std::string_view key, std::string& value, bool required = false);
  void boolean(std::string_view key, bool& value);
  void integer(std::string_view key, int& value, int min, int max);
  void number(std::string_view key, double& value, double min, double max);
  void duration(std::string_view key, Nanos& value, bool required = false, Nanos min = Nanos(0));
  void bytes(std::string_view key, std::uint64_t& value, std::uint64_t min, std::uint64_t max);
  void frequency(std::string_view key, double& value);
  void words(std::string_view key, std::vector<std::string>& value, bool required = false);
  void choice(std::string_view key, std::string& value, const std::vector<std::string>& allowed);
  // For each key of the mapping under `key`, in file order; the inner keys are scalars.
  void each(std::string_view key,
            const std::function<void(const YAML::Node& key, const YAML::Node& value)>& visit);
  // For each element of the list under `key`.
  void list(std::string_view key, const std::function<void(const YAML::Node&)>& visit);

  void finish();
  const YAML::Node& node() const { return node_; }
  Problems& problems() { return problems_; }

 private:
  YAML::Node node_;
  std::string what_;
  Problems& problems_;
  std::map<std::string, YAML::Node> values_;
  std::map<std::string, YAML::Mark> key_marks_;
  std::set<std::string> known_;
  std::set<std::string> valueless_;
};

// A plain or quoted scalar's text; reports anything else.
std::optional<std::string> scalar(const YAML::Node& node, const std::string& what,
                                  Problems& problems);
// A list of scalars (argv, names).
std::vector<std::string> scalars(const YAML::Node& node, const std::string& what,
                                 Problems& problems);

}  // namespace ernstfall::yaml
