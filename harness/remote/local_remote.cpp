// local_remote: this machine as a node, for tests and single-host use; no shell in between.
#include "harness/process/process.h"
#include "harness/remote/remote_script.h"
#include "harness/remote/transports.h"

namespace ernstfall {
namespace {

ProcessSpec to_spec(const RemoteCommand& command) {
  ProcessSpec spec;
  spec.argv = command.argv;
  spec.stdin_text = command.stdin_text;
  spec.max_output_bytes = command.max_output_bytes;
  return spec;
}

ExecResult to_exec_result(ProcessResult local) {
  ExecResult result;
  result.exit_code = local.exit_code;
  if (local.signal != 0) result.signal = signal_name(local.signal);
  result.out = std::move(local.out);
  result.err = std::move(local.err);
  result.truncated = local.truncated;
  return result;
}

class LocalLineStream final : public LineStream {
 public:
  LocalLineStream(std::unique_ptr<LocalProcess> process, bool keep_stdin)
      : process_(std::move(process)), keep_stdin_(keep_stdin) {}

  Result<std::optional<std::string>> next_line(Deadline deadline,
                                               const std::stop_token& stop) override {
    auto line = process_->next_line(deadline, stop);
    if (!line || line->has_value()) return line;
    ERNSTFALL_TRY(const ProcessResult ended, process_->wait(deadline, stop));
    static_cast<void>(ended);  // only waited for: the end of its output may come before its own
    return std::nullopt;
  }

  Status write(std::string_view text) override {
    return keep_stdin_ ? process_->write(text) : LineStream::write(text);
  }

  std::string summary() const override {
    const auto result = process_->wait(Deadline::after(Nanos::zero()), {});
    return result ? to_exec_result(*result).summary() : std::string();
  }

 private:
  std::unique_ptr<LocalProcess> process_;
  const bool keep_stdin_;
};

class LocalRemote final : public Remote {
 public:
  explicit LocalRemote(std::string node_name) : node_name_(std::move(node_name)) {}

  Result<ExecResult> exec(const RemoteCommand& command, Deadline deadline,
                          const std::stop_token& stop) override {
    ERNSTFALL_TRY(ProcessResult result, run_process(to_spec(command), deadline, stop));
    return to_exec_result(std::move(result));
  }

  Result<std::unique_ptr<LineStream>> stream(const RemoteCommand& command, Deadline /*deadline*/,
                                             const std::stop_token& /*stop*/) override {
    ERNSTFALL_TRY(auto process, LocalProcess::start(to_spec(command)));
    return std::make_unique<LocalLineStream>(std::move(process), command.keep_stdin);
  }

  std::string describe() const override { return node_name_ + " (this machine)"; }

  Result<std::string> control_path_source(Deadline /*deadline*/,
                                          const std::stop_token& /*stop*/) override {
    return fail_at(Errc::unsupported, node_name_, "this machine is reached without a network");
  }

 private:
  const std::string node_name_;
};

}  // namespace

std::unique_ptr<Remote> make_local_remote(const std::string& node_name) {
  return std::make_unique<LocalRemote>(node_name);
}

}  // namespace ernstfall
