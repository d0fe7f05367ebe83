// remote: the one seam through which anything is done on a node.
//
//   Remote            a node that can be asked to run argv
//     ssh2_remote     libssh2, one owner thread per node (default)
//     openssh_remote  the ssh client with ControlMaster: ssh_config, jump hosts, agents, modern
//     ciphers local_remote    this machine (tests, single-host use) fake_remote     tests/mocks
//
// A Remote connects on first use and again after a failure; it never retries a command by itself.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "harness/core/clock.h"
#include "harness/core/result.h"
#include "harness/core/text.h"

namespace ernstfall {

enum class Transport { libssh2, openssh, local };

// How to reach one node. Nothing secret in it: only paths of files.
struct SshAccess {
  Transport transport = Transport::libssh2;
  std::string host;  // address, or an alias of ssh_config with transport openssh
  int port = 22;
  std::string user = "root";     // empty: what ssh_config says (openssh only)
  std::string identity_file;     // private key; empty: agent or ssh_config (openssh only)
  std::string known_hosts_file;  // empty: ~/.ssh/known_hosts
  std::string ssh_config_file;   // openssh only; empty: the user's own
  Nanos connect_timeout = std::chrono::seconds(10);
  // A node that was silent for this long is asked for a sign of life; after three times this it is
  // unreachable, and so is everything that waits for it. At least 2 s.
  Nanos keepalive = std::chrono::seconds(5);
};

struct RemoteCommand {
  Argv argv = {};               // quoted for the node's shell in one place: shell_quote()
  std::string stdin_text = {};  // secrets go here, never into argv
  std::size_t max_output_bytes = 1U << 20U;
  bool keep_stdin = false;  // of a stream, without stdin_text: its stdin stays open, for write()
};

struct ExecResult {
  int exit_code = -1;  // meaningful only when signal is empty
  std::string signal;  // "TERM" ...; checked first: a killed command has exit status 0 in libssh2
  std::string out;
  std::string err;
  bool truncated = false;

  bool ok() const { return signal.empty() && exit_code == 0; }
  std::string summary() const;  // "exit 1: last line of stderr"
};

// A command that goes on and prints lines; its stderr is kept for summary(), the first 64 KiB. At
// most `kMaxBufferedLines` are held: then we stop reading and SSH's window makes the node wait
// (back-pressure), nothing is dropped.
class LineStream {
 public:
  static constexpr std::size_t kMaxBufferedLines = 4096;
  // Closes the channel and, while the node answers, sends SIGTERM to the command's process group: a
  // command that prints nothing more would never notice otherwise. A command on a node that does
  // not answer goes on until its next write.
  virtual ~LineStream() = default;
  // nullopt: the command ended. Errc::timeout: nothing yet, call again. Errc::unreachable: lost.
  virtual Result<std::optional<std::string>> next_line(Deadline deadline,
                                                       const std::stop_token& stop) = 0;
  // To its stdin, with keep_stdin. Comes back when the text is on its way, not when it was read; a
  // connection that is lost says so in next_line(). Errc::io: it has ended or does not read,
  // Errc::unsupported: without keep_stdin.
  virtual Status write(std::string_view text);
  // How it ended, once next_line() has said so: "exit 127: sh: 1: drbdsetup: not found".
  virtual std::string summary() const { return {}; }
};

class Remote {
 public:
  virtual ~Remote() = default;
  // Errc::unreachable | auth | host_key | unsupported (no common algorithm) | timeout | cancelled |
  // protocol. After a timeout or a lost connection the command may or may not have run, and may
  // still run: the caller must look. The result comes when the command itself has ended, also when
  // something it started keeps its output open.
  virtual Result<ExecResult> exec(const RemoteCommand& command, Deadline deadline,
                                  const std::stop_token& stop) = 0;
  // Returns when the command has started.
  virtual Result<std::unique_ptr<LineStream>> stream(const RemoteCommand& command,
                                                     Deadline deadline,
                                                     const std::stop_token& stop) = 0;
  // "root@10.77.0.11:22 (libssh2)"
  virtual std::string describe() const = 0;
  // Local address of our own SSH connection as the node sees it ("10.77.0.1"); network faults
  // exempt this flow. Unsupported where there is none.
  virtual Result<std::string> control_path_source(Deadline deadline,
                                                  const std::stop_token& stop) = 0;
};

// What the user left out can be filled in, and key and known-hosts files are there and readable.
// Looks at this machine only.
Status check_ssh_access(const std::string& node_name, const SshAccess& access);
// The same checks; does not connect.
Result<std::unique_ptr<Remote>> make_remote(const std::string& node_name, const SshAccess& access);

// Exec, with an exit other than 0 turned into an Error; returns stdout.
Result<std::string> exec_ok(Remote& remote, const Argv& argv, Deadline deadline,
                            const std::stop_token& stop);
// Runs a script of ours by the node's sh; its text travels on stdin and `args` are its "$1"... .
// Any exit code is a result.
Result<ExecResult> exec_script(Remote& remote, std::string_view script, const Argv& args,
                               Deadline deadline, const std::stop_token& stop);
// Writes a file on the node atomically (temporary file, sync, mv; only when all of it arrived).
// `path` is absolute, `mode` as for chmod; content travels on stdin.
Status put_file(Remote& remote, const std::string& path, std::string_view content,
                const std::string& mode, Deadline deadline, const std::stop_token& stop);

}  // namespace ernstfall
