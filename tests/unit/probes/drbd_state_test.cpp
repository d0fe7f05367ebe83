// drbd_state_test: streams that go deaf, end or never come, against a node that is not there.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/unit/probes/drbd_lines.h"
#include "tests/unit/probes/probe_world.h"

namespace ernstfall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing_support::as_text;
using testing_support::connected_dump;
using testing_support::eventually;
using testing_support::peer_lost_changes;
using testing_support::peer_lost_dump;
using testing_support::ProbeWorld;

class DrbdStateTest : public testing::Test {
 protected:
  DrbdStateTest() {
    world_.add_node("mirror");
    world_.cluster().drbd = DrbdConfig{"r0", {"mirror"}};
    node().on({"drbdadm", "--version"}).out("DRBDADM_VERSION=9.22.0\nDRBD_KERNEL_VERSION=8.4.11\n");
  }

  FakeRemote& node() { return world_.remote("mirror"); }
  FakeAnswer& on_stream() { return node().on({"drbdsetup", "events2", "--timestamps"}); }
  FakeAnswer& on_poll() { return node().on({"drbdsetup", "events2", "--now"}); }

  Result<std::unique_ptr<Probe>> make(const std::string& name, Nanos timeout) {
    ProbeSpec spec;
    spec.probe = "drbd.state";
    spec.id = "drbd.state@" + name;
    spec.on = name;
    spec.rate_hz = 1;
    spec.timeout = timeout;
    spec.params["grace"] = *parse_param(ParamValue::Kind::duration, "30ms");
    return find_probe("drbd.state")->make(world_.context(), spec, world_.cluster().find_node(name));
  }
  void start(Nanos timeout = seconds(30)) {
    probe_ = *make("mirror", timeout);
    ASSERT_TRUE(probe_->start());
  }
  // Asks again and again, as the schedule does, until `condition` holds.
  bool polling_until(const std::function<bool()>& condition) {
    return eventually([&] {
      probe_->fire(world_.clock().now());
      return condition();
    });
  }
  std::size_t count(std::string_view kind) { return world_.events(kind).size(); }
  std::size_t count(Outcome outcome) {
    const auto samples = world_.samples();
    return static_cast<std::size_t>(
        std::count_if(samples.begin(), samples.end(),
                      [&](const Sample& sample) { return sample.outcome == outcome; }));
  }

  ProbeWorld world_;
  std::unique_ptr<Probe> probe_;
};

TEST_F(DrbdStateTest, LinesAndVersionsAreRecordedAsTheyCome) {
  on_stream().lines(connected_dump(), false);
  on_poll().out(as_text(connected_dump()));
  start();
  ASSERT_TRUE(eventually([&] { return count(kinds::kDrbdLine) == connected_dump().size(); }));
  ASSERT_TRUE(polling_until([&] { return count(Outcome::ok) >= 3; }));
  probe_->stop();
  const auto open = world_.events(kinds::kDrbdStreamOpen);
  ASSERT_EQ(open.size(), 1U);
  const auto versions = nlohmann::json::parse(open[0].text);
  EXPECT_EQ(versions["utils"], "9.22.0");
  EXPECT_EQ(versions["kernel"], "8.4.11");
  const auto lines = world_.events(kinds::kDrbdLine);
  for (std::size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i].text, connected_dump()[i]);
  // Every poll, so that the last one of a run is there to be judged.
  EXPECT_EQ(count(kinds::kDrbdPoll), count(Outcome::ok));
  EXPECT_EQ(count(kinds::kDrbdStreamStalled), 0U);
  EXPECT_EQ(count(kinds::kDrbdStreamClosed), 0U);
}

// The planted defect: the stream stays open and says nothing while the peer goes away.
TEST_F(DrbdStateTest, ADeafStreamIsCaughtAndOpenedAgain) {
  FakeAnswer& stream = on_stream();
  stream.lines(connected_dump(), false).times(1);
  stream.then().lines(peer_lost_dump(), false);
  FakeAnswer& poll = on_poll();
  poll.out(as_text(connected_dump())).times(2);
  poll.then().out(as_text(peer_lost_dump()));
  start();
  ASSERT_TRUE(eventually([&] { return count(kinds::kDrbdLine) == connected_dump().size(); }));
  const TimeNs said = world_.events(kinds::kDrbdLine).back().at;
  ASSERT_TRUE(polling_until([&] { return count(kinds::kDrbdStreamStalled) > 0; }));
  ASSERT_TRUE(polling_until([&] { return count(kinds::kDrbdStreamOpen) == 2; }));
  ASSERT_TRUE(eventually([&] {
    return count(kinds::kDrbdLine) == connected_dump().size() + peer_lost_dump().size();
  }));
  probe_->stop();
  const auto stalls = world_.events(kinds::kDrbdStreamStalled);
  ASSERT_EQ(stalls.size(), 1U);
  const auto stall = nlohmann::json::parse(stalls[0].text);
  EXPECT_EQ(stall["since_ns"], said);
  EXPECT_NE(stall["why"].get<std::string>().find("Connecting"), std::string::npos);
  std::set<std::string> states;
  for (const Event& event : world_.events(kinds::kDrbdPoll)) states.insert(event.text);
  EXPECT_EQ(states.size(), 2U);
}

TEST_F(DrbdStateTest, AStreamThatTellsTheChangeIsNotDeaf) {
  auto lines = connected_dump();
  for (const std::string& line : peer_lost_changes()) lines.push_back(line);
  on_stream().lines(lines, false);
  on_poll().out(as_text(peer_lost_dump()));
  start();
  ASSERT_TRUE(polling_until([&] { return count(Outcome::ok) >= 5; }));
  probe_->stop();  // waits for what is unsettled
  EXPECT_EQ(count(kinds::kDrbdStreamStalled), 0U);
}

// A poll that disagrees at the very end is judged before stop() returns.
TEST_F(DrbdStateTest, StopSettlesTheLastDoubt) {
  on_stream().lines(connected_dump(), false);
  on_poll().out(as_text(peer_lost_dump()));
  start();
  ASSERT_TRUE(eventually([&] { return count(kinds::kDrbdLine) == connected_dump().size(); }));
  probe_->fire(world_.clock().now());
  ASSERT_TRUE(eventually([&] { return count(Outcome::ok) == 1; }));
  probe_->stop();
  EXPECT_EQ(count(kinds::kDrbdStreamStalled), 1U);
}

TEST_F(DrbdStateTest, AStreamThatEndsIsClosedAndOpenedAgain) {
  FakeAnswer& stream = on_stream();
  stream.lines(connected_dump(), true).times(1);
  stream.then().lines(connected_dump(), false);
  on_poll().out(as_text(connected_dump()));
  start();
  ASSERT_TRUE(eventually([&] { return count(kinds::kDrbdStreamOpen) == 2; }));
  probe_->stop();
  const auto closed = world_.events(kinds::kDrbdStreamClosed);
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_NE(closed[0].text.find("the command ended"), std::string::npos) << closed[0].text;
}

TEST_F(DrbdStateTest, ANodeThatIsAwaySaysSoOnceAndComesBack) {
  on_stream().lines(connected_dump(), false);
  on_poll().out(as_text(connected_dump()));
  node().down(Error{Errc::unreachable, "no route to host", {}});
  start();
  // Two attempts to open, one record.
  ASSERT_TRUE(
      polling_until([&] { return node().count({"drbdadm"}) >= 2 && count(Outcome::failed) >= 2; }));
  EXPECT_EQ(count(kinds::kDrbdStreamClosed), 1U);
  for (const Sample& sample : world_.samples()) {
    const bool explained = sample.detail.find("no route") != std::string::npos;
    EXPECT_TRUE(sample.outcome != Outcome::failed || explained) << sample.detail;
  }
  node().down(std::nullopt);
  ASSERT_TRUE(eventually([&] { return count(kinds::kDrbdStreamOpen) == 1; }));
  // It loses its power while the stream is open.
  node().down(Error{Errc::unreachable, "connection lost", {}});
  ASSERT_TRUE(eventually([&] { return count(kinds::kDrbdStreamClosed) == 2; }));
  probe_->stop();
  EXPECT_EQ(count(kinds::kDrbdStreamStalled), 0U);
}

TEST_F(DrbdStateTest, APollThatHangsIsATimeoutAndTheNextSlotsAreMissed) {
  on_stream().lines(connected_dump(), false);
  on_poll().hangs();
  start(seconds(1));
  probe_->fire(world_.clock().now());
  probe_->fire(world_.clock().now());
  ASSERT_TRUE(eventually([&] { return count(Outcome::timeout) == 1; }));
  EXPECT_EQ(count(Outcome::missed), 1U);
  probe_->stop();
}

TEST_F(DrbdStateTest, AResourceThatIsNotUpIsAFailure) {
  on_stream().lines({"exists -"}, false);
  on_poll().out("exists -\n");
  start();
  ASSERT_TRUE(polling_until([&] { return count(Outcome::failed) >= 1; }));
  probe_->stop();
  EXPECT_EQ(count(Outcome::ok), 0U);
}

TEST_F(DrbdStateTest, OnlyNodesThatRunTheResource) {
  world_.add_node("dash");
  const auto probe = make("dash", seconds(1));
  ASSERT_FALSE(probe);
  EXPECT_EQ(probe.error().code, Errc::usage);
  const ProbeType& type = *find_probe("drbd.state");
  EXPECT_TRUE(type.applies(world_.cluster(), *world_.cluster().find_node("mirror")));
  EXPECT_FALSE(type.applies(world_.cluster(), *world_.cluster().find_node("dash")));
}

}  // namespace
}  // namespace ernstfall
