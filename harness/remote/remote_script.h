// remote_script: the shell lines that carry a command to a node, and what comes back with them.
//
// SSH alone cannot be trusted with the end of a command: a grandchild that holds stdout keeps the
// channel open, libssh2 says status 0 when no status came at all, and the ssh client's 255 may be
// the command's own. So a line is wrapped in a small script that prints a random token and the
// status on both outputs when the command itself has ended:
//
//   stdout:  ...output...\nTOKEN 7\n      stderr:  ...messages...\nTOKEN 7\n
#pragma once

#include <optional>
#include <string>

#include "harness/remote/remote.h"

namespace ernstfall {

std::string random_token();
std::string exec_line(const Argv& argv, const std::string& token);
// Prints its process id as its first line and then becomes `argv`.
std::string stream_line(const Argv& argv);
// Ends what stream_line() started: its process group, or at least itself.
Argv terminate_argv(const std::string& pid);

// One output of a wrapped command: bounded, and searched for the token while it comes in.
class MarkedOutput {
 public:
  MarkedOutput(std::string token, std::size_t max_bytes)
      : marker_("\n" + std::move(token) + " "), max_bytes_(max_bytes) {}
  void feed(std::string_view bytes);
  void end();  // no more will come: what looked like the begin of a marker is output
  bool complete() const { return status_.has_value(); }
  std::optional<int> status() const { return status_; }
  bool truncated() const { return truncated_; }
  const std::string& text() const { return text_; }
  std::string take() { return std::move(text_); }

 private:
  void keep(std::string_view bytes);

  std::string marker_;
  std::size_t max_bytes_;
  std::string pending_;  // may hold the begin of the marker; shorter than it plus one read
  std::string text_;
  bool truncated_ = false;
  std::optional<int> status_;
};

// The result of a command whose outputs are both complete. A status above 128 is how a shell says
// "killed by a signal".
ExecResult make_exec_result(MarkedOutput& out, MarkedOutput& err);
std::string signal_name(int number);  // "TERM"

}  // namespace ernstfall
