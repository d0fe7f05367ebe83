// cluster_dump: a Cluster as YAML that load_cluster() reads back to the same value.
#include <yaml-cpp/yaml.h>

#include "harness/cluster/cluster.h"
#include "harness/core/units.h"

namespace ernstfall {
namespace {

// Quoted always: a node called "no" or an address like 012 must come back as text.
void pair(YAML::Emitter& out, std::string_view key, const std::string& value) {
  if (!value.empty())
    out << YAML::Key << std::string(key) << YAML::Value << YAML::DoubleQuoted << value;
}

void list(YAML::Emitter& out, std::string_view key, const std::vector<std::string>& values) {
  if (values.empty()) return;
  out << YAML::Key << std::string(key) << YAML::Value << YAML::Flow << YAML::BeginSeq;
  for (const std::string& value : values) out << YAML::DoubleQuoted << value;
  out << YAML::EndSeq;
}

void map(YAML::Emitter& out, std::string_view key,
         const std::map<std::string, std::string>& values) {
  if (values.empty()) return;
  out << YAML::Key << std::string(key) << YAML::Value << YAML::BeginMap;
  for (const auto& [name, value] : values) pair(out, name, value);
  out << YAML::EndMap;
}

void dump_ssh(YAML::Emitter& out, const SshAccess& ssh) {
  out << YAML::Key << "ssh" << YAML::Value << YAML::BeginMap;
  pair(out, "transport",
       ssh.transport == Transport::openssh ? "openssh"
       : ssh.transport == Transport::local ? "local"
                                           : "libssh2");
  pair(out, "host", ssh.host);
  out << YAML::Key << "port" << YAML::Value << ssh.port;
  pair(out, "user", ssh.user);
  pair(out, "identity", ssh.identity_file);
  pair(out, "known_hosts", ssh.known_hosts_file);
  pair(out, "ssh_config", ssh.ssh_config_file);
  pair(out, "connect_timeout", duration_literal(ssh.connect_timeout));
  out << YAML::EndMap;
}

void secret(YAML::Emitter& out, std::string_view key, const SecretRef& where) {
  if (where.kind != SecretRef::Kind::none)
    map(out, key, {{where.kind == SecretRef::Kind::file ? "file" : "env", where.name}});
}

void dump_power(YAML::Emitter& out, const PowerConfig& power) {
  using Kind = PowerConfig::Kind;
  if (power.kind == Kind::none) return;
  out << YAML::Key << "power" << YAML::Value << YAML::BeginMap;
  pair(out, "kind", std::string(power_kind_name(power.kind)));
  pair(out, "lab", power.lab);
  list(out, "on", power.on);
  list(out, "off", power.off);
  list(out, "status", power.status);
  pair(out, "uri", power.uri);
  pair(out, "domain", power.domain);
  pair(out, "url", power.url);
  pair(out, "server", power.server);
  pair(out, "system", power.system);
  pair(out, "host", power.host);
  if (power.kind == Kind::ipmi) out << YAML::Key << "port" << YAML::Value << power.port;
  if (power.cipher_suite >= 0)
    out << YAML::Key << "cipher_suite" << YAML::Value << power.cipher_suite;
  pair(out, "user", power.user);
  secret(out, power.kind == Kind::netcup ? "refresh_token" : "password", power.secret);
  pair(out, "ca", power.ca_file);
  pair(out, "pinned_certificate", power.pinned_certificate_file);
  out << YAML::EndMap;
}

void dump_service(YAML::Emitter& out, const ServiceConfig& service) {
  out << YAML::Key << "service" << YAML::Value << YAML::BeginMap;
  pair(out, "url", service.url);
  pair(out, "resolve", service.resolve_address);
  pair(out, "ca", service.ca_file);
  pair(out, "user", service.user);
  secret(out, "password", service.password);
  map(out, "direct", service.direct_urls);
  list(out, "units", service.units);
  out << YAML::EndMap;
}

}  // namespace

std::string dump_cluster(const Cluster& cluster) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  pair(out, "cluster", cluster.name);
  out << YAML::Key << "disposable" << YAML::Value << (cluster.disposable ? "true" : "false");
  out << YAML::Key << "time_scale" << YAML::Value << fmt::format("{}", cluster.time_scale);
  if (cluster.guards.max_nodes > 0 || !cluster.guards.windows.empty()) {
    out << YAML::Key << "guards" << YAML::Value << YAML::BeginMap;
    if (cluster.guards.max_nodes > 0)
      out << YAML::Key << "max_nodes" << YAML::Value << cluster.guards.max_nodes;
    list(out, "windows", cluster.guards.windows);
    out << YAML::EndMap;
  }
  out << YAML::Key << "nodes" << YAML::Value << YAML::BeginMap;
  for (const Node& node : cluster.nodes) {
    out << YAML::Key << YAML::DoubleQuoted << node.name << YAML::Value << YAML::BeginMap;
    pair(out, "address", node.address);
    list(out, "addresses", node.more_addresses);
    list(out, "roles", node.roles);
    map(out, "labels", node.labels);
    out << YAML::Key << "protected" << YAML::Value << (node.is_protected ? "true" : "false");
    dump_ssh(out, node.ssh);
    dump_power(out, node.power);
    out << YAML::EndMap;
  }
  out << YAML::EndMap;
  if (cluster.drbd) {
    out << YAML::Key << "drbd" << YAML::Value << YAML::BeginMap;
    pair(out, "resource", cluster.drbd->resource);
    list(out, "nodes", cluster.drbd->nodes);
    out << YAML::EndMap;
  }
  if (cluster.service) dump_service(out, *cluster.service);
  if (cluster.prometheus) {
    out << YAML::Key << "prometheus" << YAML::Value << YAML::BeginMap;
    pair(out, "url", cluster.prometheus->url);
    out << YAML::EndMap;
  }
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace ernstfall
