// fake_remote_test: the fake must misbehave exactly as told, or tests built on it prove nothing.
#include "tests/mocks/fake_remote.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace ernstfall {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

Deadline soon() {
  return Deadline::after(20s);
}

TEST(FakeRemote, AnswersByPrefixTheNewestRuleFirst) {
  FakeRemote node("prod");
  node.on({"drbdadm"}).out("any\n");
  node.on({"drbdadm", "role"}).out("Primary\n");
  EXPECT_EQ(exec_ok(node, {"drbdadm", "role", "r0"}, soon(), {}).value(), "Primary\n");
  EXPECT_EQ(exec_ok(node, {"drbdadm", "status"}, soon(), {}).value(), "any\n");
  EXPECT_EQ(node.count({"drbdadm"}), 2);
  EXPECT_EQ(node.calls()[0].argv, (Argv{"drbdadm", "role", "r0"}));
}

TEST(FakeRemote, UnscriptedCommandIsAnError) {
  FakeRemote node("prod");
  const auto result = node.exec({.argv = {"surprise"}}, soon(), {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::internal);
  EXPECT_THAT(result.error().what, HasSubstr("surprise"));
}

TEST(FakeRemote, FailsTheFirstTimesAndThenNot) {
  FakeRemote node("prod");
  node.on({"mount"}).fails(32, "busy").times(2).then().out("ok");
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(node.exec({.argv = {"mount"}}, soon(), {})->summary(), "exit 32: busy");
  EXPECT_EQ(node.exec({.argv = {"mount"}}, soon(), {})->out, "ok");
}

TEST(FakeRemote, LosesTheReplyAfterTheCommandRan) {
  FakeRemote node("prod");
  bool ran = false;
  node.on({"halt"}).runs([&] { ran = true; }).loses_reply();
  EXPECT_EQ(node.exec({.argv = {"halt"}}, soon(), {}).error().code, Errc::unreachable);
  EXPECT_TRUE(ran);
  ran = false;
  node.on({"halt"}).runs([&] { ran = true; }).error(Errc::auth, "no");
  EXPECT_EQ(node.exec({.argv = {"halt"}}, soon(), {}).error().code, Errc::auth);
  EXPECT_FALSE(ran);
}

TEST(FakeRemote, HangsUntilDeadlineStopOrPowerLoss) {
  FakeRemote node("prod");
  node.on({"sleep"}).hangs();
  EXPECT_EQ(node.exec({.argv = {"sleep"}}, Deadline::after(10ms), {}).error().code, Errc::timeout);
  std::stop_source source;
  std::jthread stopper([&] { source.request_stop(); });
  EXPECT_EQ(node.exec({.argv = {"sleep"}}, soon(), source.get_token()).error().code,
            Errc::cancelled);
  std::jthread power([&] { node.down(Error{Errc::unreachable, "no power", "prod"}); });
  EXPECT_EQ(node.exec({.argv = {"sleep"}}, soon(), {}).error().code, Errc::unreachable);
}

TEST(FakeRemote, KilledCommandHasStatusZeroAndIsNotOk) {
  FakeRemote node("prod");
  node.on({"fault"}).killed_by("TERM");
  const auto result = node.exec({.argv = {"fault"}}, soon(), {});
  EXPECT_EQ(result->exit_code, 0);
  EXPECT_FALSE(result->ok());
}

TEST(FakeRemote, StreamsLinesThenEndsOrStaysSilent) {
  FakeRemote node("prod");
  node.on({"events2"}).lines({"a", "b"});
  const auto ending = node.stream({.argv = {"events2"}}, soon(), {}).value()->next_line(soon(), {});
  EXPECT_EQ(ending.value(), "a");
  node.on({"events2"}).lines({"a"}, false);
  const auto silent = node.stream({.argv = {"events2"}}, soon(), {}).value();
  EXPECT_EQ(silent->next_line(soon(), {}).value(), "a");
  EXPECT_EQ(silent->next_line(Deadline::after(10ms), {}).error().code, Errc::timeout);
  node.down(Error{Errc::unreachable, "no power", "prod"});
  EXPECT_EQ(silent->next_line(soon(), {}).error().code, Errc::unreachable);
  node.down(std::nullopt);
  EXPECT_TRUE(node.stream({.argv = {"events2"}}, soon(), {}));
}

}  // namespace
}  // namespace ernstfall
