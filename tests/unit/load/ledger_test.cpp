// ledger_test: writes, losses and silences of the fake service, and what the verdict makes of them.
#include <thread>

#include "harness/load/ledger_audit.h"
#include "tests/unit/load/ledger_testing.h"

namespace ernstfall {
namespace {

using load_testing::eventually;
using load_testing::kFolder;
using load_testing::kRunId;
using load_testing::kWriter;
using load_testing::LedgerTest;
using load_testing::path_of;
using mocks::FakeWebdav;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(LedgerTest, CleanServiceLosesNothing) {
  start_ledger();
  ASSERT_TRUE(wait_for_acknowledged(60));
  record_fault();
  ledger_->stop();
  const auto status = audit(minutes(2));
  ASSERT_TRUE(status) << to_string(status.error());
  const RpoMeasurement rpo = measured();
  EXPECT_EQ(rpo.acknowledged, service_.acknowledged().size());
  EXPECT_EQ(rpo.indeterminate, 0U);
  EXPECT_EQ(rpo.unaudited, 0U);
  EXPECT_TRUE(rpo.lost.empty());
  EXPECT_EQ(judged().verdict, Verdict::pass) << judged().message;
  EXPECT_EQ(service_.content(path_of(7)), ledger_body(kRunId, kWriter, 7, spec_.size_bytes));
}

TEST_F(LedgerTest, FindsExactlyTheWritesThatWereDropped) {
  service_.drop_every(50);
  start_ledger();
  ASSERT_TRUE(wait_for_acknowledged(110));
  record_fault();
  ledger_->stop();
  ASSERT_TRUE(audit(minutes(2)));
  std::set<std::string> dropped;
  for (const auto& entry : service_.acknowledged())
    if (entry.dropped) dropped.insert(entry.path);
  EXPECT_GE(dropped.size(), 2U);
  EXPECT_EQ(lost_paths(), dropped);
  for (const LostWrite& write : measured().lost) EXPECT_EQ(write.found_as, LedgerStep::lost);
  EXPECT_EQ(judged().verdict, Verdict::fail);
}

TEST_F(LedgerTest, FindsExactlyTheWritesThatWereCorrupted) {
  service_.corrupt_every(25);
  start_ledger();
  ASSERT_TRUE(wait_for_acknowledged(60));
  record_fault();
  ledger_->stop();
  ASSERT_TRUE(audit(minutes(2)));
  std::set<std::string> corrupted;
  for (const auto& entry : service_.acknowledged())
    if (entry.corrupted) corrupted.insert(entry.path);
  EXPECT_GE(corrupted.size(), 2U);
  EXPECT_EQ(lost_paths(), corrupted);
  for (const LostWrite& write : measured().lost) EXPECT_EQ(write.found_as, LedgerStep::wrong);
  EXPECT_EQ(judged().verdict, Verdict::fail);
}

// What a power cut did to a real service: everything younger than some seconds is gone, or is
// listed and cannot be read.
class PowerCut : public LedgerTest, public testing::WithParamInterface<FakeWebdav::Loss> {};

TEST_P(PowerCut, LosesTheYoungestAcknowledgements) {
  start_ledger();
  ASSERT_TRUE(wait_for_acknowledged(30));
  const SteadyTime kept_until = std::chrono::steady_clock::now();
  ASSERT_TRUE(wait_for_acknowledged(service_.acknowledged().size() + 30));
  record_fault();
  service_.power_cut(std::chrono::steady_clock::now() - kept_until, GetParam());
  ledger_->stop();
  service_.come_back();
  ASSERT_TRUE(audit(seconds(4)));
  std::set<std::string> kept;
  for (const auto& entry : service_.acknowledged())
    if (entry.at <= kept_until) kept.insert(entry.path);
  const RpoMeasurement rpo = measured();
  EXPECT_GE(rpo.lost.size(), 20U);
  EXPECT_EQ(rpo.unaudited, 0U);
  for (const std::string& path : lost_paths()) EXPECT_EQ(kept.count(path), 0U) << path;
  const bool gone = GetParam() == FakeWebdav::Loss::gone;
  for (const LostWrite& write : rpo.lost)
    EXPECT_EQ(write.found_as, gone ? LedgerStep::lost : LedgerStep::unreadable);
  EXPECT_EQ(judged().verdict, Verdict::fail);
}

INSTANTIATE_TEST_SUITE_P(Losses, PowerCut,
                         testing::Values(FakeWebdav::Loss::gone, FakeWebdav::Loss::unreadable));

TEST_F(LedgerTest, WritesThatHangAreIndeterminateAndNeverLost) {
  spec_.timeout = milliseconds(400);
  start_ledger();
  ASSERT_TRUE(wait_for_acknowledged(30));
  record_fault();
  service_.set_frozen(true);
  ASSERT_TRUE(eventually([&] { return count(LedgerStep::indeterminate) >= 10; }));
  ledger_->stop();
  const std::size_t before_thaw = service_.files();
  service_.set_frozen(false);
  // Nobody waits for them any more, and they are committed all the same.
  ASSERT_TRUE(eventually([&] { return service_.files() >= before_thaw + 10; }));
  ASSERT_TRUE(audit(minutes(2)));
  const RpoMeasurement rpo = measured();
  EXPECT_GE(rpo.indeterminate, 10U);
  EXPECT_TRUE(rpo.lost.empty());
  EXPECT_GT(count(LedgerStep::found), rpo.acknowledged);  // recorded, though nobody is judged by it
  EXPECT_EQ(judged().verdict, Verdict::pass) << judged().message;
}

TEST_F(LedgerTest, WritesThatHungAndWereNeverCommittedAccuseNobody) {
  spec_.timeout = milliseconds(200);
  start_ledger();
  ASSERT_TRUE(wait_for_acknowledged(30));
  record_fault();
  service_.set_frozen(true);
  ASSERT_TRUE(eventually([&] { return count(LedgerStep::indeterminate) >= 5; }));
  ledger_->stop();
  service_.go_away();
  service_.set_frozen(false);
  service_.come_back();
  ASSERT_TRUE(audit(minutes(2)));
  EXPECT_GE(count(LedgerStep::lost), 5U);
  EXPECT_TRUE(measured().lost.empty());
  EXPECT_EQ(judged().verdict, Verdict::pass) << judged().message;
}

TEST_F(LedgerTest, ProcessingForEverIsStuckAndUnknown) {
  start_ledger();
  ASSERT_TRUE(wait_for_acknowledged(30));
  record_fault();
  ledger_->stop();
  service_.set_processing("ledger.webdav-3", 2);  // 3, 30 and so on are only slow
  service_.set_processing("ledger.webdav-4", -1);
  ASSERT_TRUE(audit(seconds(3)));
  const RpoMeasurement rpo = measured();
  EXPECT_GE(rpo.stuck, 1U);
  EXPECT_TRUE(rpo.lost.empty());
  EXPECT_EQ(rpo.unaudited, 0U);
  EXPECT_EQ(judged().verdict, Verdict::unknown);
  std::set<std::string> stuck;
  std::set<std::string> expected;
  for (const LedgerRecord& record : recorded().ledger) {
    if (record.step == LedgerStep::stuck) stuck.insert(path_of(record.seq));
    const bool meant = path_of(record.seq).find("ledger.webdav-4") != std::string::npos;
    if (record.step == LedgerStep::acknowledged && meant) expected.insert(path_of(record.seq));
  }
  EXPECT_EQ(stuck, expected);
}

TEST_F(LedgerTest, ServiceThatIsAwayAtTheAuditIsUnknownAndNotHammered) {
  start_ledger();
  ASSERT_TRUE(wait_for_acknowledged(40));
  record_fault();
  ledger_->stop();
  for (const int gateway : {503, 0}) {
    service_.set_gateway(gateway);
    if (gateway == 0) service_.go_away();
    const std::size_t before = service_.requests();
    const auto status = audit(seconds(2));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Errc::timeout);
    // The first eight at once, then one every pause.
    EXPECT_LE(service_.requests() - before,
              LedgerAudit::kMaxInFlight + 2 + seconds(2) / milliseconds(500));
    const RpoMeasurement rpo = measured();
    EXPECT_EQ(rpo.unaudited, rpo.acknowledged);
    EXPECT_TRUE(rpo.lost.empty());
    EXPECT_EQ(judged().verdict, Verdict::unknown);
  }
}

TEST_F(LedgerTest, AuditWaitsForAServiceThatComesBackLate) {
  start_ledger();
  ASSERT_TRUE(wait_for_acknowledged(40));
  record_fault();
  ledger_->stop();
  service_.go_away();
  Status status;
  std::thread auditor([&] { status = audit(minutes(2)); });
  const auto asked = [&](std::size_t more) {
    const std::size_t now = service_.requests();
    return eventually([&, now] { return service_.requests() >= now + more; });
  };
  service_.set_gateway(502);
  service_.come_back();
  EXPECT_TRUE(asked(2));
  service_.set_booting(true);  // good credentials, and 401
  service_.set_gateway(0);
  EXPECT_TRUE(asked(2));
  service_.set_booting(false);
  auditor.join();
  ASSERT_TRUE(status) << to_string(status.error());
  EXPECT_EQ(measured().unaudited, 0U);
  EXPECT_EQ(judged().verdict, Verdict::pass) << judged().message;
}

TEST_F(LedgerTest, AuditStopsWhenTold) {
  start_ledger();
  ASSERT_TRUE(wait_for_acknowledged(5));
  ledger_->stop();
  service_.set_gateway(503);
  std::stop_source stop;
  std::thread stopper([&] {
    const std::size_t now = service_.requests();
    (void)eventually([&, now] { return service_.requests() > now; });
    stop.request_stop();
  });
  const auto status = ledger_->audit(Deadline::after(minutes(5)), stop.get_token());
  stopper.join();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::cancelled);
}

TEST_F(LedgerTest, RefusedWritesAreNoPromises) {
  start_ledger();
  ASSERT_TRUE(wait_for_acknowledged(30));
  service_.set_full(true);
  ASSERT_TRUE(eventually([&] { return count(LedgerStep::refused) >= 5; }));
  service_.set_full(false);
  record_fault();
  service_.go_away();  // nobody listens: surely not stored
  const std::size_t refused = count(LedgerStep::refused);
  ASSERT_TRUE(eventually([&] { return count(LedgerStep::refused) >= refused + 5; }));
  ledger_->stop();
  service_.come_back();
  ASSERT_TRUE(audit(minutes(2)));
  EXPECT_GE(measured().refused, 10U);
  EXPECT_EQ(judged().verdict, Verdict::pass) << judged().message;
}

TEST_F(LedgerTest, ErrorsInsideTheServiceAreIndeterminate) {
  start_ledger();
  service_.set_read_only(true);
  ASSERT_TRUE(eventually([&] { return count(LedgerStep::indeterminate) >= 5; }));
}

TEST_F(LedgerTest, CleanupRemovesTheFolderAndToleratesThatItIsGone) {
  start_ledger();
  ASSERT_TRUE(wait_for_acknowledged(10));
  ledger_->stop();
  EXPECT_TRUE(service_.has_folder(kFolder));
  for (int round = 0; round < 2; ++round) {
    const auto status = ledger_->cleanup(Deadline::after(seconds(60)), std::stop_token());
    ASSERT_TRUE(status) << to_string(status.error());
    EXPECT_FALSE(service_.has_folder(kFolder));
    EXPECT_EQ(service_.files(), 0U);
  }
}

TEST_F(LedgerTest, StartWaitsForAServiceThatBoots) {
  service_.set_booting(true);
  std::thread boot([&] {
    (void)eventually([&] { return service_.requests() >= 2; });
    service_.set_booting(false);
  });
  start_ledger();
  boot.join();
  EXPECT_TRUE(wait_for_acknowledged(1));
}

TEST_F(LedgerTest, StartSaysWhyTheServiceDoesNotLetIt) {
  service_.set_gateway(503);
  cluster_.time_scale = 0.05;
  const auto ledger =
      Ledger::start(*history_, *http_, cluster_, kRunId, kWriter, spec_, std::stop_token());
  ASSERT_FALSE(ledger);
  EXPECT_EQ(ledger.error().code, Errc::unreachable);
  EXPECT_NE(ledger.error().what.find("HTTP 503"), std::string::npos) << ledger.error().what;
  EXPECT_EQ(to_string(ledger.error()).find(FakeWebdav::kPassword), std::string::npos);
}

TEST_F(LedgerTest, MayEndWhileWritesHang) {
  start_ledger();
  ASSERT_TRUE(wait_for_acknowledged(5));
  service_.set_frozen(true);
  const std::size_t seen = service_.requests();
  ASSERT_TRUE(eventually([&] { return service_.requests() >= seen + 5; }));
  ledger_.reset();
  http_.reset();  // ends what is in flight; the answers still find the book
  EXPECT_GE(count(LedgerStep::indeterminate), 5U);
}

}  // namespace
}  // namespace ernstfall
