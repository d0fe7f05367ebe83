// pipe_io: see the header; SIGPIPE is kept away from the rest of the program here.
#include "harness/process/pipe_io.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>

namespace ernstfall {
namespace {

// write(2) without SIGPIPE: blocked for this thread, and a pending one that we caused is taken
// away.
ssize_t write_without_sigpipe(int fd, std::string_view bytes) {
  sigset_t pipe_signal;
  sigset_t before;
  sigset_t pending;
  ::sigemptyset(&pipe_signal);
  ::sigaddset(&pipe_signal, SIGPIPE);
  ::sigpending(&pending);
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  const ssize_t put = ::write(fd, bytes.data(), bytes.size());
  const int error = errno;
  if (put < 0 && error == EPIPE && ::sigismember(&pending, SIGPIPE) == 0) {
    const timespec now{0, 0};
    while (::sigtimedwait(&pipe_signal, nullptr, &now) < 0 && errno == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return put;
}

}  // namespace

void CappedText::append(std::string_view bytes) {
  const std::size_t room = max_bytes_ - std::min(max_bytes_, text_.size());
  if (bytes.size() > room) truncated_ = true;
  text_.append(bytes.substr(0, room));
}

PipeState read_available(Fd& fd, CappedText& into, std::size_t max_bytes) {
  std::array<char, 65536> buffer;  // NOLINT: not initialised on purpose, read() fills it
  std::size_t total = 0;
  while (fd.valid() && total < max_bytes) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got > 0) {
      total += static_cast<std::size_t>(got);
      into.append({buffer.data(), static_cast<std::size_t>(got)});
    } else if (got < 0 && errno == EINTR) {
      continue;
    } else if (got < 0 && errno == EAGAIN) {
      return PipeState::open;
    } else {
      fd.reset();
    }
  }
  return fd.valid() ? PipeState::open : PipeState::closed;
}

PipeState write_available(Fd& fd, std::string_view& rest) {
  while (fd.valid() && !rest.empty()) {
    const ssize_t put = write_without_sigpipe(fd.get(), rest);
    if (put >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(put));
    } else if (errno == EINTR) {
      continue;
    } else if (errno == EAGAIN) {
      return PipeState::open;
    } else {
      fd.reset();
    }
  }
  return fd.valid() ? PipeState::open : PipeState::closed;
}

}  // namespace ernstfall
