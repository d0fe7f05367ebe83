// clock_watch: asks every node for its clock during the whole run, so that what nodes stamp can be
// placed on our axis whatever their clocks do.
//
// A shell on the node that stays and answers line by line (inject/node_clock.h), so that asking
// costs it next to nothing: the service is measured meanwhile. Asked when the run begins, when a
// fault took effect, at the end, and between them every kClockPeriod.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "harness/history/history.h"
#include "harness/inject/executor.h"
#include "harness/inject/node_clock.h"

namespace ernstfall {

constexpr Nanos kClockPeriod = std::chrono::seconds(10);

class ClockWatch {
 public:
  // Each question appends kinds::kClockAnswer or kClockSilent.
  ClockWatch(const NodeSet& nodes, HistoryWriter& history, SourceId source,
             Nanos period = kClockPeriod);
  ~ClockWatch();
  ClockWatch(const ClockWatch&) = delete;
  ClockWatch& operator=(const ClockWatch&) = delete;

  // Every node, side by side; returns when each has answered or the deadline is over.
  void ask_all(const std::string& why, Deadline deadline, const std::stop_token& stop);
  // The same in the background; a node that is being asked now is not asked twice.
  void ask_soon(const std::string& why);

 private:
  struct Asked {
    std::timed_mutex mutex;  // one question at a time
    std::unique_ptr<NodeClockReader> reader;
  };
  void watch(const std::string& node, Asked& asked, const std::stop_token& stop);
  void ask(const std::string& node, Asked& asked, const std::string& why, Deadline deadline,
           const std::stop_token& stop);

  const NodeSet& nodes_;
  HistoryWriter& history_;
  const SourceId source_;
  const Nanos period_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::uint64_t round_ = 0;  // of ask_soon()
  std::string why_;
  std::map<std::string, Asked> asked_;  // fixed from the start
  std::vector<std::jthread> threads_;   // last: they end before what they use
};

}  // namespace ernstfall
