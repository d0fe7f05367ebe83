// cluster_option: loads the cluster that a subcommand works on.
#include "harness/cli/cluster_option.h"

#include <CLI/CLI.hpp>

#include "harness/core/units.h"
#include "harness/run/runner.h"
#include "lab/lab.h"

namespace ernstfall::cli {

void add_cluster_options(CLI::App& command, ClusterOption& option) {
  auto* file = command.add_option("--cluster", option.file, "cluster file");
  command.add_option("--lab", option.lab, "a running lab, by name (default: homelab)")
      ->excludes(file);
}

Status enter_namespace_of(const Cluster& cluster) {
  for (const Node& node : cluster.nodes)
    if (node.power.kind == PowerConfig::Kind::lab) return enter_lab_namespace(node.power.lab);
  return {};
}

Result<Cluster> open_cluster(const ClusterOption& option) {
  std::filesystem::path path = option.file;
  if (path.empty()) {
    ERNSTFALL_TRY(path, lab_cluster_file(option.lab.empty() ? "homelab" : option.lab));
  }
  ERNSTFALL_TRY(Cluster cluster, load_cluster(path));
  ERNSTFALL_CHECK(enter_namespace_of(cluster));
  return cluster;
}

void add_consent_options(CLI::App& command, Consent& consent) {
  command.add_flag("--yes", consent.yes, "also on a cluster that is not marked disposable");
  command.add_option("--i-know-what-i-do", consent.destroy,
                     "name of the cluster: allow faults that may destroy its data");
}

void add_dead_man_option(CLI::App& command, std::string& text) {
  command
      .add_option("--dead-man", text,
                  "time without a heartbeat after which the nodes undo what was made")
      ->capture_default_str();
}

Result<Nanos> parse_dead_man(const std::string& text) {
  const auto value = parse_duration(text);
  if (!value) return fail(Errc::usage, "--dead-man {}: {}", text, value.error().what);
  if (*value < kDeadManMin || *value > kDeadManMax)
    return fail(Errc::usage, "--dead-man {}: expected {} to {}", text,
                duration_literal(kDeadManMin), duration_literal(kDeadManMax));
  return *value;
}

Status check_consent(const Cluster& cluster, const Consent& consent) {
  if (cluster.disposable || consent.yes) return {};
  return fail_at(Errc::refused, cluster.source.string(),
                 "this cluster is not marked disposable; look at --dry-run first, then say --yes");
}

Status confirm_destruction(Cluster& cluster, const Consent& consent) {
  if (consent.destroy.empty()) return {};
  if (consent.destroy != cluster.name)
    return fail_at(Errc::refused, cluster.source.string(),
                   "--i-know-what-i-do={}, but this is cluster {}", consent.destroy, cluster.name);
  cluster.destruction_confirmed = true;
  return {};
}

}  // namespace ernstfall::cli
