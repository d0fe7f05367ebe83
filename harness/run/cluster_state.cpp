// cluster_state: the script that reads a node's state, its parsing and comparison.
#include "harness/run/cluster_state.h"

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

namespace ernstfall {
namespace {

using nlohmann::json;

// Reads only. Sorted, and without counters or times, so that an unchanged node gives the same
// bytes.
constexpr std::string_view kScript = R"(export LC_ALL=C
echo '== kernel'; uname -r
echo '== drbd-version'; sed -n 's/^version: \([^ ]*\).*/\1/p' /proc/drbd 2>/dev/null
echo '== failed-units'
systemctl list-units --state=failed --plain --no-legend --no-pager 2>/dev/null | awk '{print $1}' | sort
echo '== marks'
systemctl list-units 'ernstfall-*' --all --plain --no-legend --no-pager 2>/dev/null | awk '{print $1}' | sort
ls -d /run/ernstfall* /var/lib/ernstfall* 2>/dev/null
echo '== mounts'; awk '$1 ~ "^/dev/" {print $1, $2, $3, $4}' /proc/mounts | sort
echo '== qdisc'; tc qdisc show 2>/dev/null
echo '== nft'; nft list ruleset 2>/dev/null
if [ -n "$1" ]; then echo '== events2'; drbdsetup events2 --now --statistics "$1" 2>&1; fi
exit 0
)";

NodeState parse_sections(const std::string& out, const std::optional<DrbdConfig>& drbd) {
  NodeState state;
  std::string* section = nullptr;
  for (const std::string& line : split(out, '\n')) {
    if (line.rfind("== ", 0) == 0) {
      section = &state.sections[line.substr(3)];
    } else if (section != nullptr && !line.empty()) {
      *section += line + "\n";
    }
  }
  state.kernel = trim(state.sections["kernel"]);
  state.drbd_version = trim(state.sections["drbd-version"]);
  state.sections.erase("kernel");
  state.sections.erase("drbd-version");
  if (const auto dump = state.sections.find("events2"); dump != state.sections.end() && drbd) {
    if (auto parsed = parse_events2_dump(dump->second, drbd->resource)) {
      state.sections["drbd"] = parsed->summary() + "\n";
      state.drbd = std::move(*parsed);
    } else {
      state.sections["drbd"] = "not readable: " + parsed.error().what + "\n";
    }
    state.sections.erase(dump);
  }
  return state;
}

bool runs_drbd(const Cluster& cluster, const std::string& node) {
  return cluster.drbd && std::find(cluster.drbd->nodes.begin(), cluster.drbd->nodes.end(), node) !=
                             cluster.drbd->nodes.end();
}

}  // namespace

ClusterState observe_cluster(const NodeSet& nodes, Deadline deadline, const std::stop_token& stop) {
  ClusterState state;
  std::mutex mutex;
  const Cluster& cluster = nodes.cluster();
  {
    std::vector<std::jthread> threads;
    for (const Node& node : cluster.nodes)
      threads.emplace_back([&, name = node.name] {
        RemoteCommand command;
        command.argv = {"sh", "-s", runs_drbd(cluster, name) ? cluster.drbd->resource : ""};
        command.stdin_text = kScript;
        const auto result = nodes.remote(name)->exec(command, deadline, stop);
        const std::lock_guard lock(mutex);
        if (!result)
          state.unreachable[name] = result.error().what;
        else if (!result->ok())
          state.unreachable[name] = "its state cannot be read: " + result->summary();
        else
          state.nodes[name] = parse_sections(result->out, cluster.drbd);
      });
  }
  return state;
}

std::string redundancy_trouble(const ClusterState& state, const Cluster& cluster) {
  if (!cluster.drbd) return {};
  for (const std::string& name : cluster.drbd->nodes) {
    const auto node = state.nodes.find(name);
    if (node == state.nodes.end()) {
      const auto why = state.unreachable.find(name);
      return name + ": " + (why == state.unreachable.end() ? "not observed" : why->second);
    }
    if (!node->second.drbd) return name + ": DRBD's state cannot be read";
    if (!node->second.drbd->fully_redundant()) return name + ": " + node->second.drbd->summary();
  }
  return {};
}

json state_to_json(const ClusterState& state) {
  json nodes = json::object();
  for (const auto& [name, node] : state.nodes) nodes[name] = node.sections;
  return nodes;
}

std::vector<std::string> state_differences(const json& before, const ClusterState& now) {
  std::vector<std::string> differences;
  const auto one_line = [](std::string text) {
    std::replace(text.begin(), text.end(), '\n', ';');
    return text.empty() ? std::string("nothing") : elide(text, 200);
  };
  for (const auto& [name, sections] : before.items()) {
    if (const auto why = now.unreachable.find(name); why != now.unreachable.end()) {
      differences.push_back(name + ": " + why->second);
      continue;
    }
    const auto node = now.nodes.find(name);
    if (node == now.nodes.end()) {
      differences.push_back(name + ": not observed");
      continue;
    }
    std::set<std::string> keys;
    for (const auto& [key, text] : sections.items()) keys.insert(key);
    for (const auto& [key, text] : node->second.sections) keys.insert(key);
    for (const std::string& key : keys) {
      const auto was = sections.value(key, std::string());
      const auto it = node->second.sections.find(key);
      const std::string is = it == node->second.sections.end() ? "" : it->second;
      if (was != is)
        differences.push_back(
            fmt::format("{}: {}: was {}, is {}", name, key, one_line(was), one_line(is)));
    }
  }
  return differences;
}

namespace {

// Asks again and again until `trouble` of the state is empty; returns what it last was.
template <typename Trouble>
auto wait_for(const NodeSet& nodes, Deadline deadline, const std::stop_token& stop,
              const Trouble& trouble) {
  const Nanos ask = nodes.cluster().scaled(std::chrono::seconds(15));
  while (true) {
    auto now = trouble(observe_cluster(nodes, Deadline::after(ask), stop));
    if (now.empty() || deadline.expired() ||
        !sleep_until(deadline.at_most(std::chrono::milliseconds(500)), stop))
      return now;
  }
}

}  // namespace

std::vector<std::string> wait_until_same(const NodeSet& nodes, const json& before,
                                         Deadline deadline, const std::stop_token& stop) {
  return wait_for(nodes, deadline, stop,
                  [&](const ClusterState& state) { return state_differences(before, state); });
}

std::string wait_until_redundant(const NodeSet& nodes, Deadline deadline,
                                 const std::stop_token& stop) {
  return wait_for(nodes, deadline, stop, [&](const ClusterState& state) {
    return redundancy_trouble(state, nodes.cluster());
  });
}

}  // namespace ernstfall
