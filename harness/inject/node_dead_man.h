// node_dead_man: the timers on the nodes that undo a fault without us.
//
//   arm      $keep/undo, $keep/undone and $keep/fire on the node, then a systemd timer that runs
//   fire
//            after `fires_after`; for a fault that survives a reboot also a unit that runs it at
//            boot
//   prove    the timer is waiting, and the files are, byte for byte, those that we sent
//   extend   the timer begins anew, again and again while we are in control
//   fire     undo, then the proof; repeated every 5 s until both succeed; then all of it is
//   removed,
//            and a line in the node's system journal says so
//
// PID 1 holds the timer: neither the end of our session, nor SIGKILL of any process of ours, nor a
// cut control path keeps it from firing.
#pragma once

#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "harness/faults/plan.h"
#include "harness/inject/executor.h"

namespace ernstfall {

class NodeDeadMen {
 public:
  // fires_after: without a heartbeat; at least 4 s.
  NodeDeadMen(NodeSet& nodes, Nanos fires_after) : nodes_(nodes), fires_after_(fires_after) {}
  ~NodeDeadMen() = default;  // does not disarm: what is armed fires
  NodeDeadMen(const NodeDeadMen&) = delete;
  NodeDeadMen& operator=(const NodeDeadMen&) = delete;

  // Armed and proven, or an error and no timer. Errc::refused on a node without systemd.
  Status arm(const NodeDeadMan& dead_man, const std::stop_token& stop);
  // Still armed, and never found fired or removed by a heartbeat.
  Status prove(const std::string& token, const std::stop_token& stop);
  // No more heartbeats for it: before its undo.
  void release(const std::string& token);

 private:
  struct Armed {
    NodeDeadMan dead_man;
    std::string lost;  // why it is not armed any more
  };
  Status ask(const NodeDeadMan& dead_man, std::string_view script, Argv args, Deadline deadline,
             const std::stop_token& stop);
  void heartbeat(const std::stop_token& stop);

  NodeSet& nodes_;
  Nanos fires_after_;
  std::mutex mutex_;
  std::map<std::string, Armed> armed_;
  std::jthread heartbeat_;  // started with the first one
};

}  // namespace ernstfall
