// topology: strict decoding of a topology file.
#include "lab/topology.h"

#include <arpa/inet.h>

#include <algorithm>
#include <set>

#include "harness/cluster/yaml_decoder.h"
#include "harness/core/files.h"

namespace ernstfall {
namespace {

using yaml::Map;
using yaml::Problems;

bool is_lab_name(const std::string& name) {
  return !name.empty() && name.size() <= 32 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos &&
         name.front() != '-';
}

bool is_ipv4(const std::string& text) {
  in_addr address{};
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1;
}

class TopologyDecoder {
 public:
  explicit TopologyDecoder(Problems& problems) : problems_(problems) {}

  Topology decode(const YAML::Node& document, const std::filesystem::path& path) {
    Topology lab;
    Map map(document, "the topology", problems_);
    map.text("lab", lab.name, true);
    if (!lab.name.empty() && !is_lab_name(lab.name))
      problems_.add(map.take("lab"), "lab: expected a name of a-z, 0-9 and -, at most 32 long");
    map.text("network", lab.network);
    if (!is_ipv4(lab.network.substr(0, lab.network.find('/'))) ||
        lab.network.find('/') == std::string::npos)
      problems_.add(map.take("network"), "network: expected an IPv4 network like 10.77.0.0/24");
    (void)map.require("nodes");
    map.each("nodes", [&](const std::string& name, const YAML::Node& node) {
      lab.nodes.push_back(decode_node(name, node));
    });
    if (map.has("drbd")) decode_drbd(map.take("drbd"), lab);
    if (map.has("service")) decode_service(map.take("service"), lab);
    std::vector<std::string> overlays;
    map.words("overlay", overlays);
    for (const std::string& overlay : overlays) {
      const auto folder = std::filesystem::absolute(path).parent_path() / overlay;
      if (!std::filesystem::is_directory(folder))
        problems_.add(map.take("overlay"), "overlay: there is no folder " + folder.string());
      lab.overlays.push_back(folder.lexically_normal());
    }
    map.finish();
    return lab;
  }

 private:
  LabNode decode_node(const std::string& name, const YAML::Node& yaml) {
    LabNode node;
    node.name = name;
    Map map(yaml, "node " + name, problems_);
    if (!is_lab_name(name)) problems_.add(yaml, "\"" + name + "\" is not a host name");
    map.text("address", node.address, true);
    if (!node.address.empty() && !is_ipv4(node.address))
      problems_.add(map.take("address"),
                    "address: \"" + node.address + "\" is not an IPv4 address");
    if (!addresses_.insert(node.address).second)
      problems_.add(yaml, "two nodes have the address " + node.address);
    map.bytes("memory", node.memory_bytes);
    map.words("roles", node.roles);
    map.each("labels", [&](const std::string& key, const YAML::Node& value) {
      if (auto text = yaml::scalar(value, "label " + key, problems_)) node.labels[key] = *text;
    });
    map.finish();
    return node;
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
    map.choice("protocol", lab.drbd_protocol, {"A", "B", "C"});
    map.bytes("size", lab.drbd_bytes);
    map.finish();
  }

  void decode_service(const YAML::Node& yaml, Topology& lab) {
    Map map(yaml, "service", problems_);
    map.text("name", lab.service_name, true);
    map.text("user", lab.service_user, true);
    node_name(map, "ingress", lab.ingress, lab);
    map.finish();
  }

  Problems& problems_;
  std::set<std::string> addresses_;
};

}  // namespace

const LabNode* Topology::find(std::string_view node) const {
  for (const LabNode& candidate : nodes)
    if (candidate.name == node) return &candidate;
  return nullptr;
}

std::string Topology::gateway() const {
  return network.substr(0, network.rfind('.')) + ".1";
}

std::string Topology::prefix_length() const {
  return network.substr(network.find('/') + 1);
}

Result<Topology> parse_topology(std::string_view text, const std::filesystem::path& path) {
  ERNSTFALL_TRY(const YAML::Node document, yaml::parse_document(text, path.string()));
  Problems problems(path.string());
  Topology lab = TopologyDecoder(problems).decode(document, path);
  if (!problems.any() && lab.nodes.empty()) problems.add(document, "the lab has no nodes");
  if (problems.any()) return tl::unexpected(problems.error());
  return lab;
}

Result<Topology> load_topology(const std::filesystem::path& path) {
  auto text = read_file(path, 1U << 20U);
  if (!text) return fail_at(Errc::usage, path.string(), "{}", text.error().what);
  return parse_topology(*text, path);
}

}  // namespace ernstfall
