// power_watch: whether a silent node has power. A cluster that fences cuts the power of what a
// fault of ours has hit; without this nobody could say that the node was not Primary meanwhile.
//
// Asked is only the power control of a node that runs DRBD, and only while the probe node.reach
// gets no answer from it: a control may be an interface of a provider.
#pragma once

#include <stop_token>
#include <thread>
#include <vector>

#include "harness/inject/executor.h"
#include "harness/run/live_board.h"

namespace ernstfall {

constexpr Nanos kPowerPeriod = std::chrono::seconds(2);

class PowerWatch {
 public:
  // Appends kinds::kPowerSeen. `powers`: of the nodes to watch, each used by nobody else.
  PowerWatch(std::map<std::string, std::unique_ptr<Power>> powers, LiveBoard& board,
             SourceId source, Nanos period = kPowerPeriod);
  ~PowerWatch();
  PowerWatch(const PowerWatch&) = delete;
  PowerWatch& operator=(const PowerWatch&) = delete;

 private:
  void watch(const std::string& node, Power& power, const std::stop_token& stop);
  bool silent(const std::string& node) const;

  LiveBoard& board_;
  const SourceId source_;
  const Nanos period_;
  std::map<std::string, std::unique_ptr<Power>> powers_;
  std::vector<std::jthread> threads_;  // last: they end before what they use
};

// Of the nodes that run DRBD and have a power control.
Result<std::map<std::string, std::unique_ptr<Power>>> powers_to_watch(const Cluster& cluster);

}  // namespace ernstfall
