// cluster: what is under test: nodes, roles, how to reach and power them, what runs where.
// Plain structs, decoded from a cluster file by load_cluster(); see docs/reference/cluster-file.md.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/clock.h"
#include "harness/core/result.h"
#include "harness/core/text.h"
#include "harness/remote/remote.h"

namespace ernstfall {

// Where a secret is, never what it is. Files must have mode 0600 (or 0400).
struct SecretRef {
  enum class Kind { none, environment, file };
  Kind kind = Kind::none;
  std::string name;        // variable or path
  std::string place = {};  // "file:line:col"; empty when it comes from no file
};
Result<std::string> read_secret(const SecretRef& secret);

// How a node's power is switched. Each kind confirms the state that it set. A field is the key of
// the same name in the cluster file; which ones there are follows from the kind.
struct PowerConfig {
  enum class Kind { none, lab, command, libvirt, netcup, amt, redfish, ipmi };
  Kind kind = Kind::none;
  std::string lab;  // lab: name of the lab; the node has the same name there
  // command: argv run on this machine; `status` prints "on" or "off" as its first word.
  Argv on;
  Argv off;
  Argv status;
  std::string uri;        // libvirt: of the connection
  std::string domain;     // libvirt
  std::string url;        // netcup, amt, redfish: without the path of the API
  std::string server;     // netcup: number of the server
  std::string system;     // redfish: id of the system at its controller
  std::string host;       // ipmi: of the controller
  int port = 623;         // ipmi
  int cipher_suite = -1;  // ipmi; -1: ipmitool asks the controller which it knows
  std::string user;       // amt, redfish, ipmi
  SecretRef secret;       // "password" (amt, redfish, ipmi) or "refresh_token" (netcup)
  // Of https: which CA is trusted instead of the system's, or which certificate alone, whatever
  // name and issuer it has. Both empty: the system's CAs.
  std::string ca_file;
  std::string pinned_certificate_file;
  std::string place = {};  // "file:line:col"; empty when it comes from no file
};
// As in the cluster file: "none", "redfish" ...
std::string_view power_kind_name(PowerConfig::Kind kind);
std::vector<std::string> power_kind_names();  // all of them, in the order of the enum

struct Node {
  std::string name;
  std::string address;                      // for probes (ping, TCP)
  std::vector<std::string> more_addresses;  // others that it has: of a storage network, IPv6 ...
  std::vector<std::string>
      roles;  // e.g. drbd-primary, drbd-secondary, ingress, service, monitoring
  std::map<std::string, std::string> labels;
  SshAccess ssh;
  PowerConfig power;
  bool is_protected = false;  // never the target of a fault
  std::string place = {};     // "file:line:col"; empty when it comes from no file

  bool has_role(std::string_view role) const;
  std::vector<std::string> addresses() const;  // all of them, `address` first
};

struct DrbdConfig {
  std::string resource;            // "r0"
  std::vector<std::string> nodes;  // every node that runs the resource, diskless ones included
};

struct ServiceConfig {
  std::string url;              // what users call: https://cloud.example/
  std::string resolve_address;  // connect there instead of asking DNS; empty: DNS
  std::string ca_file;          // pinned CA; empty: the system's
  std::string place = {};       // "file:line:col"; empty when it comes from no file
  std::string user;
  SecretRef password;
  // The same service without the ingress: node name -> base URL. Optional.
  std::map<std::string, std::string> direct_urls;
  // systemd units whose processes answer users, as "apache2.service"; empty: not known.
  std::vector<std::string> units = {};
};

// Whom the stop condition `metric` asks.
struct PrometheusConfig {
  std::string url;         // without /api/v1: http://10.77.0.14:9090
  std::string place = {};  // "file:line:col"; empty when it comes from no file
};

// Limits of what a run may do to this cluster.
struct ClusterGuards {
  int max_nodes =
      0;  // nodes that faults may hold at the same time; 0: no limit if disposable, else 1
  // When runs may begin, in local time: "02:00-05:00", "Sat,Sun 22:00-06:00", "Mon-Fri
  // 01:00-04:00"; none: always.
  std::vector<std::string> windows;
};

struct Cluster {
  std::string name;
  std::filesystem::path source;  // the file it came from
  bool disposable = false;       // may be destroyed; a lab is, a real cluster is not
  double time_scale = 1.0;       // deadlines (never expectations) are multiplied by this
  ClusterGuards guards;
  bool destruction_confirmed = false;  // by the user who started this run; never in a file
  std::vector<Node> nodes;             // in file order
  std::optional<DrbdConfig> drbd;
  std::optional<ServiceConfig> service;
  std::optional<PrometheusConfig> prometheus;

  const Node* find_node(std::string_view name) const;
  bool may_be_destroyed() const { return disposable || destruction_confirmed; }
  int max_nodes() const {
    return guards.max_nodes > 0 ? guards.max_nodes
           : disposable         ? static_cast<int>(nodes.size())
                                : 1;
  }
  Nanos scaled(Nanos duration) const {
    return Nanos(static_cast<std::int64_t>(static_cast<double>(duration.count()) * time_scale));
  }
};

// Errors are Errc::usage with "file:line:col" as place, what was expected, and the nearest valid
// name. Several problems are joined with newlines, one per line, each starting with its place.
Result<Cluster> load_cluster(const std::filesystem::path& path);
Result<Cluster> parse_cluster(std::string_view text, const std::filesystem::path& path);
// What keeps a run from starting although the file can be read: keys, known hosts, secrets (mode
// 0600) and CA that are not there or not as they must be; two nodes that are one machine. Looks at
// this machine only. Not part of load_cluster(): a run folder must stay readable for heal and
// recheck. Errors as those of load_cluster().
Status check_cluster(const Cluster& cluster);
// YAML that load_cluster() reads back to the same value. Secrets stay references.
std::string dump_cluster(const Cluster& cluster);

}  // namespace ernstfall
