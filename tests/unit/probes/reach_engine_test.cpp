// reach_engine_test: who answers, who refuses, who is silent, and what is our own fault.
#include "probes/reach_engine.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <cstring>
#include <mutex>

#include "probes/icmp_socket.h"
#include "tests/unit/probes/reach_testing.h"

namespace ernstfall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing_support::ask;
using testing_support::LoopbackPort;
using Kind = ReachRequest::Kind;

constexpr Nanos kReachLong = seconds(30);
constexpr Nanos kReachShort = milliseconds(150);

class ReachEngineTest : public testing::Test {
 protected:
  RunClock clock_;
  std::unique_ptr<ReachEngine> engine_ = *ReachEngine::start(clock_);

  ReachResponse tcp(std::uint16_t port, Nanos timeout = kReachLong) {
    return ask(*engine_, {Kind::tcp, "127.0.0.1", port, timeout});
  }
  ReachResponse ssh(std::uint16_t port, Nanos timeout = kReachLong) {
    return ask(*engine_, {Kind::ssh_banner, "127.0.0.1", port, timeout});
  }
};

TEST_F(ReachEngineTest, TcpAcceptedHereAndRefusedByTheNeighbour) {
  LoopbackPort port;  // bound to 127.0.0.1 only
  port.listen();
  const ReachResponse here = tcp(port.port());
  EXPECT_TRUE(here.answered);
  EXPECT_FALSE(here.refused || here.timed_out || here.own_fault);
  EXPECT_LE(here.started, here.ended);
  EXPECT_TRUE(ask(*engine_, {Kind::tcp, "127.0.77.1", port.port(), kReachLong}).refused);
}

TEST_F(ReachEngineTest, TcpRefusedIsNoAnswerButALivingKernel) {
  const LoopbackPort closed;
  const ReachResponse response = tcp(closed.port());
  EXPECT_FALSE(response.answered || response.timed_out || response.own_fault);
  EXPECT_TRUE(response.refused);
  EXPECT_EQ(response.error_number, ECONNREFUSED);
}

TEST_F(ReachEngineTest, TcpSilenceIsATimeoutAndNeverEarly) {
  LoopbackPort silent;
  silent.listen_with_full_backlog();
  const ReachResponse response = tcp(silent.port(), kReachShort);
  EXPECT_TRUE(response.timed_out) << response.detail;
  EXPECT_FALSE(response.answered || response.refused || response.own_fault);
  EXPECT_GE(response.ended - response.started, kReachShort.count());
}

TEST_F(ReachEngineTest, TimeoutsEndInTheirOwnOrder) {
  LoopbackPort silent;
  silent.listen_with_full_backlog();
  std::vector<int> order;  // the engine's thread writes, the promise hands over
  std::promise<void> all;
  for (const int ms : {660, 60, 360})
    ASSERT_TRUE(engine_->submit({Kind::tcp, "127.0.0.1", silent.port(), milliseconds(ms)},
                                [&, ms](const ReachResponse&) {
                                  order.push_back(ms);
                                  if (order.size() == 3) all.set_value();
                                }));
  all.get_future().get();
  EXPECT_EQ(order, (std::vector<int>{60, 360, 660}));
}

TEST_F(ReachEngineTest, SshGreeting) {
  LoopbackPort port;
  port.greet({"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"});
  const ReachResponse response = ssh(port.port());
  EXPECT_TRUE(response.answered);
  EXPECT_EQ(response.detail, "SSH-2.0-OpenSSH_9.2p1 Debian-2");
}

TEST_F(ReachEngineTest, SshGreetingInPiecesAfterOtherLines) {
  LoopbackPort port;
  port.greet({"maintenance at noon\r\nSS", "H-2.0-x\r\n"});
  const ReachResponse response = ssh(port.port());
  EXPECT_TRUE(response.answered) << response.detail;
}

// A machine whose kernel lives and whose daemon hangs: there by TCP, not there by its greeting.
TEST_F(ReachEngineTest, AcceptingInSilenceIsNoSshAnswer) {
  LoopbackPort port;
  port.listen();
  EXPECT_TRUE(tcp(port.port()).answered);
  const ReachResponse response = ssh(port.port(), kReachShort);
  EXPECT_FALSE(response.answered);
  EXPECT_TRUE(response.timed_out);
  EXPECT_NE(response.detail.find("no SSH greeting"), std::string::npos) << response.detail;
}

TEST_F(ReachEngineTest, HangingUpWithoutGreetingIsAFailure) {
  LoopbackPort port;
  port.greet({"go away\r\n"});
  const ReachResponse response = ssh(port.port());
  EXPECT_FALSE(response.answered || response.refused || response.timed_out || response.own_fault);
}

TEST_F(ReachEngineTest, EndlessTalkThatIsNotSshEnds) {
  LoopbackPort port;
  port.greet(std::vector<std::string>(20, std::string(1000, 'x') + "\n"));
  const ReachResponse response = ssh(port.port());
  EXPECT_FALSE(response.answered);
  EXPECT_EQ(response.detail, "talks, but not SSH");
}

TEST_F(ReachEngineTest, IcmpOnLoopback) {
  if (!engine_->can_icmp()) GTEST_SKIP() << "needs CAP_NET_RAW or net.ipv4.ping_group_range";
  for (const char* address : {"127.0.0.1", "127.200.3.4", "localhost"}) {
    const ReachResponse response = ask(*engine_, {Kind::icmp, address, 22, kReachLong});
    EXPECT_TRUE(response.answered) << address << ": " << response.detail;
  }
}

TEST_F(ReachEngineTest, Ipv6OnLoopback) {
  const Fd socket(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    GTEST_SKIP() << "no IPv6 here";
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::uint16_t port = ntohs(address.sin6_port);
  EXPECT_TRUE(ask(*engine_, {Kind::tcp, "::1", port, kReachLong}).refused);
  ASSERT_EQ(::listen(socket.get(), 8), 0);
  EXPECT_TRUE(ask(*engine_, {Kind::tcp, "::1", port, kReachLong}).answered);
  if (!IcmpSocket::open(AF_INET6)) return;
  const ReachResponse response = ask(*engine_, {Kind::icmp, "::1", port, kReachLong});
  EXPECT_TRUE(response.answered) << response.detail;
}

// Two runs on one machine hear the same packets.
TEST(IcmpSocketTest, AnswersToOtherProgramsAreNotOurs) {
  auto ours = IcmpSocket::open(AF_INET);
  auto other = IcmpSocket::open(AF_INET);
  if (!ours || !other) GTEST_SKIP() << "needs CAP_NET_RAW or net.ipv4.ping_group_range";
  SocketAddress to;
  const sockaddr_in loopback = LoopbackPort::loopback(0);
  std::memcpy(&to.storage, &loopback, sizeof loopback);
  to.size = sizeof loopback;
  std::vector<IcmpAnswer> answers;
  ASSERT_EQ(ours->send(to, 7, answers), 0);
  while (answers.empty()) {
    pollfd waiting{ours->fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&waiting, 1, 30'000), 1);
    ours->receive(answers);
  }
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].serial, 7U);
  EXPECT_EQ(answers[0].error_number, 0);
  std::vector<IcmpAnswer> overheard;
  other->receive(overheard);
  EXPECT_TRUE(overheard.empty());
}

TEST_F(ReachEngineTest, NoDescriptorLeftIsOurOwnFault) {
  const LoopbackPort closed;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 3;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const ReachResponse response = tcp(closed.port());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(response.own_fault) << response.detail;
  EXPECT_FALSE(response.answered || response.refused || response.timed_out);
}

TEST_F(ReachEngineTest, ANameThatIsNoneIsOurOwnFault) {
  EXPECT_TRUE(ask(*engine_, {Kind::tcp, "no such name", 22, kReachLong}).own_fault);
  EXPECT_FALSE(resolve_to_literal("no such name"));
  EXPECT_EQ(resolve_to_literal("127.0.0.1").value_or(""), "127.0.0.1");
}

TEST_F(ReachEngineTest, BoundedInFlightAndEveryAcceptedOneIsAnsweredOnce) {
  const LoopbackPort closed;
  const ReachRequest request{Kind::tcp, "127.0.0.1", closed.port(), kReachLong};
  std::promise<void> entered;
  std::promise<void> release;
  std::atomic<std::size_t> answers = 0;
  ASSERT_TRUE(engine_->submit(request, [&](const ReachResponse&) {
    entered.set_value();
    release.get_future().get();
    ++answers;
  }));
  entered.get_future().get();  // the engine's thread is held: nothing is answered meanwhile
  for (std::size_t i = 1; i < ReachEngine::kMaxInFlight; ++i)
    ASSERT_TRUE(engine_->submit(request, [&](const ReachResponse&) { ++answers; }));
  EXPECT_FALSE(engine_->submit(request, [&](const ReachResponse&) { ++answers; }));
  release.set_value();
  engine_.reset();
  EXPECT_EQ(answers, ReachEngine::kMaxInFlight);
}

TEST_F(ReachEngineTest, EndingAnswersWhatIsInFlightAsOurOwnFault) {
  LoopbackPort silent;
  silent.listen_with_full_backlog();
  std::atomic<int> answers = 0;
  std::atomic<int> own_faults = 0;
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(engine_->submit({Kind::tcp, "127.0.0.1", silent.port(), std::chrono::hours(1)},
                                [&](const ReachResponse& response) {
                                  ++answers;
                                  own_faults += response.own_fault ? 1 : 0;
                                }));
  engine_.reset();
  EXPECT_EQ(answers, 20);
  EXPECT_EQ(own_faults, 20);
}

TEST_F(ReachEngineTest, AnAnswerMayAskAgain) {
  const LoopbackPort closed;
  const ReachRequest request{Kind::tcp, "127.0.0.1", closed.port(), kReachLong};
  std::promise<ReachResponse> second;
  ASSERT_TRUE(engine_->submit(request, [&](const ReachResponse&) {
    EXPECT_TRUE(engine_->submit(
        request, [&](const ReachResponse& response) { second.set_value(response); }));
  }));
  EXPECT_TRUE(second.get_future().get().refused);
}

}  // namespace
}  // namespace ernstfall
