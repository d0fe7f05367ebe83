// drbd_lines: what `drbdsetup events2` of DRBD 8.4 says about r0, with and without its peer.
#pragma once

#include <string>
#include <vector>

namespace ernstfall::testing_support {

inline std::vector<std::string> connected_dump() {
  return {
      "exists resource name:r0 role:Secondary suspended:no",
      "exists connection name:r0 peer-node-id:0 conn-name:peer connection:Connected role:Primary",
      "exists device name:r0 volume:0 minor:0 disk:UpToDate",
      "exists peer-device name:r0 peer-node-id:0 conn-name:peer volume:0 replication:Established "
      "peer-disk:UpToDate resync-suspended:no",
      "exists -"};
}
// The peer went away: two lines of the stream, or one dump.
inline std::vector<std::string> peer_lost_changes() {
  return {
      "change connection name:r0 peer-node-id:0 conn-name:peer connection:Connecting role:Unknown",
      "change peer-device name:r0 peer-node-id:0 conn-name:peer volume:0 replication:Off "
      "peer-disk:DUnknown"};
}
inline std::vector<std::string> peer_lost_dump() {
  return {
      "exists resource name:r0 role:Secondary suspended:no",
      "exists connection name:r0 peer-node-id:0 conn-name:peer connection:Connecting role:Unknown",
      "exists device name:r0 volume:0 minor:0 disk:UpToDate",
      "exists peer-device name:r0 peer-node-id:0 conn-name:peer volume:0 replication:Off "
      "peer-disk:DUnknown resync-suspended:no",
      "exists -"};
}

inline std::string as_text(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace ernstfall::testing_support
