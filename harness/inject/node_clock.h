// node_clock: what a node's wall clock says, against our steady clock, as bounds that cannot be
// wrong: an answer was made after its question was sent and before it came.
//
// A command needs a process, which takes an emulated machine a tenth of a second: most of what is
// not known. So a shell on the node stays, and answers line by line; a question then costs the way
// there and back.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>

#include "harness/core/clock.h"
#include "harness/core/result.h"
#include "harness/remote/remote.h"

namespace ernstfall {

// One question and its answer.
struct ClockReading {
  SteadyTime asked;
  SteadyTime answered;
  std::int64_t node_ns = 0;  // the node's wall clock in between, ns since 1970

  Nanos round_trip() const { return answered - asked; }
};

// Asks one node again and again. Not for two threads at once.
class NodeClockReader {
 public:
  explicit NodeClockReader(Remote& remote) : remote_(remote) {}

  // The answer to one question; the first one starts the shell. A shell that was lost since
  // (a restart of the node) is started again. Where nothing can be kept open, by a command of its
  // own each time. Errc::protocol when an answer is no time; else as Remote.
  Result<ClockReading> ask(Deadline deadline, const std::stop_token& stop);
  // The one of `questions` with the shortest way; as many as come until the deadline, at least one.
  Result<ClockReading> ask_best(int questions, Deadline deadline, const std::stop_token& stop);

 private:
  Status open(Deadline deadline, const std::stop_token& stop);
  Result<ClockReading> ask_shell(Deadline deadline, const std::stop_token& stop);
  Result<ClockReading> ask_command(Deadline deadline, const std::stop_token& stop);

  Remote& remote_;
  std::unique_ptr<LineStream> shell_;
  bool by_command_ = false;  // it does not keep anything open
  std::uint64_t number_ = 0;
};

struct NodeClock {
  // The node's wall clock minus our steady clock.
  std::int64_t ahead_min_ns = 0;
  std::int64_t ahead_max_ns = 0;
  Nanos command_time{};  // from a command of ours to its first answer

  std::int64_t ahead_ns() const { return ahead_min_ns + (ahead_max_ns - ahead_min_ns) / 2; }
  std::int64_t uncertainty_ns() const { return (ahead_max_ns - ahead_min_ns) / 2; }
};

// Asks `questions` times; each answer makes the bounds narrower. Errc::protocol when an answer is
// no time, or when the clock was set between two of them.
Result<NodeClock> measure_node_clock(Remote& remote, int questions, Deadline deadline,
                                     const std::stop_token& stop);

}  // namespace ernstfall
