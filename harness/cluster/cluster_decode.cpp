// cluster_decode: a cluster file to a Cluster.
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "harness/cluster/cluster.h"
#include "harness/cluster/yaml_decoder.h"
#include "harness/core/files.h"

namespace ernstfall {
namespace {

using yaml::Map;
using yaml::Problems;
namespace fs = std::filesystem;

constexpr std::uint64_t kMaxConfigBytes = 1U << 20U;

class ClusterDecoder {
 public:
  ClusterDecoder(const fs::path& path, Problems& problems)
      : folder_(path.has_parent_path() ? fs::absolute(path).parent_path() : fs::current_path()),
        problems_(problems) {}

  Cluster decode(const YAML::Node& document, const fs::path& path) {
    Cluster cluster;
    cluster.source = path;
    Map map(document, "the cluster file", problems_);
    map.text("cluster", cluster.name, true);
    map.boolean("disposable", cluster.disposable);
    map.number("time_scale", cluster.time_scale, 1);
    (void)map.require("nodes");
    map.each("nodes", [&](const std::string& name, const YAML::Node& node) {
      cluster.nodes.push_back(decode_node(name, node));
    });
    if (map.has("drbd")) cluster.drbd = decode_drbd(map.take("drbd"), cluster);
    if (map.has("service")) cluster.service = decode_service(map.take("service"), cluster);
    map.finish();
    return cluster;
  }

 private:
  // Relative paths are relative to the cluster file; ~ is the user's home.
  std::string resolve(const std::string& path) const {
    if (path.empty()) return path;
    if (path.rfind("~/", 0) == 0)
      if (const char* home = std::getenv("HOME"); home != nullptr)
        return (fs::path(home) / path.substr(2)).string();
    return fs::path(path).is_absolute() ? path : (folder_ / path).lexically_normal().string();
  }
  void path(Map& map, std::string_view key, std::string& value) {
    map.text(key, value);
    value = resolve(value);
  }

  Node decode_node(const std::string& name, const YAML::Node& yaml) {
    Node node;
    node.name = name;
    Map map(yaml, "node " + name, problems_);
    map.text("address", node.address, true);
    map.words("roles", node.roles);
    map.each("labels", [&](const std::string& key, const YAML::Node& value) {
      if (auto text = yaml::scalar(value, "label " + key, problems_)) node.labels[key] = *text;
    });
    map.boolean("protected", node.is_protected);
    node.ssh.host = node.address;
    if (map.has("ssh")) decode_ssh(map.take("ssh"), node.ssh);
    if (map.has("power")) decode_power(map.take("power"), name, node.power);
    map.finish();
    return node;
  }

  void decode_ssh(const YAML::Node& yaml, SshAccess& ssh) {
    Map map(yaml, "ssh", problems_);
    std::string transport = "libssh2";
    map.choice("transport", transport, {"libssh2", "openssh", "local"});
    ssh.transport = transport == "openssh" ? Transport::openssh
                    : transport == "local" ? Transport::local
                                           : Transport::libssh2;
    map.text("host", ssh.host);
    map.integer("port", ssh.port, 1, 65535);
    map.text("user", ssh.user);
    path(map, "identity", ssh.identity_file);
    path(map, "known_hosts", ssh.known_hosts_file);
    path(map, "ssh_config", ssh.ssh_config_file);
    map.duration("connect_timeout", ssh.connect_timeout);
    map.finish();
  }

  void decode_power(const YAML::Node& yaml, const std::string& node, PowerConfig& power) {
    Map map(yaml, "power of node " + node, problems_);
    std::string kind = "none";
    (void)map.require("kind");
    map.choice("kind", kind, {"none", "lab", "command"});
    if (kind == "lab") {
      power.kind = PowerConfig::Kind::lab;
      map.text("lab", power.lab, true);
    } else if (kind == "command") {
      power.kind = PowerConfig::Kind::command;
      map.words("on", power.on, true);
      map.words("off", power.off, true);
      map.words("status", power.status, true);
    }
    map.finish();
  }

  std::vector<std::string> node_names(const Cluster& cluster) const {
    std::vector<std::string> names;
    for (const Node& node : cluster.nodes) names.push_back(node.name);
    return names;
  }
  void check_node(const YAML::Node& at, const std::string& name, const Cluster& cluster) {
    if (cluster.find_node(name) == nullptr)
      problems_.add(at, fmt::format("there is no node \"{}\"{}", name,
                                    yaml::suggestion(name, node_names(cluster))));
  }

  DrbdConfig decode_drbd(const YAML::Node& yaml, const Cluster& cluster) {
    DrbdConfig drbd;
    Map map(yaml, "drbd", problems_);
    map.text("resource", drbd.resource, true);
    map.words("nodes", drbd.nodes, true);
    if (const YAML::Node nodes = map.take("nodes"); nodes.IsDefined() && nodes.IsSequence())
      for (const YAML::Node& node : nodes)
        if (node.IsScalar()) check_node(node, node.Scalar(), cluster);
    map.finish();
    return drbd;
  }

  ServiceConfig decode_service(const YAML::Node& yaml, const Cluster& cluster) {
    ServiceConfig service;
    Map map(yaml, "service", problems_);
    map.text("url", service.url, true);
    check_url(map.take("url"), service.url);
    map.text("resolve", service.resolve_address);
    path(map, "ca", service.ca_file);
    map.text("user", service.user);
    if (map.has("password")) service.password = decode_secret(map.take("password"));
    map.each("direct", [&](const std::string& node, const YAML::Node& url) {
      check_node(url, node, cluster);
      if (auto text = yaml::scalar(url, "direct url", problems_)) {
        check_url(url, *text);
        service.direct_urls[node] = *text;
      }
    });
    map.finish();
    return service;
  }

  void check_url(const YAML::Node& at, const std::string& url) {
    if (at.IsDefined() && url.rfind("https://", 0) != 0 && url.rfind("http://", 0) != 0)
      problems_.add(at,
                    fmt::format("\"{}\" is not a URL; expected https://... or http://...", url));
  }

  SecretRef decode_secret(const YAML::Node& yaml) {
    SecretRef secret;
    if (!yaml.IsMap()) {
      // Never the value itself.
      problems_.add(yaml,
                    "a secret must not be in the file; expected {env: VARIABLE} or {file: PATH}");
      return secret;
    }
    Map map(yaml, "a secret", problems_);
    std::string file;
    std::string variable;
    map.text("env", variable);
    path(map, "file", file);
    map.finish();
    if (variable.empty() == file.empty()) {
      problems_.add(yaml, "a secret needs either \"env\" or \"file\"");
      return secret;
    }
    secret.kind = file.empty() ? SecretRef::Kind::environment : SecretRef::Kind::file;
    secret.name = file.empty() ? variable : file;
    return secret;
  }

  fs::path folder_;
  Problems& problems_;
};

}  // namespace

Result<Cluster> parse_cluster(std::string_view text, const fs::path& path) {
  ERNSTFALL_TRY(const YAML::Node document, yaml::parse_document(text, path.string()));
  Problems problems(path.string());
  Cluster cluster = ClusterDecoder(path, problems).decode(document, path);
  if (!problems.any() && cluster.nodes.empty()) problems.add(document, "the cluster has no nodes");
  if (problems.any()) return tl::unexpected(problems.error());
  return cluster;
}

Result<Cluster> load_cluster(const fs::path& path) {
  auto text = read_file(path, kMaxConfigBytes);
  if (!text) return fail_at(Errc::usage, path.string(), "{}", text.error().what);
  return parse_cluster(*text, path);
}

Result<std::string> read_secret(const SecretRef& secret) {
  if (secret.kind == SecretRef::Kind::none) return std::string();
  if (secret.kind == SecretRef::Kind::environment) {
    const char* value = std::getenv(secret.name.c_str());
    if (value == nullptr || *value == '\0')
      return fail(Errc::usage, "the environment variable {} is not set", secret.name);
    return std::string(value);
  }
  struct stat info {};
  if (::stat(secret.name.c_str(), &info) != 0)
    return tl::unexpected(
        Error{Errc::usage, errno_error(secret.name, "cannot read").what, secret.name});
  if ((info.st_mode & 0077U) != 0)
    return fail_at(Errc::usage, secret.name, "a secret's file must have mode 0600, this has {:04o}",
                   info.st_mode & 07777U);
  ERNSTFALL_TRY(const std::string content, read_file(secret.name, 64U << 10U));
  return std::string(trim(content));
}

bool Node::has_role(std::string_view role) const {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

const Node* Cluster::find_node(std::string_view wanted) const {
  for (const Node& node : nodes)
    if (node.name == wanted) return &node;
  return nullptr;
}

}  // namespace ernstfall
