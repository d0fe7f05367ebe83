// child: killing and reaping one child.
#include "harness/process/child.h"

#include <poll.h>
#include <sys/wait.h>

#include <csignal>
#include <utility>

namespace ernstfall {
namespace {

// A process in uninterruptible sleep does not even die of SIGKILL; we do not hang with it.
constexpr int kReapTimeoutMs = 2000;

ProcessResult from_siginfo(const siginfo_t& info) {
  ProcessResult result;
  if (info.si_code == CLD_EXITED)
    result.exit_code = info.si_status;
  else
    result.signal = info.si_status;
  return result;
}

}  // namespace

Result<Child> Child::start(const ProcessSpec& spec) {
  ERNSTFALL_TRY(Spawned spawned, spawn_attached(spec));
  return Child(std::move(spawned));
}

Child::Child(Child&& other) noexcept : spawned_(std::move(other.spawned_)) {
  other.spawned_.pid = -1;
}

Child::~Child() {
  if (spawned_.pid <= 0) return;
  kill_group();
  pollfd entry{exit_fd(), POLLIN, 0};
  ::poll(&entry, 1, kReapTimeoutMs);
  ::waitpid(spawned_.pid, nullptr, WNOHANG);
}

void Child::kill_group() const {
  if (spawned_.pid > 0) ::kill(-spawned_.pid, SIGKILL);
}

bool Child::peek_exit(ProcessResult& result) const {
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(spawned_.pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
      info.si_pid == 0)
    return false;
  result = from_siginfo(info);
  return true;
}

ProcessResult Child::reap() {
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(spawned_.pid), &info, WEXITED);
  spawned_.pid = -1;
  return from_siginfo(info);
}

}  // namespace ernstfall
