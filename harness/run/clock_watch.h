// clock_watch: asks every node for its clock during the whole run, so that what nodes stamp can be
// placed on our axis whatever their clocks do.
//
// A command costs a slow node seconds of its CPU, and the service is measured meanwhile. So: once
// when the run begins, once after a fault took effect, once at the end, and between them every
// kClockPeriod, as the one with the lowest priority on the node. Nodes whose DRBD is polled are not
// asked between: each poll carries their time.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "harness/history/history.h"
#include "harness/inject/executor.h"
#include "harness/scenario/scenario.h"

namespace ernstfall {

constexpr Nanos kClockPeriod = std::chrono::seconds(30);

// Nodes that tell their time with DRBD's polls anyway.
std::set<std::string> polled_nodes(const Cluster& cluster, const Scenario& scenario);

// One question: appends kinds::kClockAnswer or kClockSilent.
void ask_clock(Remote& remote, const std::string& node, const std::string& why,
               HistoryWriter& history, SourceId source, Deadline deadline,
               const std::stop_token& stop);

class ClockWatch {
 public:
  // `polled` are asked when told, and not between.
  ClockWatch(const NodeSet& nodes, HistoryWriter& history, SourceId source,
             std::set<std::string> polled, Nanos period = kClockPeriod);
  ~ClockWatch();
  ClockWatch(const ClockWatch&) = delete;
  ClockWatch& operator=(const ClockWatch&) = delete;

  // Every node, side by side; returns when each has answered or the deadline is over.
  void ask_all(const std::string& why, Deadline deadline, const std::stop_token& stop);
  // The same in the background; a node that is being asked now is not asked twice.
  void ask_soon(const std::string& why);

 private:
  void watch(const std::string& node, const std::stop_token& stop);

  const NodeSet& nodes_;
  HistoryWriter& history_;
  const SourceId source_;
  const std::set<std::string> polled_;
  const Nanos period_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::uint64_t round_ = 0;  // of ask_soon()
  std::string why_;
  std::vector<std::jthread> threads_;  // last: they end before what they use
};

}  // namespace ernstfall
