// cluster_option: how subcommands name the cluster: --cluster FILE, or --lab NAME for a running
// lab.
#pragma once

#include <string>

#include "harness/cluster/cluster.h"

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

// `--i-know-what-i-do=CLUSTER`: a fault that may destroy data, on a cluster that is not disposable.
// The name has to be typed, so that a command line copied from elsewhere does not do it.
void add_destruction_option(CLI::App& command, std::string& cluster_name);
// Errc::refused when another cluster's name was typed.
Status confirm_destruction(Cluster& cluster, const std::string& typed);

}  // namespace ernstfall::cli
