// process_testing: small helpers for tests that start real programs.
#pragma once

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <string>

#include "harness/core/files.h"
#include "harness/process/process.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall {

using testing_support::TempFolder;

inline ProcessSpec shell(const std::string& script) {
  return {.argv = {"sh", "-c", script}};
}

inline bool still_runs(int pid) {
  const auto ticks = process_start_ticks(pid);
  return ticks && process_alive(pid, *ticks);
}

// Polls until `condition` holds, 20 s at most.
template <typename Condition>
bool eventually(Condition condition) {
  const Deadline deadline = Deadline::after(std::chrono::seconds(20));
  while (!condition()) {
    if (deadline.expired()) return false;
    ::poll(nullptr, 0, 2);
  }
  return true;
}

inline bool ends_soon(int pid) {
  return eventually([pid] { return !still_runs(pid); });
}

inline bool wait_for_lines(const std::string& path, std::ptrdiff_t lines) {
  return eventually([&] {
    const auto text = read_file(path);
    return text && std::count(text->begin(), text->end(), '\n') >= lines;
  });
}

}  // namespace ernstfall
