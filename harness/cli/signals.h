// signals: the first SIGINT or SIGTERM asks to stop and heal; the second gives up waiting. SIGUSR1
// asks to undo what holds now, and to go on.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "harness/core/exit_code.h"

namespace ernstfall::cli {

// Starts the one thread that waits for signals. Call before any other thread exists, and after the
// lab's namespace was entered: the signal mask and the namespace are inherited.
std::stop_token stop_on_signals();
// How often SIGUSR1 came; for RunOptions::undo_requests.
std::uint64_t undo_now_requests();
// What to print at the second signal ("ernstfall heal runs/..."), since nobody will heal then but
// the keeper.
void set_heal_hint(const std::string& hint);
// 130 or 143 when a signal ended the command, unless the cluster is dirty; else `code`.
ExitCode exit_code_after_signals(ExitCode code);

}  // namespace ernstfall::cli
