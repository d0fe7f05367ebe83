// identity: what makes each machine of a lab itself: keys, certificates, addresses, DRBD's
// configuration.
#pragma once

#include <stop_token>
#include <string>

#include "harness/core/result.h"
#include "lab/store.h"

namespace ernstfall {

// Makes what is missing: ssh keys and known_hosts, the lab's CA and certificates, the service's
// password (file `password`, 0600). Existing files are kept.
Status make_secrets(const LabStore& store, const Topology& topology, const std::stop_token& stop);

// The archive that the initial RAM disk lays over the node's root at each boot.
Result<std::string> node_seed(const LabStore& store, const Topology& topology, const LabNode& node);

std::string drbd_configuration(const Topology& topology);

// cluster.yaml, and cluster-plain.yaml, which knows nothing of the lab but a power command.
Status write_cluster_files(const LabStore& store, const Topology& topology, double time_scale);

}  // namespace ernstfall
