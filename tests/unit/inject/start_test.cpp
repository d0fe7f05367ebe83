// start_test: the moment at which a fault's script begins, by a real shell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/faults/node_script.h"
#include "harness/inject/executor.h"

namespace ernstfall {
namespace {

using namespace std::chrono_literals;

std::int64_t wall_now_ns() {
  return std::chrono::duration_cast<Nanos>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class StartTest : public ::testing::Test {
 protected:
  StartTest() {
    cluster_.name = "here";
    Node node;
    node.name = "here";
    cluster_.nodes.push_back(node);
    SshAccess local;
    local.transport = Transport::local;
    std::map<std::string, std::unique_ptr<Remote>> remotes;
    remotes["here"] = std::move(*make_remote("here", local));
    nodes_ = std::make_unique<NodeSet>(cluster_, std::move(remotes),
                                       std::map<std::string, std::unique_ptr<Power>>());
  }
  Result<Executor::Begun> begin(std::optional<std::int64_t> at_ns,
                                const std::string& body = "\nbegin\nsay \"$2 and $1\"\n") {
    const ScriptAction action{"apply",        "here", "0123abcd", node_script(body, false),
                              {"one", "two"}, 30s};
    return Executor(*nodes_).begin(action, at_ns, {});
  }
  Cluster cluster_;
  std::unique_ptr<NodeSet> nodes_;
};

TEST_F(StartTest, AScriptWaitsForItsMomentAndSaysWhenItWas) {
  const std::int64_t moment = wall_now_ns() + 400'000'000;
  const auto begun = begin(moment);
  ASSERT_TRUE(begun) << to_string(begun.error());
  ASSERT_TRUE(begun->begun_ns);
  EXPECT_GE(*begun->begun_ns, moment);
  EXPECT_LE(*begun->begun_ns, wall_now_ns());
  EXPECT_EQ(begun->said, "two and one") << "the moment is no argument of the fault";
}

TEST_F(StartTest, WithoutAMomentItBeginsAtOnce) {
  const std::int64_t before = wall_now_ns();
  const auto begun = begin(std::nullopt);
  ASSERT_TRUE(begun && begun->begun_ns);
  EXPECT_GE(*begun->begun_ns, before);
  EXPECT_LE(*begun->begun_ns, wall_now_ns());
}

// A clock that was set back an hour meanwhile must not make it wait for an hour.
TEST_F(StartTest, AMomentFarAwayIsNotWaitedFor) {
  const auto began_waiting = std::chrono::steady_clock::now();
  ASSERT_TRUE(begin(wall_now_ns() + 3'600'000'000'000));
  EXPECT_LT(std::chrono::steady_clock::now() - began_waiting, 9s);
}

// Planted defect: an apply that does not say it.
TEST_F(StartTest, AScriptThatDoesNotSayItLeavesItUnknown) {
  const auto begun = begin(std::nullopt, "say done\n");
  ASSERT_TRUE(begun);
  EXPECT_FALSE(begun->begun_ns);
  EXPECT_EQ(begun->said, "done");
}

}  // namespace
}  // namespace ernstfall
