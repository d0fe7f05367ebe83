// ssh2_job: a command on its way between the thread that asked and the owner thread of the node.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "harness/remote/remote.h"

namespace ernstfall {

struct Ssh2Job {
  Ssh2Job(RemoteCommand command_, std::string line_, std::string token_, bool stream_,
          Deadline deadline_)
      : command(std::move(command_)),
        line(std::move(line_)),
        token(std::move(token_)),
        stream(stream_),
        deadline(deadline_) {}

  // Fixed from the start.
  const RemoteCommand command;
  const std::string line;   // for the node's shell
  const std::string token;  // of exec_line()
  const bool stream;
  const Deadline deadline;  // of the command, or of the start of a stream

  // Set by the asking thread when nobody waits any more.
  std::atomic<bool> abandoned = false;

  // What the owner hands back; all below is guarded.
  std::mutex mutex;
  std::condition_variable_any changed;
  bool started = false;  // a stream's command runs
  bool ended = false;
  bool paused = false;  // the owner waits for the reader of the lines
  std::deque<std::string> lines;
  std::string input;  // with keep_stdin: not yet sent
  std::optional<Error> error;
  ExecResult result;  // of a stream: how it ended, without `out`
  std::string pid;    // of a stream's command

  void fail_with(const Error& why) {
    const std::lock_guard lock(mutex);
    if (ended) return;
    error = why;
    ended = true;
    changed.notify_all();
  }
};

}  // namespace ernstfall
