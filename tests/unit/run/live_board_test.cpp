// live_board_test: when the runner may believe that the service is stable.
#include "harness/run/live_board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;

class LiveBoardTest : public ::testing::Test {
 protected:
  LiveBoardTest() {
    history_ = *HistoryWriter::create(folder_.path(), "run", RunClock{});
    board_ = std::make_unique<LiveBoard>(*history_);
    write_ = *board_->define_source({0, "webdav.write", "webdav.write", "", kPeriod, 2 * kPeriod});
  }
  void sample(TimeNs scheduled, Outcome outcome, TimeNs ended = -1) {
    ASSERT_TRUE(board_->append(Sample{write_, scheduled, scheduled,
                                      ended < 0 ? scheduled + 1 : ended, outcome, 0, "HTTP 503"}));
  }
  static constexpr TimeNs kPeriod = 100 * kNsPerMs;

  testing_support::TempFolder folder_;
  std::unique_ptr<HistoryWriter> history_;
  std::unique_ptr<LiveBoard> board_;
  SourceId write_ = 0;
};

TEST_F(LiveBoardTest, NothingIsStableBeforeTheFirstAnswer) {
  EXPECT_FALSE(board_->service_stable(kNsPerSecond, 0));
}

TEST_F(LiveBoardTest, StableOnlyAfterALongEnoughGoodStreak) {
  for (TimeNs t = 0; t <= 10 * kPeriod; t += kPeriod) sample(t, Outcome::ok);
  EXPECT_TRUE(board_->service_stable(10 * kPeriod, 10 * kPeriod));
  EXPECT_FALSE(board_->service_stable(10 * kPeriod, 11 * kPeriod));
  sample(11 * kPeriod, Outcome::failed);
  EXPECT_FALSE(board_->service_stable(11 * kPeriod, 0));
  EXPECT_THAT(board_->service_trouble(11 * kPeriod, 0), HasSubstr("HTTP 503"));
  sample(12 * kPeriod, Outcome::ok);
  EXPECT_FALSE(board_->service_stable(13 * kPeriod, 2 * kPeriod)) << "the streak began anew";
}

TEST_F(LiveBoardTest, ALateTimeoutOfAnOldSlotDoesNotEndANewerStreak) {
  sample(0, Outcome::ok);
  sample(5 * kPeriod, Outcome::ok);
  sample(6 * kPeriod, Outcome::ok);
  sample(7 * kPeriod, Outcome::failed);
  sample(8 * kPeriod, Outcome::ok);
  sample(6 * kPeriod + 1, Outcome::timeout, 9 * kPeriod);
  EXPECT_TRUE(board_->service_stable(9 * kPeriod, kPeriod));
}

TEST_F(LiveBoardTest, AProbeThatWentSilentProvesNothing) {
  for (TimeNs t = 0; t <= 10 * kPeriod; t += kPeriod) sample(t, Outcome::ok);
  EXPECT_FALSE(board_->service_stable(100 * kPeriod, kPeriod));
  EXPECT_THAT(board_->service_trouble(100 * kPeriod, kPeriod), HasSubstr("not been asked"));
}

TEST_F(LiveBoardTest, MissedSlotsAreNoEvidence) {
  sample(0, Outcome::missed);
  EXPECT_FALSE(board_->service_stable(kPeriod, 0));
}

TEST_F(LiveBoardTest, KnowsWhetherDrbdChanged) {
  EXPECT_FALSE(board_->drbd_changes()) << "nobody listens";
  const auto said = [&](const std::string& text) {
    ASSERT_TRUE(board_->append(Event{0, 0, std::string(kinds::kDrbdLine), text}));
  };
  said("2026-11-26T07:34:19.17+00:00 exists resource name:r0 role:Primary");
  EXPECT_EQ(board_->drbd_changes(), 0U);
  said("2026-11-26T07:34:20.17+00:00 change connection name:r0 connection:Connecting");
  EXPECT_EQ(board_->drbd_changes(), 1U);
}

TEST_F(LiveBoardTest, OnlyServiceSourcesCount) {
  const SourceId node =
      *board_->define_source({0, "node.reach@prod", "node.reach", "prod", kPeriod, kPeriod});
  ASSERT_TRUE(board_->append(Sample{node, 0, 0, 1, Outcome::failed, 0, ""}));
  sample(0, Outcome::ok);
  EXPECT_TRUE(board_->service_stable(kPeriod, kPeriod));
}

}  // namespace
}  // namespace ernstfall
