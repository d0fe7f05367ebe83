// canary_check_test: what the blocks that were read back say, with planted losses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/checks/canary.h"
#include "probes/checks/check.h"
#include "tests/mocks/synthetic_run.h"

namespace ernstfall {
namespace {

using mocks::HistoryBuilder;
using mocks::seconds_ns;
using testing::HasSubstr;

// Acknowledgements every 100 ms from 0.1 s on, a fault at 6 s, and looks at the volume at 100 s.
struct CanaryRunBuilder {
  HistoryBuilder out;
  SourceId canary = out.source("canary.block");

  void begin(int stretch, std::uint64_t first, double at_s = 0) {
    out.event(canary, at_s, kinds::kCanaryBegin,
              fmt::format(R"({{"node":"prod","device":"/dev/drbd0","stretch":{},"first":{},)"
                          R"("blocks":100}})",
                          stretch, first));
  }
  void acks(std::uint64_t from, std::uint64_t to, double at_s = 0.1) {
    for (std::uint64_t seq = from; seq <= to; ++seq)
      out.history.ledger.push_back({canary, seq, LedgerStep::acknowledged,
                                    seconds_ns(at_s + 0.1 * static_cast<double>(seq - from)), 2000,
                                    "1795403525123000"});
  }
  void fault(double at_s = 6) {
    out.run_event(at_s + 1, kinds::kFaultConfirmed,
                  R"({"fault":"node.power-off","node":"prod","index":0,"by":"test",)"
                  R"("effect_from_ns":)" +
                      std::to_string(seconds_ns(at_s)) + "}");
  }
  // `runs` as in [["whole",0,9],["empty",10,99]]
  void look(int round, const std::string& runs, int stretch = 0, double at_s = 100,
            const std::string& node = "prod", const std::string& how = "direct") {
    out.event(canary, at_s, kinds::kCanaryAudit,
              fmt::format(R"({{"node":"{}","stretch":{},"first":0,"blocks":100,"asked_ns":{},)"
                          R"("how":"{}","runs":{},"complete":true,"round":{},"saw":""}})",
                          node, stretch, seconds_ns(at_s), how, runs, round));
  }
  CheckResult judge(const std::string& check) {
    Scenario scenario = mocks::kill_prod_scenario(false);
    LoadSpec load;
    load.load = "canary.block";
    load.on_volume = true;
    scenario.loads.push_back(load);
    const Cluster cluster = mocks::two_node_cluster();
    return run_check(*find_check(check), {out.history, cluster, scenario});
  }
  CanaryMeasurement measure() const { return measure_canary(out.history, read_facts(out.history)); }
};

struct ReadBack {
  const char* name;
  const char* runs;
  Verdict loss;
  Verdict order;
};

class CanaryReadBack : public testing::TestWithParam<ReadBack> {};

// 50 blocks are acknowledged, numbers 0 to 49.
TEST_P(CanaryReadBack, Judged) {
  CanaryRunBuilder run;
  run.begin(0, 0);
  run.acks(0, 49);
  run.fault();
  run.look(0, GetParam().runs);
  EXPECT_EQ(run.judge("block-loss").verdict, GetParam().loss) << run.judge("block-loss").message;
  EXPECT_EQ(run.judge("write-order").verdict, GetParam().order) << run.judge("write-order").message;
}

constexpr auto kP = Verdict::pass;
constexpr auto kU = Verdict::unknown;
constexpr auto kF = Verdict::fail;
INSTANTIATE_TEST_SUITE_P(
    Looks, CanaryReadBack,
    testing::Values(
        ReadBack{"all_there", R"([["whole",0,49],["empty",50,99]])", kP, kP},
        ReadBack{"one_more_than_acknowledged", R"([["whole",0,50],["empty",51,99]])", kP, kP},
        ReadBack{"the_one_under_way_is_torn", R"([["whole",0,49],["torn",50,50],["empty",51,99]])",
                 kP, kP},
        ReadBack{"the_tail_is_lost", R"([["whole",0,44],["empty",45,99]])", kF, kP},
        ReadBack{"everything_is_lost", R"([["gone",0,99]])", kF, kP},
        ReadBack{"one_in_the_middle_is_lost",
                 R"([["whole",0,19],["empty",20,20],["whole",21,49],["empty",50,99]])", kF, kF},
        ReadBack{"lost_while_an_unacknowledged_one_is_there",
                 R"([["whole",0,48],["empty",49,49],["whole",50,50],["empty",51,99]])", kF, kF},
        ReadBack{"lost_while_a_part_of_a_later_one_is_there",
                 R"([["whole",0,47],["empty",48,48],["torn",49,49],["empty",50,99]])", kF, kF},
        ReadBack{"the_last_is_torn", R"([["whole",0,48],["torn",49,49],["empty",50,99]])", kF, kP},
        ReadBack{"one_is_torn", R"([["whole",0,9],["torn",10,10],["whole",11,49],["empty",50,99]])",
                 kF, kF},
        ReadBack{"one_is_wrong",
                 R"([["whole",0,9],["wrong",10,10],["whole",11,49],["empty",50,99]])", kF, kF},
        ReadBack{"what_is_wrong_is_no_later_block",
                 R"([["whole",0,47],["empty",48,48],["wrong",49,49],["empty",50,99]])", kF, kP},
        ReadBack{"not_all_of_it_was_told", R"([["whole",0,30]])", kU, kU},
        ReadBack{"nothing_was_told", "[]", kU, kU},
        ReadBack{"told_backwards", R"([["whole",49,0]])", kU, kU},
        ReadBack{"not_understood", R"([["whole"]])", kU, kU}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(CanaryCheck, AnAcknowledgementThatNeverArrivedAccusesNobody) {
  CanaryRunBuilder run;
  run.begin(0, 0);
  run.acks(0, 29);
  run.acks(33, 49, 3.4);  // those of 30 to 32 are missing
  run.fault();
  run.look(0, R"([["whole",0,29],["empty",30,32],["whole",33,49],["empty",50,99]])");
  EXPECT_EQ(run.judge("block-loss").verdict, Verdict::pass);
  EXPECT_EQ(run.judge("write-order").verdict, Verdict::pass);
  EXPECT_EQ(run.measure().indeterminate, 0U);
}

TEST(CanaryCheck, BlocksThatAreThereWithoutAnAcknowledgementAreIndeterminate) {
  CanaryRunBuilder run;
  run.begin(0, 0);
  run.acks(0, 39);
  run.fault();
  run.look(0, R"([["whole",0,44],["torn",45,45],["empty",46,99]])");
  EXPECT_EQ(run.measure().indeterminate, 6U);
  EXPECT_EQ(run.measure().acknowledged, 40U);
}

TEST(CanaryCheck, WithoutALookNothingIsKnown) {
  CanaryRunBuilder run;
  run.begin(0, 0);
  run.acks(0, 49);
  run.fault();
  run.out.event(run.canary, 100, kinds::kCanaryUnread,
                R"({"why":"/srv/cloud is mounted nowhere"})");
  for (const char* check : {"block-loss", "write-order"}) {
    EXPECT_EQ(run.judge(check).verdict, Verdict::unknown);
    EXPECT_THAT(run.judge(check).message,
                HasSubstr("50 of 50 acknowledged blocks were never read back (/srv/cloud is"));
  }
}

TEST(CanaryCheck, TooFewBlocksOrNoFaultSayNothing) {
  CanaryRunBuilder few;
  few.begin(0, 0);
  few.acks(0, 18);
  few.fault();
  few.look(0, R"([["whole",0,18],["empty",19,99]])");
  EXPECT_EQ(few.judge("block-loss").verdict, Verdict::unknown);
  EXPECT_THAT(few.judge("write-order").message, HasSubstr("only 19 blocks"));
  CanaryRunBuilder quiet;
  quiet.begin(0, 0);
  quiet.acks(0, 49);
  quiet.look(0, R"([["whole",0,49],["empty",50,99]])");
  EXPECT_EQ(quiet.judge("block-loss").verdict, Verdict::unknown);
  CanaryRunBuilder none;
  none.fault();
  EXPECT_EQ(none.judge("block-loss").verdict, Verdict::unknown);
}

TEST(CanaryCheck, ABlockIsNotMissedByALookBeforeItsTime) {
  CanaryRunBuilder run;
  run.begin(0, 0);
  run.acks(0, 49);
  run.fault();
  run.look(0, R"([["whole",0,29],["empty",30,99]])", 0, 3.05);  // 0 to 29 were acknowledged then
  run.look(1, R"([["whole",0,49],["empty",50,99]])");
  EXPECT_EQ(run.judge("block-loss").verdict, Verdict::pass) << run.judge("block-loss").message;
}

TEST(CanaryCheck, WhatTheReplicaLackedIsLostEvenIfAnotherLookFindsIt) {
  CanaryRunBuilder run;
  run.begin(0, 0);
  run.acks(0, 49);
  run.fault();
  run.look(0, R"([["whole",0,44],["empty",45,99]])", 0, 60, "mirror");
  run.look(1, R"([["whole",0,49],["empty",50,99]])");
  EXPECT_EQ(run.judge("block-loss").verdict, Verdict::fail);
  EXPECT_THAT(run.judge("block-loss").evidence.front().text, HasSubstr("on mirror"));
  EXPECT_EQ(run.judge("write-order").verdict, Verdict::pass);  // each look for itself
}

TEST(CanaryCheck, AVolumeThatWentBackInTimeAndWentOnIsOutOfOrder) {
  CanaryRunBuilder run;
  run.begin(0, 0);
  run.acks(0, 49);
  run.fault();
  run.begin(1, 100, 20);
  run.acks(100, 119, 20);
  run.look(0, R"([["whole",0,44],["empty",45,99]])", 0);
  run.look(0, R"([["whole",100,119],["empty",120,199]])", 1);
  const CheckResult order = run.judge("write-order");
  EXPECT_EQ(order.verdict, Verdict::fail);
  EXPECT_THAT(order.message, HasSubstr("block 45 was acknowledged and is lost, block 100"));
  EXPECT_THAT(order.message, HasSubstr("went back in time"));
  EXPECT_EQ(order.evidence.size(), 5U);
}

TEST(CanaryCheck, ItsRecordsAreNoWritesOfTheService) {
  CanaryRunBuilder run;
  run.begin(0, 0);
  run.acks(0, 49);
  run.fault();
  EXPECT_THAT(run.judge("rpo").message, HasSubstr("only 0 writes were acknowledged"));
}

TEST(CanaryCheck, TheLastAcknowledgementBeforeTheFaultIsTold) {
  CanaryRunBuilder run;
  run.begin(0, 0);
  run.acks(0, 49);
  run.fault();
  run.look(0, R"([["whole",0,49],["empty",50,99]])", 0, 100, "prod", "cached");
  const CheckResult loss = run.judge("block-loss");
  EXPECT_EQ(loss.message, "0 of 50 acknowledged blocks are lost, read on prod (through its cache)");
  ASSERT_EQ(loss.evidence.size(), 1U);
  EXPECT_THAT(loss.evidence.front().text, HasSubstr("1.0 s before the fault"));
  EXPECT_DOUBLE_EQ(run.measure().longest_write_ms, 2);
}

}  // namespace
}  // namespace ernstfall
