// state_test: folding lines into a node's state: partial changes, odd numbers, several resources.
#include <gtest/gtest.h>

#include "harness/drbd/events2.h"

namespace ernstfall {
namespace {

DrbdNodeState fold(std::initializer_list<const char*> lines, std::string_view resource = "r0") {
  DrbdNodeState state;
  for (const char* line : lines) {
    const auto event = parse_events2_line(line);
    EXPECT_TRUE(event) << line;
    if (event) state.apply(*event, resource);
  }
  return state;
}

constexpr const char* kResource = "exists resource name:r0 role:Primary suspended:no";
constexpr const char* kConnection =
    "exists connection name:r0 peer-node-id:1 conn-name:b connection:Connected role:Secondary";
constexpr const char* kDevice = "exists device name:r0 volume:0 minor:0 disk:UpToDate quorum:yes";
constexpr const char* kPeerDevice =
    "exists peer-device name:r0 peer-node-id:1 conn-name:b volume:0 replication:Established "
    "peer-disk:UpToDate out-of-sync:0";

DrbdNodeState healthy() {
  return fold({kResource, kConnection, kDevice, kPeerDevice, "exists -"});
}
DrbdNodeState after(const char* line) {
  return fold({kResource, kConnection, kDevice, kPeerDevice, line});
}

TEST(DrbdState, ChangesTouchOnlyWhatTheyName) {
  const DrbdNodeState state = after("change connection name:r0 conn-name:b connection:Connecting");
  EXPECT_EQ(state.connections.at("b").connection, "Connecting");
  EXPECT_EQ(state.connections.at("b").peer_role, "Secondary");
  EXPECT_EQ(state.connections.at("b").volumes.at(0).peer_disk, "UpToDate");
}

TEST(DrbdState, AChangeWithoutKeysChangesNothing) {
  EXPECT_EQ(after("change connection name:r0 peer-node-id:1 conn-name:b").comparison_key(),
            healthy().comparison_key());
  EXPECT_EQ(after("change peer-device name:r0 conn-name:b volume:0").comparison_key(),
            healthy().comparison_key());
}

TEST(DrbdState, CountersBelowZeroAreNegative) {
  const DrbdNodeState state = after(
      "change peer-device name:r0 conn-name:b volume:0 out-of-sync:18446744073709551608 done:nan");
  EXPECT_EQ(state.connections.at("b").volumes.at(0).out_of_sync_kib, -8);
  EXPECT_FALSE(state.connections.at("b").volumes.at(0).done_percent);
}

TEST(DrbdState, NumbersThatAreNoneAreNotObserved) {
  for (const char* line : {"change peer-device name:r0 conn-name:b volume:0 out-of-sync:",
                           "change peer-device name:r0 conn-name:b volume:0 out-of-sync:12x",
                           "change peer-device name:r0 conn-name:b volume:0 out-of-sync:nan",
                           "change peer-device name:r0 conn-name:b volume:0 "
                           "out-of-sync:99999999999999999999999"})
    EXPECT_FALSE(after(line).connections.at("b").volumes.at(0).out_of_sync_kib) << line;
  EXPECT_EQ(after("change device name:r0 volume:x disk:Failed").volumes.at(0).disk, "UpToDate");
}

TEST(DrbdState, ResyncProgressEndsWithTheResync) {
  DrbdNodeState state = after(
      "change peer-device name:r0 conn-name:b volume:0 replication:SyncSource "
      "peer-disk:Inconsistent done:41.50");
  EXPECT_TRUE(state.resyncing());
  EXPECT_EQ(state.connections.at("b").volumes.at(0).done_percent, 41.5);
  EXPECT_EQ(state.summary(),
            "Primary UpToDate, b: Connected/Secondary Inconsistent SyncSource 42 %");
  state.apply(*parse_events2_line("change peer-device name:r0 conn-name:b volume:0 "
                                  "replication:Established peer-disk:UpToDate"),
              "r0");
  EXPECT_FALSE(state.resyncing());
  EXPECT_FALSE(state.connections.at("b").volumes.at(0).done_percent);
  EXPECT_TRUE(state.fully_redundant());
}

TEST(DrbdState, OtherResourcesAreNotOurs) {
  EXPECT_EQ(after("change resource name:r1 role:Secondary").comparison_key(),
            healthy().comparison_key());
  EXPECT_EQ(after("destroy resource name:r00").comparison_key(), healthy().comparison_key());
  EXPECT_FALSE(fold({"exists resource name:r1 role:Primary", "exists -"}).observed());
}

TEST(DrbdState, ThingsThatAreDestroyedAreGone) {
  EXPECT_TRUE(after("destroy device name:r0 volume:0").volumes.empty());
  EXPECT_TRUE(after("destroy peer-device name:r0 conn-name:b volume:0")
                  .connections.at("b")
                  .volumes.empty());
  EXPECT_TRUE(after("destroy connection name:r0 conn-name:b").connections.empty());
  EXPECT_TRUE(after("destroy peer-device name:r0 conn-name:zz volume:0").connections.count("zz") ==
              0);
  const DrbdNodeState state = after("destroy resource name:r0");
  EXPECT_FALSE(state.observed());
  EXPECT_EQ(state.comparison_key(), DrbdNodeState{}.comparison_key());
  EXPECT_EQ(state.summary(), "not observed");
}

TEST(DrbdState, ARenamedResourceIsNoLongerOurs) {
  EXPECT_FALSE(after("rename resource name:r0 new_name:r9").observed());
}

TEST(DrbdState, ASecondDumpReplacesTheFirstAndKeepsHelpers) {
  DrbdNodeState state = after("call helper name:r0 conn-name:b helper:split-brain");
  state.apply(*parse_events2_line("call helper name:r0 conn-name:b helper:split-brain"), "r0");
  state.apply(*parse_events2_line("response helper name:r0 helper:pri-lost status:0"), "r0");
  state.apply(*parse_events2_line("exists resource name:r0 role:Secondary suspended:no"), "r0");
  EXPECT_EQ(state.role, "Secondary");
  EXPECT_TRUE(state.connections.empty());
  EXPECT_EQ(state.helpers, std::vector<std::string>{"split-brain"});
}

TEST(DrbdState, EverySingleDegradationEndsRedundancy) {
  EXPECT_TRUE(healthy().fully_redundant());
  for (const char* line :
       {"change device name:r0 volume:0 disk:Inconsistent",
        "change device name:r0 volume:0 disk:Diskless client:no",
        "change device name:r0 volume:0 disk:Diskless client:yes",  // one copy is left
        "change connection name:r0 conn-name:b connection:StandAlone",
        "change peer-device name:r0 conn-name:b volume:0 peer-disk:Outdated",
        "change peer-device name:r0 conn-name:b volume:0 peer-disk:Diskless",
        "change peer-device name:r0 conn-name:b volume:0 peer-disk:Diskless peer-client:yes",
        "change peer-device name:r0 conn-name:b volume:0 replication:SyncSource",
        "change peer-device name:r0 conn-name:b volume:0 out-of-sync:12",
        "create device name:r0 volume:1 disk:UpToDate", "destroy connection name:r0 conn-name:b",
        "destroy device name:r0 volume:0", "destroy resource name:r0"})
    EXPECT_FALSE(after(line).fully_redundant()) << line;
}

TEST(DrbdState, TheKeyHoldsStatesAndNoCounters) {
  const std::string key = healthy().comparison_key();
  EXPECT_EQ(after("change peer-device name:r0 conn-name:b volume:0 out-of-sync:512 sent:9")
                .comparison_key(),
            key);
  EXPECT_EQ(after("change resource name:r0 may_promote:no promotion_score:1").comparison_key(),
            key);
  for (const char* line :
       {"change resource name:r0 role:Secondary", "change resource name:r0 suspended:quorum",
        "change device name:r0 volume:0 disk:Failed", "change device name:r0 volume:0 quorum:no",
        "change connection name:r0 conn-name:b connection:Timeout",
        "change connection name:r0 conn-name:b role:Primary",
        "change peer-device name:r0 conn-name:b volume:0 replication:Off",
        "change peer-device name:r0 conn-name:b volume:0 peer-disk:DUnknown"})
    EXPECT_NE(after(line).comparison_key(), key) << line;
}

TEST(DrbdState, TheSummaryNamesWhatIsWrong) {
  EXPECT_EQ(healthy().summary(), "Primary UpToDate, b: Connected/Secondary UpToDate");
  EXPECT_EQ(after("change device name:r0 volume:0 disk:UpToDate quorum:no").summary(),
            "Primary UpToDate (no quorum), b: Connected/Secondary UpToDate");
  EXPECT_EQ(after("change resource name:r0 suspended:quorum").summary(),
            "Primary UpToDate suspended:quorum, b: Connected/Secondary UpToDate");
}

}  // namespace
}  // namespace ernstfall
