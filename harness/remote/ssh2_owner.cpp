// ssh2_owner: the event loop over all channels of one node.
#include "harness/remote/ssh2_owner.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace ernstfall {
namespace {

constexpr std::size_t kMaxSubmitted = 1024;
constexpr std::size_t kMaxChannels = 8;  // sshd's default MaxSessions is 10
constexpr int kMaxRefusals = 20;
constexpr Nanos kRefusalPause = std::chrono::milliseconds(50);
constexpr Nanos kTerminateTimeout = std::chrono::seconds(5);
constexpr Nanos kFinishTimeout = std::chrono::seconds(1);
constexpr Nanos kIdleWait = std::chrono::hours(1);

}  // namespace

Ssh2Owner::Ssh2Owner(SshAccess access, std::string where)
    : access_(std::move(access)),
      where_(std::move(where)),
      session_(access_),
      max_channels_(kMaxChannels),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Ssh2Owner::~Ssh2Owner() {
  thread_.request_stop();
  wake_.wake();
  thread_.join();
}

Status Ssh2Owner::submit(std::shared_ptr<Ssh2Job> job) {
  {
    const std::lock_guard lock(mutex_);
    if (submitted_.size() >= kMaxSubmitted)
      return fail_at(Errc::refused, where_, "{} commands wait already", kMaxSubmitted);
    submitted_.push_back(std::move(job));
  }
  wake_.wake();
  return {};
}

void Ssh2Owner::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    take_submitted();
    drop_unwanted();
    if (session_.ready() && channels_.empty() && session_.lost()) close_session();
    if (!channels_.empty() && !session_.ready()) connect();
    const bool moved = session_.ready() && step_channels();
    if (session_.active())
      if (const Status flushed = session_.flush(); !flushed) lose(flushed.error());
    if (!moved) wait();
  }
  finish();
}

// What was said to the node last still goes out: the SIGTERM for a stream that was just destroyed.
void Ssh2Owner::finish() {
  const Deadline deadline = Deadline::after(kFinishTimeout);
  take_submitted();
  drop_unwanted();
  for (Ssh2Channel& channel : channels_)
    if (channel.job().stream) channel.job().abandoned = true;
  drop_unwanted();
  while (session_.ready() && !channels_.empty() && !deadline.expired()) {
    if (step_channels()) continue;
    if (!session_.flush()) break;
    pollfd entry{session_.fd(), static_cast<short>(POLLIN | (session_.wants_write() ? POLLOUT : 0)),
                 0};
    ::poll(&entry, 1, deadline.remaining_ms());
  }
  lose(Error{Errc::cancelled, "the connection was closed by us", {}});
}

void Ssh2Owner::take_submitted() {
  std::deque<std::shared_ptr<Ssh2Job>> jobs;
  {
    const std::lock_guard lock(mutex_);
    jobs.swap(submitted_);
  }
  for (std::shared_ptr<Ssh2Job>& job : jobs) {
    if (host_key_error_)
      job->fail_with(*host_key_error_);
    else
      channels_.emplace_back(std::move(job));
  }
}

void Ssh2Owner::drop_unwanted() {
  for (auto channel = channels_.begin(); channel != channels_.end();) {
    const auto current = channel++;
    Ssh2Job& job = current->job();
    bool started = false;
    {
      const std::lock_guard lock(job.mutex);
      started = job.started;
    }
    if (job.abandoned) {
      if (started) terminate(job);
      drop(current);
    } else if (!started && job.deadline.expired()) {
      job.fail_with(Error{Errc::timeout, "not finished at its deadline", where_});
      drop(current);
    }
  }
}

void Ssh2Owner::drop(std::list<Ssh2Channel>::iterator channel) {
  if (LIBSSH2_CHANNEL* raw = channel->release()) closed_.push_back(raw);
  channels_.erase(channel);
}

void Ssh2Owner::terminate(const Ssh2Job& stream) {
  const Argv argv = terminate_argv(stream.pid);
  channels_.emplace_front(std::make_shared<Ssh2Job>(RemoteCommand{argv}, shell_quote(argv),
                                                    random_token(), false,
                                                    Deadline::after(kTerminateTimeout)));
}

void Ssh2Owner::connect() {
  if (!session_.active()) {
    max_channels_ = kMaxChannels;
    if (const Status started = session_.start(); !started) return lose(started.error());
  }
  const Result<bool> advanced = session_.advance();
  if (!advanced) lose(advanced.error());
}

void Ssh2Owner::close_session() {
  session_.close();
  closed_.clear();  // freed with the session
}

// Every job gets `why`; the next one makes a new connection.
void Ssh2Owner::lose(Error why) {
  why.where = where_;
  if (why.code == Errc::host_key) host_key_error_ = why;
  close_session();
  for (Ssh2Channel& channel : channels_) channel.job().fail_with(why);
  channels_.clear();
}

bool Ssh2Owner::step_channels() {
  bool moved = free_closed();
  for (auto channel = channels_.begin(); channel != channels_.end();) {
    const Result<bool> stepped = step_one(channel);
    if (!stepped) {
      lose(stepped.error());
      return true;
    }
    moved = *stepped || moved;
  }
  return moved;
}

// Moves `channel` on and the iterator to the next. True when something was done.
Result<bool> Ssh2Owner::step_one(std::list<Ssh2Channel>::iterator& channel) {
  const auto current = channel++;
  if (current->opening()) {
    const auto first = std::find_if(channels_.begin(), channels_.end(),
                                    [](const Ssh2Channel& other) { return other.opening(); });
    if (first != current || !room_for_channel()) return false;
    ERNSTFALL_TRY(const Ssh2Channel::Step step, current->step(session_));
    if (step == Ssh2Channel::Step::full) back_off(current);
    if (step == Ssh2Channel::Step::moved) refusals_ = 0;
    return step == Ssh2Channel::Step::moved;
  }
  ERNSTFALL_TRY(const Ssh2Channel::Step step, current->step(session_));
  if (step == Ssh2Channel::Step::finished) drop(current);
  return step != Ssh2Channel::Step::waiting;
}

// The node refused one more channel. Nothing ran yet, so it is asked again: when one of ours is
// closed, or soon, because sshd counts a session for a moment longer than we do.
void Ssh2Owner::back_off(std::list<Ssh2Channel>::iterator channel) {
  const auto opening = std::count_if(channels_.begin(), channels_.end(),
                                     [](const Ssh2Channel& other) { return other.opening(); });
  const std::size_t open = channels_.size() - static_cast<std::size_t>(opening) + closed_.size();
  max_channels_ = std::max<std::size_t>(open, 1);
  if (open > 0) return;
  next_open_ = std::chrono::steady_clock::now() + kRefusalPause;
  if (++refusals_ < kMaxRefusals) return;
  refusals_ = 0;
  channel->job().fail_with(Error{Errc::protocol, "the node refuses to open a channel", where_});
  drop(channel);
}

bool Ssh2Owner::free_closed() {
  const auto is_free = [](LIBSSH2_CHANNEL* channel) {
    return libssh2_channel_free(channel) != LIBSSH2_ERROR_EAGAIN;
  };
  const auto end = std::remove_if(closed_.begin(), closed_.end(), is_free);
  const bool freed = end != closed_.end();
  closed_.erase(end, closed_.end());
  return freed;
}

bool Ssh2Owner::room_for_channel() const {
  if (std::chrono::steady_clock::now() < next_open_) return false;
  const auto open = std::count_if(channels_.begin(), channels_.end(),
                                  [](const Ssh2Channel& channel) { return !channel.opening(); });
  return static_cast<std::size_t>(open) + closed_.size() < max_channels_;
}

// Whether the next round will read from the socket: else waiting for bytes would never sleep.
bool Ssh2Owner::reading() const {
  const bool room = room_for_channel();
  return !closed_.empty() ||
         std::any_of(channels_.begin(), channels_.end(), [room](const Ssh2Channel& channel) {
           return channel.opening() ? room : channel.wants_read();
         });
}

Deadline Ssh2Owner::next_deadline() const {
  Deadline next = Deadline::after(kIdleWait);
  if (session_.active() && !session_.ready())
    next = Deadline::at(std::min(next.time(), session_.connect_deadline().time()));
  if (session_.ready() && std::chrono::steady_clock::now() < next_open_)
    next = Deadline::at(std::min(next.time(), next_open_));
  if (session_.ready() && reading()) next = next.at_most(access_.keepalive / 2);
  for (const Ssh2Channel& channel : channels_) {
    Ssh2Job& job = *channel.shared_job();
    const std::lock_guard lock(job.mutex);
    if (!job.started) next = Deadline::at(std::min(next.time(), job.deadline.time()));
  }
  return next;
}

void Ssh2Owner::wait() {
  short events = 0;
  const bool read_before = reading();
  if (session_.active()) {
    // Unread data of a paused stream must not keep us awake; the end of the connection must.
    events = POLLRDHUP;
    if (!session_.ready() || read_before) events = static_cast<short>(events | POLLIN);
    if (session_.wants_write()) events = static_cast<short>(events | POLLOUT);
  }
  std::array<pollfd, 2> entries{{{wake_.get(), POLLIN, 0}, {session_.fd(), events, 0}}};
  ::poll(entries.data(), entries.size(), next_deadline().remaining_ms());
  if (entries[0].revents != 0) wake_.clear();
  if (!session_.ready()) return;
  // Nothing was asked meanwhile: the node owed us no sign of life.
  if (!read_before) session_.forget_silence();
  const bool hung_up = (entries[1].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
  if (hung_up && !reading()) return lose(Error{Errc::unreachable, "connection lost", {}});
  if (reading())
    if (const Status alive = session_.keep_alive(); !alive) lose(alive.error());
}

}  // namespace ernstfall
