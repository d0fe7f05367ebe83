// spawn: the one file that uses Boost.Process (v2): launching, attached with pipes or detached.
#include "harness/process/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/process/v2/posix/default_launcher.hpp>
#include <boost/process/v2/process.hpp>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <exception>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace ernstfall {
namespace {

namespace bp = boost::process::v2;

// What the child does to itself between fork and exec. Only async-signal-safe calls here.
struct ChildSetup {
  int in = -1;
  int out = -1;
  int err = -1;
  bool detached = false;
  pid_t parent = -1;
  const char* working_folder = nullptr;

  boost::system::error_code last_error() const { return {errno, boost::system::system_category()}; }

  template <typename Launcher, typename Path>
  boost::system::error_code on_exec_setup(Launcher& /*launcher*/, const Path& /*executable*/,
                                          const char* const* /*argv*/) const {
    if (detached ? ::setsid() < 0 : ::setpgid(0, 0) != 0) return last_error();
    if (!detached) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(127);  // the parent died before prctl
    }
    // Blocked and ignored signals survive exec: a child that cannot be ended by SIGTERM, or that
    // does not die of SIGPIPE, would be a surprise.
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD})
      ::signal(number, SIG_DFL);
    if (working_folder != nullptr && ::chdir(working_folder) != 0) return last_error();
    if (::dup2(in, STDIN_FILENO) < 0 || ::dup2(out, STDOUT_FILENO) < 0 ||
        ::dup2(err, STDERR_FILENO) < 0)
      return last_error();
    // Boost 1.81's own closing misses those between 2 and its error pipe. Closed on exec, not now:
    // that pipe is still needed.
    ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    return {};
  }

  // The launcher would call exit(), which flushes our stdio buffers a second time. Variadic,
  // because Boost 1.81 detects this function with other arguments than those it calls it with.
  template <typename... Args>
  void on_exec_error(Args&&... /*args*/) const {
    ::_exit(127);
  }
};

Result<std::string> find_program(const std::string& name) {
  const auto runnable = [](const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
           ::access(path.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos) {
    if (runnable(name)) return name;
    return fail_at(Errc::io, name, "no such program, or it is not executable");
  }
  const char* path = std::getenv("PATH");
  for (const std::string& folder :
       split(path != nullptr ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", ':')) {
    const std::string candidate = (folder.empty() ? "." : folder) + "/" + name;
    if (runnable(candidate)) return candidate;
  }
  return fail_at(Errc::io, name, "no such program in PATH");
}

std::vector<std::string> build_environment(const ProcessSpec& spec) {
  std::vector<std::string> entries;
  std::map<std::string, std::string> extra(spec.extra_env.begin(), spec.extra_env.end());
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (extra.find(text.substr(0, text.find('='))) == extra.end()) entries.push_back(text);
  }
  for (const auto& [name, value] : extra) entries.push_back(name + "=" + value);
  return entries;
}

Result<int> launch(const ProcessSpec& spec, const ChildSetup& setup) {
  if (spec.argv.empty()) return fail(Errc::internal, "empty command");
  ERNSTFALL_TRY(const std::string program, find_program(spec.argv.front()));
  const std::vector<std::string> environment = build_environment(spec);
  std::vector<const char*> envp;
  for (const std::string& entry : environment) envp.push_back(entry.c_str());
  envp.push_back(nullptr);
  const std::vector<std::string> args(spec.argv.begin() + 1, spec.argv.end());
  try {
    // One context per start: it has no reactor yet when it forks, so the child has none to repair.
    boost::asio::io_context context(1);
    bp::posix::default_launcher launcher;
    launcher.env = envp.data();
    boost::system::error_code ec;
    auto process = launcher(context.get_executor(), ec, bp::filesystem::path(program), args, setup);
    if (ec) {
      if (launcher.pid > 0) ::waitpid(launcher.pid, nullptr, 0);  // Boost leaves the zombie to us
      return fail_at(Errc::io, program, "cannot start: {}", ec.message());
    }
    process.detach();
    return launcher.pid;
  } catch (const std::exception& error) {
    return fail_at(Errc::io, program, "cannot start: {}", error.what());
  }
}

// PR_SET_PDEATHSIG acts when the *thread* that forked ends. So one thread that lives as long as the
// process starts every attached child.
class Launcher {
 public:
  static Launcher& instance() {
    Slot& slot = the_slot();
    const std::lock_guard lock(slot.mutex);
    if (slot.owner != ::getpid()) [[maybe_unused]]
      Launcher* lost = slot.launcher.release();  // fork took its thread away
    if (!slot.launcher) slot.launcher = std::make_unique<Launcher>();
    slot.owner = ::getpid();
    return *slot.launcher;
  }
  // Its thread is gone afterwards; the next start makes another.
  static void retire() {
    Slot& slot = the_slot();
    const std::lock_guard lock(slot.mutex);
    if (slot.owner == ::getpid()) slot.launcher.reset();
  }

  Result<int> start(const ProcessSpec& spec, const ChildSetup& setup) {
    std::packaged_task<Result<int>()> task([&] { return launch(spec, setup); });
    std::future<Result<int>> result = task.get_future();
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
    return result.get();
  }

 private:
  struct Slot {
    std::mutex mutex;
    std::unique_ptr<Launcher> launcher;
    pid_t owner = -1;
  };
  static Slot& the_slot() {
    static Slot slot;
    return slot;
  }

  void run(const std::stop_token& stop) {
    sigset_t all;  // signals are for the threads of the application
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    while (true) {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [this] { return !tasks_.empty(); })) return;
      std::packaged_task<Result<int>()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<std::packaged_task<Result<int>()>> tasks_;  // one per waiting caller
  std::jthread thread_{[this](const std::stop_token& stop) { run(stop); }};
};

// Descriptors 0 to 2 would be overwritten by the child's dup2.
Fd above_stdio(int fd) {
  Fd low(fd);
  if (fd > STDERR_FILENO || fd < 0) return low;
  return Fd(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

struct PipePair {
  Fd read, write;
};

Result<PipePair> make_pipe() {
  int fds[2] = {-1, -1};
  if (::pipe2(fds, O_CLOEXEC) != 0) return tl::unexpected(errno_error("", "cannot make a pipe"));
  PipePair pair{above_stdio(fds[0]), above_stdio(fds[1])};
  if (!pair.read.valid() || !pair.write.valid())
    return tl::unexpected(errno_error("", "cannot make a pipe"));
  return pair;
}

const char* folder_or_null(const ProcessSpec& spec) {
  return spec.working_folder.empty() ? nullptr : spec.working_folder.c_str();
}

}  // namespace

Result<Spawned> spawn_attached(const ProcessSpec& spec) {
  ERNSTFALL_TRY(PipePair in, make_pipe());
  ERNSTFALL_TRY(PipePair out, make_pipe());
  ERNSTFALL_TRY(PipePair err, make_pipe());
  const ChildSetup setup{in.read.get(), out.write.get(), err.write.get(),
                         false,         ::getpid(),      folder_or_null(spec)};
  ERNSTFALL_TRY(const int pid, Launcher::instance().start(spec, setup));
  Spawned spawned{pid, Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))),
                  Pipes{std::move(in.write), std::move(out.read), std::move(err.read)}};
  for (const Fd* fd : {&spawned.pipes.in, &spawned.pipes.out, &spawned.pipes.err})
    ::fcntl(fd->get(), F_SETFL, ::fcntl(fd->get(), F_GETFL) | O_NONBLOCK);
  if (!spawned.exit_fd.valid())
    return tl::unexpected(errno_error(spec.argv.front(), "cannot watch the process"));
  return spawned;
}

Status return_to_one_thread() {
  Launcher::retire();
  // A thread that was joined may be listed for a moment longer.
  const Deadline deadline = Deadline::after(std::chrono::seconds(2));
  while (true) {
    std::error_code ec;
    const auto threads =
        std::distance(std::filesystem::directory_iterator("/proc/self/task", ec), {});
    if (ec) return fail_at(Errc::io, "/proc/self/task", "cannot list: {}", ec.message());
    if (threads == 1) return {};
    if (deadline.expired())
      return fail(Errc::internal, "this process has {} threads where it must have one", threads);
    sleep_until(deadline.at_most(std::chrono::milliseconds(1)), {});
  }
}

Result<int> spawn_detached(const ProcessSpec& spec, const std::string& log_path) {
  const Fd null = above_stdio(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!null.valid()) return tl::unexpected(errno_error("/dev/null", "cannot open"));
  const Fd log =
      above_stdio(::open(log_path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
  if (!log.valid()) return tl::unexpected(errno_error(log_path, "cannot open"));
  return launch(
      spec, ChildSetup{null.get(), log.get(), log.get(), true, ::getpid(), folder_or_null(spec)});
}

}  // namespace ernstfall
