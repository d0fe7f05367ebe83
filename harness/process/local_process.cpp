// local_process: a child that goes on; its lines are read on demand, its stderr by a thread.
#include <poll.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <thread>

#include "harness/process/child.h"
#include "harness/process/pipe_io.h"
#include "harness/process/process.h"
#include "harness/process/stop_fd.h"

namespace ernstfall {
namespace {

constexpr std::size_t kMaxLineBytes = 1U << 20U;
constexpr std::size_t kReadAtOnce = 65536;
constexpr Nanos kWriteTimeout = std::chrono::seconds(10);

class PipedProcess final : public LocalProcess {
 public:
  PipedProcess(const ProcessSpec& spec, Child child)
      : name_(spec.argv.front()),
        max_output_bytes_(spec.max_output_bytes),
        fed_(!spec.stdin_text.empty()),
        err_(spec.max_output_bytes),
        child_(std::move(child)),
        helper_([this, text = spec.stdin_text](const std::stop_token& stop) { help(stop, text); }) {
  }

  // The helper uses the pipes: it ends before the child is killed and they are closed.
  ~PipedProcess() override {
    helper_.request_stop();
    helper_.join();
  }

  int pid() const override { return child_.pid(); }
  void kill_group() override { child_.kill_group(); }

  Result<std::optional<std::string>> next_line(Deadline deadline,
                                               const std::stop_token& stop) override {
    if (auto line = take_line()) return line;  // the common case costs no system call
    const StopFd stop_fd(stop);
    while (true) {
      if (auto line = take_line()) return line;
      if (buffer_.size() > kMaxLineBytes)
        return fail_at(Errc::protocol, name_, "a line of more than {} bytes", kMaxLineBytes);
      if (!child_.pipes().out.valid()) return std::nullopt;
      if (stop.stop_requested()) return fail_at(Errc::cancelled, name_, "cancelled");
      // The child's end, not the pipe's, is the end: a grandchild may hold the pipe.
      ProcessResult ignored;
      const bool exited = child_.peek_exit(ignored);
      if (!read_out() && exited) child_.pipes().out.reset();
      if (exited || !child_.pipes().out.valid() || buffer_has_line()) {
        finish_last_line();
        continue;
      }
      if (deadline.expired()) return fail_at(Errc::timeout, name_, "no line until the deadline");
      std::array<pollfd, 3> entries{{{child_.pipes().out.get(), POLLIN, 0},
                                     {child_.exit_fd(), POLLIN, 0},
                                     {stop_fd.get(), POLLIN, 0}}};
      ::poll(entries.data(), entries.size(), deadline.remaining_ms());
    }
  }

  Status write(std::string_view text) override {
    if (fed_) return fail_at(Errc::internal, name_, "its input is stdin_text and nothing else");
    const std::lock_guard lock(write_mutex_);
    Fd& in = child_.pipes().in;
    const Deadline deadline = Deadline::after(kWriteTimeout);
    while (write_available(in, text) == PipeState::open && !text.empty()) {
      if (deadline.expired()) return fail_at(Errc::timeout, name_, "does not read its input");
      pollfd entry{in.get(), POLLOUT, 0};
      ::poll(&entry, 1, deadline.remaining_ms());
    }
    if (!text.empty()) return fail_at(Errc::io, name_, "its input is closed");
    return {};
  }

  Result<ProcessResult> wait(Deadline deadline, const std::stop_token& stop) override {
    const StopFd stop_fd(stop);
    CappedText out(max_output_bytes_);
    ProcessResult result;
    while (!child_.peek_exit(result)) {
      if (stop.stop_requested()) return fail_at(Errc::cancelled, name_, "cancelled");
      if (deadline.expired()) return fail_at(Errc::timeout, name_, "still runs at the deadline");
      std::array<pollfd, 3> entries{{{child_.exit_fd(), POLLIN, 0},
                                     {stop_fd.get(), POLLIN, 0},
                                     {child_.pipes().out.get(), POLLIN, 0}}};
      ::poll(entries.data(), entries.size(), deadline.remaining_ms());
      if (entries[2].revents != 0) collect(out);
    }
    collect(out);
    const std::lock_guard lock(err_mutex_);
    read_available(child_.pipes().err, err_);
    result.truncated = out.truncated() || err_.truncated();
    result.out = out.take();
    result.err = err_.text();
    return result;
  }

 private:
  // Feeds stdin_text and then closes stdin; keeps stderr flowing, or the child would block on it.
  void help(const std::stop_token& stop, const std::string& text) {
    const StopFd stop_fd(stop);
    std::string_view input = text;
    bool feeding = fed_;
    while (!stop.stop_requested()) {
      int err_fd = -1;
      {
        const std::lock_guard lock(err_mutex_);
        err_fd = child_.pipes().err.get();
      }
      if (!feeding && err_fd < 0) return;
      std::array<pollfd, 3> entries{{{stop_fd.get(), POLLIN, 0},
                                     {feeding ? child_.pipes().in.get() : -1, POLLOUT, 0},
                                     {err_fd, POLLIN, 0}}};
      if (::poll(entries.data(), entries.size(), -1) < 0 && errno != EINTR) return;
      if (entries[1].revents != 0) {
        if (write_available(child_.pipes().in, input) == PipeState::closed || input.empty()) {
          child_.pipes().in.reset();
          feeding = false;
        }
      }
      if (entries[2].revents != 0) {
        const std::lock_guard lock(err_mutex_);
        read_available(child_.pipes().err, err_);
      }
    }
  }

  // True when something was read.
  bool read_out() {
    CappedText text(kReadAtOnce);
    read_available(child_.pipes().out, text, 1);
    if (text.text().empty()) return false;
    buffer_ += text.text();
    return true;
  }

  void collect(CappedText& out) {
    out.append(buffer_.substr(consumed_));
    buffer_.clear();
    consumed_ = 0;
    read_available(child_.pipes().out, out);
  }

  bool buffer_has_line() const { return buffer_.find('\n', consumed_) != std::string::npos; }

  // Output that ends without a newline is a line too.
  void finish_last_line() {
    if (!child_.pipes().out.valid() && consumed_ < buffer_.size() && buffer_.back() != '\n')
      buffer_ += '\n';
  }

  std::optional<std::string> take_line() {
    const std::size_t newline = buffer_.find('\n', consumed_);
    if (newline == std::string::npos) {
      buffer_.erase(0, consumed_);
      consumed_ = 0;
      return std::nullopt;
    }
    std::string line = buffer_.substr(consumed_, newline - consumed_);
    consumed_ = newline + 1;
    return line;
  }

  const std::string name_;
  const std::size_t max_output_bytes_;
  std::string buffer_;  // only next_line() and wait(), from one thread
  std::size_t consumed_ = 0;
  const bool fed_;          // then only the helper touches pipes().in, else only write()
  std::mutex write_mutex_;  // one write() at a time
  std::mutex err_mutex_;    // err_ and pipes().err
  CappedText err_;
  Child child_;
  std::jthread helper_;
};

}  // namespace

Result<std::unique_ptr<LocalProcess>> LocalProcess::start(const ProcessSpec& spec) {
  ERNSTFALL_TRY(Child child, Child::start(spec));
  return std::make_unique<PipedProcess>(spec, std::move(child));
}

}  // namespace ernstfall
