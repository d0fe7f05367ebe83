// converged: at the end every copy is UpToDate, every connection Connected, and nothing is out of
// sync.
#include <fmt/core.h>

#include <algorithm>

#include "harness/core/units.h"
#include "probes/checks/check.h"
#include "probes/checks/drbd_timeline.h"

namespace ernstfall {
namespace converged_check {
namespace {

bool diskless_on_purpose(const DrbdVolume& volume) {
  return volume.disk == "Diskless" && volume.client.value_or(false);
}

// What is wrong with one node's account; empty when nothing is. `complete` is cleared when a number
// that is needed was not in it.
std::string complaint(const DrbdNodeState& state, const Cluster& cluster, const std::string& node,
                      bool& complete) {
  for (const auto& [number, volume] : state.volumes)
    if (volume.disk != "UpToDate" && !diskless_on_purpose(volume))
      return fmt::format("{}'s own disk is {}", node, volume.disk);
  if (state.connections.size() + 1 < cluster.drbd->nodes.size())
    return fmt::format("{} has {} of {} connections", node, state.connections.size(),
                       cluster.drbd->nodes.size() - 1);
  const bool has_disk = std::any_of(state.volumes.begin(), state.volumes.end(),
                                    [](const auto& v) { return !diskless_on_purpose(v.second); });
  for (const auto& [name, connection] : state.connections) {
    const std::string peer = peer_node(*cluster.drbd, node, name);
    if (connection.connection != "Connected")
      return fmt::format("{} is {} to {}", node, connection.connection, peer);
    for (const auto& [number, volume] : connection.volumes) {
      const bool both_have_disks = has_disk && volume.peer_disk != "Diskless";
      if (both_have_disks && volume.peer_disk != "UpToDate")
        return fmt::format("{} sees {}'s disk as {}", node, peer, volume.peer_disk);
      if (volume.replication != "Established")
        return fmt::format("{} to {} is {}", node, peer, volume.replication);
      if (both_have_disks && !volume.out_of_sync_kib) complete = false;
      if (volume.out_of_sync_kib.value_or(0) != 0)
        return fmt::format("{} KiB are out of sync between {} and {}", *volume.out_of_sync_kib,
                           node, peer);
    }
  }
  return {};
}

struct NodeEnd {
  Verdict verdict = Verdict::unknown;
  std::string text;
  std::optional<Evidence> evidence;
};

NodeEnd judge_node(const DrbdNodeTimeline& node, const Cluster& cluster, TimeNs not_before) {
  NodeEnd end;
  if (node.polls.empty()) {
    end.text = node.node + " was never asked";
    return end;
  }
  const DrbdObservation& poll = node.polls.back();
  end.evidence = Evidence{poll.at, node.source, poll.state.summary()};
  if (poll.at < not_before) {
    end.text = fmt::format("{} was last asked at {:.1f} s, before the end of the fault", node.node,
                           to_seconds(poll.at));
    return end;
  }
  bool complete = true;
  end.text = complaint(poll.state, cluster, node.node, complete);
  // A line that came after the poll may tell of a loss; counters are only in polls.
  if (end.text.empty() && !node.stream.empty() && node.stream.back().at > poll.at) {
    bool ignored = true;
    end.text = complaint(node.stream.back().state, cluster, node.node, ignored);
    if (!end.text.empty())
      end.evidence =
          Evidence{node.stream.back().at, node.source, node.stream.back().state.summary()};
  }
  if (!end.text.empty())
    end.verdict = Verdict::fail;
  else if (!complete)
    end.text = node.node + " does not say how much is out of sync";
  else
    end.verdict = Verdict::pass;
  return end;
}

void judge_time(const CheckContext& context, const RunFacts& facts, CheckResult& result) {
  if (!facts.redundancy_at || !facts.effect_at()) {
    if (result.verdict == Verdict::pass && context.scenario.expect.redundancy_max) {
      result.verdict = Verdict::unknown;
      result.message += "; when that was reached is not recorded";
    }
    return;
  }
  const Nanos took(*facts.redundancy_at - *facts.effect_at());
  result.message +=
      fmt::format("; redundancy was restored {} after the fault", format_duration(took));
  const auto& allowed = context.scenario.expect.redundancy_max;
  if (!allowed || took <= *allowed) return;
  result.verdict = Verdict::fail;
  result.message += fmt::format(", allowed are {}", format_duration(*allowed));
}

bool applies(const Cluster& cluster, const Scenario&) {
  return cluster.drbd.has_value();
}

CheckResult judge(const CheckContext& context) {
  const RunFacts facts = read_facts(context.history);
  const DrbdTimeline timeline = fold_drbd(context.history, context.cluster, facts);
  const TimeNs not_before =
      facts.redundancy_at.value_or(facts.undone_at().value_or(facts.effect_at().value_or(0)));
  CheckResult result;
  result.verdict = Verdict::pass;
  for (const DrbdNodeTimeline& node : timeline.nodes) {
    NodeEnd end = judge_node(node, context.cluster, not_before);
    if (end.verdict > result.verdict) result.message = end.text;
    result.verdict = merge(result.verdict, end.verdict);
    if (end.evidence) result.evidence.push_back(std::move(*end.evidence));
  }
  if (timeline.nodes.empty()) {
    result.verdict = Verdict::unknown;
    result.message = "the cluster file names no DRBD node";
  } else if (result.verdict == Verdict::pass) {
    result.message = fmt::format("all {} nodes Connected and UpToDate, 0 KiB out of sync",
                                 timeline.nodes.size());
  }
  judge_time(context, facts, result);
  return result;
}

}  // namespace
}  // namespace converged_check

extern const CheckType kConverged;
const CheckType kConverged{"converged",
                           "at the end every copy is UpToDate, Connected and 0 KiB out of sync",
                           converged_check::applies, converged_check::judge};

}  // namespace ernstfall
