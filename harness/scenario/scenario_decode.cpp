// scenario_decode: a scenario file to a Scenario, checked against the catalogue.
#include <algorithm>
#include <charconv>
#include <set>

#include "harness/cluster/yaml_decoder.h"
#include "harness/core/files.h"
#include "harness/core/units.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/threshold_decode.h"

namespace ernstfall {
namespace {

using yaml::Map;
using yaml::Problems;
namespace fs = std::filesystem;

constexpr std::uint64_t kMaxConfigBytes = 1U << 20U;
constexpr int kMaxRepeat = 1000;
constexpr std::uint64_t kMinLoadBytes = 256;
constexpr std::uint64_t kMaxLoadBytes = 16U << 20U;
constexpr int kMaxAtOnce = 16;
constexpr int kMaxSoakFaults = 10'000;
constexpr Nanos kMaxErrorWindow = std::chrono::minutes(10);
constexpr double kMaxLimit = 1e18;
constexpr Nanos kTick = std::chrono::milliseconds(1);  // the shortest wait that makes sense

class ScenarioDecoder {
 public:
  ScenarioDecoder(const Catalogue& catalogue, Problems& problems)
      : catalogue_(catalogue), problems_(problems) {}

  Scenario decode(const YAML::Node& document, const fs::path& path) {
    Scenario scenario;
    scenario.source = path;
    scenario.name = path.stem().string();
    Map map(document, "the scenario", problems_);
    check_name(map, scenario.name);
    map.text("title", scenario.title, true);
    map.text("cause", scenario.cause);
    map.text("effect", scenario.effect);
    map.name("compare_with", scenario.compare_with);
    map.words("tags", scenario.tags);
    map.duration("baseline", scenario.baseline, false, kTick);
    map.duration("stable", scenario.stable, false, kTick);
    map.duration("settle_max", scenario.settle_max, false, kTick);
    map.duration("node_back_max", scenario.node_back_max, false, kTick);
    if (map.has("soak")) {
      scenario.soak = decode_soak(map.take("soak"));
      for (const char* other : {"faults", "operator"})
        if (map.has(other))
          problems_.add(map.take(other), fmt::format("{}: not beside \"soak\"", other));
    } else {
      (void)map.require("faults");  // an empty list is a run that only watches
    }
    const Varied varied = map.has("threshold") ? find_varied(map.take("threshold")) : Varied{};
    map.list("faults", [&](const YAML::Node& n) {
      const bool this_one = static_cast<int>(scenario.faults.size()) + 1 == varied.fault;
      scenario.faults.push_back(decode_fault(n, this_one ? varied.param : std::string()));
    });
    if (map.has("threshold"))
      scenario.threshold = decode_threshold(map.take("threshold"), scenario, catalogue_, problems_);
    decode_repeat(map, scenario);
    (void)map.require("probes");
    map.list("probes", [&](const YAML::Node& n) { scenario.probes.push_back(decode_probe(n)); });
    map.list("load", [&](const YAML::Node& n) { scenario.loads.push_back(decode_load(n)); });
    if (map.has("operator")) scenario.attended = decode_operator(map.take("operator"));
    if (map.has("expect")) scenario.expect = decode_expect(map.take("expect"));
    if (map.has("stop_when")) scenario.stop_when = decode_stop_when(map.take("stop_when"));
    map.words("checks", scenario.checks);
    decode_checks(map.take("checks"));
    map.finish();
    return scenario;
  }

 private:
  void check_name(Map& map, const std::string& expected) {
    std::string name = expected;
    map.text("scenario", name);
    if (name != expected)
      problems_.add(
          map.take("scenario"),
          fmt::format("the scenario calls itself \"{}\", its file \"{}\"", name, expected));
  }

  const CatalogueEntry* find_entry(const std::vector<CatalogueEntry>& entries,
                                   std::string_view kind, const std::string& name,
                                   const YAML::Node& at) {
    std::vector<std::string> names;
    for (const CatalogueEntry& entry : entries) {
      if (entry.name == name) return &entry;
      names.emplace_back(entry.name);
    }
    problems_.add(
        at, fmt::format("there is no {} \"{}\"{}", kind, name, yaml::suggestion(name, names)));
    return nullptr;
  }

  void decode_checks(const YAML::Node& list) {
    if (!list.IsDefined() || !list.IsSequence()) return;
    std::set<std::string> seen;
    for (const YAML::Node& check : list) {
      if (!check.IsScalar()) continue;
      find_entry(catalogue_.checks, "check", check.Scalar(), check);
      if (!seen.insert(check.Scalar()).second)
        problems_.add(check, fmt::format("checks: \"{}\" is given twice", check.Scalar()));
    }
  }

  FaultStep decode_fault(const YAML::Node& yaml, const std::string& varied) {
    FaultStep step;
    step.place = problems_.place(yaml);
    Map map(yaml, "a fault", problems_);
    map.text("fault", step.fault, true);
    const CatalogueEntry* entry =
        step.fault.empty() ? nullptr
                           : find_entry(catalogue_.faults, "fault", step.fault, map.take("fault"));
    decode_on(map, "a fault", step.on, step.on_place);
    map.duration("hold", step.hold, true);
    if (map.has("at")) {
      step.at.emplace();
      map.duration("at", *step.at);
    }
    map.integer("repeat", step.repeat, 1, kMaxRepeat);
    map.duration("pause", step.pause);
    if (map.has("pause") && step.repeat == 1)
      problems_.add(map.take("pause"), "pause: it is between repetitions, and repeat is 1");
    decode_params(map, entry, step.params, varied);
    map.finish();
    return step;
  }

  Soak decode_soak(const YAML::Node& yaml) {
    Soak soak;
    Map map(yaml, "soak", problems_);
    map.duration("for", soak.lasts, true, std::chrono::seconds(1));
    if (const YAML::Node picks = map.require("pick");
        picks.IsDefined() && picks.IsSequence() && picks.size() == 0)
      problems_.add(picks, "pick: the list is empty; there is nothing to draw from");
    map.list("pick", [&](const YAML::Node& n) { soak.picks.push_back(decode_pick(n)); });
    decode_range(map, "between", soak.between, Nanos(0));
    decode_range(map, "hold", soak.hold, kTick);
    map.integer("at_once", soak.at_once, 1, kMaxAtOnce);
    const Nanos shortest = soak.between.min + soak.hold.min;
    if (shortest.count() > 0 && soak.lasts / shortest * soak.at_once > kMaxSoakFaults)
      problems_.add(yaml, fmt::format("soak: more than {} faults could begin in that time; give a "
                                      "longer \"between\"",
                                      kMaxSoakFaults));
    map.finish();
    return soak;
  }

  // A name, a pattern, or a mapping with what goes with it.
  SoakPick decode_pick(const YAML::Node& yaml) {
    SoakPick pick;
    pick.place = pick.on_place = problems_.place(yaml);
    if (!yaml.IsMap()) {
      if (const auto text = yaml::scalar(yaml, "pick", problems_)) pick.fault = *text;
      const CatalogueEntry* entry = check_pick(pick, yaml);
      for (const ParamSpec& spec : entry == nullptr ? std::vector<ParamSpec>{} : entry->params)
        if (spec.required)
          problems_.add(yaml, fmt::format("{} needs the parameter \"{}\"", entry->name, spec.name));
      return pick;
    }
    Map map(yaml, "a pick", problems_);
    map.text("fault", pick.fault, true);
    const CatalogueEntry* entry =
        pick.fault.empty() ? nullptr : check_pick(pick, map.take("fault"));
    if (map.has("on")) decode_on(map, "a pick", pick.on, pick.on_place);
    if (pick.is_pattern() && map.has("with"))
      problems_.add(map.take("with"),
                    "with: parameters belong to one fault, and this is a pattern");
    decode_params(map, entry, pick.params);
    map.finish();
    return pick;
  }

  // The entry that a name means; nullptr for a pattern.
  const CatalogueEntry* check_pick(const SoakPick& pick, const YAML::Node& at) {
    if (pick.fault.empty()) return nullptr;
    if (!pick.is_pattern()) return find_entry(catalogue_.faults, "fault", pick.fault, at);
    for (const CatalogueEntry& entry : catalogue_.faults)
      if (pattern_fits(pick.fault, entry.name, entry.params, entry.destructive)) return nullptr;
    problems_.add(at,
                  fmt::format("no fault fits \"{}\" that needs no parameter and destroys no data",
                              pick.fault));
    return nullptr;
  }

  // "20s..60s", or "30s" for always the same.
  void decode_range(Map& map, std::string_view key, NanosRange& range, Nanos min) {
    std::string text;
    map.text(key, text);
    if (text.empty()) return;
    const YAML::Node at = map.take(key);
    const std::size_t dots = text.find("..");
    const auto from = parse_duration(trim(std::string_view(text).substr(0, dots)));
    const auto to = dots == std::string::npos
                        ? from
                        : parse_duration(trim(std::string_view(text).substr(dots + 2)));
    if (!from || !to) {
      problems_.add(at, fmt::format("{}: {}; expected one duration, or two as in 20s..60s", key,
                                    (from ? to : from).error().what));
      return;
    }
    if (*from < min || *to > yaml::kMaxDuration || *from > *to) {
      problems_.add(at, fmt::format("{}: \"{}\" is no range from {} to {}, the shorter end first",
                                    key, text, duration_literal(min), yaml::kMaxDurationText));
      return;
    }
    range = {*from, *to};
  }

  // One node, or a role: nothing is done to "every node".
  void decode_on(Map& map, const std::string& what, std::string& on, std::string& place) {
    map.text("on", on, true);
    const YAML::Node at = map.take("on");
    if (!at.IsDefined()) return;
    place = problems_.place(at);
    if (on == "*")
      problems_.add(at, fmt::format("{} is aimed at a node or role:ROLE, never at \"*\"", what));
  }

  ProbeSpec decode_probe(const YAML::Node& yaml) {
    ProbeSpec probe;
    probe.place = problems_.place(yaml);
    Map map(yaml, "a probe", problems_);
    map.text("probe", probe.probe, true);
    const CatalogueEntry* entry = probe.probe.empty() ? nullptr
                                                      : find_entry(catalogue_.probes, "probe",
                                                                   probe.probe, map.take("probe"));
    probe.id = probe.probe;
    decode_id(map, probe.id);
    map.text("on", probe.on, entry != nullptr && entry->needs_node);
    if (map.has("on")) probe.place = problems_.place(map.take("on"));
    if (entry != nullptr && !entry->needs_node && !probe.on.empty())
      problems_.add(map.take("on"), fmt::format("{} watches the service, not a node", probe.probe));
    map.frequency("rate", probe.rate_hz);
    map.duration("timeout", probe.timeout, false, kTick);
    decode_params(map, entry, probe.params);
    map.finish();
    if (!probe.id.empty() && !probe_ids_.insert(probe.id).second)
      problems_.add(
          yaml, fmt::format("two probes have the id \"{}\"; give one an id of its own", probe.id));
    return probe;
  }

  // The name of a source; "@NODE" at its end is dropped where the runner adds it.
  void decode_id(Map& map, std::string& id) {
    map.text("id", id);
    std::string name = id;
    if (const std::size_t at = name.find('@'); at != std::string::npos) name[at] = '.';
    if (map.has("id")) yaml::check_name(map.take("id"), "id", name, problems_);
  }

  LoadSpec decode_load(const YAML::Node& yaml) {
    LoadSpec load;
    load.place = problems_.place(yaml);
    load.load.clear();
    Map map(yaml, "a load", problems_);
    map.text("load", load.load, true);
    const CatalogueEntry* entry =
        load.load.empty() ? nullptr
                          : find_entry(catalogue_.loads, "load", load.load, map.take("load"));
    load.on_volume = entry != nullptr && entry->needs_drbd;
    map.frequency("rate", load.rate_hz);
    map.bytes("size", load.size_bytes, kMinLoadBytes, kMaxLoadBytes);
    map.duration("timeout", load.timeout, false, kTick);
    decode_params(map, entry, load.params);
    map.finish();
    return load;
  }

  Operator decode_operator(const YAML::Node& yaml) {
    Operator op;
    Map map(yaml, "operator", problems_);
    map.duration("reaction", op.reaction, true);
    if (const YAML::Node steps = map.require("steps");
        steps.IsDefined() && steps.IsSequence() && steps.size() == 0)
      problems_.add(steps, "steps: the list is empty; without steps there is no operator");
    map.list("steps", [&](const YAML::Node& n) { op.steps.push_back(decode_step(n)); });
    map.list("restore", [&](const YAML::Node& n) { op.restore.push_back(decode_step(n)); });
    map.finish();
    return op;
  }

  OperatorStep decode_step(const YAML::Node& yaml) {
    OperatorStep step;
    Map map(yaml, "an operator step", problems_);
    map.text("name", step.name, true);
    decode_on(map, "an operator step", step.on, step.place);
    map.words("run", step.run, true);
    if (!step.run.empty() && step.run.front().empty())
      problems_.add(map.take("run"), "run: the name of the command is empty");
    map.duration("timeout", step.timeout, false, kTick);
    map.integer("attempts", step.attempts, 1, 1000);
    map.finish();
    return step;
  }

  Expectations decode_expect(const YAML::Node& yaml) {
    Expectations expect;
    Map map(yaml, "expect", problems_);
    const auto duration = [&](std::string_view key, std::optional<Nanos>& value) {
      if (!map.has(key)) return;
      Nanos parsed{-1};
      map.duration(key, parsed);
      if (parsed.count() >= 0) value = parsed;
    };
    duration("rto_max", expect.rto_max);
    duration("redundancy_max", expect.redundancy_max);
    if (map.has("lost_max")) {
      int lost = 0;
      map.integer("lost_max", lost, 0, 1'000'000'000);
      expect.lost_max = static_cast<std::uint64_t>(lost);
    }
    map.finish();
    return expect;
  }

  StopConditions decode_stop_when(const YAML::Node& yaml) {
    StopConditions stop;
    Map map(yaml, "stop_when", problems_);
    if (map.has("service_down_for")) {
      stop.service_down_for.emplace();
      map.duration("service_down_for", *stop.service_down_for, false, kTick);
    }
    if (map.has("service_error_rate"))
      stop.service_error_rate = decode_error_rate(map.take("service_error_rate"));
    if (map.has("metric")) stop.metric = decode_metric(map.take("metric"));
    map.boolean("split_brain", stop.split_brain);
    map.finish();
    return stop;
  }

  ErrorRateCondition decode_error_rate(const YAML::Node& yaml) {
    ErrorRateCondition rate;
    Map map(yaml, "service_error_rate", problems_);
    std::string above;
    map.text("above", above, true);
    if (!above.empty()) {
      const auto percent = parse_percent(above);
      if (percent)
        rate.above_percent = *percent;
      else
        problems_.add(map.take("above"), fmt::format("above: {}", percent.error().what));
    }
    map.duration("over", rate.over, false, kTick);
    if (rate.over > kMaxErrorWindow)
      problems_.add(map.take("over"), fmt::format("over: at most {}, because every answer in it is "
                                                  "kept in memory",
                                                  duration_literal(kMaxErrorWindow)));
    map.finish();
    return rate;
  }

  MetricCondition decode_metric(const YAML::Node& yaml) {
    MetricCondition metric;
    metric.place = problems_.place(yaml);
    Map map(yaml, "metric", problems_);
    map.text("query", metric.query, true);
    metric.above = map.has("above");
    if (metric.above == map.has("below"))
      problems_.add(yaml, "a metric needs either \"above\" or \"below\"");
    map.number("above", metric.limit, -kMaxLimit, kMaxLimit);
    map.number("below", metric.limit, -kMaxLimit, kMaxLimit);
    map.duration("for", metric.lasts, true);
    map.finish();
    return metric;
  }

  void decode_params(Map& map, const CatalogueEntry* entry, Params& params,
                     const std::string& varied = {}) {
    const bool given = map.has("with");
    if (entry == nullptr) {
      (void)map.take("with");
      return;
    }
    const YAML::Node yaml = given ? map.take("with") : YAML::Node(YAML::NodeType::Map);
    Map with(yaml, fmt::format("the parameters of {}", entry->name), problems_);
    for (const ParamSpec& spec : entry->params) {
      if (spec.name == varied) {
        if (with.has(spec.name))
          problems_.add(with.take(spec.name),
                        fmt::format("{0}: the threshold varies it; leave it out here", spec.name));
        continue;
      }
      if (spec.required && !with.has(spec.name))
        problems_.add(given ? yaml : map.node(),
                      fmt::format("{} needs the parameter \"{}\"", entry->name, spec.name));
      if (with.has(spec.name)) decode_param(with.take(spec.name), spec, params);
    }
    with.finish();
  }

  void decode_param(const YAML::Node& yaml, const ParamSpec& spec, Params& params) {
    const auto text = yaml::scalar(yaml, std::string(spec.name), problems_);
    if (!text) return;
    const auto value = parse_param(spec.kind, *text);
    if (value)
      params[std::string(spec.name)] = *value;
    else
      problems_.add(yaml, fmt::format("{}: {}", spec.name, value.error().what));
  }

  void decode_repeat(Map& map, Scenario& scenario) {
    std::string text;
    map.text("repeat", text);
    if (text.empty()) return;
    const YAML::Node at = map.take("repeat");
    if (scenario.threshold)
      problems_.add(at, "repeat: not beside \"threshold\", which has a repeat of its own");
    const auto repeat = parse_repeat(text);
    if (repeat)
      scenario.repeat = *repeat;
    else
      problems_.add(at, "repeat: " + repeat.error().what);
  }

  const Catalogue& catalogue_;
  Problems& problems_;
  std::set<std::string> probe_ids_;
};

}  // namespace

Result<ParamValue> parse_param(ParamValue::Kind kind, std::string_view text) {
  ParamValue value{kind, std::string(text), 0};
  switch (kind) {
    case ParamValue::Kind::text:
      break;
    case ParamValue::Kind::integer: {
      std::int64_t parsed = 0;
      const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), parsed);
      const bool octal_looking = text.size() > 1 && text.front() == '0';
      if (ec != std::errc() || end != text.data() + text.size() || octal_looking)
        return fail(Errc::usage, "\"{}\" is not a whole number", text);
      value.number = static_cast<double>(parsed);
      break;
    }
    case ParamValue::Kind::boolean:
      if (text != "true" && text != "false")
        return fail(Errc::usage, "\"{}\" is not a boolean; expected true or false", text);
      value.number = text == "true" ? 1 : 0;
      break;
    case ParamValue::Kind::duration: {
      ERNSTFALL_TRY(const Nanos parsed, parse_duration(text));
      if (parsed > yaml::kMaxDuration)
        return fail(Errc::usage, "\"{}\" is out of range; expected at most {}", text,
                    yaml::kMaxDurationText);
      value.number = static_cast<double>(parsed.count());
      break;
    }
    case ParamValue::Kind::bytes: {
      ERNSTFALL_TRY(const std::uint64_t parsed, parse_bytes(text));
      value.number = static_cast<double>(parsed);
      break;
    }
    case ParamValue::Kind::frequency: {
      ERNSTFALL_TRY(value.number, parse_frequency_hz(text));
      break;
    }
    case ParamValue::Kind::percent: {
      ERNSTFALL_TRY(value.number, parse_percent(text));
      break;
    }
    case ParamValue::Kind::bitrate: {
      ERNSTFALL_TRY(value.number, parse_bitrate(text));
      break;
    }
  }
  return value;
}

Result<ParamValue> param_or_default(std::span<const ParamSpec> specs, const Params& params,
                                    std::string_view name) {
  if (const auto it = params.find(std::string(name)); it != params.end()) return it->second;
  for (const ParamSpec& spec : specs)
    if (spec.name == name) return parse_param(spec.kind, spec.default_text);
  return fail(Errc::internal, "there is no parameter \"{}\"", name);
}

namespace {

bool glob_fits(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() != '*')
    return !text.empty() && pattern.front() == text.front() &&
           glob_fits(pattern.substr(1), text.substr(1));
  for (std::size_t skip = 0; skip <= text.size(); ++skip)
    if (glob_fits(pattern.substr(1), text.substr(skip))) return true;
  return false;
}

}  // namespace

bool pattern_fits(std::string_view pattern, std::string_view fault,
                  std::span<const ParamSpec> params, bool destructive) {
  return !destructive && glob_fits(pattern, fault) &&
         std::none_of(params.begin(), params.end(), [](const ParamSpec& p) { return p.required; });
}

Result<Scenario> parse_scenario(std::string_view text, const fs::path& path,
                                const Catalogue& catalogue) {
  ERNSTFALL_TRY(const YAML::Node document, yaml::parse_document(text, path.string()));
  Problems problems(path.string());
  Scenario scenario = ScenarioDecoder(catalogue, problems).decode(document, path);
  if (problems.any()) return tl::unexpected(problems.error());
  return scenario;
}

Result<Scenario> load_scenario(const fs::path& path, const Catalogue& catalogue) {
  auto text = read_file(path, kMaxConfigBytes);
  if (!text) return fail_at(Errc::usage, path.string(), "{}", text.error().what);
  return parse_scenario(*text, path, catalogue);
}

}  // namespace ernstfall
