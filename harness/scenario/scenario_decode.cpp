// scenario_decode: a scenario file to a Scenario, checked against the catalogue.
#include <algorithm>
#include <set>

#include "harness/cluster/yaml_decoder.h"
#include "harness/core/files.h"
#include "harness/core/units.h"
#include "harness/scenario/scenario.h"

namespace ernstfall {
namespace {

using yaml::Map;
using yaml::Problems;
namespace fs = std::filesystem;

constexpr std::uint64_t kMaxConfigBytes = 1U << 20U;

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
    map.text("compare_with", scenario.compare_with);
    map.words("tags", scenario.tags);
    map.duration("baseline", scenario.baseline);
    map.duration("stable", scenario.stable);
    map.duration("settle_max", scenario.settle_max);
    map.duration("node_back_max", scenario.node_back_max);
    map.list("faults", [&](const YAML::Node& n) { scenario.faults.push_back(decode_fault(n)); });
    map.list("probes", [&](const YAML::Node& n) { scenario.probes.push_back(decode_probe(n)); });
    map.list("load", [&](const YAML::Node& n) { scenario.loads.push_back(decode_load(n)); });
    if (map.has("operator")) scenario.attended = decode_operator(map.take("operator"));
    if (map.has("expect")) scenario.expect = decode_expect(map.take("expect"));
    map.words("checks", scenario.checks);
    if (const YAML::Node checks = map.take("checks"); checks.IsDefined() && checks.IsSequence())
      for (const YAML::Node& check : checks)
        if (check.IsScalar()) find_entry(catalogue_.checks, "check", check.Scalar(), check);
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

  FaultStep decode_fault(const YAML::Node& yaml) {
    FaultStep step;
    Map map(yaml, "a fault", problems_);
    map.text("fault", step.fault, true);
    const CatalogueEntry* entry =
        step.fault.empty() ? nullptr
                           : find_entry(catalogue_.faults, "fault", step.fault, map.take("fault"));
    map.text("on", step.on, true);
    map.duration("hold", step.hold, true);
    decode_params(map, entry, step.params);
    map.finish();
    return step;
  }

  ProbeSpec decode_probe(const YAML::Node& yaml) {
    ProbeSpec probe;
    Map map(yaml, "a probe", problems_);
    map.text("probe", probe.probe, true);
    const CatalogueEntry* entry = probe.probe.empty() ? nullptr
                                                      : find_entry(catalogue_.probes, "probe",
                                                                   probe.probe, map.take("probe"));
    probe.id = probe.probe;
    map.text("id", probe.id);
    map.text("on", probe.on, entry != nullptr && entry->needs_node);
    if (entry != nullptr && !entry->needs_node && !probe.on.empty())
      problems_.add(map.take("on"), fmt::format("{} watches the service, not a node", probe.probe));
    map.frequency("rate", probe.rate_hz);
    if (probe.rate_hz > 1000) problems_.add(map.take("rate"), "rate: at most 1kHz");
    map.duration("timeout", probe.timeout);
    decode_params(map, entry, probe.params);
    map.finish();
    if (!probe.id.empty() && !probe_ids_.insert(probe.id).second)
      problems_.add(
          yaml, fmt::format("two probes have the id \"{}\"; give one an id of its own", probe.id));
    return probe;
  }

  LoadSpec decode_load(const YAML::Node& yaml) {
    LoadSpec load;
    Map map(yaml, "a load", problems_);
    map.text("load", load.load, true);
    find_entry(catalogue_.loads, "load", load.load, map.take("load"));
    map.frequency("rate", load.rate_hz);
    map.bytes("size", load.size_bytes);
    if (load.size_bytes < 256 || load.size_bytes > (16U << 20U))
      problems_.add(map.take("size"), "size: expected 256B to 16MiB");
    map.duration("timeout", load.timeout);
    map.finish();
    return load;
  }

  Operator decode_operator(const YAML::Node& yaml) {
    Operator op;
    Map map(yaml, "operator", problems_);
    map.duration("reaction", op.reaction, true);
    (void)map.require("steps");
    map.list("steps", [&](const YAML::Node& n) { op.steps.push_back(decode_step(n)); });
    map.list("restore", [&](const YAML::Node& n) { op.restore.push_back(decode_step(n)); });
    map.finish();
    return op;
  }

  OperatorStep decode_step(const YAML::Node& yaml) {
    OperatorStep step;
    Map map(yaml, "an operator step", problems_);
    map.text("name", step.name, true);
    map.text("on", step.on, true);
    map.words("run", step.run, true);
    map.duration("timeout", step.timeout);
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

  void decode_params(Map& map, const CatalogueEntry* entry, Params& params) {
    const bool given = map.has("with");
    if (entry == nullptr) {
      (void)map.take("with");
      return;
    }
    const YAML::Node yaml = given ? map.take("with") : YAML::Node(YAML::NodeType::Map);
    Map with(yaml, fmt::format("the parameters of {}", entry->name), problems_);
    for (const ParamSpec& spec : entry->params) {
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
      char* end = nullptr;
      value.number = static_cast<double>(std::strtoll(value.text.c_str(), &end, 10));
      if (value.text.empty() || *end != '\0')
        return fail(Errc::usage, "\"{}\" is not a whole number", text);
      break;
    }
    case ParamValue::Kind::boolean:
      if (text != "true" && text != "false")
        return fail(Errc::usage, "\"{}\" is not a boolean; expected true or false", text);
      value.number = text == "true" ? 1 : 0;
      break;
    case ParamValue::Kind::duration: {
      ERNSTFALL_TRY(const Nanos parsed, parse_duration(text));
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
