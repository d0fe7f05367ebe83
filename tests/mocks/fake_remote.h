// fake_remote: a node that is not there; answers by the begin of argv and remembers every call.
//
//   FakeRemote node("prod");
//   node.on({"drbdadm", "role"}).out("Primary/Secondary\n");
//   node.on({"systemctl", "start"}).fails(1, "no such unit").times(2).then().out("");
//   node.on({"reboot"}).runs([&] { rebooted = true; }).loses_reply();
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "harness/remote/remote.h"

namespace ernstfall {

// What the node does when a command matches. The rule that was added last is asked first.
class FakeAnswer {
 public:
  FakeAnswer& out(std::string text);
  FakeAnswer& fails(int exit_code, std::string err);
  FakeAnswer& killed_by(std::string signal);
  FakeAnswer& error(Errc code, std::string what);  // the command does not run
  FakeAnswer& hangs();                             // until deadline or stop
  FakeAnswer& loses_reply();                       // the command ran, then the connection broke
  FakeAnswer& runs(std::function<void()> effect);  // what it changes on the node
  FakeAnswer& lines(std::vector<std::string> lines, bool then_ends = true);  // of a stream
  FakeAnswer& times(int count);  // only for the next `count` calls ...
  FakeAnswer& then();            // ... and afterwards this

 private:
  friend class FakeRemote;
  enum class Kind { result, error, hang, lost_reply };
  Kind kind_ = Kind::result;
  ExecResult result_;
  Error error_;
  std::function<void()> effect_;
  std::vector<std::string> lines_;
  bool stream_ends_ = true;
  int left_ = -1;  // calls it still answers; -1: all
  std::unique_ptr<FakeAnswer> next_;
};

struct FakeCall {
  Argv argv;
  std::string stdin_text;
  bool stream = false;
};

class FakeRemote final : public Remote {
 public:
  explicit FakeRemote(std::string name) : name_(std::move(name)) { state_->name = name_; }

  FakeAnswer& on(Argv prefix);
  // Every call from now on fails like this (a node without power); nullopt: it answers again.
  void down(std::optional<Error> error);
  std::vector<FakeCall> calls() const;
  int count(const Argv& prefix) const;

  // A command nobody scripted is Errc::internal: a test must not pass by luck.
  Result<ExecResult> exec(const RemoteCommand& command, Deadline deadline,
                          const std::stop_token& stop) override;
  Result<std::unique_ptr<LineStream>> stream(const RemoteCommand& command, Deadline deadline,
                                             const std::stop_token& stop) override;
  std::string describe() const override { return name_ + " (fake)"; }
  Result<std::string> control_path_source(Deadline deadline, const std::stop_token& stop) override;

 private:
  struct Rule {
    Argv prefix;
    FakeAnswer answer;
  };
  // Streams may live longer than the remote.
  struct State {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::string name;
    std::list<Rule> rules;
    std::vector<FakeCall> calls;
    std::optional<Error> down;
  };
  struct Reply {
    FakeAnswer::Kind kind;
    ExecResult result;
    Error error;
    std::vector<std::string> lines;
    bool stream_ends;
  };
  class FakeStream;

  Result<Reply> reply(const RemoteCommand& command, bool stream);
  static Error wait_for_nothing(State& state, Deadline deadline, const std::stop_token& stop);

  std::string name_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace ernstfall
