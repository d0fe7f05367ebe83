// net_scope: decodes and checks from, ports and direction.
#include "harness/faults/net_scope.h"

#include <algorithm>
#include <charconv>

namespace ernstfall {
namespace {

constexpr int kMaxPort = 65535;

// 0: not a port.
int port_of(std::string_view text) {
  int port = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool good = ec == std::errc() && end == text.data() + text.size() && port <= kMaxPort;
  return good && port > 0 ? port : 0;
}

// The kernel's filters refuse a range that is not one: "90-80", "80-80".
bool is_range(const std::string& word, std::size_t dash) {
  const int first = port_of(word.substr(0, dash));
  return first > 0 && first < port_of(word.substr(dash + 1));
}

Result<std::string> decode_ports(const std::string& text) {
  if (text == "any") return text;
  std::string ports;
  for (const std::string& part : split(text, ',')) {
    const std::string word(trim(part));
    const std::size_t dash = word.find('-');
    const bool good = dash == std::string::npos ? port_of(word) > 0 : is_range(word, dash);
    if (!good)
      return fail(Errc::usage, "ports: \"{}\" is neither a port nor a range like 7789-7799", word);
    ports += (ports.empty() ? "" : ",") + word;
  }
  return ports;
}

// Returns the words for the report; fills scope.peers.
Result<std::string> decode_peers(const std::string& text, const FaultTarget& target,
                                 NetScope& scope) {
  if (text == "*") {
    scope.peers = "any";
    return std::string("everyone");
  }
  if (target.cluster == nullptr) return fail(Errc::internal, "no cluster to look nodes up in");
  std::vector<std::string> names;
  for (const std::string& part : split(text, ',')) {
    ERNSTFALL_TRY(const auto some, resolve_targets(std::string(trim(part)), *target.cluster));
    for (const std::string& name : some) {
      if (name == target.node.name) return fail(Errc::usage, "from: {} is the node itself", name);
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  for (const std::string& name : names)
    for (const std::string& address : target.cluster->find_node(name)->addresses()) {
      if (!is_ip_address(address))
        return fail(Errc::usage,
                    "from: the cluster file knows {} as \"{}\"; packets have numeric addresses: "
                    "give it one, or name all under \"addresses\"",
                    name, address);
      scope.peers += (scope.peers.empty() ? "" : " ") + address;
    }
  return join(names, " and ");
}

}  // namespace

Result<NetScope> net_scope(const FaultType& type, const FaultTarget& target,
                           const FaultStep& step) {
  const auto given = [&](std::string_view name) -> Result<std::string> {
    // A fault that leaves one of the three out means its default.
    for (const ParamSpec& spec : type.params)
      if (spec.name == name) {
        ERNSTFALL_TRY(const ParamValue value, param_of(type, step, name));
        return value.text;
      }
    return std::string(name == "from" ? "*" : name == "ports" ? "any" : "both");
  };
  NetScope scope;
  // Filters know no zone ("fe80::9%eth0"): the address alone is enough to let our connection pass.
  scope.control = target.control_source.empty()
                      ? "none"
                      : target.control_source.substr(0, target.control_source.find('%'));
  scope.ssh_port = std::to_string(target.node.ssh.port);
  ERNSTFALL_TRY(scope.direction, given("direction"));
  if (scope.direction != "in" && scope.direction != "out" && scope.direction != "both")
    return fail(Errc::usage, "direction: \"{}\"; expected in, out or both", scope.direction);
  ERNSTFALL_TRY(const std::string ports, given("ports"));
  ERNSTFALL_TRY(scope.ports, decode_ports(ports));
  ERNSTFALL_TRY(const std::string from, given("from"));
  ERNSTFALL_TRY(const std::string who, decode_peers(from, target, scope));
  scope.words = scope.direction == "both" ? "between " + target.node.name + " and " + who
                : scope.direction == "in" ? "from " + who + " to " + target.node.name
                                          : "from " + target.node.name + " to " + who;
  if (scope.ports != "any") scope.words += ", ports " + scope.ports;
  return scope;
}

}  // namespace ernstfall
