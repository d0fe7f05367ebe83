// node_state: what one node says about a DRBD resource, folded from events2 lines.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "harness/drbd/events2.h"

namespace ernstfall {
namespace {

constexpr std::size_t kMaxHelpers = 64;

bool has_field(const DrbdEvent& event, std::string_view key) {
  return std::any_of(event.fields.begin(), event.fields.end(),
                     [&](const auto& field) { return field.first == key; });
}

std::optional<int> parse_int(std::string_view text) {
  int value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// DRBD prints counters that went below zero as unsigned: 18446744073709551608 is -8.
std::optional<std::int64_t> parse_counter(std::string_view text) {
  const char* const last = text.data() + text.size();
  std::int64_t number = 0;
  if (const auto [end, ec] = std::from_chars(text.data(), last, number);
      ec == std::errc() && end == last && !text.empty())
    return number;
  std::uint64_t wrapped = 0;
  if (const auto [end, ec] = std::from_chars(text.data(), last, wrapped);
      ec == std::errc() && end == last && !text.empty())
    return static_cast<std::int64_t>(wrapped);
  return std::nullopt;
}

// "nan" and "-nan" are printed for 0/0: not observed.
std::optional<double> parse_percent(std::string_view text) {
  double number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, ec] = std::from_chars(text.data(), last, number);
  if (text.empty() || ec != std::errc() || end != last || !std::isfinite(number))
    return std::nullopt;
  return number;
}

std::optional<bool> parse_yes_no(std::string_view text) {
  if (text == "yes") return true;
  if (text == "no") return false;
  return std::nullopt;
}

// Change lines hold only what changed: a key that is absent leaves its value alone.
void update(std::string& target, const DrbdEvent& event, std::string_view key) {
  if (has_field(event, key)) target = std::string(event.field(key));
}
void update(std::optional<bool>& target, const DrbdEvent& event, std::string_view key) {
  if (has_field(event, key)) target = parse_yes_no(event.field(key));
}

bool is_resync(std::string_view replication) {
  for (const std::string_view state :
       {"SyncSource", "SyncTarget", "PausedSyncS", "PausedSyncT", "StartingSyncS", "StartingSyncT",
        "WFBitMapS", "WFBitMapT", "WFSyncUUID", "Ahead", "Behind"})
    if (replication == state) return true;
  return false;
}

void apply_resource(DrbdNodeState& state, const DrbdEvent& event) {
  if (event.action == "exists" || event.action == "destroy" || event.action == "rename") {
    // A dump begins with the resource and tells everything again. Under another name it is no
    // longer the resource that we were asked about.
    std::vector<std::string> helpers = std::move(state.helpers);
    state = {};
    state.helpers = std::move(helpers);
    if (event.action != "exists") return;
  }
  update(state.role, event, "role");
  update(state.suspended, event, "suspended");
}

void apply_device(DrbdNodeState& state, const DrbdEvent& event) {
  const auto volume = parse_int(event.field("volume"));
  if (!volume) return;
  if (event.action == "destroy") {
    state.volumes.erase(*volume);
    return;
  }
  DrbdVolume& device = state.volumes[*volume];
  update(device.disk, event, "disk");
  update(device.quorum, event, "quorum");
  update(device.client, event, "client");
}

void apply_connection(DrbdNodeState& state, const DrbdEvent& event, const std::string& name) {
  if (event.action == "destroy") {
    state.connections.erase(name);
    return;
  }
  DrbdConnection& connection = state.connections[name];
  update(connection.connection, event, "connection");
  update(connection.peer_role, event, "role");
}

void apply_peer_device(DrbdNodeState& state, const DrbdEvent& event, const std::string& name) {
  const auto volume = parse_int(event.field("volume"));
  if (!volume) return;
  if (event.action == "destroy") {
    if (const auto found = state.connections.find(name); found != state.connections.end())
      found->second.volumes.erase(*volume);
    return;
  }
  DrbdPeerVolume& peer = state.connections[name].volumes[*volume];
  update(peer.replication, event, "replication");
  update(peer.peer_disk, event, "peer-disk");
  update(peer.peer_client, event, "peer-client");
  if (has_field(event, "out-of-sync"))
    peer.out_of_sync_kib = parse_counter(event.field("out-of-sync"));
  // `done` is printed while there is something to do, and not once more when it is done.
  if (has_field(event, "done"))
    peer.done_percent = parse_percent(event.field("done"));
  else if (has_field(event, "replication"))
    peer.done_percent.reset();
}

void append_yes_no(std::string& key, std::optional<bool> value) {
  key += value ? (*value ? 'y' : 'n') : '-';
}

}  // namespace

void DrbdNodeState::apply(const DrbdEvent& event, std::string_view resource) {
  if (event.object == "-" || event.field("name") != resource) return;
  if (event.object == "resource") return apply_resource(*this, event);
  if (event.object == "device") return apply_device(*this, event);
  if (event.object == "helper") {
    const std::string helper(event.field("helper"));
    if (event.action == "call" && !helper.empty() && helpers.size() < kMaxHelpers &&
        std::find(helpers.begin(), helpers.end(), helper) == helpers.end())
      helpers.push_back(helper);
    return;
  }
  const std::string peer(event.field("conn-name"));
  if (peer.empty()) return;
  if (event.object == "connection") return apply_connection(*this, event, peer);
  if (event.object == "peer-device") return apply_peer_device(*this, event, peer);
}

bool DrbdNodeState::fully_redundant() const {
  if (!observed() || volumes.empty() || connections.empty()) return false;
  for (const auto& [number, volume] : volumes) {
    const bool diskless_on_purpose = volume.client == true;
    if (!diskless_on_purpose && volume.disk != "UpToDate") return false;
    int copies = diskless_on_purpose ? 0 : 1;
    for (const auto& [name, connection] : connections) {
      const auto peer = connection.volumes.find(number);
      if (connection.connection != "Connected" || peer == connection.volumes.end()) return false;
      if (peer->second.replication != "Established") return false;
      if (peer->second.peer_client == true) continue;
      if (peer->second.peer_disk != "UpToDate") return false;
      // Seen in the field: UpToDate on both sides, and yet blocks that differ.
      if (peer->second.out_of_sync_kib.value_or(0) > 0) return false;
      ++copies;
    }
    if (copies < 2) return false;
  }
  return true;
}

bool DrbdNodeState::resyncing() const {
  for (const auto& [name, connection] : connections)
    for (const auto& [number, volume] : connection.volumes)
      if (is_resync(volume.replication)) return true;
  return false;
}

std::string DrbdNodeState::summary() const {
  if (!observed()) return "not observed";
  std::string text = role;
  for (const auto& [number, volume] : volumes) {
    text += (number == volumes.begin()->first ? " " : "/") + volume.disk;
    if (volume.quorum == false) text += " (no quorum)";
  }
  if (!suspended.empty() && suspended != "no") text += " suspended:" + suspended;
  for (const auto& [name, connection] : connections) {
    text += ", " + name + ": " + connection.connection + "/" + connection.peer_role;
    for (const auto& [number, volume] : connection.volumes) {
      text += (number == connection.volumes.begin()->first ? " " : "/") + volume.peer_disk;
      if (volume.replication != "Established" && volume.replication != "Off" &&
          !volume.replication.empty())
        text += " " + volume.replication;
      if (volume.done_percent) text += fmt::format(" {:.0f} %", *volume.done_percent);
    }
  }
  return text;
}

std::string DrbdNodeState::comparison_key() const {
  std::string key = role + "|" + suspended;
  for (const auto& [number, volume] : volumes) {
    key += fmt::format("|d{}:{}:", number, volume.disk);
    append_yes_no(key, volume.quorum);
  }
  for (const auto& [name, connection] : connections) {
    key += "|c" + name + ":" + connection.connection + ":" + connection.peer_role;
    for (const auto& [number, volume] : connection.volumes)
      key += fmt::format(":p{}:{}:{}", number, volume.replication, volume.peer_disk);
  }
  return key;
}

}  // namespace ernstfall
