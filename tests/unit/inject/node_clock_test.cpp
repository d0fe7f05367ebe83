// node_clock_test: a node's clock as bounds: by a real shell, by one that is killed, by one whose
// answers come too late, and where only commands can be run.
#include "harness/inject/node_clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace ernstfall {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

std::int64_t wall_ns() {
  return std::chrono::duration_cast<Nanos>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}
std::int64_t steady_ns(SteadyTime time = std::chrono::steady_clock::now()) {
  return std::chrono::duration_cast<Nanos>(time.time_since_epoch()).count();
}
std::unique_ptr<Remote> this_machine() {
  SshAccess local;
  local.transport = Transport::local;
  return std::move(*make_remote("here", local));
}
Deadline soon() {
  return Deadline::after(20s);
}

TEST(NodeClock, TheTruthLiesWithinTheBounds) {
  const auto remote = this_machine();
  const auto clock = measure_node_clock(*remote, 10, soon(), {});
  ASSERT_TRUE(clock) << to_string(clock.error());
  const std::int64_t truth = wall_ns() - steady_ns();
  constexpr std::int64_t kRead = 1'000'000;  // between our own two readings
  EXPECT_LE(clock->ahead_min_ns, truth + kRead);
  EXPECT_GE(clock->ahead_max_ns, truth - kRead);
  EXPECT_GT(clock->command_time, 0ns);
  EXPECT_LE(clock->uncertainty_ns(), clock->command_time.count());
}

TEST(NodeClock, TheShellStaysFromOneQuestionToTheNext) {
  const auto here = this_machine();
  NodeClockReader reader(*here);
  const auto first = reader.ask(soon(), {});
  ASSERT_TRUE(first) << to_string(first.error());
  const auto best = reader.ask_best(5, soon(), {});
  ASSERT_TRUE(best);
  EXPECT_GT(best->node_ns, first->node_ns);
  EXPECT_LE(best->round_trip(), first->round_trip()) << "the first one starts the shell";
}

// A stream whose other end is written by the test.
class Talk final : public LineStream {
 public:
  using Answer = std::function<Result<std::optional<std::string>>(std::uint64_t asked)>;
  explicit Talk(Answer answer) : answer_(std::move(answer)) {}
  Status write(std::string_view text) override {
    asked_ = std::stoull(std::string(text));
    return {};
  }
  Result<std::optional<std::string>> next_line(Deadline, const std::stop_token&) override {
    return answer_(asked_);
  }

 private:
  Answer answer_;
  std::uint64_t asked_ = 0;
};

// Gives one prepared stream after the other; then it is unreachable. Commands say 01:30:00, 1970.
class Prepared final : public Remote {
 public:
  std::deque<Result<std::unique_ptr<LineStream>>> streams;
  int commands = 0;

  void talk(Talk::Answer answer) {
    streams.emplace_back(std::make_unique<Talk>(std::move(answer)));
  }
  Result<ExecResult> exec(const RemoteCommand&, Deadline, const std::stop_token&) override {
    ++commands;
    ExecResult result;
    result.exit_code = 0;
    result.out = "5400.000000000\n";
    return result;
  }
  Result<std::unique_ptr<LineStream>> stream(const RemoteCommand&, Deadline,
                                             const std::stop_token&) override {
    if (streams.empty()) return fail_at(Errc::unreachable, "prepared", "no route");
    auto next = std::move(streams.front());
    streams.pop_front();
    return next;
  }
  std::string describe() const override { return "prepared"; }
  Result<std::string> control_path_source(Deadline, const std::stop_token&) override {
    return std::string();
  }
};

TEST(NodeClock, AnAnswerThatComesTooLateIsNotTheNextOnes) {
  Prepared remote;
  remote.talk([lines = std::deque<std::string>{"7 100.000000", "1 200.000000"}](
                  std::uint64_t) mutable -> Result<std::optional<std::string>> {
    std::string line = lines.front();
    lines.pop_front();
    return line;
  });
  NodeClockReader reader(remote);
  const auto reading = reader.ask(soon(), {});
  ASSERT_TRUE(reading) << to_string(reading.error());
  EXPECT_EQ(reading->node_ns, 200'000'000'000);
}

TEST(NodeClock, AShellThatWasLostIsStartedAgain) {
  Prepared remote;
  remote.talk(
      [answered = false](std::uint64_t asked) mutable -> Result<std::optional<std::string>> {
        if (std::exchange(answered, true)) return fail_at(Errc::unreachable, "prod", "lost");
        return fmt::format("{} 100.000000", asked);
      });
  remote.talk([](std::uint64_t asked) -> Result<std::optional<std::string>> {
    return fmt::format("{} 300.5", asked);
  });
  NodeClockReader reader(remote);
  ASSERT_TRUE(reader.ask(soon(), {}));
  const auto after = reader.ask(soon(), {});
  ASSERT_TRUE(after) << to_string(after.error());
  EXPECT_EQ(after->node_ns, 300'500'000'000);
  EXPECT_EQ(remote.commands, 0);
}

TEST(NodeClock, ANodeThatIsGoneIsNotAskedByACommandAsWell) {
  Prepared remote;
  NodeClockReader reader(remote);
  const auto reading = reader.ask(soon(), {});
  ASSERT_FALSE(reading);
  EXPECT_EQ(reading.error().code, Errc::unreachable);
  EXPECT_EQ(remote.commands, 0);
}

TEST(NodeClock, SilenceIsATimeoutAndNoAnswer) {
  Prepared remote;
  remote.talk([](std::uint64_t) -> Result<std::optional<std::string>> {
    return fail_at(Errc::timeout, "prod", "nothing");
  });
  NodeClockReader reader(remote);
  const auto reading = reader.ask(soon(), {});
  ASSERT_FALSE(reading);
  EXPECT_EQ(reading.error().code, Errc::timeout);
}

TEST(NodeClock, WhereNothingStaysOpenCommandsAreAsked) {
  Prepared remote;
  remote.streams.emplace_back(fail_at(Errc::unsupported, "prod", "no streams"));
  NodeClockReader reader(remote);
  for (int i = 1; i <= 2; ++i) {
    const auto reading = reader.ask(soon(), {});
    ASSERT_TRUE(reading) << to_string(reading.error());
    EXPECT_EQ(reading->node_ns, 5'400'000'000'000);
    EXPECT_EQ(remote.commands, i);
  }
}

TEST(NodeClock, WhatIsNoTimeIsAnError) {
  for (const char* text :
       {"", "soon", "17.", ".5", "17", "17.0000000001", "-1.5", "9e9.0", "99999999999.0"}) {
    Prepared remote;
    remote.talk([text](std::uint64_t asked) -> Result<std::optional<std::string>> {
      return fmt::format("{} {}", asked, text);
    });
    NodeClockReader reader(remote);
    const auto reading = reader.ask(soon(), {});
    ASSERT_FALSE(reading) << text;
    EXPECT_EQ(reading.error().code, Errc::protocol) << text;
  }
}

TEST(NodeClock, AClockThatIsSetMeanwhileIsNotKnown) {
  Prepared remote;
  remote.talk([hours = 10](std::uint64_t asked) mutable -> Result<std::optional<std::string>> {
    return fmt::format("{} {}.0", asked, 1'800'000'000 + 3600 * hours--);
  });
  const auto clock = measure_node_clock(remote, 2, soon(), {});
  ASSERT_FALSE(clock);
  EXPECT_EQ(clock.error().code, Errc::protocol);
  EXPECT_THAT(clock.error().what, HasSubstr("set between"));
}

}  // namespace
}  // namespace ernstfall
