// threshold_decode: `threshold` and `repeat` of a scenario file, checked against its faults.
#include "harness/scenario/threshold_decode.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "harness/core/units.h"

namespace ernstfall {
namespace {

using yaml::Map;
using yaml::Problems;

constexpr int kMaxTrialsPerLevel = 20;
constexpr double kFinestRatio = 0.01;  // levels are written with three digits or more
constexpr int kFewestSteps = 4;        // fewer are no search
constexpr int kMostSteps = 10'000;
constexpr Nanos kShortestLimit = std::chrono::milliseconds(1);

class ThresholdDecoder {
 public:
  ThresholdDecoder(const Catalogue& catalogue, Problems& problems)
      : catalogue_(catalogue), problems_(problems) {}

  Threshold decode(const YAML::Node& yaml, Scenario& scenario) {
    Threshold threshold;
    threshold.place = problems_.place(yaml);
    Map map(yaml, "threshold", problems_);
    map.integer("fault", threshold.fault, 1, std::max(1, static_cast<int>(scenario.faults.size())));
    map.text("vary", threshold.vary, true);
    std::string scale = "linear";
    map.choice("scale", scale, {"linear", "log"});
    threshold.log = scale == "log";
    std::string worse = "more";
    map.choice("worse", worse, {"more", "less"});
    threshold.more_is_worse = worse == "more";
    map.integer("repeat", threshold.repeat, 1, kMaxTrialsPerLevel);
    map.duration("settle", threshold.settle);
    if (map.has("broken_when")) decode_broken_when(map.take("broken_when"), threshold);
    const ParamSpec* spec = varied_spec(map, threshold, scenario);
    decode_range_of(map, spec, threshold);
    map.finish();
    if (scenario.soak)
      problems_.add(yaml, "threshold: not beside \"soak\"; it varies one of \"faults\"");
    else if (scenario.faults.empty())
      problems_.add(yaml, "threshold: there is no fault to vary");
    if (spec != nullptr) {
      const ParamValue& mild = threshold.more_is_worse ? threshold.from : threshold.to;
      scenario.faults[static_cast<std::size_t>(threshold.fault) - 1].params[threshold.vary] = mild;
    }
    return threshold;
  }

 private:
  void decode_broken_when(const YAML::Node& yaml, Threshold& threshold) {
    Map map(yaml, "broken_when", problems_);
    std::string rate;
    map.text("error_rate", rate);
    if (!rate.empty()) {
      const auto percent = parse_percent(rate);
      if (percent && *percent < 100)
        threshold.error_rate_percent = *percent;
      else if (percent)
        problems_.add(map.take("error_rate"),
                      "error_rate: expected less than 100%; never are more bad than all of them");
      else
        problems_.add(map.take("error_rate"), "error_rate: " + percent.error().what);
    }
    if (map.has("latency")) {
      threshold.latency.emplace();
      map.duration("latency", *threshold.latency, false, kShortestLimit);
    }
    map.finish();
  }

  // The declared parameter; nullptr when there is none, and then it was said.
  const ParamSpec* varied_spec(Map& map, const Threshold& threshold, const Scenario& scenario) {
    if (threshold.vary.empty() || threshold.fault < 1 ||
        static_cast<std::size_t>(threshold.fault) > scenario.faults.size())
      return nullptr;
    const std::string& fault = scenario.faults[static_cast<std::size_t>(threshold.fault) - 1].fault;
    std::vector<std::string> names;
    for (const CatalogueEntry& entry : catalogue_.faults) {
      if (entry.name != fault) continue;
      for (const ParamSpec& spec : entry.params) {
        const bool measurable =
            spec.kind != ParamValue::Kind::text && spec.kind != ParamValue::Kind::boolean;
        if (measurable && spec.name == threshold.vary) return &spec;
        if (measurable) names.emplace_back(spec.name);
      }
      problems_.add(map.take("vary"),
                    names.empty()
                        ? fmt::format("vary: {} has no parameter that can be varied", fault)
                        : fmt::format("vary: {} has no measurable parameter \"{}\"{}", fault,
                                      threshold.vary, yaml::suggestion(threshold.vary, names)));
    }
    return nullptr;
  }

  void decode_range_of(Map& map, const ParamSpec* spec, Threshold& threshold) {
    std::string from;
    std::string to;
    map.text("from", from, true);
    map.text("to", to, true);
    map.text("resolution", threshold.resolution, true);
    if (spec == nullptr || from.empty() || to.empty() || threshold.resolution.empty()) return;
    const auto value = [&](std::string_view key, ParamValue::Kind kind,
                           const std::string& text) -> std::optional<ParamValue> {
      auto parsed = parse_param(kind, text);
      if (parsed) return *parsed;
      problems_.add(map.take(key), fmt::format("{}: {}", key, parsed.error().what));
      return std::nullopt;
    };
    const auto low = value("from", spec->kind, from);
    const auto high = value("to", spec->kind, to);
    const auto step = value("resolution", threshold.log ? ParamValue::Kind::percent : spec->kind,
                            threshold.resolution);
    if (!low || !high || !step) return;
    threshold.from = *low;
    threshold.to = *high;
    threshold.step = threshold.log ? step->number / 100 : step->number;
    check_range(map, threshold);
  }

  void check_range(Map& map, const Threshold& threshold) {
    const double low = threshold.from.number;
    const double high = threshold.to.number;
    if (low >= high)
      return problems_.add(map.take("to"),
                           "to: it is the larger end of the range; which end is worse is said by "
                           "\"worse\"");
    if (threshold.log && low <= 0)
      return problems_.add(map.take("from"), "from: a log scale begins above zero");
    if (threshold.step < (threshold.log ? kFinestRatio : 0) || threshold.step <= 0)
      return problems_.add(map.take("resolution"),
                           threshold.log ? "resolution: expected 1% or more of the value"
                                         : "resolution: expected more than zero");
    const double steps = threshold.log ? std::log(high / low) / std::log1p(threshold.step)
                                       : (high - low) / threshold.step;
    if (steps < kFewestSteps - 1e-9 || steps > kMostSteps)
      problems_.add(map.take("resolution"),
                    fmt::format("resolution: the range has {:.4g} steps of it; expected {} to {}",
                                steps, kFewestSteps, kMostSteps));
  }

  const Catalogue& catalogue_;
  Problems& problems_;
};

}  // namespace

Varied find_varied(const YAML::Node& yaml) {
  if (!yaml.IsMap()) return {};
  const auto word = [&yaml](const char* key) {
    const YAML::Node node = yaml[key];
    return node.IsDefined() && node.IsScalar() ? node.Scalar() : std::string();
  };
  Varied varied{1, word("vary")};
  const std::string fault = word("fault");
  if (!fault.empty()) std::from_chars(fault.data(), fault.data() + fault.size(), varied.fault);
  return varied;
}

Threshold decode_threshold(const YAML::Node& yaml, Scenario& scenario, const Catalogue& catalogue,
                           Problems& problems) {
  return ThresholdDecoder(catalogue, problems).decode(yaml, scenario);
}

Result<Repeat> parse_repeat(std::string_view text) {
  const auto number = [](std::string_view part) -> std::optional<int> {
    int value = 0;
    part = trim(part);
    const auto [end, ec] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (ec != std::errc() || end != part.data() + part.size()) return std::nullopt;
    return value;
  };
  const std::size_t dots = text.find("..");
  const auto least = number(text.substr(0, dots));
  const auto most = dots == std::string_view::npos ? least : number(text.substr(dots + 2));
  if (!least || !most || *least < 1 || *least > *most || *most > kMaxSuiteRuns)
    return fail(Errc::usage,
                "\"{}\" is neither a number of runs, 1 to {}, nor two as in 5..20, the smaller "
                "first",
                text, kMaxSuiteRuns);
  return Repeat{*least, *most};
}

}  // namespace ernstfall
