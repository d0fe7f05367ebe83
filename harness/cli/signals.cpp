// signals: a thread in sigwait, so that no code runs in a signal handler.
#include "harness/cli/signals.h"

#include <fmt/core.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <thread>

namespace ernstfall::cli {
namespace {

std::atomic<int> first_signal{0};
std::atomic<std::uint64_t> undo_requests{0};
std::mutex hint_mutex;
std::string heal_hint;

void wait_for_signals(const sigset_t& set, std::stop_source source) {
  while (true) {
    int number = 0;
    if (sigwait(&set, &number) != 0) return;
    if (number == SIGUSR1) {
      ++undo_requests;
      continue;
    }
    int none = 0;
    if (first_signal.compare_exchange_strong(none, number)) {
      fmt::print(stderr, "\nernstfall: stopping; faults are undone first (once more: give up)\n");
      source.request_stop();
      continue;
    }
    const std::lock_guard lock(hint_mutex);
    fmt::print(stderr,
               "\nernstfall: gave up waiting. The dead-man will undo what is left; or now: {}\n",
               heal_hint.empty() ? "ernstfall heal runs/latest" : heal_hint);
    ::_exit(128 + number);
  }
}

}  // namespace

std::stop_token stop_on_signals() {
  static std::stop_source source;
  static std::once_flag once;
  std::call_once(once, [] {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    // Ends with the process: sigwait has no stop token.
    std::thread(wait_for_signals, set, source).detach();
  });
  return source.get_token();
}

std::uint64_t undo_now_requests() {
  return undo_requests.load();
}

void set_heal_hint(const std::string& hint) {
  const std::lock_guard lock(hint_mutex);
  heal_hint = hint;
}

ExitCode exit_code_after_signals(ExitCode code) {
  const int number = first_signal.load();
  if (number == 0 || code == ExitCode::dirty) return code;
  return number == SIGTERM ? ExitCode::terminated : ExitCode::interrupted;
}

}  // namespace ernstfall::cli
