// cluster_lock: keeps two harnesses from disturbing one cluster, whatever machines they run on.
//
// Every node holds `/run/ernstfall-lock`: an owner, and until when, by the node's own uptime. It is
// put off while its owner lives, and runs out by itself when the owner is gone. A node that
// restarts forgets it; the others do not.
#pragma once

#include <map>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <thread>

#include "harness/inject/executor.h"

namespace ernstfall {

class ClusterLock {
 public:
  // "RUN-ID on HOST (pid N)": said to whoever is refused.
  ClusterLock(NodeSet& nodes, std::string owner) : nodes_(nodes), owner_(std::move(owner)) {}
  ~ClusterLock() = default;  // does not release: it runs out
  ClusterLock(const ClusterLock&) = delete;
  ClusterLock& operator=(const ClusterLock&) = delete;

  // On every node, first on the first that answers; what was taken is given back when another node
  // refuses. Errc::refused with the owner's name. Nodes that do not answer are passed over: a lock
  // must not keep heal from a half-dead cluster.
  Status acquire(const std::stop_token& stop);
  void release();  // best effort
  // Empty while it is ours.
  std::string lost() const;

 private:
  Status ask(const std::string& node, const std::string& what, const std::stop_token& stop);
  std::map<std::string, Status> ask_all(const std::string& what, std::span<const Node> nodes,
                                        const std::stop_token& stop);
  void put_off(const std::stop_token& stop);

  NodeSet& nodes_;
  const std::string owner_;
  mutable std::mutex mutex_;
  std::string lost_;
  std::jthread heartbeat_;
};

// This machine and process, for an owner's name.
std::string lock_owner(const std::string& run_id);

}  // namespace ernstfall
