// reach_namespace_test: hosts that are silent or unreachable, in a network namespace of its own.
#include <gtest/gtest.h>
#include <sched.h>

#include <cstdlib>
#include <functional>
#include <thread>

#include "tests/unit/probes/reach_testing.h"

namespace ernstfall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing_support::ask;
using Kind = ReachRequest::Kind;

// Runs `body` on a thread whose network is empty but for: lo; 192.0.2.9, which swallows packets;
// 198.51.100.0/24, a wire with nobody on it. There is no other route. False: not allowed here.
bool in_own_network(const std::function<void()>& body) {
  bool ready = false;
  std::thread([&] {
    if (::unshare(CLONE_NEWNET) != 0) return;
    // Children of this thread are in its namespace, too.
    const int status = std::system(
        "exec >/dev/null 2>&1; set -e; ip link set lo up; "
        "ip link add hole type veth peer name bottom; ip addr add 192.0.2.1/24 dev hole; "
        "ip link set hole up; ip link set bottom up; "
        "ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev hole nud permanent; "
        "ip link add wire type veth peer name end; ip addr add 198.51.100.1/24 dev wire; "
        "ip link set wire up; ip link set end up; "
        "ip ntable change name arp_cache dev wire retrans 20");
    ready = status == 0;
    if (ready) body();
  }).join();
  return ready;
}

TEST(ReachNamespace, SilenceNoNeighbourAndNoRouteAreThreeThings) {
  const bool ran = in_own_network([] {
    const RunClock clock;
    const auto engine = *ReachEngine::start(clock);
    ASSERT_TRUE(engine->can_icmp());
    for (const Kind kind : {Kind::icmp, Kind::tcp}) {
      SCOPED_TRACE(kind == Kind::icmp ? "icmp" : "tcp");
      const ReachResponse silent = ask(*engine, {kind, "192.0.2.9", 22, milliseconds(150)});
      EXPECT_TRUE(silent.timed_out) << silent.detail;
      EXPECT_FALSE(silent.answered || silent.refused || silent.own_fault);

      // Our own kernel says so after asking by ARP in vain: no sign of life of the other side.
      const ReachResponse nobody = ask(*engine, {kind, "198.51.100.9", 22, seconds(30)});
      EXPECT_EQ(nobody.error_number, EHOSTUNREACH) << nobody.detail;
      EXPECT_FALSE(nobody.answered || nobody.refused || nobody.timed_out || nobody.own_fault);

      const ReachResponse no_route = ask(*engine, {kind, "203.0.113.9", 22, seconds(30)});
      EXPECT_EQ(no_route.error_number, ENETUNREACH) << no_route.detail;
      EXPECT_FALSE(no_route.answered || no_route.refused || no_route.timed_out);

      // What failed before does not spoil the next question.
      const ReachResponse alive = ask(*engine, {Kind::icmp, "127.0.0.1", 22, seconds(30)});
      EXPECT_TRUE(alive.answered) << alive.detail;
    }
  });
  if (!ran) GTEST_SKIP() << "needs a network namespace with veth interfaces";
}

}  // namespace
}  // namespace ernstfall
