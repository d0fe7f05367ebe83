// schedule: one thread that fires many tasks, each at start + k*period, late by microseconds.
//
// Open loop: the time of a slot never depends on how an earlier one went. A slot that comes up more
// than a period late is handed to `missed` instead of being fired, so that a stall of this machine
// is never followed by a burst of questions, and never looks like an outage.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "harness/core/clock.h"
#include "harness/core/result.h"

namespace ernstfall {

struct ScheduledTask {
  Nanos period{};
  std::function<void(TimeNs slot)> fire;  // must not block: every other task waits for it
  std::function<void(TimeNs slot, TimeNs noticed)> missed;
};

class Schedule {
 public:
  // The first slot of every task is now.
  static Result<std::unique_ptr<Schedule>> start(const RunClock& clock,
                                                 std::vector<ScheduledTask> tasks);
  ~Schedule() { stop(); }
  Schedule(const Schedule&) = delete;
  Schedule& operator=(const Schedule&) = delete;

  // Returns after the last fire().
  void stop();

 private:
  Schedule(const RunClock& clock, std::vector<ScheduledTask> tasks)
      : clock_(clock), tasks_(std::move(tasks)) {}
  void run();

  const RunClock clock_;
  const std::vector<ScheduledTask> tasks_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ernstfall
