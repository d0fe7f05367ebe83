// cluster_state: how the cluster stands at one moment, read from every node by one short script;
// and what differs between two such moments (residue).
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/drbd/events2.h"
#include "harness/inject/executor.h"

namespace ernstfall {

struct NodeState {
  // Section -> text, compared byte by byte; see kScript for the names.
  std::map<std::string, std::string> sections;
  std::string canaries;  // folders of block canaries; not compared
  std::optional<DrbdNodeState> drbd;
  std::string kernel;
  std::string drbd_version;
  std::map<std::string, std::string> versions;  // "os", "drbd-utils", "k3s": those that it has
};

struct ClusterState {
  std::map<std::string, NodeState> nodes;
  std::map<std::string, std::string> unreachable;  // node -> why
};

// health: DRBD, failed units and our marks, cheap enough to be asked twice a second. fingerprint:
// also everything that a fault could leave behind (links, qdiscs, filters, nft rules, mounts,
// device-mapper tables, sysctls, masked and active units).
enum class StateDepth { health, fingerprint };

// All nodes at once, each in its own thread.
ClusterState observe_cluster(const NodeSet& nodes, StateDepth depth, Deadline deadline,
                             const std::stop_token& stop);

// Only the DRBD nodes, and only their health: less is asked of a cluster that recovers.
ClusterState observe_replicas(const NodeSet& nodes, Deadline deadline, const std::stop_token& stop);

// Why the data is not on every replica now; empty when it is. Also empty for a cluster without
// DRBD.
std::string redundancy_trouble(const ClusterState& state, const Cluster& cluster);

nlohmann::json state_to_json(const ClusterState& state);
// One line per difference: "prod: drbd: was ..., is ...". `before` is what state_to_json() gave.
std::vector<std::string> state_differences(const nlohmann::json& before, const ClusterState& now);

// Waits until nothing differs; returns the differences that remain.
std::vector<std::string> wait_until_same(const NodeSet& nodes, const nlohmann::json& before,
                                         Deadline deadline, const std::stop_token& stop);
// The DRBD nodes with a connection that was given up, when every one of them is seen; else empty.
std::string stand_alone(const ClusterState& state, const Cluster& cluster);

// Waits for redundancy; returns the trouble that remains. Gives up early when DRBD was given up.
std::string wait_until_redundant(const NodeSet& nodes, Deadline deadline,
                                 const std::stop_token& stop);

}  // namespace ernstfall
