// stop_fd: a file descriptor that becomes readable when a stop token is set, for poll(2) loops.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <stop_token>

#include "harness/core/files.h"

namespace ernstfall {

// Wakes a poll(2) from another thread; stays readable until clear().
class WakeFd {
 public:
  WakeFd() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  int get() const { return fd_.get(); }
  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t put = ::write(fd_.get(), &one, sizeof one);
  }
  void clear() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(fd_.get(), &count, sizeof count);
  }

 private:
  Fd fd_;
};

class StopFd {
 public:
  explicit StopFd(const std::stop_token& stop) : callback_(stop, [this] { wake_.wake(); }) {}
  StopFd(const StopFd&) = delete;
  StopFd& operator=(const StopFd&) = delete;
  int get() const { return wake_.get(); }

 private:
  WakeFd wake_;
  std::stop_callback<std::function<void()>> callback_;
};

}  // namespace ernstfall
