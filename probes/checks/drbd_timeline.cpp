// drbd_timeline: folds streams and polls into knowledge per node and moment.
#include "probes/checks/drbd_timeline.h"

#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/history/kinds.h"
#include "harness/lang/messages.h"

namespace ernstfall {
namespace {

// Nothing new is heard for this long in an open stream without polls: still one stream, but then
// the stretch counts as blind. Polls come every two seconds.
constexpr TimeNs kMaxSilence = 30 * kNsPerSecond;

std::string json_text(const std::string& text, const char* key) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return {};
  const auto it = json.find(key);
  return it != json.end() && it->is_string() ? it->get<std::string>() : std::string();
}

TimeNs json_time(const std::string& text, const char* key, TimeNs fallback) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return fallback;
  const auto it = json.find(key);
  return it != json.end() && it->is_number() ? it->get<TimeNs>() : fallback;
}

// Reads one node's events in order of arrival.
class StreamFolder {
 public:
  StreamFolder(DrbdNodeTimeline& out, std::string resource)
      : out_(out), resource_(std::move(resource)) {}

  void take(const Event& event) {
    if (event.kind == kinds::kDrbdStreamOpen) {
      state_ = {};
      open_ = true;
      dump_complete_ = false;
      continues_ = false;
    } else if (event.kind == kinds::kDrbdStreamClosed) {
      open_ = false;
    } else if (event.kind == kinds::kDrbdStreamStalled) {
      const TimeNs since = json_time(event.text, "since_ns", event.at);
      out_.stalls.emplace_back(since, json_text(event.text, "why"));
      drop_after(since);
      open_ = false;  // deaf until it is opened again
    } else if (event.kind == kinds::kDrbdLine) {
      take_line(event);
    } else if (event.kind == kinds::kDrbdPoll) {
      take_poll(event);
    }
  }

 private:
  void take_line(const Event& event) {
    if (!open_) return;
    const auto parsed = parse_events2_line(event.text);
    if (!parsed) return;
    if (parsed->end_of_dump())
      dump_complete_ = true;
    else
      state_.apply(*parsed, resource_);
    if (dump_complete_ && state_.observed()) observe(event, false, state_);
  }

  void take_poll(const Event& event) {
    auto polled = parse_events2_dump(event.text, resource_);
    if (!polled || !polled->observed()) return;
    DrbdObservation poll{event.at, true, false, *polled, &event};
    out_.polls.push_back(poll);
    // In an unbroken stream the poll only proves that the stream is alive: its reply may be older
    // than a line that overtook it. Without a stream it is all there is, for one moment.
    if (open_ && dump_complete_)
      observe(event, true, state_);
    else if (!open_)
      out_.stream.push_back(std::move(poll));
  }

  void observe(const Event& event, bool poll, const DrbdNodeState& state) {
    out_.stream.push_back({event.at, poll, continues_, state, &event});
    continues_ = true;
  }

  // What was concluded from a stream that had already gone deaf is taken back; its polls stay, as
  // moments.
  void drop_after(TimeNs since) {
    std::vector<DrbdObservation>& seen = out_.stream;
    const auto first = std::find_if(seen.begin(), seen.end(),
                                    [since](const DrbdObservation& o) { return o.at > since; });
    seen.erase(first, seen.end());
    for (const DrbdObservation& poll : out_.polls)
      if (poll.at > since) seen.push_back(poll);
    continues_ = false;
  }

  DrbdNodeTimeline& out_;
  std::string resource_;
  DrbdNodeState state_;
  bool open_ = false;
  bool dump_complete_ = false;
  bool continues_ = false;
};

using Knowledge = RoleSegment::Knowledge;

std::vector<RoleSegment> own_segments(const DrbdNodeTimeline& node) {
  std::vector<RoleSegment> segments;
  for (std::size_t i = 0; i < node.stream.size(); ++i) {
    const DrbdObservation& now = node.stream[i];
    const bool continued = i + 1 < node.stream.size() && node.stream[i + 1].follows_previous &&
                           node.stream[i + 1].at - now.at <= kMaxSilence;
    const TimeNs end = continued ? node.stream[i + 1].at : now.at;
    if (!segments.empty() && now.follows_previous && segments.back().role == now.state.role &&
        segments.back().end == now.at)
      segments.back().end = end;
    else
      segments.push_back({now.at, end, Knowledge::own, now.state.role, node.source});
  }
  return segments;
}

// As its power control said while it was silent: its own cluster may have cut the power.
std::vector<RoleSegment> seen_off_segments(const std::string& node, const RunFacts& facts) {
  std::vector<RoleSegment> segments;
  for (const PowerOffFact& off : facts.powers_off)
    if (off.node == node && off.to > off.from)
      segments.push_back({off.from, off.to, Knowledge::off, "", Msg::sp_control_says_off});
  return segments;
}

// From the effect until power was given back. A crash or a power cycle comes back by itself, so
// there only the time up to the confirmation is sure.
std::vector<RoleSegment> off_segments(const std::string& node, const RunFacts& facts, TimeNs end) {
  std::vector<RoleSegment> segments;
  for (const FaultFacts& fault : facts.faults) {
    if (fault.node != node || !fault.effect_from || fault.fault.rfind("node.", 0) != 0) continue;
    TimeNs until = fault.confirmed_at.value_or(*fault.effect_from);
    if (fault.fault == "node.power-off") until = fault.undo_begin_at.value_or(end);
    if (until > *fault.effect_from)
      segments.push_back({*fault.effect_from,
                          until,
                          Knowledge::off,
                          "",
                          {Msg::sp_confirmed, {fault.fault, inner(recorded(fault.confirmed_by))}}});
  }
  return segments;
}

// Parts of [begin, end] that no segment of `known` covers.
std::vector<std::pair<TimeNs, TimeNs>> holes(const std::vector<RoleSegment>& known, TimeNs begin,
                                             TimeNs end) {
  std::vector<std::pair<TimeNs, TimeNs>> result;
  TimeNs at = begin;
  for (const RoleSegment& segment : known) {
    if (segment.begin > at) result.emplace_back(at, std::min(segment.begin, end));
    at = std::max(at, segment.end);
    if (at >= end) break;
  }
  if (at < end) result.emplace_back(at, end);
  return result;
}

// Adds the parts of `extra` that fall into holes of `known`.
void fill(std::vector<RoleSegment>& known, const std::vector<RoleSegment>& extra, TimeNs begin,
          TimeNs end) {
  std::vector<RoleSegment> added;
  for (const auto& [from, to] : holes(known, begin, end)) {
    for (RoleSegment segment : extra) {
      segment.begin = std::max(segment.begin, from);
      segment.end = std::min(segment.end, to);
      if (segment.begin < segment.end) added.push_back(std::move(segment));
    }
  }
  known.insert(known.end(), added.begin(), added.end());
  std::stable_sort(known.begin(), known.end(),
                   [](const RoleSegment& a, const RoleSegment& b) { return a.begin < b.begin; });
}

// What `teller`'s unbroken stream says about `about` while the two are Connected.
std::vector<RoleSegment> told_segments(const DrbdNodeTimeline& teller, const std::string& about,
                                       const DrbdConfig& config) {
  std::vector<RoleSegment> segments;
  for (std::size_t i = 0; i + 1 < teller.stream.size(); ++i) {
    const DrbdObservation& now = teller.stream[i];
    const DrbdObservation& next = teller.stream[i + 1];
    if (!next.follows_previous || next.at - now.at > kMaxSilence) continue;
    for (const auto& [name, connection] : now.state.connections) {
      if (connection.connection != "Connected" || connection.peer_role.empty() ||
          connection.peer_role == "Unknown" || peer_node(config, teller.node, name) != about)
        continue;
      if (!segments.empty() && segments.back().end == now.at &&
          segments.back().role == connection.peer_role)
        segments.back().end = next.at;
      else
        segments.push_back({now.at, next.at, Knowledge::peer, connection.peer_role, teller.source});
    }
  }
  return segments;
}

void complete(DrbdTimeline& timeline, const DrbdConfig& config, const RunFacts& facts) {
  const TimeNs begin = timeline.window_begin;
  const TimeNs end = timeline.window_end;
  for (DrbdNodeTimeline& node : timeline.nodes) {
    node.segments = own_segments(node);
    fill(node.segments, off_segments(node.node, facts, end), begin, end);
    fill(node.segments, seen_off_segments(node.node, facts), begin, end);
    for (const DrbdNodeTimeline& teller : timeline.nodes)
      if (teller.node != node.node)
        fill(node.segments, told_segments(teller, node.node, config), begin, end);
    std::vector<RoleSegment> blind;
    for (const auto& [from, to] : holes(node.segments, begin, end))
      blind.push_back({from, to, Knowledge::blind, "", ""});
    fill(node.segments, blind, begin, end);
  }
}

}  // namespace

const DrbdNodeTimeline* DrbdTimeline::find(std::string_view node) const {
  for (const DrbdNodeTimeline& candidate : nodes)
    if (candidate.node == node) return &candidate;
  return nullptr;
}

std::string peer_node(const DrbdConfig& config, std::string_view node, std::string_view conn_name) {
  for (const std::string& candidate : config.nodes)
    if (candidate == conn_name) return candidate;
  if (config.nodes.size() == 2) return config.nodes[config.nodes[0] == node ? 1 : 0];
  return std::string(conn_name);
}

DrbdTimeline fold_drbd(const History& history, const Cluster& cluster, const RunFacts& facts) {
  DrbdTimeline timeline;
  if (!cluster.drbd) return timeline;
  timeline.window_begin = std::numeric_limits<TimeNs>::max();
  timeline.window_end = facts.end;
  std::map<SourceId, StreamFolder> folders;
  timeline.nodes.reserve(cluster.drbd->nodes.size());  // folders keep references
  for (const std::string& name : cluster.drbd->nodes) {
    DrbdNodeTimeline& node = timeline.nodes.emplace_back();
    node.node = name;
    node.source = "drbd.state@" + name;
    for (const Source& source : history.sources)
      if (source.kind == "drbd.state" && source.node == name) {
        node.source = source.name;
        folders.emplace(source.id, StreamFolder(node, cluster.drbd->resource));
      }
  }
  for (const Event& event : history.events) {
    const auto folder = folders.find(event.source);
    if (folder == folders.end()) continue;
    if (event.kind == kinds::kDrbdStreamOpen)
      timeline.window_begin = std::min(timeline.window_begin, event.at);
    folder->second.take(event);
  }
  timeline.window_begin = std::min(timeline.window_begin, timeline.window_end);
  complete(timeline, *cluster.drbd, facts);
  return timeline;
}

}  // namespace ernstfall
