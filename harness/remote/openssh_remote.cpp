// openssh_remote: Remote through the ssh client, one multiplexed connection per node
// (ControlMaster).
//
// The first command makes a master in the background, the others share its connection. It ends with
// this object, or by itself a minute after its last command when we were killed.
#include <stdlib.h>

#include <filesystem>

#include "harness/process/process.h"
#include "harness/remote/openssh_error.h"
#include "harness/remote/remote_script.h"
#include "harness/remote/transports.h"

namespace ernstfall {
namespace {

constexpr int kSshFailed = 255;
constexpr std::size_t kErrorBytes = 64U << 10U;
constexpr Nanos kEndTimeout = std::chrono::seconds(2);

// The arguments and the folder of the control socket; shared with streams, which may live longer.
class SshClient {
 public:
  SshClient(std::string node_name, SshAccess access, std::string folder)
      : node_name_(std::move(node_name)), access_(std::move(access)), folder_(std::move(folder)) {}
  SshClient(const SshClient&) = delete;
  SshClient& operator=(const SshClient&) = delete;

  ~SshClient() {
    std::error_code ignored;
    if (std::filesystem::exists(folder_ + "/s", ignored)) {
      ProcessSpec spec;
      spec.argv = arguments({"-O", "exit"}, {});
      static_cast<void>(run_process(spec, Deadline::after(kEndTimeout), {}));
    }
    std::filesystem::remove_all(folder_, ignored);
  }

  const std::string& node_name() const { return node_name_; }
  const SshAccess& access() const { return access_; }

  ProcessSpec spec(const RemoteCommand& command, std::string line) const {
    ProcessSpec spec;
    spec.argv = arguments({}, std::move(line));
    spec.stdin_text = command.stdin_text;
    spec.max_output_bytes = kErrorBytes;
    return spec;
  }

  Error transport_error(std::string_view messages) const {
    return openssh_error(messages, node_name_, access_);
  }

 private:
  Argv arguments(const Argv& extra, std::string line) const {
    const auto seconds = [](Nanos duration) {
      return std::to_string(
          std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(duration).count()));
    };
    Argv argv{"ssh", "-T"};
    if (!access_.ssh_config_file.empty()) argv.insert(argv.end(), {"-F", access_.ssh_config_file});
    if (access_.port != 22) argv.insert(argv.end(), {"-p", std::to_string(access_.port)});
    if (!access_.user.empty()) argv.insert(argv.end(), {"-l", access_.user});
    const auto option = [&argv](const std::string& text) { argv.insert(argv.end(), {"-o", text}); };
    option("BatchMode=yes");
    option("StrictHostKeyChecking=yes");
    option("ControlMaster=auto");
    option("ControlPath=" + folder_ + "/s");
    option("ControlPersist=60");
    option("ConnectTimeout=" + seconds(access_.connect_timeout));
    option("ServerAliveInterval=" + seconds(access_.keepalive));
    option("ServerAliveCountMax=3");
    option("ForwardAgent=no");
    option("LogLevel=ERROR");
    if (!access_.identity_file.empty()) {
      argv.insert(argv.end(), {"-i", access_.identity_file});
      option("IdentitiesOnly=yes");
    }
    if (!access_.known_hosts_file.empty()) option("UserKnownHostsFile=" + access_.known_hosts_file);
    argv.insert(argv.end(), extra.begin(), extra.end());
    argv.insert(argv.end(), {"--", access_.host});
    if (!line.empty()) argv.push_back(std::move(line));
    return argv;
  }

  const std::string node_name_;
  const SshAccess access_;
  const std::string folder_;
};

class OpensshLineStream final : public LineStream {
 public:
  OpensshLineStream(std::shared_ptr<SshClient> client, std::unique_ptr<LocalProcess> process,
                    std::string pid, bool keep_stdin)
      : client_(std::move(client)),
        process_(std::move(process)),
        pid_(std::move(pid)),
        keep_stdin_(keep_stdin) {}

  ~OpensshLineStream() override {
    const bool ended = result().has_value();
    process_.reset();
    if (ended) return;
    const RemoteCommand command{.argv = terminate_argv(pid_)};
    static_cast<void>(run_process(client_->spec(command, shell_quote(command.argv)),
                                  Deadline::after(kEndTimeout), {}));
  }

  Result<std::optional<std::string>> next_line(Deadline deadline,
                                               const std::stop_token& stop) override {
    auto line = process_->next_line(deadline, stop);
    if (!line) {
      line.error().where = client_->node_name();
      return line;
    }
    if (line->has_value()) return line;
    // After the end of its output the client still tells whether that was the command's end.
    ERNSTFALL_TRY(const ProcessResult ended, process_->wait(deadline, stop));
    if (ended.exit_code == kSshFailed || ended.signal != 0)
      return tl::unexpected(client_->transport_error(ended.err));
    return std::nullopt;
  }

  Status write(std::string_view text) override {
    return keep_stdin_ ? process_->write(text) : LineStream::write(text);
  }

  std::string summary() const override {
    const auto ended = result();
    return ended ? ended->summary() : std::string();
  }

 private:
  Result<ProcessResult> result() const {
    return process_->wait(Deadline::after(Nanos::zero()), {});
  }

  std::shared_ptr<SshClient> client_;
  std::unique_ptr<LocalProcess> process_;
  const std::string pid_;
  const bool keep_stdin_;
};

class OpensshRemote final : public Remote {
 public:
  explicit OpensshRemote(std::shared_ptr<SshClient> client) : client_(std::move(client)) {}

  Result<ExecResult> exec(const RemoteCommand& command, Deadline deadline,
                          const std::stop_token& stop) override {
    const std::string token = random_token();
    MarkedOutput out(token, command.max_output_bytes);
    MarkedOutput err(token, command.max_output_bytes);
    const auto watcher = [&](bool is_stderr, std::string_view bytes) {
      (is_stderr ? err : out).feed(bytes);
      return out.complete() && err.complete();
    };
    auto ended = run_process_watched(client_->spec(command, exec_line(command.argv, token)),
                                     watcher, deadline, stop);
    if (!ended) return failed_to_run(std::move(ended.error()));
    if (out.complete() && err.complete()) return make_exec_result(out, err);
    out.end();
    err.end();
    if (ended->exit_code == kSshFailed || ended->signal != 0)
      return tl::unexpected(client_->transport_error(err.text()));
    if (ended->exit_code == 0)
      return fail_at(Errc::protocol, client_->node_name(), "the command ended without a status: {}",
                     elide(trim(err.text() + out.text()), 300));
    ExecResult result = make_exec_result(out, err);
    result.exit_code = ended->exit_code;
    return result;
  }

  Result<std::unique_ptr<LineStream>> stream(const RemoteCommand& command, Deadline deadline,
                                             const std::stop_token& stop) override {
    ERNSTFALL_TRY(auto process,
                  LocalProcess::start(client_->spec(command, stream_line(command.argv))));
    auto first = process->next_line(deadline, stop);
    if (!first) return failed_to_run(std::move(first.error()));
    if (!first->has_value()) {
      ERNSTFALL_TRY(const ProcessResult ended, process->wait(deadline, stop));
      if (ended.exit_code == kSshFailed || ended.signal != 0)
        return tl::unexpected(client_->transport_error(ended.err));
      return fail_at(Errc::protocol, client_->node_name(), "the command did not start: {}",
                     ended.summary());
    }
    return std::make_unique<OpensshLineStream>(client_, std::move(process), **first,
                                               command.keep_stdin);
  }

  std::string describe() const override {
    const SshAccess& access = client_->access();
    return fmt::format("{}{}{}:{} (openssh)", access.user, access.user.empty() ? "" : "@",
                       access.host, access.port);
  }

  Result<std::string> control_path_source(Deadline deadline, const std::stop_token& stop) override {
    return ssh_connection_source(*this, deadline, stop);
  }

 private:
  tl::unexpected<Error> failed_to_run(Error error) const {
    error.where = client_->node_name();
    return tl::unexpected(std::move(error));
  }

  std::shared_ptr<SshClient> client_;
};

}  // namespace

Result<std::unique_ptr<Remote>> make_openssh_remote(const std::string& node_name,
                                                    const SshAccess& access) {
  // Always /tmp: with the suffix that ssh adds, a socket's path must fit into 108 bytes.
  std::string folder = "/tmp/ernstfall-ssh-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr)
    return fail_at(Errc::io, folder, "cannot make a folder for the control socket");
  return std::make_unique<OpensshRemote>(std::make_shared<SshClient>(node_name, access, folder));
}

}  // namespace ernstfall
