// validate_command: `ernstfall validate FILE...` says what is wrong in cluster, scenario and
// topology files, and `ernstfall schema KIND` prints their JSON Schema. Neither reaches or changes
// anything.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/cli/cluster_option.h"
#include "harness/cli/command.h"
#include "harness/cluster/yaml_decoder.h"
#include "harness/core/files.h"
#include "harness/faults/fault.h"
#include "harness/inject/power.h"
#include "harness/load/canary.h"
#include "lab/lab.h"
#include "lab/topology.h"
#include "probes/probe.h"

namespace ernstfall::cli {
namespace {

constexpr std::uint64_t kMaxFileBytes = 1U << 20U;

struct ValidateOptions {
  std::vector<std::string> files;
  ClusterOption cluster;
  std::string as;
  bool json = false;
};

struct Finding {
  std::string file;
  std::string kind;
  Status status;
  std::optional<Cluster> cluster = std::nullopt;
};

// By the keys at its top that only one kind of file has.
Result<std::string> kind_of(const std::string& file) {
  const auto text = read_file(file, kMaxFileBytes);
  if (!text) return fail_at(Errc::usage, file, "{}", text.error().what);
  ERNSTFALL_TRY(const YAML::Node document, yaml::parse_document(*text, file));
  for (const auto& [key, kind] :
       std::initializer_list<std::pair<const char*, const char*>>{{"cluster", "cluster"},
                                                                  {"title", "scenario"},
                                                                  {"faults", "scenario"},
                                                                  {"probes", "scenario"},
                                                                  {"scenario", "scenario"},
                                                                  {"lab", "topology"},
                                                                  {"nodes", "cluster"}})
    if (document[key].IsDefined()) return std::string(kind);
  return fail_at(Errc::usage, file + ":1:1",
                 "neither a cluster file (key \"cluster\"), a scenario (\"title\") nor a topology "
                 "(\"lab\"); --as says which one it should be");
}

Status check_scenario(const std::string& file, const Cluster* cluster) {
  ERNSTFALL_TRY(const Scenario scenario, load_scenario(file, catalogue()));
  ERNSTFALL_CHECK(check_load_plans(scenario));
  if (cluster == nullptr) return {};
  ERNSTFALL_CHECK(check_scenario_against_cluster(scenario, *cluster));
  ERNSTFALL_CHECK(check_fault_plans(scenario, *cluster));
  return check_probe_targets(scenario, *cluster);
}

Status examine_cluster(Finding& finding) {
  ERNSTFALL_TRY(finding.cluster, load_cluster(finding.file));
  return check_cluster(*finding.cluster);
}

// The cluster that scenarios must fit: the one that was named, else the only one among the files.
Result<std::optional<Cluster>> cluster_to_fit(const ValidateOptions& options,
                                              const std::vector<Finding>& findings) {
  std::string file = options.cluster.file;
  if (!options.cluster.lab.empty()) {
    ERNSTFALL_TRY(const std::filesystem::path path, lab_cluster_file(options.cluster.lab));
    file = path.string();
  }
  if (!file.empty()) {
    ERNSTFALL_TRY(Cluster cluster, load_cluster(file));
    return std::optional(std::move(cluster));
  }
  std::optional<Cluster> only;
  for (const Finding& finding : findings) {
    if (!finding.cluster) continue;
    if (only) return std::optional<Cluster>();
    only = finding.cluster;
  }
  return only;
}

Finding examine(const std::string& file, const std::string& as) {
  Finding finding{file, as, {}};
  if (finding.kind.empty()) {
    auto kind = kind_of(file);
    if (kind)
      finding.kind = *kind;
    else
      finding.status = tl::unexpected(kind.error());
  }
  if (finding.kind == "cluster") finding.status = examine_cluster(finding);
  if (finding.kind == "topology")
    if (const auto topology = load_topology(file); !topology)
      finding.status = tl::unexpected(topology.error());
  return finding;
}

// node -> kind of its power control
nlohmann::ordered_json power_kinds(const Cluster& cluster) {
  nlohmann::ordered_json kinds = nlohmann::ordered_json::object();
  for (const Node& node : cluster.nodes) kinds[node.name] = power_kind_name(node.power.kind);
  return kinds;
}

void print_json(const std::vector<Finding>& findings) {
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    files.push_back(
        {{"file", finding.file},
         {"kind", finding.kind.empty() ? "unknown" : finding.kind},
         {"valid", finding.status.has_value()},
         {"problems", finding.status ? std::vector<std::string>{}
                                     : split(to_string(finding.status.error()), '\n')}});
    if (finding.cluster) files.back()["power"] = power_kinds(*finding.cluster);
  }
  const nlohmann::ordered_json document{{"schema_version", 1}, {"files", files}};
  fmt::print("{}\n",
             document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

// One line per node: who could cut its power is what an owner wants to see before a run.
void print_power(const Cluster& cluster) {
  for (const Node& node : cluster.nodes) {
    const auto power = make_power(node);
    fmt::print("  {}: power control: {}\n", node.name, power ? (*power)->describe() : "none");
  }
}

void validate(const ValidateOptions& options, Context& context) {
  std::vector<Finding> findings;
  for (const std::string& file : options.files) findings.push_back(examine(file, options.as));
  const auto fit = cluster_to_fit(options, findings);
  if (!fit) return report_error(context, fit.error());
  const Cluster* cluster = fit && fit->has_value() ? &**fit : nullptr;
  for (Finding& finding : findings)
    if (finding.kind == "scenario") finding.status = check_scenario(finding.file, cluster);
  for (const Finding& finding : findings) {
    if (!finding.status) {
      // Problems are the result here: on stdout, as compilers' messages that editors understand.
      if (!options.json) fmt::print("{}\n", to_string(finding.status.error()));
      context.exit_code = exit_code_for(finding.status.error());
    } else if (!options.json) {
      fmt::print("{}: a valid {}\n", finding.file,
                 finding.kind == "topology" ? finding.kind : finding.kind + " file");
      if (finding.cluster) print_power(*finding.cluster);
    }
  }
  if (options.json) print_json(findings);
}

}  // namespace

void add_validate(CLI::App& app, Context& context) {
  auto options = std::make_shared<ValidateOptions>();
  CLI::App* command = app.add_subcommand(
      "validate", "check cluster, scenario and topology files; reaches and changes nothing");
  command->add_option("files", options->files, "files")->required();
  auto* cluster = command->add_option("--cluster", options->cluster.file,
                                      "cluster file that the scenarios must fit");
  command->add_option("--lab", options->cluster.lab, "the same: a lab, by name")->excludes(cluster);
  command->add_option("--as", options->as, "what the files should be (default: by their keys)")
      ->check(CLI::IsMember({"cluster", "scenario", "topology"}));
  command->add_flag("--json", options->json, "one JSON document on stdout");
  command->callback([options, &context] { validate(*options, context); });

  auto kind = std::make_shared<std::string>();
  CLI::App* schema =
      app.add_subcommand("schema", "print the JSON Schema (draft 2020-12) of a kind of file");
  schema->add_option("kind", *kind, "scenario or cluster")
      ->required()
      ->check(CLI::IsMember({"scenario", "cluster"}));
  schema->callback([kind] {
    fmt::print("{}",
               *kind == "scenario" ? scenario_json_schema(catalogue()) : cluster_json_schema());
  });
}

}  // namespace ernstfall::cli
