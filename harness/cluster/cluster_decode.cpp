// cluster_decode: a cluster file to a Cluster.
#include <algorithm>
#include <cstdlib>
#include <set>

#include "harness/cluster/cluster.h"
#include "harness/cluster/window.h"
#include "harness/cluster/yaml_decoder.h"
#include "harness/core/files.h"

namespace ernstfall {
namespace {

using yaml::Map;
using yaml::Problems;
namespace fs = std::filesystem;

constexpr std::uint64_t kMaxConfigBytes = 1U << 20U;
constexpr double kMaxTimeScale = 1000;

class ClusterDecoder {
 public:
  ClusterDecoder(const fs::path& path, Problems& problems)
      : folder_(path.has_parent_path() ? fs::absolute(path).parent_path() : fs::current_path()),
        problems_(problems) {}

  Cluster decode(const YAML::Node& document, const fs::path& path) {
    Cluster cluster;
    cluster.source = path;
    Map map(document, "the cluster file", problems_);
    map.name("cluster", cluster.name, true);
    map.boolean("disposable", cluster.disposable);
    map.number("time_scale", cluster.time_scale, 1, kMaxTimeScale);
    const YAML::Node nodes = map.require("nodes");
    map.each("nodes", [&](const YAML::Node& name, const YAML::Node& node) {
      cluster.nodes.push_back(decode_node(name, node));
    });
    if (nodes.IsDefined() && nodes.IsMap() && cluster.nodes.empty())
      problems_.add(nodes, "the cluster has no nodes");
    if (map.has("drbd")) cluster.drbd = decode_drbd(map.take("drbd"), cluster);
    if (map.has("service")) cluster.service = decode_service(map.take("service"), cluster);
    if (map.has("prometheus")) cluster.prometheus = decode_prometheus(map.take("prometheus"));
    if (map.has("guards")) cluster.guards = decode_guards(map.take("guards"));
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

  Node decode_node(const YAML::Node& key, const YAML::Node& yaml) {
    Node node;
    node.name = key.Scalar();
    node.place = problems_.place(key);
    yaml::check_name(key, "node", node.name, problems_);
    Map map(yaml.IsNull() ? key : yaml, "node " + node.name, problems_);
    map.text("address", node.address, true);
    check_address(map, "address", node.address);
    map.words("addresses", node.more_addresses);
    check_more_addresses(map.take("addresses"), node);
    decode_words_of(map, "roles", node.roles, "role");
    map.each("labels", [&](const YAML::Node& label, const YAML::Node& value) {
      if (auto text = yaml::scalar(value, "label " + label.Scalar(), problems_))
        node.labels[label.Scalar()] = *text;
    });
    map.boolean("protected", node.is_protected);
    node.ssh.host = node.address;
    if (map.has("ssh")) decode_ssh(map.take("ssh"), node.ssh);
    if (map.has("power")) decode_power(map.take("power"), node.name, node.power);
    map.finish();
    return node;
  }

  void check_address(Map& map, std::string_view key, const std::string& address) {
    static constexpr std::string_view kAllowed =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.:-_%";
    const YAML::Node at = map.take(key);  // undefined: a default, which was checked elsewhere
    if (!at.IsDefined() || address.empty() ||
        (address.front() != '-' && address.find_first_not_of(kAllowed) == std::string::npos))
      return;
    problems_.add(
        at, fmt::format("{}: \"{}\" is not an address; expected an IP address or a host name", key,
                        elide(address, 80)));
  }

  ClusterGuards decode_guards(const YAML::Node& yaml) {
    ClusterGuards guards;
    Map map(yaml, "guards", problems_);
    map.integer("max_nodes", guards.max_nodes, 1, 1000);
    map.words("windows", guards.windows);
    const YAML::Node list = map.take("windows");
    if (list.IsDefined() && list.IsSequence())
      for (const YAML::Node& element : list)
        if (element.IsScalar())
          if (const auto window = parse_window(element.Scalar()); !window)
            problems_.add(element, "windows: " + window.error().what);
    map.finish();
    return guards;
  }

  // Network faults write these into rules, so they are numbers and not names.
  void check_more_addresses(const YAML::Node& list, const Node& node) {
    if (!list.IsDefined() || !list.IsSequence()) return;
    for (const YAML::Node& element : list) {
      if (!element.IsScalar()) continue;
      const std::string& text = element.Scalar();
      if (!is_ip_address(text))
        problems_.add(element,
                      fmt::format("addresses: \"{}\" is not an IP address", elide(text, 80)));
      else if (text == node.address)
        problems_.add(element,
                      fmt::format("addresses: {} is the node's \"address\" already", text));
    }
  }

  // A list of names without repetition.
  void decode_words_of(Map& map, std::string_view key, std::vector<std::string>& values,
                       const std::string& what, bool required = false) {
    map.words(key, values, required);
    const YAML::Node list = map.take(key);
    if (!list.IsDefined() || !list.IsSequence()) return;
    std::set<std::string> seen;
    for (const YAML::Node& element : list) {
      if (!element.IsScalar()) continue;
      yaml::check_name(element, what, element.Scalar(), problems_);
      if (!seen.insert(element.Scalar()).second)
        problems_.add(element, fmt::format("{}: \"{}\" is given twice", key, element.Scalar()));
    }
  }

  void decode_ssh(const YAML::Node& yaml, SshAccess& ssh) {
    Map map(yaml, "ssh", problems_);
    std::string transport = "libssh2";
    map.choice("transport", transport, {"libssh2", "openssh", "local"});
    ssh.transport = transport == "openssh" ? Transport::openssh
                    : transport == "local" ? Transport::local
                                           : Transport::libssh2;
    map.text("host", ssh.host);
    check_address(map, "host", ssh.host);
    map.integer("port", ssh.port, 1, 65535);
    map.text("user", ssh.user);
    path(map, "identity", ssh.identity_file);
    path(map, "known_hosts", ssh.known_hosts_file);
    path(map, "ssh_config", ssh.ssh_config_file);
    if (ssh.transport != Transport::openssh && map.has("ssh_config"))
      problems_.add(map.take("ssh_config"), "ssh_config: only with transport: openssh");
    map.duration("connect_timeout", ssh.connect_timeout, false, std::chrono::milliseconds(1));
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
    decode_words_of(map, "nodes", drbd.nodes, "node", true);
    if (const YAML::Node nodes = map.take("nodes"); nodes.IsDefined() && nodes.IsSequence()) {
      for (const YAML::Node& node : nodes)
        if (node.IsScalar()) check_node(node, node.Scalar(), cluster);
      if (drbd.nodes.size() == 1)
        problems_.add(nodes, "nodes: a resource on one node is no replica; expected two or more");
    }
    map.finish();
    return drbd;
  }

  ServiceConfig decode_service(const YAML::Node& yaml, const Cluster& cluster) {
    ServiceConfig service;
    service.place = problems_.place(yaml);
    Map map(yaml, "service", problems_);
    map.text("url", service.url, true);
    check_url(map.take("url"), service.url);
    map.text("resolve", service.resolve_address);
    check_address(map, "resolve", service.resolve_address);
    path(map, "ca", service.ca_file);
    map.text("user", service.user);
    if (map.has("password")) {
      service.password = decode_secret(map.take("password"));
      if (service.user.empty())
        problems_.add(map.take("password"), "a password without \"user\" is never sent");
    }
    map.each("direct", [&](const YAML::Node& node, const YAML::Node& url) {
      check_node(node, node.Scalar(), cluster);
      if (auto text = yaml::scalar(url, "direct url", problems_)) {
        check_url(url, *text);
        service.direct_urls[node.Scalar()] = *text;
      }
    });
    map.finish();
    return service;
  }

  PrometheusConfig decode_prometheus(const YAML::Node& yaml) {
    PrometheusConfig prometheus;
    prometheus.place = problems_.place(yaml);
    Map map(yaml, "prometheus", problems_);
    map.text("url", prometheus.url, true);
    check_url(map.take("url"), prometheus.url);
    map.finish();
    return prometheus;
  }

  void check_url(const YAML::Node& at, const std::string& url) {
    if (!at.IsDefined() || !at.IsScalar()) return;
    const std::size_t scheme = url.rfind("https://", 0) == 0  ? 8
                               : url.rfind("http://", 0) == 0 ? 7
                                                              : 0;
    const std::string host = url.substr(scheme, url.find_first_of("/?#", scheme) - scheme);
    if (host.find('@') != std::string::npos)
      // Not repeated: what stands before the @ may be a password.
      problems_.add(at, "a URL must not hold a user or password; use \"user\" and \"password\"");
    else if (scheme == 0 || host.empty() || host.front() == ':' ||
             url.find_first_of(" \t\r\n\"<>\\") != std::string::npos)
      problems_.add(at, fmt::format("\"{}\" is not a URL; expected https://... or http://...",
                                    elide(url, 80)));
  }

  SecretRef decode_secret(const YAML::Node& yaml) {
    SecretRef secret;
    secret.place = problems_.place(yaml);
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
  if (problems.any()) return tl::unexpected(problems.error());
  return cluster;
}

Result<Cluster> load_cluster(const fs::path& path) {
  auto text = read_file(path, kMaxConfigBytes);
  if (!text) return fail_at(Errc::usage, path.string(), "{}", text.error().what);
  return parse_cluster(*text, path);
}

std::vector<std::string> Node::addresses() const {
  std::vector<std::string> all{address};
  all.insert(all.end(), more_addresses.begin(), more_addresses.end());
  return all;
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
