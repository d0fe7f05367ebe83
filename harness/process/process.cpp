// process: run_process, which feeds a child, collects its output and waits for its exit.
#include "harness/process/process.h"

#include <poll.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "harness/process/child.h"
#include "harness/process/pipe_io.h"
#include "harness/process/stop_fd.h"

namespace ernstfall {
namespace {

constexpr std::size_t kSummaryBytes = 300;
constexpr std::size_t kReadBytes = 1U << 20U;

ProcessResult killed_result() {
  ProcessResult result;
  result.signal = SIGKILL;
  return result;
}

// True when the watcher has seen enough.
bool pass_on(Fd& pipe, bool is_stderr, const OutputWatcher& watcher) {
  CappedText piece(kReadBytes + (64U << 10U));
  read_available(pipe, piece, kReadBytes);
  return !piece.text().empty() && watcher(is_stderr, piece.text());
}

// What is in the pipes when the child has exited is all that it wrote; a grandchild may hold them
// open for ever, and is not waited for. One pipe holds at most 1 MiB (pipe-max-size).
void drain(Pipes& pipes, const OutputWatcher& watcher) {
  pass_on(pipes.out, false, watcher);
  pass_on(pipes.err, true, watcher);
}

}  // namespace

std::string ProcessResult::summary() const {
  std::string text =
      signal != 0 ? fmt::format("killed by signal {}", signal) : fmt::format("exit {}", exit_code);
  std::string_view last = trim(err);
  if (const std::size_t newline = last.rfind('\n'); newline != std::string_view::npos)
    last = trim(last.substr(newline + 1));
  if (!last.empty()) text += ": " + elide(last, kSummaryBytes);
  return text;
}

Result<ProcessResult> run_process_watched(const ProcessSpec& spec, const OutputWatcher& watcher,
                                          Deadline deadline, const std::stop_token& stop) {
  ERNSTFALL_TRY(Child child, Child::start(spec));
  const StopFd stop_fd(stop);
  std::string_view input = spec.stdin_text;
  Pipes& pipes = child.pipes();
  while (true) {
    if (input.empty()) pipes.in.reset();
    // poll(2) ignores an entry whose descriptor is -1.
    std::array<pollfd, 5> entries{{{child.exit_fd(), POLLIN, 0},
                                   {stop_fd.get(), POLLIN, 0},
                                   {pipes.in.get(), POLLOUT, 0},
                                   {pipes.out.get(), POLLIN, 0},
                                   {pipes.err.get(), POLLIN, 0}}};
    if (::poll(entries.data(), entries.size(), deadline.remaining_ms()) < 0 && errno != EINTR)
      return tl::unexpected(errno_error(spec.argv.front(), "cannot wait for the process"));
    if (entries[0].revents != 0) {
      drain(pipes, watcher);
      return child.reap();
    }
    if (stop.stop_requested())
      return fail_at(Errc::cancelled, spec.argv.front(), "cancelled, and killed");
    if (deadline.expired())
      return fail_at(Errc::timeout, spec.argv.front(), "not finished at its deadline, and killed");
    if (entries[2].revents != 0 && write_available(pipes.in, input) == PipeState::closed)
      input = {};
    if ((entries[3].revents != 0 && pass_on(pipes.out, false, watcher)) ||
        (entries[4].revents != 0 && pass_on(pipes.err, true, watcher)))
      return killed_result();
  }
}

Result<ProcessResult> run_process(const ProcessSpec& spec, Deadline deadline,
                                  const std::stop_token& stop) {
  CappedText out(spec.max_output_bytes);
  CappedText err(spec.max_output_bytes);
  const auto collect = [&](bool is_stderr, std::string_view bytes) {
    (is_stderr ? err : out).append(bytes);
    return false;
  };
  ERNSTFALL_TRY(ProcessResult result, run_process_watched(spec, collect, deadline, stop));
  result.truncated = out.truncated() || err.truncated();
  result.out = out.take();
  result.err = err.take();
  return result;
}

Result<std::string> run_process_ok(const ProcessSpec& spec, Deadline deadline,
                                   const std::stop_token& stop) {
  ERNSTFALL_TRY(ProcessResult result, run_process(spec, deadline, stop));
  if (!result.ok()) return fail_at(Errc::io, spec.argv.front(), "{}", result.summary());
  return std::move(result.out);
}

}  // namespace ernstfall
