// schedule: a heap of due slots, and a thread that sleeps to absolute times.
#include "probes/schedule.h"

#include <sched.h>
#include <sys/prctl.h>

#include <queue>
#include <system_error>

namespace ernstfall {
namespace {

struct Slot {
  TimeNs due = 0;
  std::size_t task = 0;
  // std::priority_queue has the largest on top; the first task of two that are due together wins.
  bool operator<(const Slot& other) const {
    return due != other.due ? due > other.due : task > other.task;
  }
};

// Without this the kernel may wake us 50 us late to save power. Real-time priority is a bonus that
// an ordinary user does not get; the lowest one is enough to go before everything that is not.
void ask_for_punctuality() {
  (void)prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
  sched_param priority{};
  priority.sched_priority = sched_get_priority_min(SCHED_FIFO);
  (void)sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority);
}

}  // namespace

Result<std::unique_ptr<Schedule>> Schedule::start(const RunClock& clock,
                                                  std::vector<ScheduledTask> tasks) {
  for (const ScheduledTask& task : tasks)
    if (task.period <= Nanos::zero())
      return fail(Errc::internal, "a task needs a period of at least one nanosecond");
  std::unique_ptr<Schedule> schedule(new Schedule(clock, std::move(tasks)));
  try {
    schedule->thread_ = std::thread([raw = schedule.get()] { raw->run(); });
  } catch (const std::system_error& error) {
    return fail(Errc::io, "no thread for the schedule: {}", error.what());
  }
  return schedule;
}

void Schedule::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Schedule::run() {
  ask_for_punctuality();
  std::priority_queue<Slot> slots;
  const TimeNs begin = clock_.now();
  for (std::size_t i = 0; i < tasks_.size(); ++i) slots.push({begin, i});
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (slots.empty()) {
      wake_.wait(lock, [this] { return stopping_; });
      return;
    }
    Slot slot = slots.top();
    if (wake_.wait_until(lock, clock_.steady(slot.due), [this] { return stopping_; })) return;
    slots.pop();
    lock.unlock();
    const ScheduledTask& task = tasks_[slot.task];
    const TimeNs now = clock_.now();
    if (now - slot.due > task.period.count())
      task.missed(slot.due, now);
    else
      task.fire(slot.due);
    slot.due += task.period.count();
    slots.push(slot);
    lock.lock();
  }
}

}  // namespace ernstfall
