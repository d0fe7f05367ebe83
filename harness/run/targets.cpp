// targets: draws by the seed, and asks DRBD.
#include "harness/run/targets.h"

#include <algorithm>
#include <random>

#include "harness/core/hash.h"
#include "harness/run/cluster_state.h"

namespace ernstfall {
namespace {

constexpr Nanos kAskRolesMax = std::chrono::seconds(20);  // scaled

Result<std::vector<std::string>> drbd_primary(const NodeSet& nodes, const std::stop_token& stop) {
  const Cluster& cluster = nodes.cluster();
  const ClusterState state =
      observe_replicas(nodes, Deadline::after(cluster.scaled(kAskRolesMax)), stop);
  std::vector<std::string> primaries;
  for (const auto& [name, node] : state.nodes)
    if (node.drbd && node.drbd->role == "Primary") primaries.push_back(name);
  if (primaries.size() == 1) return primaries;
  return fail(Errc::unreachable, "drbd-primary: {} Primary of resource {} now",
              primaries.empty() ? std::string("no node is") : join(primaries, " and ") + " are",
              cluster.drbd->resource);
}

}  // namespace

Result<std::vector<std::string>> choose_targets(const NodeSet& nodes, const FaultStep& step,
                                                std::uint64_t seed, const std::stop_token& stop) {
  ERNSTFALL_TRY(Selector selector, parse_selector(step.on, nodes.cluster()));
  if (selector.pick == Selector::Pick::all) return selector.candidates;
  if (selector.pick == Selector::Pick::drbd_primary) return drbd_primary(nodes, stop);
  // Two steps that both say "one" may mean two nodes; the same step always means the same. Not
  // std::shuffle: what it does with a generator differs between libraries.
  std::mt19937_64 random(seed);
  random.discard(std::stoull(sha256_hex(step.place + step.fault).substr(0, 4), nullptr, 16));
  std::vector<std::string> left = selector.candidates;
  const std::size_t wanted = selector.pick == Selector::Pick::one ? 1 : left.size() / 2 + 1;
  std::vector<std::string> chosen;
  while (chosen.size() < wanted) {
    const auto at = static_cast<std::ptrdiff_t>(random() % left.size());
    chosen.push_back(left[static_cast<std::size_t>(at)]);
    left.erase(left.begin() + at);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace ernstfall
