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

constexpr Nanos kAskAgainMin = std::chrono::milliseconds(500);
constexpr Nanos kAskAgainMax = std::chrono::seconds(5);
// StandAlone never ends by itself; somebody's automation may still be at it.
constexpr Nanos kStandAloneMax = std::chrono::seconds(30);  // scaled

// Reads only. Sorted, and without counters, times or what the kernel sizes anew at each boot, so
// that an unchanged node gives the same bytes. Nor whether its kernel has ever warned (`tainted`):
// DRBD 8.4 in Debian's kernel does when a Primary with fencing goes on alone, and only a reboot
// makes it forget.
// $1: health or fingerprint; $2: the DRBD resource, if the node runs it.
constexpr std::string_view kScript = R"(export LC_ALL=C
# The service goes first: to look at a slow node must not be what slows it.
renice -n 19 -p $$ >/dev/null 2>&1
echo '== kernel'; uname -r
echo '== drbd-version'; sed -n 's/^version: \([^ ]*\).*/\1/p' /proc/drbd 2>/dev/null
echo '== failed-units'
systemctl list-units --state=failed --plain --no-legend --no-pager 2>/dev/null | awk '{print $1}' | sort
echo '== marks'
systemctl list-units 'ernstfall-*' --all --plain --no-legend --no-pager 2>/dev/null | awk '{print $1}' | sort
ls -d /run/ernstfall /var/lib/ernstfall /etc/systemd/system/ernstfall-* 2>/dev/null
nft list tables 2>/dev/null | awk '$3 ~ /^ernstfall_/'
awk '$1 ~ "^/dev/" {print $2}' /proc/mounts | while read -r m; do ls -d "$m"/.ernstfall-* 2>/dev/null; done | grep -v '/\.ernstfall-canary-' | sort -u
echo '== canaries'
awk '$1 ~ "^/dev/" {print $2}' /proc/mounts | while read -r m; do ls -d "$m"/.ernstfall-canary-* 2>/dev/null; done | sort -u
if [ -n "$2" ]; then echo '== events2'; drbdsetup events2 --now --statistics "$2" 2>&1; fi
[ "$1" = fingerprint ] || exit 0
echo '== os'; ( . /etc/os-release; echo "$PRETTY_NAME" ) 2>/dev/null
echo '== drbd-utils'; drbdadm --version 2>/dev/null </dev/null | sed -n 's/^DRBDADM_VERSION=//p'
echo '== k3s'; k3s --version 2>/dev/null </dev/null | awk '$1 == "k3s" {print $3}'
echo '== mounts'; awk '$1 ~ "^/dev/" {print $1, $2, $3, $4}' /proc/mounts | sort
echo '== links'; ip -o link show 2>/dev/null | sed 's/^[0-9]*: //; s/ qlen .*//' | sort
echo '== qdisc'; tc qdisc show 2>/dev/null
echo '== filters'
tc qdisc show 2>/dev/null | awk '$2 == "clsact" || $2 == "ingress" {print $5}' | while read -r d; do
  for p in ingress egress; do tc filter show dev "$d" $p 2>/dev/null | sed "s/^/$d $p /"; done
done
echo '== dm'; dmsetup table 2>/dev/null | grep -v '^No devices' | sort
echo '== sysctls'
find /proc/sys/net/ipv4 /proc/sys/net/core /proc/sys/vm /proc/sys/kernel -maxdepth 1 -type f -readable ! -name stat_refresh \
  ! -name ns_last_pid ! -name tainted ! -name '*_reserve_kbytes' ! -name netdev_rss_key ! -name 'tcp_fastopen_key' 2>/dev/null | sort | xargs grep -sH '' 2>/dev/null
echo '== masked'; find /etc/systemd/system /run/systemd/system -maxdepth 1 -type l -lname /dev/null 2>/dev/null | sort
echo '== units'
systemctl list-units --type=service,mount --plain --no-legend --no-pager --state=active 2>/dev/null | awk '$1 !~ /^(ernstfall-|user@|session-|systemd-|run-|modprobe@|dev-|sys-)/ {print $1, $4}' | sort
echo '== nft'; nft -s list ruleset 2>/dev/null
if [ -n "$2" ]; then echo '== drbd-options'; drbdsetup show "$2" 2>&1; fi
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
  // Watched in the same run: there before it ends, and no residue of a fault.
  state.canaries = trim(state.sections["canaries"]);
  state.sections.erase("canaries");
  // Versions are told, and no residue.
  for (const char* name : {"os", "drbd-utils", "k3s"}) {
    const auto told = state.sections.find(name);
    if (told == state.sections.end()) continue;
    if (const std::string version(trim(told->second)); !version.empty())
      state.versions[name] = version;
    state.sections.erase(told);
  }
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

ClusterState observe(const NodeSet& nodes, bool replicas_only, StateDepth depth, Deadline deadline,
                     const std::stop_token& stop) {
  ClusterState state;
  std::mutex mutex;
  const Cluster& cluster = nodes.cluster();
  {
    std::vector<std::jthread> threads;
    for (const Node& node : cluster.nodes) {
      if (replicas_only && !runs_drbd(cluster, node.name)) continue;
      threads.emplace_back([&, name = node.name] {
        RemoteCommand command;
        command.argv = {"sh", "-s", depth == StateDepth::health ? "health" : "fingerprint",
                        runs_drbd(cluster, name) ? cluster.drbd->resource : ""};
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
  }
  return state;
}

}  // namespace

ClusterState observe_cluster(const NodeSet& nodes, StateDepth depth, Deadline deadline,
                             const std::stop_token& stop) {
  return observe(nodes, false, depth, deadline, stop);
}

ClusterState observe_replicas(const NodeSet& nodes, Deadline deadline,
                              const std::stop_token& stop) {
  return observe(nodes, true, StateDepth::health, deadline, stop);
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

namespace {

// Lines of `text` that `other` does not have; at most three, then how many more.
std::string lines_only_in(const std::string& text, const std::string& other) {
  const std::vector<std::string> others = split(other, '\n');
  const std::set<std::string> known(others.begin(), others.end());
  std::string out;
  int more = 0;
  for (const std::string& line : split(text, '\n')) {
    if (line.empty() || known.count(line) > 0) continue;
    if (std::count(out.begin(), out.end(), ';') >= 2)
      ++more;
    else
      out += (out.empty() ? "" : "; ") + elide(line, 120);
  }
  if (out.empty()) return "nothing";
  return more > 0 ? fmt::format("{}; and {} more lines", out, more) : out;
}

}  // namespace

std::vector<std::string> state_differences(const json& before, const ClusterState& now) {
  std::vector<std::string> differences;
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
    for (const auto& [key, text] : sections.items()) {
      const auto was = text.get<std::string>();
      const auto it = node->second.sections.find(key);
      // A journal of an older version may know sections that we do not, and the other way round.
      if (it == node->second.sections.end() || was == it->second) continue;
      differences.push_back(fmt::format("{}: {}: was {}, is {}", name, key,
                                        lines_only_in(was, it->second),
                                        lines_only_in(it->second, was)));
    }
  }
  return differences;
}

namespace {

// Asks again and again until `trouble` of the state is empty; returns what it last was.
template <typename Trouble>
auto wait_for(const NodeSet& nodes, StateDepth depth, Nanos period, Deadline deadline,
              const std::stop_token& stop, const Trouble& trouble) {
  const Nanos ask = nodes.cluster().scaled(std::chrono::seconds(15));
  while (true) {
    auto now = trouble(observe_cluster(nodes, depth, Deadline::after(ask), stop));
    if (now.empty() || deadline.expired() || !sleep_until(deadline.at_most(period), stop))
      return now;
  }
}

}  // namespace

std::vector<std::string> wait_until_same(const NodeSet& nodes, const json& before,
                                         Deadline deadline, const std::stop_token& stop) {
  return wait_for(nodes, StateDepth::fingerprint, std::chrono::seconds(3), deadline, stop,
                  [&](const ClusterState& state) { return state_differences(before, state); });
}

std::string stand_alone(const ClusterState& state, const Cluster& cluster) {
  if (!cluster.drbd) return {};
  std::string alone;
  for (const std::string& name : cluster.drbd->nodes) {
    const auto node = state.nodes.find(name);
    // Who is not seen may be about to come back.
    if (node == state.nodes.end() || !node->second.drbd) return {};
    for (const auto& [peer, connection] : node->second.drbd->connections)
      if (connection.connection == "StandAlone") {
        alone += (alone.empty() ? "" : ", ") + name;
        break;
      }
  }
  return alone;
}

std::string wait_until_redundant(const NodeSet& nodes, Deadline deadline,
                                 const std::stop_token& stop) {
  const Cluster& cluster = nodes.cluster();
  const Nanos ask = cluster.scaled(std::chrono::seconds(15));
  std::optional<Deadline> alone_until;
  while (true) {
    const SteadyTime asked_at = std::chrono::steady_clock::now();
    const ClusterState state = observe_replicas(nodes, Deadline::after(ask), stop);
    const Nanos took = std::chrono::steady_clock::now() - asked_at;
    const std::string trouble = redundancy_trouble(state, cluster);
    if (trouble.empty()) return {};
    const std::string alone = stand_alone(state, cluster);
    if (alone.empty())
      alone_until.reset();
    else if (!alone_until)
      alone_until = Deadline::after(cluster.scaled(kStandAloneMax));
    else if (alone_until->expired())
      return fmt::format("{}; DRBD is StandAlone on {} and does not connect by itself", trouble,
                         alone);
    if (deadline.expired() || !sleep_until(deadline.at_most(std::chrono::milliseconds(500)), stop))
      return trouble;
  }
}

}  // namespace ernstfall
