// converged: at the end every copy is UpToDate, every connection Connected, and nothing is out of
// sync.
#include <algorithm>

#include "harness/lang/messages.h"
#include "probes/checks/check.h"
#include "probes/checks/drbd_timeline.h"
#include "probes/checks/redundancy.h"
#include "probes/checks/samples.h"

namespace ernstfall {
namespace converged_check {
namespace {

bool diskless_on_purpose(const DrbdVolume& volume) {
  return volume.disk == "Diskless" && volume.client.value_or(false);
}

// What is wrong with one node's account; empty when nothing is. `complete` is cleared when a number
// that is needed was not in it.
Text complaint(const DrbdNodeState& state, const Cluster& cluster, const std::string& node,
               bool& complete) {
  for (const auto& [number, volume] : state.volumes)
    if (volume.disk != "UpToDate" && !diskless_on_purpose(volume))
      return {Msg::conv_own_disk, {node, volume.disk}};
  if (state.connections.size() + 1 < cluster.drbd->nodes.size())
    return {Msg::conv_connections,
            {node, plain_number(state.connections.size()),
             plain_number(cluster.drbd->nodes.size() - 1)}};
  const bool has_disk = std::any_of(state.volumes.begin(), state.volumes.end(),
                                    [](const auto& v) { return !diskless_on_purpose(v.second); });
  for (const auto& [name, connection] : state.connections) {
    const std::string peer = peer_node(*cluster.drbd, node, name);
    if (connection.connection != "Connected")
      return {Msg::conv_connection, {node, connection.connection, peer}};
    for (const auto& [number, volume] : connection.volumes) {
      const bool both_have_disks = has_disk && volume.peer_disk != "Diskless";
      if (both_have_disks && volume.peer_disk != "UpToDate")
        return {Msg::conv_peer_disk, {node, peer, volume.peer_disk}};
      if (volume.replication != "Established")
        return {Msg::conv_replication, {node, peer, volume.replication}};
      if (both_have_disks && !volume.out_of_sync_kib) complete = false;
      if (volume.out_of_sync_kib.value_or(0) != 0)
        return {Msg::conv_out_of_sync, {plain_number(*volume.out_of_sync_kib), node, peer}};
    }
  }
  return {};
}

struct NodeEnd {
  Verdict verdict = Verdict::unknown;
  Text text;
  std::optional<Evidence> evidence;
};

NodeEnd judge_node(const DrbdNodeTimeline& node, const Cluster& cluster, TimeNs not_before) {
  NodeEnd end;
  if (node.polls.empty()) {
    end.text = {Msg::conv_never_asked, {node.node}};
    return end;
  }
  const DrbdObservation& poll = node.polls.back();
  end.evidence = Evidence{poll.at, node.source, poll.state.summary()};
  if (poll.at < not_before) {
    end.text = {Msg::conv_asked_early, {node.node, seconds_value(poll.at)}};
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
    end.text = {Msg::conv_silent_sync, {node.node}};
  else
    end.verdict = Verdict::pass;
  return end;
}

void judge_time(const CheckContext& context, const RunFacts& facts, const DrbdTimeline& timeline,
                CheckResult& result) {
  if (!facts.redundancy_at || !facts.effect_at()) {
    if (result.verdict == Verdict::pass && context.scenario.expect.redundancy_max) {
      result.verdict = Verdict::unknown;
      result.message = clauses(result.message, Msg::conv_time_unknown);
    }
    return;
  }
  // Since which of its faults, nobody asked.
  if (context.scenario.soak && !context.scenario.expect.redundancy_max) return;
  if (redundancy_was_kept(timeline, context.cluster, *facts.effect_at(), *facts.redundancy_at)) {
    // What was lost after that, the verdict tells.
    if (result.verdict == Verdict::pass) result.message = clauses(result.message, Msg::conv_kept);
    return;
  }
  const Nanos took(*facts.redundancy_at - *facts.effect_at());
  result.message = clauses(result.message, {Msg::conv_time, {duration_value(took)}});
  const auto& allowed = context.scenario.expect.redundancy_max;
  if (!allowed || took <= *allowed) return;
  result.verdict = Verdict::fail;
  result.message = {Msg::conv_too_late, {inner(result.message), duration_value(*allowed)}};
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
    result.message = Msg::conv_no_node;
  } else if (result.verdict == Verdict::fail && is_cut(context.history)) {
    result.verdict = Verdict::unknown;
    result.message = {Msg::conv_cut, {inner(result.message)}};
  } else if (result.verdict == Verdict::pass) {
    result.message = {Msg::conv_all, {plain_number(timeline.nodes.size())}};
  }
  judge_time(context, facts, timeline, result);
  return result;
}

}  // namespace
}  // namespace converged_check

extern const CheckType kConverged;
const CheckType kConverged{"converged",
                           "at the end every copy is UpToDate, Connected and 0 KiB out of sync",
                           converged_check::applies, converged_check::judge};

}  // namespace ernstfall
