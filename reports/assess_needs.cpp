// assess_needs: the faults that a class rests on, from the cluster file, and which run is of which.
#include <fmt/core.h>

#include <algorithm>

#include "reports/assessment.h"

namespace ernstfall {
namespace {

using Names = std::vector<std::string>;

bool is_among(std::string_view name, const std::vector<std::string_view>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool holds_data(const Node& node) {
  return node.has_role("drbd-primary") || node.has_role("drbd-secondary");
}

bool in_the_way(const Cluster& cluster, const Node& node) {
  const bool votes = cluster.drbd &&
                     std::find(cluster.drbd->nodes.begin(), cluster.drbd->nodes.end(), node.name) !=
                         cluster.drbd->nodes.end();
  return votes || node.has_role("ingress") || node.has_role("control") || node.has_role("service");
}

// Power gone, kernel dead, or nothing reaches it.
const std::vector<std::string_view> kNodeLost{"node.power-off", "node.crash", "net.isolate",
                                              "node.freeze"};
const std::vector<std::string_view> kPowerLost{"node.power-off", "node.crash"};
const std::vector<std::string_view> kLinkCut{"net.partition", "net.one-way", "net.black-hole",
                                             "net.port-block", "drbd.disconnect"};

const NeedEntry& need_entry(NeedKind kind) {
  return assessment_needs()[static_cast<std::size_t>(kind)];
}

// Every fault of the run is this one, on this node: then it is a single fault, however often.
bool is_single(const AssessedRun& run) {
  const auto& faults = run.run.report.faults;
  return !run.run.report.soak && !faults.empty() &&
         std::all_of(faults.begin(), faults.end(), [&](const FaultResult& fault) {
           return fault.fault == faults.front().fault && fault.node == faults.front().node;
         });
}

std::string text_param(const FaultStep& step, const std::string& name) {
  const auto it = step.params.find(name);
  return it == step.params.end() ? std::string() : it->second.text;
}

// Where the cluster file does not name the service's units, each is believed to be one; and pods
// have none.
bool hits_service(const AssessedRun& run) {
  const auto& service = run.cluster.service;
  if (!service || service->units.empty() || run.scenario.faults.empty()) return true;
  std::string unit = text_param(run.scenario.faults.front(), "unit");
  if (unit.empty()) return true;
  if (!unit.ends_with(".service")) unit += ".service";  // as the faults take it
  return std::find(service->units.begin(), service->units.end(), unit) != service->units.end();
}

// A single port, or DRBD's own connection, is the link of two replicas, and not that of users.
bool cuts_link(const AssessedRun& run, const FaultResult& fault, const std::string& a,
               const std::string& b, bool both_hold_data) {
  if (fault.node != a && fault.node != b) return false;
  const std::string& other = fault.node == a ? b : a;
  if (fault.fault == "drbd.disconnect") return both_hold_data;
  if (fault.fault == "net.port-block" && !both_hold_data) return false;
  return std::any_of(run.scenario.faults.begin(), run.scenario.faults.end(),
                     [&](const FaultStep& step) {
                       return step.fault == fault.fault && text_param(step, "from") == other;
                     });
}

// `first` and `second` were there at the same time.
bool overlap(const FaultResult& first, const FaultResult& second) {
  if (!first.effect_at || !second.effect_at) return false;
  return (!first.undone_at || *second.effect_at < *first.undone_at) &&
         (!second.undone_at || *first.effect_at < *second.undone_at);
}

bool is_pair_of(const AssessedRun& run, const FaultNeed& need) {
  const auto& faults = run.run.report.faults;
  if (run.run.report.soak) return false;
  for (const FaultResult& first : faults)
    for (const FaultResult& second : faults) {
      if (&first == &second || !overlap(first, second) || second.node != need.node) continue;
      if (need.kind == NeedKind::quorum_pair) {
        if (first.node == need.peer && is_among(first.fault, kNodeLost) &&
            is_among(second.fault, kNodeLost))
          return true;
        continue;
      }
      // The replica stopped hearing of writes before the holder of the data went away.
      const bool of_pair = first.node == need.node || first.node == need.peer;
      const bool behind =
          (first.fault == "net.isolate" && of_pair) ||
          (is_among(first.fault, kLinkCut) && cuts_link(run, first, need.node, need.peer, true));
      if (behind && is_among(second.fault, kPowerLost) && *first.effect_at < *second.effect_at)
        return true;
    }
  return false;
}

}  // namespace

const std::vector<NeedEntry>& assessment_needs() {
  static const std::vector<NeedEntry> kNeeds{
      {NeedKind::node_lost, "node-lost", Msg::need_node_lost, Msg::need_node_lost_about, kNodeLost},
      {NeedKind::data_power, "data-power", Msg::need_data_power, Msg::need_data_power_about,
       kPowerLost},
      {NeedKind::data_isolated,
       "data-isolated",
       Msg::need_data_isolated,
       Msg::need_data_isolated_about,
       {"net.isolate"}},
      {NeedKind::data_hang,
       "data-hang",
       Msg::need_data_hang,
       Msg::need_data_hang_about,
       {"node.freeze"}},
      {NeedKind::restart,
       "restart",
       Msg::need_restart,
       Msg::need_restart_about,
       {"node.reboot", "node.power-cycle"}},
      {NeedKind::link, "link", Msg::need_link, Msg::need_link_about, kLinkCut},
      {NeedKind::disk,
       "disk",
       Msg::need_disk,
       Msg::need_disk_about,
       {"drbd.detach", "disk.error", "disk.hang", "disk.read-only"}},
      {NeedKind::process_dies,
       "process-dies",
       Msg::need_process_dies,
       Msg::need_process_dies_about,
       {"unit.kill", "unit.crash-loop", "unit.stop", "k8s.pod-kill", "k8s.pod-delete"}},
      {NeedKind::process_hangs,
       "process-hangs",
       Msg::need_process_hangs,
       Msg::need_process_hangs_about,
       {"unit.pause"}},
      {NeedKind::stale_takeover, "stale-takeover", Msg::need_stale_takeover,
       Msg::need_stale_takeover_about, kPowerLost},
      {NeedKind::quorum_pair, "quorum-pair", Msg::need_quorum_pair, Msg::need_quorum_pair_about,
       kNodeLost}};
  return kNeeds;
}

std::string FaultNeed::id() const {
  return fmt::format("{}:{}{}{}", need_entry(kind).id, node, peer.empty() ? "" : ":", peer);
}

Text FaultNeed::title() const {
  return {need_entry(kind).title, {node, peer}};
}

Result<std::vector<FaultNeed>> needs_of(const Cluster& cluster) {
  Names data;
  Names ingress;
  std::string holder;
  std::string service;
  for (const Node& node : cluster.nodes) {
    if (holds_data(node)) data.push_back(node.name);
    if (node.has_role("ingress") && !holds_data(node)) ingress.push_back(node.name);
    if (node.has_role("drbd-primary") && holder.empty()) holder = node.name;
    if (node.has_role("service") && service.empty()) service = node.name;
  }
  if (holder.empty() || data.size() < 2)
    return fail(Errc::usage,
                "cluster {}: the class rests on which node holds the data and which the replica; "
                "expected a node with role drbd-primary and one with drbd-secondary",
                cluster.name);
  if (service.empty()) service = holder;
  std::vector<FaultNeed> needs{{NeedKind::data_power, holder, {}}};
  for (const std::string& name : data) needs.push_back({NeedKind::data_isolated, name, {}});
  needs.push_back({NeedKind::data_hang, holder, {}});
  for (const std::string& name : data) needs.push_back({NeedKind::restart, name, {}});
  for (const Node& node : cluster.nodes)
    if (!holds_data(node) && in_the_way(cluster, node))
      needs.push_back({NeedKind::node_lost, node.name, {}});
  for (std::size_t i = 0; i < data.size(); ++i)
    for (std::size_t j = i + 1; j < data.size(); ++j)
      needs.push_back({NeedKind::link, data[i], data[j]});
  for (const std::string& front : ingress)
    for (const std::string& name : data) needs.push_back({NeedKind::link, front, name});
  for (const std::string& name : data) needs.push_back({NeedKind::disk, name, {}});
  needs.push_back({NeedKind::process_dies, service, {}});
  needs.push_back({NeedKind::process_hangs, service, {}});
  for (const std::string& name : data)
    if (name != holder) needs.push_back({NeedKind::stale_takeover, holder, name});
  if (!cluster.drbd) return needs;
  for (const std::string& member : cluster.drbd->nodes)
    if (std::find(data.begin(), data.end(), member) == data.end())
      for (const std::string& name : data)
        if (name != holder) needs.push_back({NeedKind::quorum_pair, name, member});
  return needs;
}

bool is_run_of(const AssessedRun& run, const FaultNeed& need) {
  if (need.is_pair()) return is_pair_of(run, need);
  if (!is_single(run)) return false;
  const FaultResult& fault = run.run.report.faults.front();
  if (!is_among(fault.fault, need_entry(need.kind).faults)) return false;
  const bool of_process =
      need.kind == NeedKind::process_dies || need.kind == NeedKind::process_hangs;
  if (of_process && !hits_service(run)) return false;
  if (need.kind != NeedKind::link) return fault.node == need.node;
  const auto has_data = [&](const std::string& name) {
    const Node* node = run.cluster.find_node(name);
    return node != nullptr && holds_data(*node);
  };
  return cuts_link(run, fault, need.node, need.peer, has_data(need.node) && has_data(need.peer));
}

}  // namespace ernstfall
