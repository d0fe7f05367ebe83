// list_command: `ernstfall list KIND`: what scenarios may name, and the scenarios that there are.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/cli/command.h"
#include "harness/core/units.h"
#include "harness/faults/fault.h"
#include "lab/store.h"
#include "probes/probe.h"
#include "reports/assessment.h"

namespace ernstfall::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct ListOptions {
  std::string what;
  bool json = false;
  bool markdown = false;  // the reference page of the faults, or of the rules
};

std::string_view kind_name(ParamValue::Kind kind) {
  switch (kind) {
    case ParamValue::Kind::text:
      return "text";
    case ParamValue::Kind::integer:
      return "integer";
    case ParamValue::Kind::boolean:
      return "boolean";
    case ParamValue::Kind::duration:
      return "duration";
    case ParamValue::Kind::bytes:
      return "bytes";
    case ParamValue::Kind::frequency:
      return "frequency";
    case ParamValue::Kind::percent:
      return "percent";
    case ParamValue::Kind::bitrate:
      return "bit rate";
  }
  return "text";
}

Json params_json(const CatalogueEntry& entry) {
  Json params = Json::array();
  for (const ParamSpec& spec : entry.params)
    params.push_back({{"name", spec.name},
                      {"kind", kind_name(spec.kind)},
                      {"required", spec.required},
                      {"default", spec.required ? Json() : Json(spec.default_text)},
                      {"help", spec.help}});
  return params;
}

Json entry_json(const CatalogueEntry& entry) {
  Json json{{"name", entry.name}, {"summary", entry.summary}, {"params", params_json(entry)}};
  if (const FaultType* fault = find_fault(entry.name)) {
    json["precondition"] = fault->precondition;
    json["confirmed_by"] = fault->confirmed_by;
    json["undone_by"] = fault->undone_by;
    json["needs_power_control"] = fault->needs_power_control;
  }
  if (const ProbeType* probe = find_probe(entry.name)) {
    json["needs_node"] = probe->needs_node;
    json["default_rate_hz"] = probe->default_rate_hz;
    json["default_timeout"] = duration_literal(probe->default_timeout);
  }
  return json;
}

void print_entries(const std::vector<CatalogueEntry>& entries) {
  std::size_t width = 0;
  for (const CatalogueEntry& entry : entries) width = std::max(width, entry.name.size());
  for (const CatalogueEntry& entry : entries) {
    fmt::print("{:<{}}  {}\n", entry.name, width, entry.summary);
    if (const FaultType* fault = find_fault(entry.name)) {
      fmt::print("{:<{}}    needs      {}\n", "", width, fault->precondition);
      fmt::print("{:<{}}    confirmed  {}\n", "", width, fault->confirmed_by);
      fmt::print("{:<{}}    undone     {}\n", "", width, fault->undone_by);
    }
    for (const ParamSpec& spec : entry.params)
      fmt::print("{:<{}}    with {}: {} ({}, {})\n", "", width, spec.name, spec.help,
                 kind_name(spec.kind),
                 spec.required               ? "required"
                 : spec.default_text.empty() ? "optional"
                                             : fmt::format("default {}", spec.default_text));
  }
}

// Those of the current folder first, then those that came with the program.
std::vector<fs::path> scenario_files() {
  std::vector<fs::path> files;
  std::set<fs::path> seen;
  std::error_code ec;
  for (const fs::path& folder : {fs::path("scenarios"), data_folder() / "scenarios"}) {
    std::vector<fs::path> here;
    for (const auto& entry : fs::directory_iterator(folder, ec))
      if (entry.path().extension() == ".yaml" || entry.path().extension() == ".yml")
        here.push_back(entry.path());
    std::sort(here.begin(), here.end());
    for (const fs::path& file : here)
      if (seen.insert(fs::weakly_canonical(file, ec)).second) files.push_back(file);
  }
  return files;
}

// A file that is wrong is named on stderr, and the others are listed.
void list_scenarios(bool json, Context& context) {
  Json all = Json::array();
  for (const fs::path& file : scenario_files()) {
    const auto scenario = load_scenario(file, catalogue());
    if (!scenario) {
      report_error(context, scenario.error());
      continue;
    }
    if (!json) {
      fmt::print("{}\n    {}{}\n", file.string(), scenario->title,
                 scenario->is_attended() ? " (attended)" : "");
      continue;
    }
    Json faults = Json::array();
    for (const FaultStep& step : scenario->faults) faults.push_back(step.fault + " on " + step.on);
    all.push_back({{"name", scenario->name},
                   {"file", file.string()},
                   {"title", scenario->title},
                   {"cause", scenario->cause},
                   {"effect", scenario->effect},
                   {"attended", scenario->is_attended()},
                   {"tags", scenario->tags},
                   {"faults", faults}});
  }
  if (json) fmt::print("{}\n", Json{{"schema_version", 1}, {"scenarios", all}}.dump(2));
}

// docs/reference/faults.md; a test compares the two.
void print_faults_page() {
  fmt::print("# Faults\n\nMade by `ernstfall list faults --markdown`.\n");
  for (const CatalogueEntry& entry : catalogue().faults) {
    const FaultType& fault = *find_fault(entry.name);
    fmt::print("\n## {}\n\n{}.\n\n", entry.name, entry.summary);
    fmt::print("* **needs** {}\n* **confirmed by** {}\n* **undone by** {}\n", fault.precondition,
               fault.confirmed_by, fault.undone_by);
    if (fault.takes != Takes::nothing)
      fmt::print("* **takes** the node's {}\n", fault.takes == Takes::copy
                                                    ? "copy of the data"
                                                    : "copy of the data, and the node");
    if (fault.destructive) fmt::print("* **may destroy data**: disposable clusters only\n");
    if (entry.params.empty()) continue;
    fmt::print("\n| with | kind | default | meaning |\n|---|---|---|---|\n");
    for (const ParamSpec& spec : entry.params)
      fmt::print("| `{}` | {} | {} | {} |\n", spec.name, kind_name(spec.kind),
                 spec.required               ? "required"
                 : spec.default_text.empty() ? "none"
                                             : fmt::format("`{}`", spec.default_text),
                 spec.help);
  }
}

void list_rules(bool json) {
  Json all = Json::array();
  for (const RuleEntry& rule : assessment_rules()) {
    const std::string title = say(Language::english, rule.title);
    const std::string how = say(Language::english, rule.how);
    if (json)
      all.push_back({{"name", rule.id},
                     {"title", title},
                     {"how", how},
                     {"needed_for", cluster_class_name(rule.needed)},
                     {"breaks", rule.breaks}});
    else
      fmt::print("{:<15} {} ({})\n{:<15}   {}\n", rule.id, title, cluster_class_name(rule.needed),
                 "", how);
  }
  if (json) fmt::print("{}\n", Json{{"schema_version", 1}, {"rules", all}}.dump(2));
}

void list(const ListOptions& options, Context& context) {
  if (options.markdown) {
    if (options.what == "faults") return print_faults_page();
    if (options.what == "rules") return fmt::print("{}", render_rubric_page());
    return report_error(
        context, Error{Errc::usage, "--markdown: there are pages of faults and rules only", {}});
  }
  if (options.what == "rules") return list_rules(options.json);
  if (options.what == "scenarios") return list_scenarios(options.json, context);
  const auto& entries = options.what == "faults"   ? catalogue().faults
                        : options.what == "probes" ? catalogue().probes
                        : options.what == "checks" ? catalogue().checks
                                                   : catalogue().loads;
  if (!options.json) return print_entries(entries);
  Json all = Json::array();
  for (const CatalogueEntry& entry : entries) all.push_back(entry_json(entry));
  fmt::print("{}\n", Json{{"schema_version", 1}, {options.what, all}}.dump(2));
}

}  // namespace

void add_list(CLI::App& app, Context& context) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* command = app.add_subcommand("list", "what there is to run, and to name in a scenario");
  command->add_option("what", options->what, "scenarios, faults, probes, checks, loads or rules")
      ->required()
      ->check(CLI::IsMember({"scenarios", "faults", "probes", "checks", "loads", "rules"}));
  command->add_flag("--json", options->json, "one JSON document on stdout");
  command->add_flag("--markdown", options->markdown, "faults, rules: as their reference page");
  command->callback([options, &context] { list(*options, context); });
}

}  // namespace ernstfall::cli
