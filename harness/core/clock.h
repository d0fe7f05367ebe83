// clock: the one monotonic axis of a run, and deadlines on it.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>

namespace ernstfall {

using Nanos = std::chrono::nanoseconds;
using Millis = std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

// Nanoseconds since the base of a run. Every record of a history carries this and nothing else;
// wall-clock time exists once per run, for display.
using TimeNs = std::int64_t;

constexpr TimeNs kNsPerMs = 1'000'000;
constexpr TimeNs kNsPerSecond = 1'000'000'000;

constexpr double to_ms(TimeNs ns) {
  return static_cast<double>(ns) / 1e6;
}
constexpr double to_seconds(TimeNs ns) {
  return static_cast<double>(ns) / 1e9;
}

// Ties the axis to this process's steady clock and to the wall clock, both read at one moment.
struct RunClock {
  SteadyTime base = std::chrono::steady_clock::now();
  std::chrono::system_clock::time_point wall_base = std::chrono::system_clock::now();

  TimeNs at(SteadyTime time) const {
    return std::chrono::duration_cast<Nanos>(time - base).count();
  }
  TimeNs now() const { return at(std::chrono::steady_clock::now()); }
  SteadyTime steady(TimeNs time) const { return base + Nanos(time); }
};

// A point in time after which waiting ends. Everything that waits takes one, and a stop token.
class Deadline {
 public:
  static Deadline after(Nanos duration) {
    return Deadline(std::chrono::steady_clock::now() + duration);
  }
  static Deadline at(SteadyTime time) { return Deadline(time); }

  SteadyTime time() const { return time_; }
  bool expired() const { return std::chrono::steady_clock::now() >= time_; }
  // Never negative.
  Nanos remaining() const;
  int remaining_ms() const;  // rounded up, for poll(2)
  // The earlier of this and `duration` from now.
  Deadline at_most(Nanos duration) const;

 private:
  explicit Deadline(SteadyTime time) : time_(time) {}
  SteadyTime time_;
};

// Sleeps until `deadline` or until `stop` is requested; true when the deadline was reached.
bool sleep_until(Deadline deadline, const std::stop_token& stop);

// "2026-11-23T03:12:05.123Z"
std::string format_utc(std::chrono::system_clock::time_point time);
// "20261123T031205Z", for folder names
std::string format_utc_compact(std::chrono::system_clock::time_point time);

}  // namespace ernstfall
