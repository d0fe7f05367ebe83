// group_sync: a thread that sleeps until a flush is wanted, and never flushes faster than its
// window.
#include "harness/load/group_sync.h"

#include <system_error>

namespace ernstfall {

Status GroupSync::start() {
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    return fail(Errc::io, "no thread to flush the history: {}", error.what());
  }
  return {};
}

void GroupSync::request() {
  {
    const std::lock_guard lock(mutex_);
    if (wanted_) return;
    wanted_ = true;
  }
  wake_.notify_one();
}

Status GroupSync::stop() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  if (error_) return tl::unexpected(*error_);
  return {};
}

void GroupSync::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return wanted_ || ending_; });
    if (!wanted_) return;
    // Before the flush: what is appended while it runs asks for the next one.
    wanted_ = false;
    lock.unlock();
    const SteadyTime begun = std::chrono::steady_clock::now();
    const Status flushed = history_.sync();
    lock.lock();
    if (!flushed && !error_) error_ = flushed.error();
    wake_.wait_until(lock, begun + kWindow, [this] { return ending_; });
  }
}

}  // namespace ernstfall
