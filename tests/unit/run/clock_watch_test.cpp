// clock_watch_test: few questions, honest answers, and a journal that is followed and not asked.
#include "harness/run/clock_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/history/kinds.h"
#include "harness/run/journal_watch.h"
#include "harness/run/settings.h"
#include "probes/checks/node_time.h"
#include "tests/mocks/fake_remote.h"
#include "tests/mocks/sim_injection.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using namespace std::chrono_literals;

constexpr std::int64_t kFiveMinutesNs = 300'000'000'000;

std::int64_t wall_ns() {
  return std::chrono::duration_cast<Nanos>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class Watches : public ::testing::Test {
 protected:
  Watches() {
    cluster_.name = "fake";
    std::map<std::string, std::unique_ptr<Remote>> remotes;
    for (const char* name : {"prod", "mirror", "load"}) {
      Node node;
      node.name = name;
      cluster_.nodes.push_back(node);
      auto remote = std::make_unique<FakeRemote>(name);
      remotes_[name] = remote.get();
      remotes[name] = std::move(remote);
    }
    cluster_.drbd = DrbdConfig{"r0", {"prod", "mirror"}};
    nodes_ = std::make_unique<NodeSet>(cluster_, std::move(remotes),
                                       std::map<std::string, std::unique_ptr<Power>>{});
    history_ = *HistoryWriter::create(folder_.path() / "history", "run", clock_);
    source_ = *history_->define_source({0, "run", "run", "", 0, 0});
  }
  History history() {
    (void)history_->close();
    return *read_history(folder_.path() / "history");
  }
  static bool eventually(const std::function<bool()>& condition) {
    const Deadline deadline = Deadline::after(20s);
    while (!condition() && !deadline.expired()) sleep_until(deadline.at_most(2ms), {});
    return condition();
  }
  int asked(const std::string& node) { return remotes_[node]->count({"date"}); }

  Cluster cluster_;
  std::map<std::string, FakeRemote*> remotes_;
  std::unique_ptr<NodeSet> nodes_;
  const RunClock clock_;
  const testing_support::TempFolder folder_;
  std::unique_ptr<HistoryWriter> history_;
  SourceId source_ = 0;
};

TEST_F(Watches, AnAnswerBoundsTheClockAndASilentNodeIsSaidToBeSilent) {
  remotes_["prod"]->on({"date"}).out(sim::as_date(wall_ns() + kFiveMinutesNs));
  remotes_["mirror"]->down(Error{Errc::unreachable, "no route", ""});
  remotes_["load"]->on({"date"}).out("date: bad option\n");
  ClockWatch watch(*nodes_, *history_, source_);
  watch.ask_all("the run begins", Deadline::after(5s), {});
  const NodeTimes times(history());
  const auto offset = times.offset_at("prod", clock_.now());
  ASSERT_TRUE(offset);
  EXPECT_LE(offset->lower_ns, kFiveMinutesNs);
  // Made before we asked: only the time in between, which is a test's, not a node's.
  EXPECT_GE(offset->upper_ns, kFiveMinutesNs - 2'000'000'000);
  EXPECT_FALSE(times.offset_at("mirror", 0));
  EXPECT_FALSE(times.offset_at("load", 0));
  for (const NodeClockSummary& summary : times.summaries())
    EXPECT_EQ(summary.silent, summary.node == "prod" ? 0U : 1U) << summary.node;
}

TEST_F(Watches, EveryNodeIsAskedAgainAndAgainAndWhenToldAtOnce) {
  for (auto& [name, remote] : remotes_) remote->on({"date"}).out("1795403525.123000000\n");
  {
    ClockWatch watch(*nodes_, *history_, source_, 5ms);
    ASSERT_TRUE(eventually(
        [&] { return asked("load") >= 5 && asked("prod") >= 5 && asked("mirror") >= 5; }));
  }
  const int before = asked("prod");
  ClockWatch watch(*nodes_, *history_, source_, 1h);
  watch.ask_soon("a fault took effect");
  ASSERT_TRUE(eventually([&] { return asked("prod") > before; }));
}

std::string line(const std::string& message, std::int64_t monotonic_us, const std::string& unit,
                 const std::string& transport = "journal") {
  return nlohmann::json{{"__REALTIME_TIMESTAMP", "1795403530000000"},
                        {"__MONOTONIC_TIMESTAMP", std::to_string(monotonic_us)},
                        {"_BOOT_ID", "b1"},
                        {"MESSAGE", message},
                        {"UNIT", unit},
                        {"_TRANSPORT", transport}}
      .dump();
}

TEST_F(Watches, AJournalIsFollowedAndWhatIsSaidTwiceIsKeptOnce) {
  const std::string mounted = line("EXT4-fs (drbd0): mounted filesystem", 10, "", "kernel");
  const std::string started = line("Started apache2.service.", 20, "apache2.service");
  const std::string again = line("Started cron.service.", 30, "cron.service");
  remotes_["prod"]
      ->on({"nice"})
      .lines({mounted, line("Started Session 4.", 15, "session-4.scope"), "no json", started})
      .times(1)
      .then()
      .lines({mounted, started, again}, false);
  {
    const auto watch = *JournalWatch::start(*nodes_, *history_, {"prod"}, {});
    ASSERT_TRUE(eventually([&] { return remotes_["prod"]->count({"nice"}) >= 2; }));
    // The second stream stays open: nothing more is asked.
    ASSERT_TRUE(eventually([&] {
      const auto now = read_history(folder_.path() / "history");
      return now && journal_lines(*now).size() >= 3;
    }));
  }
  const auto calls = remotes_["prod"]->calls();
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_TRUE(calls[0].stream);
  EXPECT_THAT(calls[0].argv, Not(Contains("-b"))) << "old lines are not news";
  EXPECT_THAT(calls[1].argv, Contains("-b")) << "what was said while nobody listened";
  const auto lines = journal_lines(history());
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_TRUE(lines[0].kernel);
  EXPECT_EQ(lines[1].unit, "apache2.service");
  EXPECT_EQ(lines[2].unit, "cron.service");
  EXPECT_EQ(lines[2].node, "prod");
}

TEST_F(Watches, OnlyNodesWhereRecoveryHappensAreFollowed) {
  EXPECT_THAT(journal_nodes(cluster_, Scenario{}), ElementsAre("prod", "mirror"));
  EXPECT_THAT(journal_command(false, false), Not(Contains(HasSubstr("k3s"))));
}

TEST_F(Watches, SettingsOfUnitsAreReadWhereTheScenarioNamesThem) {
  Scenario scenario;
  FaultStep fault;
  fault.fault = "unit.kill";
  fault.on = "prod";
  fault.params["unit"] = *parse_param(ParamValue::Kind::text, "apache2.service");
  scenario.faults = {fault};
  EXPECT_THAT(units_of(cluster_, scenario),
              ElementsAre(Pair("prod", ElementsAre("apache2.service"))));
  std::map<std::string, std::string> settings;
  take_settings(
      "prod",
      "unit apache2.service RestartUSec=100ms\nkubernetes node-monitor-grace-period=20s\nx=\n",
      settings);
  EXPECT_THAT(settings, ElementsAre(Pair("kubernetes: prod node-monitor-grace-period", "20s"),
                                    Pair("unit: prod apache2.service RestartUSec", "100ms")));
  remotes_["prod"]->on({"sh"}).out("unit apache2.service Restart=no\n");
  EXPECT_THAT(read_settings(*nodes_, scenario, {}, Deadline::after(5s), {}),
              ElementsAre(Pair("unit: prod apache2.service Restart", "no")));
  EXPECT_THAT(remotes_["load"]->calls(), IsEmpty()) << "who has nothing to tell is not asked";
}

}  // namespace
}  // namespace ernstfall
