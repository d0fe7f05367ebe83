// node_time_test: readings of clocks out of a history, and where stamps lie.
#include "probes/checks/node_time.h"

#include <gtest/gtest.h>

#include "probes/checks/run_facts.h"
#include "tests/mocks/synthetic_run.h"

namespace ernstfall {
namespace {

using mocks::HistoryBuilder;
using mocks::seconds_ns;

TEST(NodeTime, ReadsTheStampOfADrbdLine) {
  EXPECT_EQ(parse_drbd_stamp("1970-01-01T00:00:01.500000+00:00"), 1'500'000'000);
  EXPECT_EQ(parse_drbd_stamp("2026-11-23T04:55:04.433412+00:00"), 1'795'409'704'433'412'000);
  EXPECT_EQ(parse_drbd_stamp("2026-11-23T05:55:04.433412+01:00"), 1'795'409'704'433'412'000);
  EXPECT_EQ(parse_drbd_stamp("2026-11-23T03:25:04.433412-01:30"), 1'795'409'704'433'412'000);
  for (const char* bad : {"", "exists", "2026-11-23 04:55:04.433412+00:00", "2026-11-23T04:55:04Z",
                          "2026-1x-23T04:55:04.433412+00:00"})
    EXPECT_FALSE(parse_drbd_stamp(bad)) << bad;
}

TEST(NodeTime, APollIsARoundTripAndNeedsNoQuestionOfItsOwn) {
  HistoryBuilder out;
  out.clocks["prod"] = [](TimeNs) { return seconds_ns(300); };
  out.stamped_polls = true;
  out.drbd_poll("prod", 10, "Primary", "Connected", "Secondary", "UpToDate", "UpToDate",
                "Established", 0);
  const NodeTimes times(out.finish());
  const auto offset = times.offset_at("prod", seconds_ns(10));
  ASSERT_TRUE(offset);
  EXPECT_LE(offset->lower_ns, seconds_ns(300));
  EXPECT_GE(offset->upper_ns, seconds_ns(300));
  EXPECT_LE(offset->uncertainty_ns(), seconds_ns(0.021)) << "half of the round trip of 40 ms";
  ASSERT_EQ(times.summaries().size(), 1U);
  EXPECT_EQ(times.summaries()[0].round_trips, 1U);
}

TEST(NodeTime, ASilentNodeIsCountedAndNotPlaced) {
  HistoryBuilder out;
  out.run_event(1, kinds::kClockSilent, R"({"node":"mirror","asked_ns":0,"why":"no route"})");
  const NodeTimes times(out.finish());
  ASSERT_EQ(times.summaries().size(), 1U);
  EXPECT_EQ(times.summaries()[0].silent, 1U);
  EXPECT_FALSE(times.summaries()[0].offset);
  EXPECT_FALSE(times.place("mirror", 1, 0, 2));
}

// A line that arrives late, after the node's clock was set back: the clock since boot knows.
TEST(NodeTime, AJournalLineIsPlacedByTheClockThatNobodySets) {
  HistoryBuilder out;
  out.clocks["prod"] = [](TimeNs at) { return at < seconds_ns(60) ? 0 : seconds_ns(-30); };
  for (double at = 1; at < 120; at += 5) out.clock_answer("prod", at);
  out.journal("prod", 20, "", "a.service", "clear");
  out.journal("prod", 80, "", "b.service", "said twice");
  const History history = out.finish();
  const NodeTimes times(history);
  const auto lines = journal_lines(history);
  ASSERT_EQ(lines.size(), 2U);
  const auto placed = times.place(lines[1], 0);
  ASSERT_TRUE(placed);
  EXPECT_FALSE(placed->ambiguous);
  EXPECT_LE(placed->lower, seconds_ns(80));
  EXPECT_GE(placed->upper, seconds_ns(80));
  EXPECT_LT(placed->upper - placed->lower, seconds_ns(0.1));
}

History slow_preamble(bool clock_known) {
  HistoryBuilder out;
  out.clocks["prod"] = [](TimeNs) { return seconds_ns(300); };
  if (clock_known)
    for (double at = 1; at < 60; at += 5) out.clock_answer("prod", at);
  const std::string what = R"({"fault":"k8s.drain","node":"prod","index":0)";
  out.run_event(20, kinds::kFaultIntended, what + "}");
  // Sent at 20 s, looked around until 27 s, came back at 28 s.
  out.run_event(28, kinds::kFaultApplied,
                what + R"(,"begun_from_ns":20000000000,"begun_until_ns":28000000000,)" +
                    R"("begun_by":"harness","begun_node_ns":)" +
                    std::to_string(out.node_unix_ns("prod", 27)) + "}");
  out.run_event(29, kinds::kFaultConfirmed, what + R"(,"by":"seen","effect_from_ns":20000000000})");
  return out.finish();
}

TEST(NodeTime, ASlowPreambleDoesNotMakeTheEffectTooEarly) {
  const RunFacts facts = read_facts(slow_preamble(true));
  ASSERT_TRUE(facts.effect_at());
  EXPECT_LE(*facts.effect_at(), seconds_ns(27));
  EXPECT_GE(*facts.effect_at(), seconds_ns(26.95));
  EXPECT_TRUE(facts.faults[0].begun_by_node);
}

// Planted defect: nobody measured the clock. Its word is not believed then.
TEST(NodeTime, WithoutAKnownClockTheEffectCountsFromOurCommand) {
  const RunFacts facts = read_facts(slow_preamble(false));
  EXPECT_EQ(facts.effect_at(), seconds_ns(20));
  EXPECT_FALSE(facts.faults[0].begun_by_node);
}

}  // namespace
}  // namespace ernstfall
