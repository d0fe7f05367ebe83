// runner: one run from plan to collected evidence. The verdict is not made here but from the
// history.
//
//   preflight -> baseline -> [ inject -> hold (operator) -> undo ]* -> settle -> restore -> collect
//
// Whatever happens after the first touch (a failed step, a stop by the user, an error of our own),
// every fault that was touched is undone and proven before run_scenario() returns.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "harness/cluster/cluster.h"
#include "harness/core/result.h"
#include "harness/run/progress.h"
#include "harness/scenario/scenario.h"

namespace ernstfall {

inline constexpr Nanos kDeadManDefault = std::chrono::seconds(60);
inline constexpr Nanos kDeadManMin = std::chrono::seconds(20);  // four heartbeats on a slow node
inline constexpr Nanos kDeadManMax = std::chrono::minutes(10);

struct RunOptions {
  std::uint64_t seed = 0;
  std::filesystem::path runs_root = "runs";
  std::filesystem::path program;  // ourselves, for the keeper
  // Without a heartbeat for this long the dead-men, here and on the nodes, undo what was made.
  Nanos dead_man = kDeadManDefault;
  bool dry_run = false;
  // How often somebody has asked to undo at once what holds, and to go on with the scenario. What is
  // asked while nothing holds is not remembered. Not there: nobody can ask.
  std::function<std::uint64_t()> undo_requests = {};
};

struct RunOutcome {
  std::filesystem::path folder;  // empty after a dry run
  std::string plan_text;         // dry run only
  bool interrupted = false;      // by the user; everything is undone
};

// An Error means that nothing was touched (preflight refused, no run folder ...).
Result<RunOutcome> run_scenario(const Cluster& cluster, const Scenario& scenario,
                                const RunOptions& options, Progress& progress,
                                const std::stop_token& stop);

}  // namespace ernstfall
