// stream_monitor_test: a deaf stream is caught, and no race between stream and poll looks like one.
#include "probes/stream_monitor.h"

#include <gtest/gtest.h>

#include "tests/unit/probes/drbd_lines.h"

namespace ernstfall {
namespace {

using testing_support::as_text;
using testing_support::connected_dump;
using testing_support::peer_lost_changes;
using testing_support::peer_lost_dump;

constexpr TimeNs kGrace = 100;

class StreamMonitorTest : public testing::Test {
 protected:
  StreamMonitor monitor_{"r0", Nanos(kGrace)};

  void open_at(TimeNs at) {
    monitor_.opened(at);
    say(at, connected_dump());
  }
  void say(TimeNs at, const std::vector<std::string>& lines) {
    for (const std::string& line : lines) EXPECT_FALSE(monitor_.line(at, line));
  }
  void poll(TimeNs asked, TimeNs answered, const std::vector<std::string>& dump) {
    const auto state = parse_events2_dump(as_text(dump), "r0");
    ASSERT_TRUE(state);
    monitor_.polled(asked, answered, *state);
  }
};

// The planted defect: the stream stops, the polls show that the peer went away.
TEST_F(StreamMonitorTest, AStreamThatStopsIsCaughtAfterTheGrace) {
  open_at(5);
  poll(50, 51, connected_dump());
  poll(200, 210, peer_lost_dump());
  EXPECT_EQ(monitor_.unsettled_until(), 310);
  EXPECT_FALSE(monitor_.overdue(309));
  const auto stall = monitor_.overdue(310);
  ASSERT_TRUE(stall);
  EXPECT_EQ(stall->since, 5);  // the last line that a poll confirmed
  EXPECT_NE(stall->why.find("silent"), std::string::npos) << stall->why;
  EXPECT_NE(stall->why.find("Connecting"), std::string::npos) << stall->why;
}

TEST_F(StreamMonitorTest, PollsThatAgreeNeverStall) {
  open_at(5);
  for (TimeNs at = 100; at < 100'000; at += 500) {
    poll(at, at + 3, connected_dump());
    EXPECT_FALSE(monitor_.overdue(at + 499));
  }
  EXPECT_FALSE(monitor_.unsettled_until());
}

TEST_F(StreamMonitorTest, CountersAreNoDifference) {
  open_at(5);
  auto dump = connected_dump();
  dump[3] += " received:77 sent:1 out-of-sync:9000";
  poll(50, 51, dump);
  EXPECT_FALSE(monitor_.unsettled_until());
}

TEST_F(StreamMonitorTest, APollMayBeNewerThanTheStream) {
  open_at(5);
  poll(200, 210, peer_lost_dump());
  say(250, peer_lost_changes());
  EXPECT_FALSE(monitor_.unsettled_until());
  EXPECT_FALSE(monitor_.overdue(10'000));
}

TEST_F(StreamMonitorTest, APollMayBeOlderThanTheStream) {
  open_at(5);
  say(205, peer_lost_changes());  // while the poll was under way
  poll(200, 210, connected_dump());
  EXPECT_FALSE(monitor_.unsettled_until());
}

// What the stream left before the poll was asked is no excuse.
TEST_F(StreamMonitorTest, AStateThatIsOverExcusesNothing) {
  open_at(5);
  say(100, peer_lost_changes());
  poll(200, 210, connected_dump());
  ASSERT_TRUE(monitor_.unsettled_until());
  const auto stall = monitor_.overdue(310);
  ASSERT_TRUE(stall);
}

TEST_F(StreamMonitorTest, SinceIsTheLineThatThePollConfirmed) {
  open_at(5);
  say(100, peer_lost_changes());
  poll(120, 121, peer_lost_dump());
  poll(200, 210, connected_dump());
  const auto stall = monitor_.overdue(400);
  ASSERT_TRUE(stall);
  EXPECT_EQ(stall->since, 100);
}

TEST_F(StreamMonitorTest, AStreamThatTalksIsOnlyDeafWhenItDisagreesAgainAndAgain) {
  open_at(5);
  const std::string chatter = "change device name:r0 volume:0 minor:0 disk:UpToDate";
  const auto disagree = [&](TimeNs at) {
    poll(at, at + 1, peer_lost_dump());
    EXPECT_FALSE(monitor_.line(at + 10, chatter));
    return monitor_.overdue(at + 1 + kGrace);
  };
  EXPECT_FALSE(disagree(1000));
  EXPECT_FALSE(disagree(2000));
  poll(2900, 2901, connected_dump());  // agrees: the count begins again
  EXPECT_FALSE(disagree(3000));
  EXPECT_FALSE(disagree(4000));
  const auto stall = disagree(5000);
  ASSERT_TRUE(stall);
  EXPECT_NE(stall->why.find("in a row"), std::string::npos) << stall->why;
}

TEST_F(StreamMonitorTest, DroppedMessagesAreAStallAtOnce) {
  open_at(5);
  say(40, {"change resource name:r0 role:Secondary"});
  const auto stall = monitor_.line(90, "- skipped 3");
  ASSERT_TRUE(stall);
  EXPECT_EQ(stall->since, 40);
  EXPECT_NE(stall->why.find('3'), std::string::npos) << stall->why;
}

TEST_F(StreamMonitorTest, ADumpThatNeverEndsIsAStall) {
  monitor_.opened(5);
  auto dump = connected_dump();
  dump.pop_back();  // no "exists -"
  say(6, dump);
  poll(50, 51, peer_lost_dump());  // cannot be compared yet
  EXPECT_FALSE(monitor_.unsettled_until());
  EXPECT_FALSE(monitor_.overdue(10 * kNsPerSecond));
  EXPECT_TRUE(monitor_.overdue(20 * kNsPerSecond));
}

TEST_F(StreamMonitorTest, ClosedItSaysNothing) {
  poll(50, 51, peer_lost_dump());
  EXPECT_FALSE(monitor_.overdue(99 * kNsPerSecond));
  open_at(100 * kNsPerSecond);
  poll(101 * kNsPerSecond, 101 * kNsPerSecond + 1, peer_lost_dump());
  monitor_.closed();
  EXPECT_FALSE(monitor_.unsettled_until());
  EXPECT_FALSE(monitor_.overdue(999 * kNsPerSecond));
  EXPECT_FALSE(monitor_.line(5, "- skipped 3"));
}

}  // namespace
}  // namespace ernstfall
