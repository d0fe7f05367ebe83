// cluster_decode: a cluster file to a Cluster.
#include <algorithm>
#include <array>
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
    using Kind = PowerConfig::Kind;
    power.place = problems_.place(yaml);
    Map map(yaml, "power of node " + node, problems_);
    std::string kind;
    (void)map.require("kind");
    map.choice("kind", kind, power_kind_names());
    if (kind.empty()) return;  // which other keys there may be is not known
    const std::vector<std::string> kinds = power_kind_names();
    power.kind = static_cast<Kind>(std::find(kinds.begin(), kinds.end(), kind) - kinds.begin());
    switch (power.kind) {
      case Kind::none:
        break;
      case Kind::lab:
        map.text("lab", power.lab, true);
        break;
      case Kind::command:
        map.words("on", power.on, true);
        map.words("off", power.off, true);
        map.words("status", power.status, true);
        break;
      case Kind::libvirt:
        decode_libvirt(map, power);
        break;
      case Kind::netcup:
        map.text("server", power.server, true);
        check_characters(map, "server", power.server, "0123456789", "the number of a server");
        power.url = "https://www.servercontrolpanel.de";
        map.text("url", power.url);
        decode_access(map, power, "refresh_token");
        break;
      case Kind::amt:
        map.text("url", power.url, true);
        power.user = "admin";
        map.text("user", power.user);
        decode_access(map, power, "password");
        break;
      case Kind::redfish:
        map.text("url", power.url, true);
        map.text("system", power.system, true);
        check_characters(map, "system", power.system, kIdCharacters, "the id of a system");
        map.text("user", power.user, true);
        decode_access(map, power, "password");
        break;
      case Kind::ipmi:
        map.text("host", power.host, true);
        check_address(map, "host", power.host);
        map.integer("port", power.port, 1, 65535);
        map.integer("cipher_suite", power.cipher_suite, 0, 255);
        map.text("user", power.user, true);
        power.secret = decode_required_secret(map, "password");
        break;
    }
    map.finish();
  }

  static constexpr std::string_view kIdCharacters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";

  // Such values become parts of paths.
  void check_characters(Map& map, std::string_view key, const std::string& value,
                        std::string_view allowed, std::string_view what) {
    const YAML::Node at = map.take(key);
    if (at.IsDefined() && !value.empty() && value.find_first_not_of(allowed) != std::string::npos)
      problems_.add(at, fmt::format("{}: \"{}\" is not {}", key, elide(value, 80), what));
  }

  void decode_libvirt(Map& map, PowerConfig& power) {
    map.text("uri", power.uri, true);
    if (const YAML::Node at = map.take("uri"); at.IsDefined() && !power.uri.empty()) {
      const std::size_t scheme = power.uri.find("://");
      const std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
      const std::string authority = power.uri.substr(host, power.uri.find('/', host) - host);
      if (const std::size_t user_end = authority.rfind('@');
          user_end != std::string::npos && authority.find(':') < user_end)
        // Not repeated: what stands before the @ may be a password.
        problems_.add(at, "uri: a connection URI must not hold a password");
      else if (scheme == std::string::npos || scheme == 0 || power.uri.front() == '-' ||
               power.uri.find_first_of(" \t\r\n") != std::string::npos)
        problems_.add(at, fmt::format("uri: \"{}\" is no connection URI of libvirt; expected e.g. "
                                      "qemu+ssh://root@host/system",
                                      elide(power.uri, 80)));
    }
    map.text("domain", power.domain, true);
    if (!power.domain.empty() && power.domain.front() == '-')
      problems_.add(map.take("domain"), "domain: a name must not begin with \"-\"");
  }

  // Of the kinds that speak HTTP.
  void decode_access(Map& map, PowerConfig& power, std::string_view secret) {
    const YAML::Node url = map.take("url");
    check_url(url, power.url);
    const bool encrypted = power.url.rfind("https://", 0) == 0;
    if (power.kind != PowerConfig::Kind::amt && !encrypted && power.url.rfind("http://", 0) == 0)
      problems_.add(url, "url: expected https://...: without it the secret can be read on the way");
    power.secret = decode_required_secret(map, secret);
    path(map, "ca", power.ca_file);
    path(map, "pinned_certificate", power.pinned_certificate_file);
    if (!power.ca_file.empty() && !power.pinned_certificate_file.empty())
      problems_.add(map.take("pinned_certificate"),
                    "pinned_certificate: only without \"ca\": one of them is trusted");
    for (const char* key : {"ca", "pinned_certificate"})
      if (map.has(key) && power.url.rfind("http://", 0) == 0)
        problems_.add(map.take(key),
                      fmt::format("{}: nothing is verified with a url of http://", key));
  }

  SecretRef decode_required_secret(Map& map, std::string_view key) {
    const YAML::Node secret = map.require(key);
    return secret.IsDefined() ? decode_secret(secret) : SecretRef();
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

  void check_units(const YAML::Node& list) {
    if (!list.IsDefined() || !list.IsSequence()) return;
    for (const YAML::Node& unit : list)
      if (unit.IsScalar() && !unit.Scalar().ends_with(".service"))
        problems_.add(unit, fmt::format("units: \"{}\"; expected a service, as apache2.service",
                                        elide(unit.Scalar(), 80)));
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
    map.words("units", service.units);
    check_units(map.take("units"));
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

namespace {

// In the order of PowerConfig::Kind.
constexpr std::array<std::string_view, 8> kPowerKinds{"none",   "lab", "command", "libvirt",
                                                      "netcup", "amt", "redfish", "ipmi"};

}  // namespace

std::vector<std::string> power_kind_names() {
  return {kPowerKinds.begin(), kPowerKinds.end()};
}

std::string_view power_kind_name(PowerConfig::Kind kind) {
  return kPowerKinds[static_cast<std::size_t>(kind)];
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
