// node_dead_man_test: arming, proof and heartbeat, with planted defects at each.
#include "harness/inject/node_dead_man.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/faults/fault.h"
#include "harness/faults/node_script.h"
#include "tests/mocks/sim_nodes.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;

ExecResult exits(int code, std::string err = {}) {
  ExecResult result;
  result.exit_code = code;
  result.err = std::move(err);
  return result;
}

class NodeDeadMenTest : public ::testing::Test {
 protected:
  NodeDeadMenTest() {
    cluster_["prod"].script = [this](const RemoteCommand& command) { return answer(command); };
  }
  ExecResult answer(const RemoteCommand& command) {
    const std::string& text = command.stdin_text;
    if (text.find("restart \"$mark.timer\"") != std::string::npos) {
      ++extended;
      return gone ? exits(1, "the dead-man has fired, or someone removed it") : exits(0);
    }
    if (text.find("/run/systemd/system ]") != std::string::npos && no_systemd)
      return exits(1, "systemd does not run this node");
    if (text.find("sha256sum") != std::string::npos && gone)
      return exits(1, "the dead-man's timer is not active");
    return exits(0);
  }
  static NodeDeadMan dead_man() {
    return {"prod", "0123abcd", node_script("exit 0", false), node_script("exit 0", false),
            {},     false};
  }
  bool eventually(const std::function<bool()>& condition) {
    const Deadline deadline = Deadline::after(std::chrono::seconds(20));
    while (!condition() && !deadline.expired())
      (void)sleep_until(Deadline::after(Millis(5)), std::stop_token());
    return condition();
  }

  std::atomic<bool> no_systemd = false;
  std::atomic<bool> gone = false;
  std::atomic<int> extended = 0;
  sim::SimCluster cluster_{{"prod"}};
  NodeDeadMen dead_men_{*cluster_.set, std::chrono::milliseconds(100)};
};

TEST_F(NodeDeadMenTest, IsArmedProvenAndPutOffAgainAndAgain) {
  ASSERT_TRUE(dead_men_.arm(dead_man(), {}));
  EXPECT_TRUE(dead_men_.prove("0123abcd", {}));
  EXPECT_TRUE(eventually([this] { return extended >= 3; }));
  dead_men_.release("0123abcd");
  EXPECT_FALSE(dead_men_.prove("0123abcd", {})) << "nobody watches over it any more";
}

TEST_F(NodeDeadMenTest, ANodeWithoutSystemdIsRefused) {
  no_systemd = true;
  const auto armed = dead_men_.arm(dead_man(), {});
  ASSERT_FALSE(armed);
  EXPECT_EQ(armed.error().code, Errc::refused);
  EXPECT_THAT(armed.error().what, HasSubstr("systemd"));
}

TEST_F(NodeDeadMenTest, OneThatDoesNotWaitIsNotArmed) {
  gone = true;
  EXPECT_FALSE(dead_men_.arm(dead_man(), {}));
}

// Someone stops the timer, or it fired: the fault may be over, and the run must not pass.
TEST_F(NodeDeadMenTest, OneThatIsRemovedIsNoticed) {
  ASSERT_TRUE(dead_men_.arm(dead_man(), {}));
  gone = true;
  const int before = extended;
  ASSERT_TRUE(eventually([&] { return extended > before; }));
  // The heartbeat that was refused is remembered: back again does not make up for the time without.
  ASSERT_TRUE(eventually([&] {
    gone = false;
    const bool lost = !dead_men_.prove("0123abcd", {}).has_value();
    gone = true;
    return lost;
  }));
}

TEST_F(NodeDeadMenTest, ANodeThatDoesNotAnswerIsNoReasonToGiveUp) {
  ASSERT_TRUE(dead_men_.arm(dead_man(), {}));
  cluster_["prod"].on = false;
  (void)sleep_until(Deadline::after(Millis(200)), std::stop_token());
  cluster_["prod"].on = true;
  const int before = extended;
  EXPECT_TRUE(eventually([&] { return extended > before; }));
  EXPECT_TRUE(dead_men_.prove("0123abcd", {}));
}

}  // namespace
}  // namespace ernstfall
