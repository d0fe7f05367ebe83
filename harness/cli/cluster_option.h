// cluster_option: how subcommands name the cluster: --cluster FILE, or --lab NAME for a running
// lab.
#pragma once

#include <string>

#include "harness/cluster/cluster.h"
#include "harness/core/clock.h"
#include "harness/core/result.h"

namespace CLI {
class App;
}

namespace ernstfall::cli {

struct ClusterOption {
  std::string file;
  std::string lab;
};

void add_cluster_options(CLI::App& command, ClusterOption& option);

// Loads the cluster, and enters the lab's network namespace when its nodes are lab machines. Call
// while the process still has one thread.
Result<Cluster> open_cluster(const ClusterOption& option);
Status enter_namespace_of(const Cluster& cluster);

// What the user agrees to on a cluster that is not disposable.
struct Consent {
  bool yes = false;  // --yes: that anything is run there
  // --i-know-what-i-do=CLUSTER: faults that may destroy its data. The name has to be typed, so that
  // a command line copied from elsewhere does not do it.
  std::string destroy;
};
void add_consent_options(CLI::App& command, Consent& consent);
// Errc::refused for a cluster that is not disposable, without --yes.
Status check_consent(const Cluster& cluster, const Consent& consent);
// Notes in `cluster` what was typed. Errc::refused when it was another cluster's name.
Status confirm_destruction(Cluster& cluster, const Consent& consent);

// --dead-man: how long without us until the nodes and the keeper undo what was made.
void add_dead_man_option(CLI::App& command, std::string& text);
Result<Nanos> parse_dead_man(const std::string& text);

}  // namespace ernstfall::cli
