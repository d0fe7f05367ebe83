// stand_alone_test: a pair that gave up is not waited for as if it could come back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/run/cluster_state.h"
#include "tests/mocks/sim_nodes.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

std::string pair_is(const std::string& connection) {
  return "== events2\n"
         "exists resource name:r0 role:Primary suspended:no\n"
         "exists connection name:r0 peer-node-id:0 conn-name:peer connection:" +
         connection +
         " role:Unknown\n"
         "exists device name:r0 volume:0 minor:0 disk:UpToDate\n"
         "exists peer-device name:r0 peer-node-id:0 conn-name:peer volume:0 replication:Off "
         "peer-disk:DUnknown\n"
         "exists -\n";
}

class StandAlone : public ::testing::Test {
 protected:
  StandAlone() {
    sim_.cluster.time_scale = 0.01;  // 30 s that nobody has to wait for
    sim_.cluster.drbd = DrbdConfig{};
    sim_.cluster.drbd->resource = "r0";
    sim_.cluster.drbd->nodes = {"prod", "mirror"};
    sim_["prod"].state_text = sim_["mirror"].state_text = pair_is("StandAlone");
  }
  std::string wait(Nanos at_most) {
    began_ = std::chrono::steady_clock::now();
    return wait_until_redundant(*sim_.set, Deadline::after(at_most), {});
  }
  bool gave_up_early() const { return std::chrono::steady_clock::now() - began_ < 20s; }
  sim::SimCluster sim_{{"prod", "mirror"}};
  SteadyTime began_;
};

TEST_F(StandAlone, IsNotWaitedForUntilTheDeadline) {
  EXPECT_THAT(wait(30s), HasSubstr("StandAlone on prod, mirror and does not connect by itself"));
  EXPECT_TRUE(gave_up_early());
}

TEST_F(StandAlone, AConnectionThatIsTriedIsWaitedFor) {
  sim_["prod"].state_text = sim_["mirror"].state_text = pair_is("Connecting");
  EXPECT_THAT(wait(2s), Not(HasSubstr("by itself")));
  EXPECT_FALSE(std::chrono::steady_clock::now() - began_ < 2s);
}

TEST_F(StandAlone, WhileANodeIsNotSeenItMayStillComeBack) {
  sim_["mirror"].on = false;
  EXPECT_THAT(wait(2s), Not(HasSubstr("by itself")));
}

}  // namespace
}  // namespace ernstfall
