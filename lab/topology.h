// topology: what machines a lab has, decoded from a YAML file.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/core/result.h"

namespace ernstfall {

struct LabNode {
  std::string name;
  std::string address;  // without prefix length
  std::uint64_t memory_bytes = 640U << 20U;
  std::vector<std::string> roles;
  std::map<std::string, std::string> labels;
  std::string bmc;  // address of its management controller; empty: none
};

struct Topology {
  std::string name;
  std::string network = "10.77.0.0/24";
  std::vector<LabNode> nodes;
  // DRBD pair; empty resource: none.
  std::string drbd_resource;
  std::string drbd_primary;
  std::string drbd_secondary;
  std::string drbd_protocol = "C";
  std::uint64_t drbd_bytes = 256U << 20U;
  // The service on the pair. Users reach it through a node (`ingress`), or at an address that
  // `service_manager`, a unit on both nodes of the pair, gives to the one that serves.
  std::string service_name;
  std::string service_user;
  std::string ingress;
  std::string service_address;
  std::string service_manager;
  std::vector<std::filesystem::path> overlays;
  std::vector<std::string> packages;  // of Debian, besides the lab's own

  const LabNode* find(std::string_view node) const;
  bool in_pair(std::string_view node) const {
    return !drbd_resource.empty() && (node == drbd_primary || node == drbd_secondary);
  }
  // Where users reach the service; empty: there is none.
  std::string users_reach() const;
  // An ingress ends TLS. Without one the node that serves would spend most of an emulated
  // processor on it.
  bool has_tls() const { return service_address.empty(); }
  std::string service_url(const std::string& host) const;
  bool has_bmc() const;
  std::string gateway() const;        // the host's address: .1
  std::string prefix_length() const;  // "24"
};

// Errors as those of cluster files. Overlays are folders beside the file, and an error when
// missing.
Result<Topology> load_topology(const std::filesystem::path& path);
// The copy that a lab keeps of the file it was made from: beside it are no overlays, and the image
// holds them by now; none are given.
Result<Topology> load_kept_topology(const std::filesystem::path& path);

}  // namespace ernstfall
