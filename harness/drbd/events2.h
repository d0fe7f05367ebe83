// events2: parses `drbdsetup events2` of DRBD 8.4 and 9, and folds it into the state of one node.
// Grammar and field names: docs/reference/drbd-events.md. Pure: no I/O.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/core/result.h"

namespace ernstfall {

// One line: [TIMESTAMP] action object key:value ...
struct DrbdEvent {
  std::string_view timestamp;  // node-local, "" without --timestamps
  // exists | create | change | destroy | call | response | rename, and "skipped" for the line
  // "- skipped N" of 8.4.
  std::string_view action;
  std::string_view object;  // resource | device | connection | peer-device | path | helper | "-"
  // In order; values may be empty.
  std::vector<std::pair<std::string_view, std::string_view>> fields;

  bool end_of_dump() const { return action == "exists" && object == "-"; }
  // The kernel dropped messages: what was folded so far may be wrong until the next dump.
  bool skipped() const { return action == "skipped"; }
  std::string_view field(std::string_view key) const;  // "" when absent
};

// Views point into `line`. Errc::protocol for what is not an event line.
Result<DrbdEvent> parse_events2_line(std::string_view line);

struct DrbdVolume {
  std::string disk;            // "UpToDate"; "" = not observed
  std::optional<bool> quorum;  // nullopt: this version does not say
  std::optional<bool> client;
};
struct DrbdPeerVolume {
  std::string replication;  // "Established", "SyncSource", "Off" ...
  std::string peer_disk;
  std::optional<bool> peer_client;  // diskless on purpose; nullopt: this version does not say
  std::optional<std::int64_t> out_of_sync_kib;
  std::optional<double> done_percent;
};
struct DrbdConnection {
  std::string connection;  // "Connected", "Connecting", "StandAlone" ...
  std::string peer_role;
  std::map<int, DrbdPeerVolume> volumes;
};

// State of one resource as one node sees it, folded from dump and changes.
struct DrbdNodeState {
  std::string role;  // "" = not observed
  std::string suspended;
  std::map<int, DrbdVolume> volumes;
  std::map<std::string, DrbdConnection> connections;  // by conn-name; always "peer" on 8.4
  std::vector<std::string> helpers;                   // helper calls seen, each once: "split-brain"

  void apply(const DrbdEvent& event, std::string_view resource);
  bool observed() const { return !role.empty(); }
  // Every local disk UpToDate (or diskless on purpose), every connection Connected and Established,
  // every diskful peer UpToDate and not out of sync, and at least two copies of every volume.
  bool fully_redundant() const;
  bool resyncing() const;
  // "Secondary UpToDate, peer: Connecting/Unknown DUnknown": for people.
  std::string summary() const;
  // Roles, disks, connections, replication; without counters. Two equal keys = the same state.
  std::string comparison_key() const;
};

// Folds a whole `events2 --now` dump. Errc::protocol when it does not end with `exists -`.
Result<DrbdNodeState> parse_events2_dump(std::string_view dump, std::string_view resource);

}  // namespace ernstfall
