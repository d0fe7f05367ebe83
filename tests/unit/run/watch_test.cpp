// watch_test: probes and ledgers of one scenario against the fake service, from start to cleanup.
#include "harness/run/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "harness/core/files.h"
#include "tests/mocks/fake_webdav.h"
#include "tests/mocks/sim_nodes.h"
#include "tests/mocks/temp_folder.h"
#include "tests/unit/load/canary_testing.h"

namespace ernstfall {
namespace {

using std::chrono::seconds;

class WatchTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto secret = temp_.path() / "secret";
    ASSERT_TRUE(write_file_atomic(secret, mocks::FakeWebdav::kPassword, 0600));
    sim_.cluster.service.emplace();
    sim_.cluster.service->url = service_.url();
    sim_.cluster.service->user = mocks::FakeWebdav::kUser;
    sim_.cluster.service->password = {SecretRef::Kind::file, secret.string()};
    for (const char* probe : {"http.get", "webdav.read", "webdav.write"}) {
      ProbeSpec spec;
      spec.probe = probe;
      spec.rate_hz = 20;
      scenario_.probes.push_back(spec);
    }
    LoadSpec load;
    load.rate_hz = 50;
    scenario_.loads = {load, load};
  }

  Result<std::unique_ptr<Watch>> start(const std::stop_token& stop = {}) {
    return Watch::start(*sim_.set, scenario_, "run", board_, stop);
  }
  bool wait_until(const std::function<bool()>& condition) {
    const Deadline deadline = Deadline::after(seconds(60));
    while (!condition() && !deadline.expired())
      (void)sleep_until(Deadline::after(Millis(2)), std::stop_token());
    return condition();
  }

  testing_support::TempFolder temp_;
  mocks::FakeWebdav service_;
  sim::SimCluster sim_{{"prod", "mirror"}};
  Scenario scenario_;
  RunClock clock_;
  std::unique_ptr<HistoryWriter> history_ =
      *HistoryWriter::create(temp_.path() / "history", "run", clock_);
  LiveBoard board_{*history_};
};

TEST_F(WatchTest, RunsProbesAndLedgersAndLeavesNothing) {
  auto watch = start();
  ASSERT_TRUE(watch) << to_string(watch.error());
  EXPECT_TRUE(wait_until([&] { return board_.service_stable(clock_.now(), kNsPerMs * 200); }))
      << board_.service_trouble(clock_.now(), kNsPerMs * 200);
  EXPECT_TRUE(wait_until([&] { return board_.acknowledged_writes() >= 20; }));
  (*watch)->stop_load();
  const std::uint64_t acknowledged = board_.acknowledged_writes();
  const auto audit = (*watch)->audit(Deadline::after(seconds(60)), std::stop_token());
  ASSERT_TRUE(audit) << to_string(audit.error());
  EXPECT_EQ(board_.acknowledged_writes(), acknowledged);  // nothing is written after the stop
  (*watch)->stop_probes();
  ASSERT_TRUE((*watch)->cleanup(Deadline::after(seconds(60))));
  EXPECT_FALSE(service_.has_folder("ernstfall-run"));
  EXPECT_EQ(service_.files(), 0U);
  watch->reset();
  ASSERT_TRUE(board_.close());

  const History history = *read_history(temp_.path() / "history");
  std::set<std::string> sources;
  for (const Source& source : history.sources) sources.insert(source.name);
  EXPECT_THAT(sources, testing::IsSupersetOf({"http.get", "webdav.read", "webdav.write",
                                              "ledger.webdav", "ledger.webdav-2"}));
  std::set<std::pair<SourceId, std::uint64_t>> promised;
  std::set<std::pair<SourceId, std::uint64_t>> found;
  for (const LedgerRecord& record : history.ledger) {
    if (record.step == LedgerStep::acknowledged) promised.emplace(record.source, record.seq);
    if (record.step == LedgerStep::found) found.emplace(record.source, record.seq);
  }
  EXPECT_EQ(promised.size(), acknowledged);  // two ledgers do not write over each other
  EXPECT_EQ(found, promised);
}

// The whole of a canary's life in a run, on a volume of this machine.
TEST_F(WatchTest, ACanaryIsPausedReadBackTwiceAndRemovedEvenWhenTheUserStops) {
  const std::filesystem::path volume = temp_.path() / "volume";
  std::filesystem::create_directory(volume);
  std::map<std::string, std::unique_ptr<Remote>> remotes;
  for (const char* name : {"prod", "mirror"})
    remotes[name] = std::make_unique<load_testing::VolumeNode>(
        name, temp_.path() / fmt::format("mounts-{}", name));
  static_cast<load_testing::VolumeNode&>(*remotes["mirror"]).mount_drbd(volume);
  sim_.cluster.drbd = DrbdConfig{"r0", {"prod", "mirror"}};
  const NodeSet nodes(sim_.cluster, std::move(remotes), {});
  LoadSpec canary;
  canary.load = "canary.block";
  canary.rate_hz = 100;
  canary.on_volume = true;
  canary.params["path"] = {ParamValue::Kind::text, volume.string(), 0};
  canary.params["file_size"] = {ParamValue::Kind::bytes, "1MiB", 1U << 20U};
  scenario_.probes.clear();
  scenario_.loads = {canary};
  auto watch = Watch::start(nodes, scenario_, "run", board_, {});
  ASSERT_TRUE(watch) << to_string(watch.error());
  const auto acknowledged = [&] {
    const History history = *read_history(temp_.path() / "history");
    return measure_canary(history, read_facts(history)).acknowledged;
  };
  EXPECT_TRUE(wait_until([&] { return acknowledged() >= 20; }));
  (*watch)->pause_canary();
  EXPECT_TRUE((*watch)->audit_canary(Deadline::after(seconds(60)), {}));
  const std::uint64_t before = acknowledged();
  (*watch)->resume_canary();
  EXPECT_TRUE(wait_until([&] { return acknowledged() >= before + 20; }));
  (*watch)->stop_load();
  EXPECT_TRUE((*watch)->audit(Deadline::after(seconds(60)), {}));
  (void)(*watch)->cleanup(Deadline::after(seconds(60)));
  EXPECT_TRUE(std::filesystem::is_empty(volume));
  watch->reset();
  EXPECT_EQ(board_.acknowledged_writes(), 0U);  // of users

  const History history = *read_history(temp_.path() / "history");
  const CanaryMeasurement found = measure_canary(history, read_facts(history));
  EXPECT_EQ(found.unaudited, 0U);
  EXPECT_TRUE(found.lost.empty());
  EXPECT_EQ(found.stretches, 2U);
  EXPECT_THAT(found.nodes, testing::ElementsAre("mirror"));
}

TEST_F(WatchTest, EndsAtEveryStage) {
  for (int stage = 0; stage < 4; ++stage) {
    auto watch = start();
    ASSERT_TRUE(watch) << to_string(watch.error());
    const std::uint64_t before = board_.acknowledged_writes();
    EXPECT_TRUE(wait_until([&] { return board_.acknowledged_writes() > before; }));
    if (stage >= 1) (*watch)->stop_load();
    if (stage >= 2) {
      EXPECT_TRUE((*watch)->audit(Deadline::after(seconds(60)), std::stop_token()));
    }
    if (stage >= 3) (*watch)->stop_probes();
    watch->reset();
  }
}

TEST_F(WatchTest, AStartThatFailsTakesBackWhatItWrote) {
  scenario_.loads.back().rate_hz = -1;  // found out after the probes and one ledger are at work
  const auto watch = start();
  ASSERT_FALSE(watch);
  EXPECT_EQ(watch.error().code, Errc::usage);
  EXPECT_GT(service_.requests(), 0U);
  EXPECT_FALSE(service_.has_folder("ernstfall-run"));
}

TEST_F(WatchTest, AStartIsStoppedByTheUser) {
  scenario_.probes.clear();
  sim_.cluster.time_scale = 1000;  // it would wait for hours
  service_.set_booting(true);
  std::stop_source stop;
  std::thread user([&] {
    EXPECT_TRUE(wait_until([&] { return service_.requests() >= 1; }));
    stop.request_stop();
    service_.set_booting(false);  // so that taking back what was written ends, too
  });
  const auto watch = start(stop.get_token());
  user.join();
  ASSERT_FALSE(watch);
  EXPECT_EQ(watch.error().code, Errc::cancelled);
}

}  // namespace
}  // namespace ernstfall
