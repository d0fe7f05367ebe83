// ssh2_remote: Remote over libssh2; hands jobs to the owner thread of the node and waits for them.
#include "harness/remote/remote_script.h"
#include "harness/remote/ssh2_owner.h"
#include "harness/remote/transports.h"

namespace ernstfall {
namespace {

constexpr std::size_t kMaxUnsentBytes = 64U << 10U;
constexpr std::size_t kResumeBelow = LineStream::kMaxBufferedLines / 2;

tl::unexpected<Error> with_place(Error error, const std::string& where) {
  if (error.where.empty()) error.where = where;
  return tl::unexpected(std::move(error));
}

class Ssh2LineStream final : public LineStream {
 public:
  Ssh2LineStream(std::shared_ptr<Ssh2Owner> owner, std::shared_ptr<Ssh2Job> job)
      : owner_(std::move(owner)), job_(std::move(job)) {}

  ~Ssh2LineStream() override {
    job_->abandoned = true;
    owner_->nudge();
  }

  Result<std::optional<std::string>> next_line(Deadline deadline,
                                               const std::stop_token& stop) override {
    std::unique_lock lock(job_->mutex);
    const bool ready = job_->changed.wait_until(
        lock, stop, deadline.time(), [this] { return !job_->lines.empty() || job_->ended; });
    if (!ready && stop.stop_requested())
      return fail_at(Errc::cancelled, owner_->where(), "cancelled");
    if (!ready) return fail_at(Errc::timeout, owner_->where(), "no line until the deadline");
    if (!job_->lines.empty()) {
      std::string line = std::move(job_->lines.front());
      job_->lines.pop_front();
      if (job_->paused && job_->lines.size() == kResumeBelow) owner_->nudge();
      return line;
    }
    if (job_->error) return with_place(*job_->error, owner_->where());
    return std::nullopt;
  }

  Status write(std::string_view text) override {
    if (!job_->command.keep_stdin) return LineStream::write(text);
    {
      const std::lock_guard lock(job_->mutex);
      if (job_->ended) return fail_at(Errc::io, owner_->where(), "its input is closed");
      if (job_->input.size() + text.size() > kMaxUnsentBytes)
        return fail_at(Errc::io, owner_->where(), "does not read its input");
      job_->input.append(text);
    }
    owner_->nudge();
    return {};
  }

  std::string summary() const override {
    const std::lock_guard lock(job_->mutex);
    if (job_->error) return job_->error->what;
    return job_->ended ? job_->result.summary() : std::string();
  }

 private:
  std::shared_ptr<Ssh2Owner> owner_;
  std::shared_ptr<Ssh2Job> job_;
};

class Ssh2Remote final : public Remote {
 public:
  Ssh2Remote(const std::string& node_name, const SshAccess& access)
      : description_(fmt::format("{}@{}:{} (libssh2)", access.user, access.host, access.port)),
        owner_(std::make_shared<Ssh2Owner>(access, node_name)) {}

  Result<ExecResult> exec(const RemoteCommand& command, Deadline deadline,
                          const std::stop_token& stop) override {
    const std::string token = random_token();
    auto job =
        std::make_shared<Ssh2Job>(command, exec_line(command.argv, token), token, false, deadline);
    ERNSTFALL_CHECK(owner_->submit(job));
    std::unique_lock lock(job->mutex);
    const bool ended =
        job->changed.wait_until(lock, stop, deadline.time(), [&job] { return job->ended; });
    if (!ended) return give_up(*job, stop);
    if (job->error) return with_place(*job->error, owner_->where());
    return std::move(job->result);
  }

  Result<std::unique_ptr<LineStream>> stream(const RemoteCommand& command, Deadline deadline,
                                             const std::stop_token& stop) override {
    auto job = std::make_shared<Ssh2Job>(command, stream_line(command.argv), random_token(), true,
                                         deadline);
    ERNSTFALL_CHECK(owner_->submit(job));
    std::unique_lock lock(job->mutex);
    const bool known = job->changed.wait_until(lock, stop, deadline.time(),
                                               [&job] { return job->started || job->ended; });
    if (!known) return give_up(*job, stop);
    if (job->error && !job->started) return with_place(*job->error, owner_->where());
    if (!job->started)
      return fail_at(Errc::protocol, owner_->where(), "the command did not start: {}",
                     job->result.summary());
    return std::make_unique<Ssh2LineStream>(owner_, job);
  }

  std::string describe() const override { return description_; }

  Result<std::string> control_path_source(Deadline deadline, const std::stop_token& stop) override {
    return ssh_connection_source(*this, deadline, stop);
  }

 private:
  tl::unexpected<Error> give_up(Ssh2Job& job, const std::stop_token& stop) {
    job.abandoned = true;
    owner_->nudge();
    if (stop.stop_requested()) return fail_at(Errc::cancelled, owner_->where(), "cancelled");
    return fail_at(Errc::timeout, owner_->where(), "not finished at its deadline");
  }

  const std::string description_;
  std::shared_ptr<Ssh2Owner> owner_;  // shared with the streams, which may live longer
};

}  // namespace

std::unique_ptr<Remote> make_ssh2_remote(const std::string& node_name, const SshAccess& access) {
  return std::make_unique<Ssh2Remote>(node_name, access);
}

}  // namespace ernstfall
