// journal_watch: follows what systemd and the kernel of a node say about units, mounts and DRBD,
// for the moments that only the node knows: mounted, started, evicted.
//
// One `journalctl -f` per node for the whole run, with the lowest priority; nothing is asked again
// and again. Only the nodes that serve, replicate or are operated on. A line says when by the
// node's two clocks; node_time places it on our axis.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "harness/history/history.h"
#include "harness/inject/executor.h"
#include "harness/scenario/scenario.h"

namespace ernstfall {

// Where recovery happens: DRBD's nodes, service and control nodes, those of faults and steps.
std::vector<std::string> journal_nodes(const Cluster& cluster, const Scenario& scenario);
// After a lost stream: the lines that this boot said meanwhile come first.
Argv journal_command(bool kubernetes, bool again);
// A line of `journalctl -o json` as kinds::kJournalLine; nullopt: not about a unit, a mount, DRBD
// or a pod, and not recorded.
std::optional<std::string> take_journal_line(std::string_view line);

class JournalWatch {
 public:
  static constexpr std::size_t kMaxLines = 5000;  // of one node in a run; then it says so and ends

  // `kubernetes`: nodes where K3s runs. Errors: the history takes no source.
  static Result<std::unique_ptr<JournalWatch>> start(const NodeSet& nodes, HistoryWriter& history,
                                                     const std::vector<std::string>& names,
                                                     const std::set<std::string>& kubernetes);
  JournalWatch(const JournalWatch&) = delete;
  JournalWatch& operator=(const JournalWatch&) = delete;
  ~JournalWatch();

 private:
  explicit JournalWatch(HistoryWriter& history) : history_(history) {}
  void watch(Remote& remote, SourceId source, bool kubernetes, Nanos open_max,
             const std::stop_token& stop);

  HistoryWriter& history_;
  std::vector<std::jthread> threads_;
};

}  // namespace ernstfall
