// scenario_schema: the JSON Schema of scenario files, made from the catalogue.
#include "harness/scenario/scenario.h"
#include "harness/scenario/schema_words.h"

namespace ernstfall {
namespace {

using namespace schema;

Json names_of(const std::vector<CatalogueEntry>& entries) {
  Json names = Json::array();
  for (const CatalogueEntry& entry : entries) names.push_back(std::string(entry.name));
  return names;
}

Json one_of(const std::string& help, const std::vector<CatalogueEntry>& entries) {
  return {{"type", "string"}, {"enum", names_of(entries)}, {"description", help}};
}

Json param(const ParamSpec& spec) {
  std::string help(spec.help);
  if (!spec.default_text.empty()) help += "; default " + std::string(spec.default_text);
  switch (spec.kind) {
    case ParamValue::Kind::text:
      return {{"type", "string"}, {"description", help}};
    case ParamValue::Kind::integer:  // quoted in resolved files
      return {{"type", {"integer", "string"}},
              {"pattern", "^(0|-?[1-9][0-9]*)$"},
              {"description", help}};
    case ParamValue::Kind::boolean:
      return {{"enum", {true, false, "true", "false"}}, {"description", help}};
    case ParamValue::Kind::duration:
      return duration(help);
    case ParamValue::Kind::bytes:
      return bytes(help);
    case ParamValue::Kind::frequency:
      return frequency(help);
    case ParamValue::Kind::percent:
      return percent(help);
    case ParamValue::Kind::bitrate:
      return bitrate(help);
  }
  return {};
}

Json params_of(const CatalogueEntry& entry) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const ParamSpec& spec : entry.params) {
    properties[std::string(spec.name)] = param(spec);
    if (spec.required) required.push_back(std::string(spec.name));
  }
  return object(std::string(entry.summary), std::move(properties), std::move(required));
}

// What follows from the name of the fault or probe: its parameters, and whether it needs `on`.
Json rules(const std::string& key, const std::vector<CatalogueEntry>& entries, bool always_on) {
  Json all = Json::array();
  for (const CatalogueEntry& entry : entries) {
    Json then{{"properties", {{"with", params_of(entry)}}}};
    Json required = Json::array();
    for (const ParamSpec& spec : entry.params)
      if (spec.required && required.empty()) required.push_back("with");
    if (!always_on && entry.needs_node) required.push_back("on");
    if (!always_on && !entry.needs_node) then["properties"]["on"] = false;
    if (!required.empty()) then["required"] = required;
    all.push_back({{"if", {{"properties", {{key, {{"const", std::string(entry.name)}}}}}}},
                   {"then", std::move(then)}});
  }
  return all;
}

Json parameters() {
  return {{"type", "object"}, {"description", "parameters; which ones follows from the name"}};
}

Json target(const std::string& help) {
  Json on = text(help);
  on["not"] = {{"const", "*"}};
  return on;
}

Json fault(const Catalogue& catalogue) {
  Json all =
      object("one disturbance",
             {{"fault", one_of("name; ernstfall list faults", catalogue.faults)},
              {"on", target("NODE, role:ROLE, label:KEY=VALUE, ingress, drbd-primary, one[:SET], "
                            "majority[:SET], or several with commas")},
              {"hold", duration("how long it stays in effect before it is undone")},
              {"at", duration("beside the other faults, so long after the first one began")},
              {"repeat", integer("so many times; default 1", 1, 1000)},
              {"pause", duration("between two repetitions")},
              {"with", parameters()}},
             {"fault", "on", "hold"});
  all["allOf"] = rules("fault", catalogue.faults, true);
  return all;
}

Json soak(const Catalogue& catalogue) {
  const auto range = [](const std::string& help) {
    return pattern(help,
                   "^ *[0-9]+(\\.[0-9]+)? *(ns|us|ms|s|min|h) *"
                   "(\\.\\. *[0-9]+(\\.[0-9]+)? *(ns|us|ms|s|min|h) *)?$");
  };
  const Json name_or_pattern{{"anyOf",
                              {{{"enum", names_of(catalogue.faults)}},
                               {{"type", "string"}, {"pattern", "^[a-z.*-]*\\*[a-z.*-]*$"}}}}};
  Json with = object("a fault and what goes with it",
                     {{"fault", name_or_pattern},
                      {"on", target("as of a fault; default one: any node, drawn anew each time")},
                      {"with", parameters()}},
                     {"fault"});
  with["allOf"] = rules("fault", catalogue.faults, true);
  return object("faults drawn by the run's seed",
                {{"for", duration("nothing begins later than this")},
                 {"pick", list("names, patterns such as net.*, or mappings",
                               {{"anyOf", {name_or_pattern, std::move(with)}}}, 1)},
                 {"between", range("from undone to the next begin; default 20s..60s")},
                 {"hold", range("how long each stays in effect; default 5s..20s")},
                 {"at_once", integer("so many at the same time; default 1", 1, 16)}},
                {"for", "pick"});
}

Json probe(const Catalogue& catalogue) {
  Json all = object("one observer on a schedule of its own",
                    {{"probe", one_of("name; ernstfall list probes", catalogue.probes)},
                     {"id", pattern("unique in the scenario; default: the probe's name",
                                    "^[A-Za-z0-9_][A-Za-z0-9._@-]{0,62}$")},
                     {"on", text("node, role:ROLE or \"*\"; only for probes of a node")},
                     {"rate", frequency("0.001Hz to 1kHz; default: the probe's own")},
                     {"timeout", duration("default: the probe's own")},
                     {"with", parameters()}},
                    {"probe"});
  all["allOf"] = rules("probe", catalogue.probes, false);
  return all;
}

Json load(const Catalogue& catalogue) {
  const LoadSpec defaults;
  Json all =
      object("recorded client work",
             {{"load", one_of("name; ernstfall list loads", catalogue.loads)},
              {"rate", frequency(fmt::format("default {}Hz", defaults.rate_hz))},
              {"size", bytes(fmt::format("256B to 16MiB; default {}B", defaults.size_bytes))},
              {"timeout", duration("default 10s")},
              {"with", parameters()}},
             {"load"});
  all["allOf"] = rules("load", catalogue.loads, true);
  return all;
}

Json runbook_step() {
  return object("one step of the runbook",
                {{"name", text("what the operator would call it")},
                 {"on", target("node, or role:ROLE")},
                 {"run", list("command and its arguments", {{"type", "string"}}, 1)},
                 {"timeout", duration("per attempt; default 60s")},
                 {"attempts", integer("one second apart; default 1", 1, 1000)}},
                {"name", "on", "run"});
}

Json attended() {
  return object(
      "a person who follows the runbook",
      {{"reaction", duration("from the confirmed fault to the first step")},
       {"steps", list("bring the service back", runbook_step(), 1)},
       {"restore", list("after redundancy is back: to the starting state", runbook_step())}},
      {"reaction", "steps"});
}

Json expect() {
  return object("what is allowed",
                {{"rto_max", duration("users cut off for at most this")},
                 {"lost_max", integer("acknowledged writes lost, at most", 0, 1'000'000'000)},
                 {"redundancy_max", duration("redundancy restored within this")}});
}

Json metric() {
  const auto limit = [](const std::string& help) {
    return Json{{"type", {"number", "string"}},
                {"pattern", "^-?[0-9]+(\\.[0-9]+)?(e[+-]?[0-9]+)?$"},
                {"description", help}};
  };
  Json all = object("a value that the cluster's Prometheus knows",
                    {{"query", text("PromQL; of several series one is enough")},
                     {"above", limit("wrong when it is more")},
                     {"below", limit("wrong when it is less")},
                     {"for", duration("so long without a break")}},
                    {"query", "for"});
  all["oneOf"] = {{{"required", {"above"}}}, {{"required", {"below"}}}};
  return all;
}

Json stop_when() {
  return object(
      "what ends a fault at once",
      {{"service_down_for", duration("every service probe bad for so long without a break")},
       {"service_error_rate", object("share of bad answers of all service probes",
                                     {{"above", percent("of the answers in the window")},
                                      {"over", duration("the window, at most 10min; default 30s")}},
                                     {"above"})},
       {"metric", metric()},
       {"split_brain", boolean("DRBD's split-brain helper is called; default true")}});
}

Json repeat() {
  return {{"anyOf",
           {integer("so many runs that count", 1, kMaxSuiteRuns),
            pattern("MIN..MAX: ends in between when the answer is clear",
                    "^ *[0-9]+ *(\\.\\. *[0-9]+ *)?$")}},
          {"description", "runs one after the other, in one suite folder; default 1"}};
}

Json threshold() {
  // Its unit is that of the varied parameter.
  const auto level = [](const std::string& help) {
    return Json{{"type", {"string", "integer"}}, {"description", help}};
  };
  return object(
      "a search for the level at which things break",
      {{"fault", integer("which of the faults, from 1; default 1", 1, 1000)},
       {"vary", text("its parameter; not given in \"with\"")},
       {"from", level("smallest value")},
       {"to", level("largest value")},
       {"resolution", level("how exactly: in the parameter's unit; with scale log a percentage")},
       {"scale", {{"enum", {"linear", "log"}}, {"description", "default linear"}}},
       {"worse", {{"enum", {"more", "less"}}, {"description", "which end breaks; default more"}}},
       {"repeat",
        integer("trials of each of the two levels that bound the result; default 3", 1, 20)},
       {"settle", duration("between two trials; default 10s")},
       {"broken_when",
        object("broken is also, beside what violates an expectation or a check",
               {{"error_rate", percent("more bad answers than this while the fault is in effect")},
                {"latency", duration("p99 of good answers longer than this, in that time")}})}},
      {"vary", "from", "to", "resolution"});
}

}  // namespace

std::string scenario_json_schema(const Catalogue& catalogue) {
  Json root = object(
      "A scripted fault with the load, the expectations and the guards around it.",
      {{"scenario", name("only allowed to be the file's name without .yaml")},
       {"title", text("one line: \"prod loses power\"")},
       {"cause", text("what happens, in words")},
       {"effect", text("what is expected, in words")},
       {"compare_with", name("the attended (or unattended) sibling scenario")},
       {"tags", list("free words", {{"type", "string"}})},
       {"baseline", duration("steady state that must hold before the fault; default 10s")},
       {"stable", duration("good for this long is stable again; default 5s")},
       {"settle_max", duration("deadline for redundancy restored; default 10min")},
       {"node_back_max", duration("deadline for a node to answer SSH again; default 5min")},
       {"faults", list("one after the other; [] only watches", fault(catalogue))},
       {"soak", soak(catalogue)},
       {"probes", list("what observes", probe(catalogue))},
       {"load", list("what is written and read back", load(catalogue))},
       {"operator", attended()},
       {"expect", expect()},
       {"stop_when", stop_when()},
       {"repeat", repeat()},
       {"threshold", threshold()},
       {"checks",
        set("default: all that apply", one_of("name; ernstfall list checks", catalogue.checks))}},
      {"title", "probes"});
  root["oneOf"] = {{{"required", {"faults"}}}, {{"required", {"soak"}}}};
  root["if"] = {{"required", {"threshold"}}};
  root["then"] = {
      {"required", {"faults"}},
      {"properties", {{"faults", {{"minItems", 1}}}, {"repeat", false}, {"soak", false}}}};
  return document("Ernstfall scenario file", root);
}

}  // namespace ernstfall
