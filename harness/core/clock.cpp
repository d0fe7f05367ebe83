// clock: waiting with a deadline and a stop token; UTC formatting.
#include "harness/core/clock.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace ernstfall {

Nanos Deadline::remaining() const {
  return std::max(Nanos::zero(),
                  std::chrono::duration_cast<Nanos>(time_ - std::chrono::steady_clock::now()));
}

int Deadline::remaining_ms() const {
  const auto ms = std::chrono::ceil<Millis>(remaining()).count();
  return static_cast<int>(std::min<std::int64_t>(ms, 3'600'000));
}

Deadline Deadline::at_most(Nanos duration) const {
  return Deadline(std::min(time_, std::chrono::steady_clock::now() + duration));
}

bool sleep_until(Deadline deadline, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_until(lock, stop, deadline.time(), [] { return false; });
  return !stop.stop_requested();
}

std::string format_utc(std::chrono::system_clock::time_point time) {
  const auto ms = std::chrono::duration_cast<Millis>(time.time_since_epoch()).count() % 1000;
  const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), ms);
}

std::string format_utc_compact(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

}  // namespace ernstfall
