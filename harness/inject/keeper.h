// keeper: the local dead-man. Undoes a run's faults when the harness that made them is gone.
//
// A power cut leaves nothing running on the node that could undo it, so this dead-man lives beside
// the harness, as a process of its own that SIGKILL of the harness does not reach:
//
//   harness --starts--> keeper (own session)  --writes--> RUN/keeper.json   = armed
//   harness --1 Hz----> RUN/heartbeat (monotonic time)
//   keeper: heartbeat older than the timeout -> heal the run; RUN/keeper.stop or run-end -> exit
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "harness/core/clock.h"
#include "harness/core/result.h"

namespace ernstfall {

// The harness's side.
class Keeper {
 public:
  virtual ~Keeper() = default;  // does not disarm: only disarm() does
  // The process is alive, is the one that we started, and still says so itself.
  virtual Status prove() = 0;
  // After everything is clean.
  virtual Status disarm(Deadline deadline) = 0;
};

// Starts `program keeper RUN --timeout ...` and returns when it has said that it is armed.
Result<std::unique_ptr<Keeper>> arm_keeper(const std::filesystem::path& program,
                                           const std::filesystem::path& run_folder, Nanos timeout);

// The keeper's side: returns when there is nothing left to keep. `heal` is called at most once.
Status keep(const std::filesystem::path& run_folder, Nanos timeout,
            const std::function<Status()>& heal);

}  // namespace ernstfall
