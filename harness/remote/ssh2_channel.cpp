// ssh2_channel: opening, feeding, reading and the end of one command.
#include "harness/remote/ssh2_channel.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace ernstfall {
namespace {

// libssh2 holds at most this much of a channel that is not read, plus one read.
constexpr unsigned kWindowBytes = 256U << 10U;
constexpr std::size_t kReadBytes = 32U << 10U;
constexpr int kReadsPerStep = 8;  // then it is another channel's turn
constexpr std::size_t kMaxLineBytes = 1U << 20U;
constexpr std::size_t kStreamErrBytes = 64U << 10U;

Error lost(const Ssh2Session& session) {
  return Error{Errc::unreachable, "connection lost: " + session.last_error(), {}};
}

bool is_connection_error(std::int64_t rc) {
  return rc == LIBSSH2_ERROR_SOCKET_DISCONNECT || rc == LIBSSH2_ERROR_SOCKET_RECV ||
         rc == LIBSSH2_ERROR_SOCKET_SEND || rc == LIBSSH2_ERROR_SOCKET_TIMEOUT ||
         rc == LIBSSH2_ERROR_DECRYPT || rc == LIBSSH2_ERROR_INVALID_MAC ||
         rc == LIBSSH2_ERROR_BAD_SOCKET || rc == LIBSSH2_ERROR_PROTO;
}

std::string exit_signal(LIBSSH2_SESSION* session, LIBSSH2_CHANNEL* channel) {
  char* name = nullptr;
  std::size_t size = 0;
  libssh2_channel_get_exit_signal(channel, &name, &size, nullptr, nullptr, nullptr, nullptr);
  std::string text = name != nullptr ? std::string(name, size) : std::string();
  if (name != nullptr) libssh2_free(session, name);
  return text;
}

}  // namespace

Ssh2Channel::Ssh2Channel(std::shared_ptr<Ssh2Job> job)
    : job_(std::move(job)),
      out_(job_->token, job_->command.max_output_bytes),
      err_(job_->token, job_->stream ? kStreamErrBytes : job_->command.max_output_bytes) {}

Result<Ssh2Channel::Step> Ssh2Channel::step(Ssh2Session& session) {
  switch (stage_) {
    case Stage::opening:
      return open(session);
    case Stage::requesting:
      return request(session);
    case Stage::running:
      return run(session);
    case Stage::closing:
      return await_close(session);
  }
  return Step::finished;
}

// libssh2 keeps the state of opening in the session: the caller lets one channel open at a time.
// One that is abandoned half-way is taken over by the next that opens.
Result<Ssh2Channel::Step> Ssh2Channel::open(Ssh2Session& session) {
  static constexpr std::string_view kKind = "session";
  channel_ = libssh2_channel_open_ex(session.raw(), kKind.data(), kKind.size(), kWindowBytes,
                                     LIBSSH2_CHANNEL_PACKET_DEFAULT, nullptr, 0);
  if (channel_ == nullptr) {
    const int rc = libssh2_session_last_errno(session.raw());
    if (rc == LIBSSH2_ERROR_EAGAIN) return Step::waiting;
    if (rc == LIBSSH2_ERROR_CHANNEL_FAILURE) return Step::full;
    return tl::unexpected(lost(session));
  }
  stage_ = Stage::requesting;
  return Step::moved;
}

Result<Ssh2Channel::Step> Ssh2Channel::request(Ssh2Session& session) {
  static constexpr std::string_view kExec = "exec";
  const int rc =
      libssh2_channel_process_startup(channel_, kExec.data(), static_cast<unsigned>(kExec.size()),
                                      job_->line.data(), static_cast<unsigned>(job_->line.size()));
  if (rc == LIBSSH2_ERROR_EAGAIN) return Step::waiting;
  if (is_connection_error(rc)) return tl::unexpected(lost(session));
  if (rc != 0)
    return fail_job(Errc::protocol, "the node does not start commands: " + session.last_error());
  stage_ = Stage::running;
  return Step::moved;
}

Result<Ssh2Channel::Step> Ssh2Channel::run(Ssh2Session& session) {
  ERNSTFALL_TRY(bool moved, feed(session));
  moved = deliver_lines() || moved;
  bool out_ended = false;
  bool err_ended = false;
  for (int i = 0; i < kReadsPerStep && !paused_; ++i) {
    ERNSTFALL_TRY(const bool out_read, read(session, 0, out_ended));
    ERNSTFALL_TRY(const bool err_read, read(session, SSH_EXTENDED_DATA_STDERR, err_ended));
    moved = deliver_lines() || moved || out_read || err_read;
    if (!out_read && !err_read) break;
  }
  if (unsplit_.size() > kMaxLineBytes && !paused_)
    return fail_job(Errc::protocol, fmt::format("a line of more than {} bytes", kMaxLineBytes));
  if (!job_->stream && out_.complete() && err_.complete()) return finish_exec(0, {});
  if (!paused_ && libssh2_channel_eof(channel_) == 1) {
    if (unsplit_.empty())
      stage_ = Stage::closing;
    else
      unsplit_ += '\n';  // output that ends without a newline is a line too
    return Step::moved;
  }
  return moved ? Step::moved : Step::waiting;
}

// The status comes after the end of the output and before the close.
Result<Ssh2Channel::Step> Ssh2Channel::await_close(Ssh2Session& session) {
  const int rc = libssh2_channel_wait_closed(channel_);
  if (rc == LIBSSH2_ERROR_EAGAIN) return Step::waiting;
  if (is_connection_error(rc)) return tl::unexpected(lost(session));
  // The signal first: with one, libssh2 reports exit status 0.
  const std::string signal = exit_signal(session.raw(), channel_);
  const int status = libssh2_channel_get_exit_status(channel_);
  return job_->stream ? finish_stream(status, signal) : finish_exec(status, signal);
}

Result<bool> Ssh2Channel::feed(Ssh2Session& session) {
  const std::string& input = job_->command.stdin_text;
  bool moved = false;
  while (fed_ < input.size() && session.can_buffer()) {
    const ssize_t put = libssh2_channel_write_ex(channel_, 0, input.data() + fed_,
                                                 std::min(input.size() - fed_, kReadBytes));
    if (put == LIBSSH2_ERROR_EAGAIN || put == 0) return moved;
    if (is_connection_error(put)) return tl::unexpected(lost(session));
    moved = true;
    // A command that has closed its input is no error; the rest is not sent.
    fed_ = put < 0 ? input.size() : fed_ + static_cast<std::size_t>(put);
  }
  if (job_->command.keep_stdin) {
    ERNSTFALL_TRY(const bool said, feed_more(session));
    return moved || said;
  }
  if (fed_ == input.size() && !input_ended_) {
    const int rc = libssh2_channel_send_eof(channel_);
    if (is_connection_error(rc)) return tl::unexpected(lost(session));
    input_ended_ = rc != LIBSSH2_ERROR_EAGAIN;
    moved = true;
  }
  return moved;
}

// What the user of a stream with an open stdin has written since.
Result<bool> Ssh2Channel::feed_more(Ssh2Session& session) {
  bool moved = false;
  while (session.can_buffer()) {
    if (unsent_.empty()) {
      const std::lock_guard lock(job_->mutex);
      unsent_.swap(job_->input);
    }
    if (unsent_.empty()) return moved;
    const ssize_t put =
        libssh2_channel_write_ex(channel_, 0, unsent_.data(), std::min(unsent_.size(), kReadBytes));
    if (put == LIBSSH2_ERROR_EAGAIN || put == 0) return moved;
    if (is_connection_error(put)) return tl::unexpected(lost(session));
    moved = true;
    unsent_.erase(0, put < 0 ? unsent_.size() : static_cast<std::size_t>(put));
  }
  return moved;
}

Result<bool> Ssh2Channel::read(Ssh2Session& session, int stream_id, bool& end) {
  std::array<char, kReadBytes> buffer;  // NOLINT: filled by the read
  const ssize_t got = libssh2_channel_read_ex(channel_, stream_id, buffer.data(), buffer.size());
  if (got == LIBSSH2_ERROR_EAGAIN) return false;
  if (is_connection_error(got)) return tl::unexpected(lost(session));
  if (got <= 0) {
    end = true;
    return false;
  }
  const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
  if (stream_id != 0)
    err_.feed(bytes);
  else if (job_->stream)
    unsplit_.append(bytes);
  else
    out_.feed(bytes);
  return true;
}

// Hands whole lines to the reader while it has room. True when something was handed over.
bool Ssh2Channel::deliver_lines() {
  if (!job_->stream) return false;
  const std::lock_guard lock(job_->mutex);
  std::size_t begin = 0;
  std::size_t newline = unsplit_.find('\n');
  bool delivered = false;
  while (newline != std::string::npos && job_->lines.size() < LineStream::kMaxBufferedLines) {
    std::string line = unsplit_.substr(begin, newline - begin);
    if (!job_->started) {
      job_->started = true;
      job_->pid = std::move(line);
    } else {
      job_->lines.push_back(std::move(line));
    }
    begin = newline + 1;
    newline = unsplit_.find('\n', begin);
    delivered = true;
  }
  unsplit_.erase(0, begin);
  paused_ = newline != std::string::npos;
  job_->paused = paused_;
  if (delivered) job_->changed.notify_all();
  return delivered;
}

Ssh2Channel::Step Ssh2Channel::finish_exec(int status, const std::string& signal) {
  const bool complete = out_.complete() && err_.complete();
  if (!complete) {
    out_.end();
    err_.end();
  }
  ExecResult result = make_exec_result(out_, err_);
  if (!complete) {
    result.exit_code = status;
    result.signal = signal;
    // libssh2 also says 0 when no status came.
    if (signal.empty() && status == 0)
      return fail_job(Errc::protocol, "the command ended without a status: " +
                                          std::string(elide(trim(result.err + result.out), 300)));
  }
  const std::lock_guard lock(job_->mutex);
  job_->result = std::move(result);
  job_->ended = true;
  job_->changed.notify_all();
  return Step::finished;
}

Ssh2Channel::Step Ssh2Channel::finish_stream(int status, const std::string& signal) {
  err_.end();
  const std::lock_guard lock(job_->mutex);
  job_->result.exit_code = status;
  job_->result.signal = signal;
  job_->result.err = err_.take();
  job_->ended = true;
  job_->changed.notify_all();
  return Step::finished;
}

Ssh2Channel::Step Ssh2Channel::fail_job(Errc code, std::string what) {
  job_->fail_with(Error{code, std::move(what), {}});
  return Step::finished;
}

}  // namespace ernstfall
