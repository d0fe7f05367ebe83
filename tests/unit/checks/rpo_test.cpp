// rpo_test: what counts as lost, what counts as nothing, and where the verdict turns.
#include "probes/checks/rpo.h"

#include <gtest/gtest.h>

#include "probes/checks/check.h"
#include "tests/mocks/synthetic_run.h"

namespace ernstfall {
namespace {

using mocks::HistoryBuilder;
using mocks::seconds_ns;

void add_fault(HistoryBuilder& out, double effect_s) {
  out.run_event(
      effect_s + 1, kinds::kFaultConfirmed,
      R"({"fault":"node.power-off","node":"prod","index":0,"by":"test","effect_from_ns":)" +
          std::to_string(seconds_ns(effect_s)) + "}");
}

// `count` writes, one every 100 ms from 0.1 s on, acknowledged and found.
void add_found(HistoryBuilder& out, std::uint64_t count) {
  for (std::uint64_t seq = 1; seq <= count; ++seq) {
    out.ledger(seq, LedgerStep::invoked, 0.1 * static_cast<double>(seq));
    out.ledger(seq, LedgerStep::acknowledged, 0.1 * static_cast<double>(seq) + 0.01, 201);
    out.ledger(seq, LedgerStep::found, 100, 200);
  }
}

CheckResult judge_rpo(const History& history,
                      std::optional<std::uint64_t> lost_max = std::nullopt) {
  Scenario scenario = mocks::kill_prod_scenario(false);
  scenario.expect.lost_max = lost_max;
  const Cluster cluster = mocks::two_node_cluster();
  return run_check(*find_check("rpo"), {history, cluster, scenario});
}

TEST(Rpo, NothingLostPasses) {
  HistoryBuilder out;
  add_found(out, 50);
  add_fault(out, 6);
  const CheckResult result = judge_rpo(out.finish());
  EXPECT_EQ(result.verdict, Verdict::pass);
  EXPECT_EQ(result.message, "0 of 50 acknowledged writes are lost");
}

class Accused : public testing::TestWithParam<LedgerStep> {};

TEST_P(Accused, OneBadWriteAmongFiftyFails) {
  HistoryBuilder out;
  add_found(out, 50);
  out.ledger(31, GetParam(), 101);  // the last audit of a write wins
  add_fault(out, 6);
  const History history = out.finish();
  const CheckResult result = judge_rpo(history);
  EXPECT_EQ(result.verdict, Verdict::fail);
  ASSERT_EQ(result.evidence.size(), 1U);
  EXPECT_NE(result.evidence[0].text.english().find("write 31"), std::string::npos);
  EXPECT_NE(result.message.english().find("in the last 2.9 s before the cut"), std::string::npos)
      << result.message;
  EXPECT_NEAR(*measure_rpo(history, read_facts(history)).seconds, 2.89, 0.001);
}

INSTANTIATE_TEST_SUITE_P(Steps, Accused,
                         testing::Values(LedgerStep::lost, LedgerStep::unreadable,
                                         LedgerStep::wrong));

TEST(Rpo, ALossThatALaterReadFindsIsNoLoss) {
  HistoryBuilder out;
  add_found(out, 50);
  out.ledger(31, LedgerStep::lost, 101);
  out.ledger(31, LedgerStep::found, 102);
  add_fault(out, 6);
  EXPECT_EQ(judge_rpo(out.finish()).verdict, Verdict::pass);
}

TEST(Rpo, StuckAndUnauditedWritesAreUnknownUnlessSomethingIsLost) {
  HistoryBuilder stuck;
  add_found(stuck, 50);
  stuck.ledger(31, LedgerStep::stuck, 101);
  add_fault(stuck, 6);
  EXPECT_EQ(judge_rpo(stuck.finish()).verdict, Verdict::unknown);

  for (const bool also_lost : {false, true}) {
    HistoryBuilder out;
    add_found(out, 50);
    out.ledger(51, LedgerStep::invoked, 5.5);
    out.ledger(51, LedgerStep::acknowledged, 5.51);
    if (also_lost) out.ledger(10, LedgerStep::lost, 101);
    add_fault(out, 6);
    const History history = out.finish();
    EXPECT_EQ(judge_rpo(history).verdict, also_lost ? Verdict::fail : Verdict::unknown);
    EXPECT_EQ(measure_rpo(history, read_facts(history)).unaudited, 1U);
  }
}

TEST(Rpo, WritesWithoutAnAnswerAccuseNobody) {
  HistoryBuilder out;
  add_found(out, 50);
  out.ledger(51, LedgerStep::invoked, 5.5);
  out.ledger(51, LedgerStep::indeterminate, 5.9);
  out.ledger(51, LedgerStep::lost, 101);
  out.ledger(52, LedgerStep::invoked, 5.6);  // the harness never heard back
  out.ledger(53, LedgerStep::invoked, 5.7);
  out.ledger(53, LedgerStep::refused, 5.7);
  add_fault(out, 6);
  const History history = out.finish();
  EXPECT_EQ(judge_rpo(history).verdict, Verdict::pass);
  const RpoMeasurement rpo = measure_rpo(history, read_facts(history));
  EXPECT_EQ(rpo.indeterminate, 2U);
  EXPECT_EQ(rpo.refused, 1U);
}

TEST(Rpo, TwentyAcknowledgementsBeforeTheFaultAreEnoughAndNineteenAreNot) {
  for (const std::uint64_t count : {19U, 20U}) {
    HistoryBuilder out;
    add_found(out, count);
    add_fault(out, 6);
    EXPECT_EQ(judge_rpo(out.finish()).verdict, count == 20 ? Verdict::pass : Verdict::unknown);
  }
}

TEST(Rpo, TheAllowanceIsInclusive) {
  HistoryBuilder out;
  add_found(out, 50);
  for (const std::uint64_t seq : {40U, 41U, 42U}) out.ledger(seq, LedgerStep::lost, 101);
  add_fault(out, 6);
  const History history = out.finish();
  EXPECT_EQ(judge_rpo(history, 3).verdict, Verdict::pass);
  EXPECT_EQ(judge_rpo(history, 2).verdict, Verdict::fail);
}

TEST(Rpo, NoLedgerAtAllIsUnknown) {
  HistoryBuilder out;
  add_fault(out, 6);
  EXPECT_EQ(judge_rpo(out.finish()).verdict, Verdict::unknown);
}

TEST(Rpo, EvidenceIsBoundedAndShowsTheOldestAndTheYoungest) {
  HistoryBuilder out;
  add_found(out, 200);
  for (std::uint64_t seq = 101; seq <= 200; ++seq) out.ledger(seq, LedgerStep::lost, 101);
  add_fault(out, 21);
  const CheckResult result = judge_rpo(out.finish());
  ASSERT_EQ(result.evidence.size(), CheckResult::kMaxEvidence);
  EXPECT_NE(result.evidence.front().text.english().find("write 101 "), std::string::npos);
  EXPECT_NE(result.evidence.back().text.english().find("write 200 "), std::string::npos);
}

}  // namespace
}  // namespace ernstfall
