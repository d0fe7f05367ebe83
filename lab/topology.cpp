// topology: strict decoding of a topology file.
#include "lab/topology.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <set>

#include "harness/cluster/yaml_decoder.h"
#include "harness/core/files.h"
#include "harness/core/text.h"

namespace ernstfall {
namespace {

using yaml::Map;
using yaml::Problems;

// Less does not boot, or is no DRBD device; more is a typo.
constexpr std::uint64_t kMinMemory = 128U << 20U;
constexpr std::uint64_t kMaxMemory = 64ULL << 30U;
constexpr std::uint64_t kMinDisk = 16U << 20U;
constexpr std::uint64_t kMaxDisk = 1ULL << 40U;

bool is_lab_name(const std::string& name) {
  return !name.empty() && name.size() <= 32 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos &&
         name.front() != '-';
}

bool is_service_unit(const std::string& name) {
  return name.size() > 8 && name.ends_with(".service") && name.front() != '-' &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
             "@:_.-") == std::string::npos;
}

// As Debian's policy has it. Each becomes a word of mmdebstrap's list, whose separator is a comma.
bool is_package_name(const std::string& name) {
  return name.size() > 1 && name.size() <= 64 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+.-") == std::string::npos &&
         std::isalnum(static_cast<unsigned char>(name.front())) != 0;
}

std::optional<std::uint32_t> parse_ipv4(const std::string& text) {
  in_addr address{};
  if (::inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

struct Network {
  std::uint32_t base;
  std::uint32_t hosts;  // addresses, network and broadcast included
  bool has_host(std::uint32_t address) const {
    return address > base && address < base + hosts - 1;
  }
};

// The host takes the first address, whose name is made from the last number: it must be .0.
std::optional<Network> parse_network(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  const auto base = parse_ipv4(text.substr(0, slash));
  const std::string length = text.substr(slash + 1);
  int bits = 0;
  const auto [end, ec] = std::from_chars(length.data(), length.data() + length.size(), bits);
  if (!base || ec != std::errc() || end != length.data() + length.size() || bits < 8 || bits > 29)
    return std::nullopt;
  const std::uint32_t hosts = 1U << (32U - static_cast<unsigned>(bits));
  if (*base % hosts != 0 || *base % 256 != 0) return std::nullopt;
  return Network{*base, hosts};
}

class TopologyDecoder {
 public:
  TopologyDecoder(Problems& problems, bool with_overlays)
      : problems_(problems), with_overlays_(with_overlays) {}

  Topology decode(const YAML::Node& document, const std::filesystem::path& path) {
    Topology lab;
    Map map(document, "the topology", problems_);
    map.text("lab", lab.name, true);
    if (!lab.name.empty() && !is_lab_name(lab.name))
      problems_.add(map.take("lab"), "lab: expected a name of a-z, 0-9 and -, at most 32 long");
    map.text("network", lab.network);
    network_ = parse_network(lab.network);
    if (!network_)
      problems_.add(
          map.take("network"),
          fmt::format("network: \"{}\" is not an IPv4 network of /8 to /29 that ends in .0; "
                      "expected one like 10.77.0.0/24",
                      elide(lab.network, 80)));
    const YAML::Node nodes = map.require("nodes");
    map.each("nodes", [&](const YAML::Node& name, const YAML::Node& node) {
      lab.nodes.push_back(decode_node(name, node, lab));
    });
    if (nodes.IsDefined() && nodes.IsMap() && lab.nodes.empty())
      problems_.add(nodes, "the lab has no nodes");
    if (map.has("drbd")) decode_drbd(map.take("drbd"), lab);
    if (map.has("service")) decode_service(map.take("service"), lab);
    decode_packages(map, lab);
    std::vector<std::string> overlays;
    map.words("overlay", overlays);
    if (!with_overlays_) overlays.clear();
    for (const std::string& overlay : overlays) {
      const auto folder = std::filesystem::absolute(path).parent_path() / overlay;
      if (!std::filesystem::is_directory(folder))
        problems_.add(map.take("overlay"),
                      fmt::format("overlay: there is no folder \"{}\" beside this file", overlay));
      lab.overlays.push_back(folder.lexically_normal());
    }
    map.finish();
    return lab;
  }

 private:
  LabNode decode_node(const YAML::Node& key, const YAML::Node& yaml, const Topology& lab) {
    LabNode node;
    node.name = key.Scalar();
    if (!is_lab_name(node.name))
      problems_.add(key, "\"" + elide(node.name, 80) +
                             "\" is not a host name; expected a-z, 0-9 and -, at most 32 long");
    Map map(yaml.IsNull() ? key : yaml, "node " + node.name, problems_);
    map.text("address", node.address, true);
    check_address(map, "address", node.address, lab);
    map.text("bmc", node.bmc);
    check_address(map, "bmc", node.bmc, lab);
    map.bytes("memory", node.memory_bytes, kMinMemory, kMaxMemory);
    map.words("roles", node.roles);
    map.each("labels", [&](const YAML::Node& label, const YAML::Node& value) {
      if (auto text = yaml::scalar(value, "label " + label.Scalar(), problems_))
        node.labels[label.Scalar()] = *text;
    });
    map.finish();
    return node;
  }

  void check_address(Map& map, std::string_view key, const std::string& text, const Topology& lab) {
    const YAML::Node at = map.take(key);
    if (!at.IsDefined() || text.empty()) return;
    const auto address = parse_ipv4(text);
    if (!address)
      problems_.add(at, fmt::format("{}: \"{}\" is not an IPv4 address", key, elide(text, 80)));
    else if (network_ && !network_->has_host(*address))
      problems_.add(at,
                    fmt::format("{}: {} is not a host of the network {}", key, text, lab.network));
    else if (network_ && *address == network_->base + 1)
      problems_.add(at, fmt::format("{}: {} is this machine's own address in the lab", key, text));
    else if (!addresses_.insert(text).second)
      problems_.add(at, fmt::format("two nodes have the address {}", text));
  }

  void node_name(Map& map, std::string_view key, std::string& value, const Topology& lab) {
    map.text(key, value, true);
    if (value.empty() || lab.find(value) != nullptr) return;
    std::vector<std::string> names;
    for (const LabNode& node : lab.nodes) names.push_back(node.name);
    problems_.add(map.take(key),
                  fmt::format("there is no node \"{}\"{}", value, yaml::suggestion(value, names)));
  }

  void decode_drbd(const YAML::Node& yaml, Topology& lab) {
    Map map(yaml, "drbd", problems_);
    map.text("resource", lab.drbd_resource, true);
    node_name(map, "primary", lab.drbd_primary, lab);
    node_name(map, "secondary", lab.drbd_secondary, lab);
    if (!lab.drbd_secondary.empty() && lab.drbd_secondary == lab.drbd_primary)
      problems_.add(map.take("secondary"), "secondary: a node cannot be its own replica");
    map.choice("protocol", lab.drbd_protocol, {"A", "B", "C"});
    map.bytes("size", lab.drbd_bytes, kMinDisk, kMaxDisk);
    map.finish();
  }

  void decode_service(const YAML::Node& yaml, Topology& lab) {
    Map map(yaml, "service", problems_);
    if (lab.drbd_resource.empty())
      problems_.add(yaml, "service: it runs on the DRBD pair, and there is no \"drbd\"");
    map.text("name", lab.service_name, true);
    map.text("user", lab.service_user, true);
    const bool floating = map.has("address") || map.has("manager");
    if (floating && map.has("ingress"))
      problems_.add(map.take("ingress"),
                    "service: users reach it through an \"ingress\", or at an \"address\" that its "
                    "\"manager\" gives away; not both");
    if (!floating) {
      node_name(map, "ingress", lab.ingress, lab);
    } else {
      map.text("address", lab.service_address, true);
      check_address(map, "address", lab.service_address, lab);
      map.text("manager", lab.service_manager, true);
      if (!lab.service_manager.empty() && !is_service_unit(lab.service_manager))
        problems_.add(map.take("manager"), fmt::format("manager: \"{}\" is not the name of a "
                                                       "service, as failover.service",
                                                       elide(lab.service_manager, 80)));
    }
    map.finish();
  }

  void decode_packages(Map& map, Topology& lab) {
    map.words("packages", lab.packages);
    for (const std::string& package : lab.packages)
      if (!is_package_name(package))
        problems_.add(map.take("packages"),
                      fmt::format("packages: \"{}\" is not the name of a Debian package",
                                  elide(package, 80)));
  }

  Problems& problems_;
  bool with_overlays_;
  std::optional<Network> network_;
  std::set<std::string> addresses_;
};

}  // namespace

const LabNode* Topology::find(std::string_view node) const {
  for (const LabNode& candidate : nodes)
    if (candidate.name == node) return &candidate;
  return nullptr;
}

std::string Topology::users_reach() const {
  if (!service_address.empty()) return service_address;
  const LabNode* node = find(ingress);
  return node == nullptr ? std::string() : node->address;
}

std::string Topology::service_url(const std::string& host) const {
  return has_tls() ? "https://" + host + "/" : "http://" + host + ":9200/";
}

bool Topology::has_bmc() const {
  return std::any_of(nodes.begin(), nodes.end(), [](const LabNode& n) { return !n.bmc.empty(); });
}

std::string Topology::gateway() const {
  return network.substr(0, network.rfind('.')) + ".1";
}

std::string Topology::prefix_length() const {
  return network.substr(network.find('/') + 1);
}

namespace {

Result<Topology> load(const std::filesystem::path& path, bool with_overlays) {
  auto text = read_file(path, 1U << 20U);
  if (!text) return fail_at(Errc::usage, path.string(), "{}", text.error().what);
  ERNSTFALL_TRY(const YAML::Node document, yaml::parse_document(*text, path.string()));
  Problems problems(path.string());
  Topology lab = TopologyDecoder(problems, with_overlays).decode(document, path);
  if (problems.any()) return tl::unexpected(problems.error());
  return lab;
}

}  // namespace

Result<Topology> load_topology(const std::filesystem::path& path) {
  return load(path, true);
}

Result<Topology> load_kept_topology(const std::filesystem::path& path) {
  return load(path, false);
}

}  // namespace ernstfall
