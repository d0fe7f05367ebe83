// round_trip_test: what was appended is read back, in order, across files and threads.
#include <limits>
#include <thread>

#include "tests/unit/history/history_testing.h"

namespace ernstfall {
namespace {

using testing_support::append_every_kind;
using testing_support::create_history;
using testing_support::TempFolder;

TEST(HistoryRoundTrip, EveryKindOfRecord) {
  const TempFolder folder;
  const RunClock clock;
  const auto writer = create_history(folder.path(), clock);
  append_every_kind(*writer);
  ASSERT_TRUE(writer->close());
  const auto history = read_history(folder.path());
  ASSERT_TRUE(history);
  EXPECT_FALSE(history->truncated) << history->damage;
  EXPECT_EQ(history->damage, "");
  EXPECT_EQ(history->header.run_id, "20261123T031205Z-kill-prod");
  EXPECT_EQ(history->header.wall_base_unix_ns,
            std::chrono::duration_cast<Nanos>(clock.wall_base.time_since_epoch()).count());

  ASSERT_EQ(history->sources.size(), 2U);
  const Source& source = history->sources[0];
  EXPECT_EQ(source.id, 0U);
  EXPECT_EQ(source.name, "node.reach@prod");
  EXPECT_EQ(source.kind, "node.reach");
  EXPECT_EQ(source.node, "prod");
  EXPECT_EQ(source.period_ns, 500);
  EXPECT_EQ(source.timeout_ns, 1000);
  EXPECT_EQ(history->find_source("run"), &history->sources[1]);
  EXPECT_EQ(history->find_source("walk"), nullptr);

  ASSERT_EQ(history->samples.size(), 2U);
  const Sample& sample = history->samples[1];
  EXPECT_EQ(sample.source, 0U);
  EXPECT_EQ(sample.scheduled, 20);
  EXPECT_EQ(sample.started, 21);
  EXPECT_EQ(sample.ended, 99);
  EXPECT_EQ(sample.outcome, Outcome::timeout);
  EXPECT_EQ(sample.code, -28);
  EXPECT_EQ(sample.detail, "no answer");

  ASSERT_EQ(history->events.size(), 2U);
  EXPECT_EQ(history->events[0].source, 1U);
  EXPECT_EQ(history->events[0].at, 30);
  EXPECT_EQ(history->events[0].kind, "run.phase");
  EXPECT_EQ(history->events[0].text, "{\"phase\":\"baseline\"}");

  ASSERT_EQ(history->ledger.size(), 2U);
  const LedgerRecord& record = history->ledger[1];
  EXPECT_EQ(record.source, 1U);
  EXPECT_EQ(record.seq, 7U);
  EXPECT_EQ(record.step, LedgerStep::acknowledged);
  EXPECT_EQ(record.at, 41);
  EXPECT_EQ(record.code, 201);
  EXPECT_EQ(record.detail, "etag");
}

TEST(HistoryRoundTrip, AnyBytesAndExtremeNumbers) {
  const TempFolder folder;
  const auto writer = create_history(folder.path());
  const SourceId id = *writer->define_source({0, "s", "s", "", 0, 0});
  std::string all(256, '\0');
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<char>(i);
  constexpr TimeNs kMin = std::numeric_limits<TimeNs>::min();
  constexpr TimeNs kMax = std::numeric_limits<TimeNs>::max();
  ASSERT_TRUE(writer->append(Sample{id, kMin, kMax, 0, Outcome::indeterminate,
                                    std::numeric_limits<std::int32_t>::min(), all}));
  ASSERT_TRUE(writer->append(LedgerRecord{id, ~0ULL, LedgerStep::wrong, kMax, 0, all}));
  ASSERT_TRUE(writer->close());
  const auto history = read_history(folder.path());
  ASSERT_TRUE(history);
  EXPECT_EQ(history->damage, "");
  EXPECT_EQ(history->samples.at(0).detail, all);
  EXPECT_EQ(history->samples.at(0).scheduled, kMin);
  EXPECT_EQ(history->samples.at(0).started, kMax);
  EXPECT_EQ(history->ledger.at(0).seq, ~0ULL);
}

TEST(HistoryRoundTrip, TextsAreBounded) {
  const TempFolder folder;
  const auto writer = create_history(folder.path());
  const SourceId id = *writer->define_source({0, "s", "s", "", 0, 0});
  ASSERT_TRUE(writer->append(Event{id, 1, "k", std::string(1U << 20U, 'x')}));
  ASSERT_TRUE(writer->append(Event{id, 2, "k", "after"}));
  ASSERT_TRUE(writer->close());
  const auto history = read_history(folder.path());
  ASSERT_TRUE(history);
  ASSERT_EQ(history->events.size(), 2U);
  EXPECT_LE(history->events[0].text.size(), 64U << 10U);
  EXPECT_EQ(history->events[0].text.substr(0, 3), "xxx");
  EXPECT_EQ(history->events[1].text, "after");
}

TEST(HistoryRoundTrip, ASourceHasOneIdPerName) {
  const TempFolder folder;
  const auto writer = create_history(folder.path());
  const SourceId a = *writer->define_source({9, "a", "k", "", 0, 0});
  const SourceId b = *writer->define_source({9, "b", "k", "", 0, 0});
  EXPECT_NE(a, b);
  EXPECT_EQ(*writer->define_source({9, "a", "other", "", 1, 1}), a);
  ASSERT_TRUE(writer->close());
  EXPECT_EQ(read_history(folder.path())->sources.size(), 2U);
}

TEST(HistoryRoundTrip, NothingAfterClose) {
  const TempFolder folder;
  const auto writer = create_history(folder.path());
  const SourceId id = *writer->define_source({0, "s", "s", "", 0, 0});
  ASSERT_TRUE(writer->close());
  EXPECT_TRUE(writer->close());
  EXPECT_TRUE(writer->sync());
  EXPECT_FALSE(writer->append(Event{id, 1, "k", ""}));
  EXPECT_FALSE(writer->define_source({0, "t", "t", "", 0, 0}));
}

TEST(HistoryRoundTrip, AnExistingHistoryIsNeverOverwritten) {
  const TempFolder folder;
  const auto writer = create_history(folder.path());
  append_every_kind(*writer);
  ASSERT_TRUE(writer->close());
  EXPECT_FALSE(HistoryWriter::create(folder.path(), "other", RunClock{}));
  EXPECT_EQ(read_history(folder.path())->samples.size(), 2U);
}

TEST(HistoryRoundTrip, ManyThreadsAppend) {
  const TempFolder folder;
  const auto writer = create_history(folder.path());
  constexpr int kThreads = 8;
  constexpr int kEach = 4000;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        const SourceId shared = *writer->define_source({0, "shared", "s", "", 0, 0});
        const SourceId own = *writer->define_source({0, fmt::format("own{}", t), "s", "", 0, 0});
        for (int i = 0; i < kEach; ++i) {
          EXPECT_TRUE(writer->append(Sample{own, i, i, i, Outcome::ok, t, "detail"}));
          EXPECT_TRUE(i % 4 != 0 || writer->append(Event{shared, i, "k", "text"}));
          EXPECT_TRUE(i % 500 != 0 || writer->sync());
        }
      });
  }
  ASSERT_TRUE(writer->close());
  const auto history = read_history(folder.path());
  ASSERT_TRUE(history);
  EXPECT_EQ(history->damage, "");
  ASSERT_EQ(history->sources.size(), 1U + kThreads);
  EXPECT_EQ(history->samples.size(), static_cast<std::size_t>(kThreads * kEach));
  EXPECT_EQ(history->events.size(), static_cast<std::size_t>(kThreads * kEach / 4));
  std::vector<TimeNs> next(history->sources.size(), 0);  // in the order of each thread
  for (const Sample& sample : history->samples) EXPECT_EQ(sample.scheduled, next[sample.source]++);
}

class HistoryFiles : public testing::Test {
 protected:
  // 1,200 events of 60,000 bytes do not fit into one file.
  static constexpr int kEvents = 1200;

  void SetUp() override {
    const auto writer = create_history(folder_.path());
    const SourceId id = *writer->define_source({0, "s", "s", "", 0, 0});
    for (int i = 0; i < kEvents; ++i)
      ASSERT_TRUE(writer->append(Event{id, i, "k", std::string(60'000, 'x')}));
    ASSERT_TRUE(writer->close());
    ASSERT_TRUE(std::filesystem::exists(folder_.path() / "000002.efh"));
  }
  TempFolder folder_;
};

TEST_F(HistoryFiles, AFullFileIsFollowedByTheNext) {
  const auto history = read_history(folder_.path());
  ASSERT_TRUE(history);
  EXPECT_EQ(history->damage, "");
  EXPECT_EQ(history->sources.size(), 1U);
  ASSERT_EQ(history->events.size(), static_cast<std::size_t>(kEvents));
  for (int i = 0; i < kEvents; ++i) EXPECT_EQ(history->events[static_cast<std::size_t>(i)].at, i);
}

// A rollover must not wait for the disk, and what sync() flushed is cut to its length.
TEST(HistoryRollover, FullFilesAreClosedBySyncWhileOthersAppend) {
  const TempFolder folder;
  const auto writer = create_history(folder.path());
  const SourceId id = *writer->define_source({0, "s", "s", "", 0, 0});
  const auto size = [&](const char* name) {
    return std::filesystem::file_size(folder.path() / name);
  };
  constexpr int kEvents = 1200;
  {
    const std::jthread appender([&] {
      for (int i = 0; i < kEvents; ++i)
        EXPECT_TRUE(writer->append(Event{id, i, "k", std::string(60'000, 'x')}));
    });
    while (!std::filesystem::exists(folder.path() / "000002.efh")) EXPECT_TRUE(writer->sync());
    EXPECT_TRUE(writer->sync());
  }
  EXPECT_LT(size("000001.efh"), 64U << 20U);
  EXPECT_EQ(size("000002.efh") % (4U << 20U), 0U);  // still open
  ASSERT_TRUE(writer->close());
  EXPECT_LT(size("000002.efh"), 64U << 20U);
  const auto history = read_history(folder.path());
  ASSERT_TRUE(history);
  EXPECT_EQ(history->damage, "");
  EXPECT_EQ(history->events.size(), static_cast<std::size_t>(kEvents));
}

TEST_F(HistoryFiles, AMissingFileIsDamage) {
  std::filesystem::rename(folder_.path() / "000002.efh", folder_.path() / "000003.efh");
  const auto history = read_history(folder_.path());
  ASSERT_TRUE(history);
  EXPECT_TRUE(history->truncated);
  EXPECT_NE(history->damage.find("000002.efh"), std::string::npos) << history->damage;
  EXPECT_LT(history->events.size(), static_cast<std::size_t>(kEvents));
  EXPECT_GT(history->events.size(), 0U);
}

TEST_F(HistoryFiles, AFileOfAnotherRunIsDamage) {
  const TempFolder other;
  const auto writer = HistoryWriter::create(other.path(), "another", RunClock{});
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->define_source({0, "s", "s", "", 0, 0}));
  ASSERT_TRUE((*writer)->close());
  std::filesystem::copy_file(other.path() / "000001.efh", folder_.path() / "000002.efh",
                             std::filesystem::copy_options::overwrite_existing);
  const auto history = read_history(folder_.path());
  ASSERT_TRUE(history);
  EXPECT_EQ(history->header.run_id, "20261123T031205Z-kill-prod");
  EXPECT_NE(history->damage.find("another"), std::string::npos) << history->damage;
}

}  // namespace
}  // namespace ernstfall
