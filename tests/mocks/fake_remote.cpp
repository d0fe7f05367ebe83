// fake_remote: matching of scripted answers, and streams that play back lines.
#include "tests/mocks/fake_remote.h"

#include <algorithm>

namespace ernstfall {
namespace {

bool starts_with(const Argv& argv, const Argv& prefix) {
  return argv.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), argv.begin());
}

}  // namespace

FakeAnswer& FakeAnswer::out(std::string text) {
  result_.exit_code = 0;
  result_.out = std::move(text);
  return *this;
}

FakeAnswer& FakeAnswer::fails(int exit_code, std::string err) {
  result_.exit_code = exit_code;
  result_.err = std::move(err);
  return *this;
}

FakeAnswer& FakeAnswer::killed_by(std::string signal) {
  result_.exit_code = 0;  // as libssh2 has it
  result_.signal = std::move(signal);
  return *this;
}

FakeAnswer& FakeAnswer::error(Errc code, std::string what) {
  kind_ = Kind::error;
  error_ = Error{code, std::move(what), {}};
  return *this;
}

FakeAnswer& FakeAnswer::hangs() {
  kind_ = Kind::hang;
  return *this;
}

FakeAnswer& FakeAnswer::loses_reply() {
  kind_ = Kind::lost_reply;
  return *this;
}

FakeAnswer& FakeAnswer::runs(std::function<void()> effect) {
  effect_ = std::move(effect);
  if (result_.exit_code < 0) result_.exit_code = 0;
  return *this;
}

FakeAnswer& FakeAnswer::lines(std::vector<std::string> lines, bool then_ends) {
  lines_ = std::move(lines);
  stream_ends_ = then_ends;
  result_.exit_code = 0;
  return *this;
}

FakeAnswer& FakeAnswer::times(int count) {
  left_ = count;
  return *this;
}

FakeAnswer& FakeAnswer::then() {
  next_ = std::make_unique<FakeAnswer>();
  return *next_;
}

class FakeRemote::FakeStream final : public LineStream {
 public:
  FakeStream(std::shared_ptr<State> state, Reply reply)
      : state_(std::move(state)), reply_(std::move(reply)) {}

  Result<std::optional<std::string>> next_line(Deadline deadline,
                                               const std::stop_token& stop) override {
    if (next_ < reply_.lines.size()) return reply_.lines[next_++];
    if (reply_.stream_ends) return std::nullopt;
    return tl::unexpected(wait_for_nothing(*state_, deadline, stop));
  }

  std::string summary() const override { return reply_.result.summary(); }

 private:
  std::shared_ptr<State> state_;
  Reply reply_;
  std::size_t next_ = 0;
};

FakeAnswer& FakeRemote::on(Argv prefix) {
  const std::lock_guard lock(state_->mutex);
  state_->rules.emplace_front();
  state_->rules.front().prefix = std::move(prefix);
  return state_->rules.front().answer;
}

void FakeRemote::down(std::optional<Error> error) {
  const std::lock_guard lock(state_->mutex);
  state_->down = std::move(error);
  state_->changed.notify_all();
}

std::vector<FakeCall> FakeRemote::calls() const {
  const std::lock_guard lock(state_->mutex);
  return state_->calls;
}

int FakeRemote::count(const Argv& prefix) const {
  const std::lock_guard lock(state_->mutex);
  return static_cast<int>(
      std::count_if(state_->calls.begin(), state_->calls.end(),
                    [&](const FakeCall& call) { return starts_with(call.argv, prefix); }));
}

Result<FakeRemote::Reply> FakeRemote::reply(const RemoteCommand& command, bool stream) {
  Reply reply{};
  std::function<void()> effect;
  {
    const std::lock_guard lock(state_->mutex);
    state_->calls.push_back({command.argv, command.stdin_text, stream});
    if (state_->down) return tl::unexpected(*state_->down);
    FakeAnswer* answer = nullptr;
    for (Rule& rule : state_->rules) {
      if (!starts_with(command.argv, rule.prefix)) continue;
      answer = &rule.answer;
      while (answer != nullptr && answer->left_ == 0) answer = answer->next_.get();
      if (answer != nullptr) break;
    }
    if (answer == nullptr)
      return fail_at(Errc::internal, name_, "no answer scripted for: {}",
                     shell_quote(command.argv));
    if (answer->left_ > 0) --answer->left_;
    reply = {answer->kind_, answer->result_, answer->error_, answer->lines_, answer->stream_ends_};
    if (reply.result.exit_code < 0) reply.result.exit_code = 0;
    if (reply.kind != FakeAnswer::Kind::error) effect = answer->effect_;
  }
  if (effect) effect();  // may call us again
  if (reply.kind == FakeAnswer::Kind::lost_reply)
    return fail_at(Errc::unreachable, name_, "connection lost");
  if (reply.kind == FakeAnswer::Kind::error) {
    if (reply.error.where.empty()) reply.error.where = name_;
    return tl::unexpected(reply.error);
  }
  return reply;
}

// A node that loses its power ends the wait, as a broken connection does.
Error FakeRemote::wait_for_nothing(State& state, Deadline deadline, const std::stop_token& stop) {
  std::unique_lock lock(state.mutex);
  if (state.changed.wait_until(lock, stop, deadline.time(),
                               [&state] { return state.down.has_value(); }))
    return *state.down;
  if (stop.stop_requested()) return Error{Errc::cancelled, "cancelled", state.name};
  return Error{Errc::timeout, "no answer until the deadline", state.name};
}

Result<ExecResult> FakeRemote::exec(const RemoteCommand& command, Deadline deadline,
                                    const std::stop_token& stop) {
  if (stop.stop_requested()) return fail_at(Errc::cancelled, name_, "cancelled");
  ERNSTFALL_TRY(Reply answer, reply(command, false));
  if (answer.kind == FakeAnswer::Kind::hang)
    return tl::unexpected(wait_for_nothing(*state_, deadline, stop));
  ExecResult& result = answer.result;
  if (result.out.size() > command.max_output_bytes) {
    result.out.resize(command.max_output_bytes);
    result.truncated = true;
  }
  return result;
}

Result<std::unique_ptr<LineStream>> FakeRemote::stream(const RemoteCommand& command,
                                                       Deadline deadline,
                                                       const std::stop_token& stop) {
  if (stop.stop_requested()) return fail_at(Errc::cancelled, name_, "cancelled");
  ERNSTFALL_TRY(Reply answer, reply(command, true));
  if (answer.kind == FakeAnswer::Kind::hang)
    return tl::unexpected(wait_for_nothing(*state_, deadline, stop));
  return std::make_unique<FakeStream>(state_, std::move(answer));
}

Result<std::string> FakeRemote::control_path_source(Deadline /*deadline*/,
                                                    const std::stop_token& /*stop*/) {
  return std::string("192.0.2.1");
}

}  // namespace ernstfall
