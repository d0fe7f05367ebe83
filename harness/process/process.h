// process: runs local programs. The only place that uses Boost.Process.
//
//   run_process   start -> feed stdin -> collect output (bounded) -> wait for *exit* -> drain ->
//   result LocalProcess  a program that goes on: read its lines, write to it, end it
//
// Each child gets a process group of its own, and on deadline or stop the whole group is killed. A
// grandchild that keeps stdout open does not delay the result: after exit, draining is bounded.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "harness/core/clock.h"
#include "harness/core/result.h"
#include "harness/core/text.h"

namespace ernstfall {

struct ProcessSpec {
  Argv argv = {};  // argv[0] is looked up in PATH
  std::string stdin_text = {};
  std::vector<std::pair<std::string, std::string>> extra_env = {};  // secrets: here, never in argv
  std::string working_folder = {};                                  // empty: ours
  std::size_t max_output_bytes = 1U << 20U;                         // each of stdout and stderr
};

struct ProcessResult {
  int exit_code = -1;  // meaningful only when signal == 0
  int signal = 0;      // number of the signal that ended it, else 0
  std::string out;
  std::string err;
  bool truncated = false;  // more output than max_output_bytes; the rest was read and dropped

  bool ok() const { return signal == 0 && exit_code == 0; }
  // "exit 1: last line of stderr", for error messages.
  std::string summary() const;
};

// Errc::timeout, Errc::cancelled (both after the group is gone), Errc::io when it cannot start.
Result<ProcessResult> run_process(const ProcessSpec& spec, Deadline deadline,
                                  const std::stop_token& stop);

// Sees the output piece by piece instead of having it collected. True: it has seen enough, the
// group is killed and the result (without output) returned.
using OutputWatcher = std::function<bool(bool is_stderr, std::string_view bytes)>;
Result<ProcessResult> run_process_watched(const ProcessSpec& spec, const OutputWatcher& watcher,
                                          Deadline deadline, const std::stop_token& stop);

// run_process(), but an exit other than 0 is an Error that quotes the summary; returns stdout.
Result<std::string> run_process_ok(const ProcessSpec& spec, Deadline deadline,
                                   const std::stop_token& stop);

// A child that runs until it ends or until this object is destroyed (its group is killed then). One
// thread may call next_line() and wait(); another may write(). Unread stdout makes the child wait;
// stderr never does (its first max_output_bytes are kept).
class LocalProcess {
 public:
  static Result<std::unique_ptr<LocalProcess>> start(const ProcessSpec& spec);
  virtual ~LocalProcess() = default;

  virtual int pid() const = 0;
  // The next line of stdout without its newline; nullopt at end of output. Errc::timeout leaves the
  // process running. Lines longer than 1 MiB are an error.
  virtual Result<std::optional<std::string>> next_line(Deadline deadline,
                                                       const std::stop_token& stop) = 0;
  // To its stdin, which stays open; waits while the pipe is full, 10 s at most. Not with
  // stdin_text: then stdin is that text and its end.
  virtual Status write(std::string_view text) = 0;
  // Waits for the exit; `out` is what next_line() did not take, within max_output_bytes.
  virtual Result<ProcessResult> wait(Deadline deadline, const std::stop_token& stop) = 0;
  virtual void kill_group() = 0;
};

// What a thread enters (a namespace) its earlier siblings do not: ends the thread that starts
// attached children, of which none may run any more. Errc::internal when other threads remain.
Status return_to_one_thread();

// Starts a program in a session of its own that outlives us: stdin from /dev/null, stdout and
// stderr appended to `log_path`. Returns its pid.
Result<int> spawn_detached(const ProcessSpec& spec, const std::string& log_path);

// True while `pid` is alive and was started at `start_ticks` (field 22 of /proc/PID/stat): a number
// that was reused by another process is not it.
bool process_alive(int pid, std::uint64_t start_ticks);
Result<std::uint64_t> process_start_ticks(int pid);

}  // namespace ernstfall
