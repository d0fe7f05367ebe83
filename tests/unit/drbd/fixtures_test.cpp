// fixtures_test: streams and dumps recorded from DRBD 8.4 and 9.3, whole, cut and damaged.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "harness/core/files.h"
#include "harness/core/text.h"
#include "harness/drbd/events2.h"

namespace ernstfall {
namespace {

const std::vector<std::string> kFixtures{
    "drbd-8.4/events2-statistics.now.txt", "drbd-8.4/events2-timestamps.peer-killed.mirror.txt",
    "drbd-9.3/events2.prod.txt", "drbd-9.3/events2.mirror.txt", "drbd-9.3/events2.load.txt"};

std::string read_fixture(const std::string& name) {
  auto text = read_file("tests/golden/" + name);
  EXPECT_TRUE(text) << name;
  return text.value_or("");
}

// The state after the last line whose timestamp is at most `until` ("04:55:30").
DrbdNodeState fold(const std::string& text, std::string_view until = "99") {
  DrbdNodeState state;
  for (const std::string& line : split(text, '\n')) {
    if (line.empty()) continue;
    const auto event = parse_events2_line(line);
    EXPECT_TRUE(event) << line;
    if (!event) continue;
    if (!event->timestamp.empty() && event->timestamp.substr(11, until.size()) > until) break;
    state.apply(*event, "r0");
  }
  return state;
}

TEST(DrbdFixtures, EveryRecordedLineIsUnderstood) {
  for (const std::string& name : kFixtures) {
    int lines = 0;
    int dumps = 0;
    for (const std::string& line : split(read_fixture(name), '\n')) {
      if (line.empty()) continue;
      const auto event = parse_events2_line(line);
      ASSERT_TRUE(event) << name << ": " << line;
      dumps += event->end_of_dump() ? 1 : 0;
      ++lines;
    }
    EXPECT_GE(lines, 5) << name;
    EXPECT_EQ(dumps, 1) << name;
  }
}

TEST(DrbdFixtures, PollOf84) {
  const auto state = parse_events2_dump(read_fixture(kFixtures[0]), "r0");
  ASSERT_TRUE(state);
  EXPECT_EQ(state->summary(), "Secondary Inconsistent, peer: Connected/Secondary Inconsistent");
  EXPECT_EQ(state->connections.at("peer").volumes.at(0).out_of_sync_kib, 262100);
  EXPECT_FALSE(state->volumes.at(0).quorum);
  EXPECT_FALSE(state->fully_redundant());
}

TEST(DrbdFixtures, PeerOf84IsKilledAndItsMirrorPromoted) {
  const std::string text = read_fixture(kFixtures[1]);
  EXPECT_TRUE(fold(text, "04:02:22").fully_redundant());
  EXPECT_EQ(fold(text, "04:02:23.249502").summary(),
            "Secondary UpToDate, peer: NetworkFailure/Unknown DUnknown");
  EXPECT_EQ(fold(text).summary(), "Primary UpToDate, peer: Connecting/Unknown DUnknown");
}

TEST(DrbdFixtures, PrimaryOf93LosesQuorumAndEndsStandAlone) {
  const std::string text = read_fixture("drbd-9.3/events2.prod.txt");
  EXPECT_TRUE(fold(text, "04:55:10").fully_redundant());
  EXPECT_EQ(fold(text, "04:55:30").summary(),
            "Primary UpToDate, load: Connected/Secondary Diskless, mirror: Connecting/Unknown "
            "Outdated");
  EXPECT_EQ(fold(text, "04:55:30").connections.at("mirror").volumes.at(0).out_of_sync_kib, 512);
  EXPECT_TRUE(fold(text, "04:55:38.50").resyncing());
  EXPECT_TRUE(fold(text, "04:55:39").fully_redundant());
  EXPECT_EQ(fold(text, "04:56:01").volumes.at(0).quorum, false);
  const DrbdNodeState end = fold(text);
  EXPECT_EQ(end.role, "Secondary");
  EXPECT_EQ(end.connections.at("mirror").connection, "StandAlone");
  EXPECT_EQ(end.connections.at("load").connection, "StandAlone");
  EXPECT_NE(std::find(end.helpers.begin(), end.helpers.end(), "quorum-lost"), end.helpers.end());
}

TEST(DrbdFixtures, MirrorOf93IsOutdatedThenTakesOver) {
  const std::string text = read_fixture("drbd-9.3/events2.mirror.txt");
  EXPECT_EQ(fold(text, "04:55:30").volumes.at(0).disk, "Outdated");
  const DrbdNodeState resync = fold(text, "04:55:39.40");
  EXPECT_EQ(resync.connections.at("prod").volumes.at(0).replication, "SyncTarget");
  EXPECT_EQ(resync.connections.at("prod").volumes.at(0).done_percent, 0.0);
  EXPECT_TRUE(fold(text, "04:55:50").fully_redundant());
  EXPECT_EQ(fold(text, "04:56:10").role, "Primary");
}

TEST(DrbdFixtures, DisklessNodeOf93IsRedundantWhenItsPeersAre) {
  const std::string text = read_fixture("drbd-9.3/events2.load.txt");
  const DrbdNodeState begin = fold(text, "04:55:10");
  EXPECT_EQ(begin.volumes.at(0).client, true);
  EXPECT_TRUE(begin.fully_redundant());
  EXPECT_FALSE(fold(text, "04:55:30").fully_redundant());
}

TEST(DrbdFixtures, ADumpMustBeWhole) {
  const std::string dump = read_fixture(kFixtures[0]);
  ASSERT_TRUE(parse_events2_dump(dump, "r0"));
  // Everything up to the "-" of its last line is a dump that was cut off.
  for (std::size_t size = 0; size + 2 <= dump.size(); ++size) {
    const auto cut = parse_events2_dump(std::string_view(dump).substr(0, size), "r0");
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(cut.error().code, Errc::protocol);
  }
  EXPECT_FALSE(parse_events2_dump(dump + dump, "r0"));
  EXPECT_FALSE(parse_events2_dump("- skipped 1\n" + dump, "r0"));
  EXPECT_FALSE(parse_events2_dump("drbdsetup: command not found\n" + dump, "r0"));
}

TEST(DrbdFixtures, ADumpWithoutTheResourceIsEmptyAndValid) {
  const auto state = parse_events2_dump("exists -\n", "r0");
  ASSERT_TRUE(state);
  EXPECT_FALSE(state->observed());
  EXPECT_FALSE(parse_events2_dump(read_fixture(kFixtures[0]), "r1")->observed());
}

// Whatever arrives: an answer or an error, never a crash, and a state that can be printed.
TEST(DrbdFixtures, DamagedStreamsNeverCrash) {
  std::mt19937 random(20261123);
  for (const std::string& name : kFixtures) {
    const std::string original = read_fixture(name);
    for (int round = 0; round < 300; ++round) {
      std::string text = original;
      for (int hit = 0; hit < 20; ++hit) {
        const std::size_t at = random() % text.size();
        switch (random() % 4) {
          case 0:
            text[at] = static_cast<char>(random() % 256);
            break;
          case 1:
            text.erase(at, random() % 12);
            break;
          case 2:
            text.insert(at, std::string(random() % 5, " :-\n0"[random() % 5]));
            break;
          default:
            text.insert(at, original.substr(random() % original.size(), random() % 60));
        }
      }
      DrbdNodeState state;
      for (const std::string& line : split(text, '\n'))
        if (const auto event = parse_events2_line(line)) state.apply(*event, "r0");
      (void)parse_events2_dump(text, "r0");
      EXPECT_FALSE(state.summary().empty());
      EXPECT_FALSE(state.comparison_key().empty());
      (void)state.fully_redundant();
    }
  }
}

}  // namespace
}  // namespace ernstfall
