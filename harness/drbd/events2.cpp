// events2: the parser, and folding a node's state.
#include "harness/drbd/events2.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "harness/core/text.h"

namespace ernstfall {
namespace {

constexpr std::array<std::string_view, 7> kActions{"exists", "create",   "change", "destroy",
                                                   "call",   "response", "rename"};
constexpr std::array<std::string_view, 6> kObjects{"resource",    "device", "connection",
                                                   "peer-device", "path",   "helper"};

template <std::size_t N>
bool one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string_view next_word(std::string_view& rest) {
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  const std::size_t end = rest.find(' ');
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(word.size());
  return word;
}

// The kernel prints counters as unsigned; a counter that ran below zero wraps around.
std::optional<std::int64_t> counter(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

// "nan" and "-nan" happen (0/0 in drbdsetup): not observed.
std::optional<double> percent(std::string_view text) {
  double value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

void set_text(std::string& target, const DrbdEvent& event, std::string_view key) {
  if (const std::string_view value = event.field(key); !value.empty()) target = value;
}

void set_flag(std::optional<bool>& target, const DrbdEvent& event, std::string_view key) {
  const std::string_view value = event.field(key);
  if (value == "yes") target = true;
  if (value == "no") target = false;
}

int volume_of(const DrbdEvent& event) {
  return static_cast<int>(counter(event.field("volume")).value_or(0));
}

}  // namespace

std::string_view DrbdEvent::field(std::string_view key) const {
  for (const auto& [name, value] : fields)
    if (name == key) return value;
  return {};
}

Result<DrbdEvent> parse_events2_line(std::string_view line) {
  const auto bad = [&](std::string_view why) {
    return fail(Errc::protocol, "not an events2 line ({}): {}", why, elide(line, 120));
  };
  std::string_view rest = line;
  DrbdEvent event;
  std::string_view word = next_word(rest);
  if (!word.empty() && word.front() >= '0' && word.front() <= '9') {
    event.timestamp = word;
    word = next_word(rest);
  }
  if (!one_of(word, kActions)) return bad("no known action");
  event.action = word;
  event.object = next_word(rest);
  if (event.object == "-") {
    if (event.action != "exists") return bad("a dash");
    return event;
  }
  if (!one_of(event.object, kObjects)) return bad("no known object");
  while (true) {
    word = next_word(rest);
    if (word.empty()) break;
    // Values may hold colons (addresses), keys never do.
    const std::size_t colon = word.find(':');
    if (colon == std::string_view::npos || colon == 0) return bad("a field without a key");
    event.fields.emplace_back(word.substr(0, colon), word.substr(colon + 1));
  }
  if (event.field("name").empty() && event.object != "helper") return bad("no name");
  return event;
}

void DrbdNodeState::apply(const DrbdEvent& event, std::string_view resource) {
  if (event.field("name") != resource) return;
  const bool gone = event.action == "destroy";
  if (event.object == "resource") {
    if (gone) {
      *this = DrbdNodeState{};
      return;
    }
    set_text(role, event, "role");
    set_text(suspended, event, "suspended");
  } else if (event.object == "device") {
    if (gone) {
      volumes.erase(volume_of(event));
      return;
    }
    DrbdVolume& volume = volumes[volume_of(event)];
    set_text(volume.disk, event, "disk");
    set_flag(volume.quorum, event, "quorum");
    set_flag(volume.client, event, "client");
  } else if (event.object == "connection") {
    const std::string name(event.field("conn-name"));
    if (gone) {
      connections.erase(name);
      return;
    }
    DrbdConnection& connection = connections[name];
    set_text(connection.connection, event, "connection");
    set_text(connection.peer_role, event, "role");
  } else if (event.object == "peer-device") {
    DrbdConnection& connection = connections[std::string(event.field("conn-name"))];
    if (gone) {
      connection.volumes.erase(volume_of(event));
      return;
    }
    DrbdPeerVolume& volume = connection.volumes[volume_of(event)];
    set_text(volume.replication, event, "replication");
    set_text(volume.peer_disk, event, "peer-disk");
    if (const auto value = event.field("out-of-sync"); !value.empty())
      volume.out_of_sync_kib = counter(value);
    if (const auto value = event.field("done"); !value.empty())
      volume.done_percent = percent(value);
  } else if (event.object == "helper" && event.action == "call") {
    constexpr std::size_t kMaxHelpers = 256;
    if (helpers.size() < kMaxHelpers) helpers.emplace_back(event.field("helper"));
  }
}

bool DrbdNodeState::fully_redundant() const {
  if (!observed() || volumes.empty() || connections.empty()) return false;
  for (const auto& [number, volume] : volumes)
    if (volume.disk != "UpToDate" && !(volume.disk == "Diskless" && volume.client.value_or(false)))
      return false;
  for (const auto& [name, connection] : connections) {
    if (connection.connection != "Connected" || connection.volumes.empty()) return false;
    for (const auto& [number, peer] : connection.volumes) {
      // An intentionally diskless peer (quorum member) holds no data and owes none.
      const bool diskless = peer.peer_disk == "Diskless";
      if (peer.peer_disk != "UpToDate" && !diskless) return false;
      if (peer.replication != "Established") return false;
      if (!diskless && peer.out_of_sync_kib.value_or(0) != 0) return false;
    }
  }
  return true;
}

bool DrbdNodeState::resyncing() const {
  for (const auto& [name, connection] : connections)
    for (const auto& [number, peer] : connection.volumes)
      if (peer.replication.find("Sync") != std::string::npos ||
          peer.replication.rfind("WFBitMap", 0) == 0)
        return true;
  return false;
}

namespace {

std::string connections_text(const DrbdNodeState& state) {
  std::string text;
  for (const auto& [name, connection] : state.connections) {
    text += fmt::format(", {}: {}/{}", name, connection.connection, connection.peer_role);
    for (const auto& [number, peer] : connection.volumes)
      text += fmt::format(" {} {}", peer.peer_disk, peer.replication);
  }
  return text;
}

}  // namespace

std::string DrbdNodeState::summary() const {
  if (!observed()) return "not observed";
  std::string text = role;
  for (const auto& [number, volume] : volumes) {
    text += " " + volume.disk;
    if (volume.quorum && !*volume.quorum) text += " (no quorum)";
  }
  if (!suspended.empty() && suspended != "no") text += " suspended:" + suspended;
  return text + connections_text(*this);
}

std::string DrbdNodeState::comparison_key() const {
  std::string key = role + "|" + suspended;
  for (const auto& [number, volume] : volumes)
    key += fmt::format("|{}:{}:{}", number, volume.disk,
                       volume.quorum ? (*volume.quorum ? "q" : "noq") : "");
  return key + connections_text(*this);
}

Result<DrbdNodeState> parse_events2_dump(std::string_view dump, std::string_view resource) {
  DrbdNodeState state;
  for (const std::string& line : split(dump, '\n')) {
    const std::string_view text = trim(line);
    if (text.empty()) continue;
    ERNSTFALL_TRY(const DrbdEvent event, parse_events2_line(text));
    if (event.end_of_dump()) return state;
    state.apply(event, resource);
  }
  return fail(Errc::protocol, "the dump has no end (`exists -`)");
}

}  // namespace ernstfall
