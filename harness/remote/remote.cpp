// remote: choosing a transport, and helpers that need nothing but exec().
#include "harness/remote/remote.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "harness/remote/ssh_key_file.h"
#include "harness/remote/transports.h"

namespace ernstfall {
namespace {

constexpr std::size_t kSummaryBytes = 300;
constexpr Nanos kMinKeepalive = std::chrono::seconds(2);  // libssh2 sends no more often

Status check_known_hosts(const SshAccess& access) {
  if (::access(access.known_hosts_file.c_str(), R_OK) == 0) return {};
  return fail_at(Errc::host_key, access.known_hosts_file,
                 "cannot be read, so no host key can be verified; compare the node's fingerprint, "
                 "then: ssh-keyscan -p {} {} >> {}",
                 access.port, access.host, access.known_hosts_file);
}

// With what the user left out filled in, and each file looked at.
Result<SshAccess> checked(const std::string& node_name, SshAccess access) {
  if (access.host.empty()) return fail_at(Errc::usage, node_name, "no SSH host given");
  if (access.host.front() == '-' || (!access.user.empty() && access.user.front() == '-'))
    return fail_at(Errc::usage, node_name, "SSH host and user must not begin with a dash");
  if (access.port < 1 || access.port > 65535)
    return fail_at(Errc::usage, node_name, "SSH port {} is not between 1 and 65535", access.port);
  access.keepalive = std::max(access.keepalive, kMinKeepalive);
  const bool libssh2 = access.transport == Transport::libssh2;
  if (libssh2 && access.user.empty()) return fail_at(Errc::usage, node_name, "no SSH user given");
  if (libssh2 && access.identity_file.empty())
    return fail_at(Errc::usage, node_name,
                   "no private key file given; agents and ssh_config need `transport: openssh`");
  if (!access.identity_file.empty()) ERNSTFALL_CHECK(check_private_key_file(access.identity_file));
  if (libssh2 && access.known_hosts_file.empty()) {
    const char* home = std::getenv("HOME");
    access.known_hosts_file = std::string(home != nullptr ? home : "/root") + "/.ssh/known_hosts";
  }
  if (!access.known_hosts_file.empty()) ERNSTFALL_CHECK(check_known_hosts(access));
  if (!access.ssh_config_file.empty() && ::access(access.ssh_config_file.c_str(), R_OK) != 0)
    return fail_at(Errc::usage, access.ssh_config_file, "the ssh_config file cannot be read");
  return access;
}

}  // namespace

std::string ExecResult::summary() const {
  std::string text =
      signal.empty() ? fmt::format("exit {}", exit_code) : "killed by signal " + signal;
  std::string_view last = trim(err);
  if (const std::size_t newline = last.rfind('\n'); newline != std::string_view::npos)
    last = trim(last.substr(newline + 1));
  if (!last.empty()) text += ": " + elide(last, kSummaryBytes);
  return text;
}

Status check_ssh_access(const std::string& node_name, const SshAccess& access) {
  if (access.transport == Transport::local) return {};
  ERNSTFALL_CHECK(checked(node_name, access));
  return {};
}

Result<std::unique_ptr<Remote>> make_remote(const std::string& node_name, const SshAccess& access) {
  if (access.transport == Transport::local) return make_local_remote(node_name);
  ERNSTFALL_TRY(const SshAccess complete, checked(node_name, access));
  if (complete.transport == Transport::openssh) return make_openssh_remote(node_name, complete);
  return make_ssh2_remote(node_name, complete);
}

Status LineStream::write(std::string_view /*text*/) {
  return fail_at(Errc::unsupported, "stream", "its stdin was not kept open");
}

Result<std::string> exec_ok(Remote& remote, const Argv& argv, Deadline deadline,
                            const std::stop_token& stop) {
  ERNSTFALL_TRY(ExecResult result, remote.exec({.argv = argv}, deadline, stop));
  if (!result.ok())
    return fail_at(Errc::io, remote.describe(), "{}: {}", elide(shell_quote(argv), kSummaryBytes),
                   result.summary());
  return std::move(result.out);
}

Result<ExecResult> exec_script(Remote& remote, std::string_view script, const Argv& args,
                               Deadline deadline, const std::stop_token& stop) {
  RemoteCommand command;
  command.argv = {"sh", "-s", "--"};
  command.argv.insert(command.argv.end(), args.begin(), args.end());
  command.stdin_text = script;
  command.max_output_bytes = 1U << 16U;
  return remote.exec(command, deadline, stop);
}

Status put_file(Remote& remote, const std::string& path, std::string_view content,
                const std::string& mode, Deadline deadline, const std::stop_token& stop) {
  if (path.empty() || path.front() != '/')
    return fail_at(Errc::usage, path, "not an absolute path on the node");
  // A connection that breaks looks like the end of the input to the node: the size tells.
  static constexpr const char* kScript = R"sh(t=$(mktemp "$1.XXXXXX") || exit 1
if cat > "$t" && [ "$(wc -c < "$t")" -eq "$3" ] && chmod "$2" "$t"; then
  sync "$t" 2>/dev/null
  mv -f "$t" "$1" && exit 0
fi
rm -f "$t"
exit 1)sh";
  RemoteCommand command;
  command.argv = {"sh", "-c", kScript, "sh", path, mode, std::to_string(content.size())};
  command.stdin_text = content;
  ERNSTFALL_TRY(const ExecResult result, remote.exec(command, deadline, stop));
  if (!result.ok())
    return fail_at(Errc::io, remote.describe(), "cannot write {}: {}", path, result.summary());
  return {};
}

Result<std::string> ssh_connection_source(Remote& remote, Deadline deadline,
                                          const std::stop_token& stop) {
  ERNSTFALL_TRY(const std::string text,
                exec_ok(remote, {"sh", "-c", R"(printf %s "$SSH_CONNECTION")"}, deadline, stop));
  const std::string address = text.substr(0, text.find(' '));
  if (address.empty())
    return fail_at(Errc::unsupported, remote.describe(), "the node sets no SSH_CONNECTION");
  return address;
}

}  // namespace ernstfall
