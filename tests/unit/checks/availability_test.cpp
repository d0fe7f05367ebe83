// availability_test: a bad baseline or too many missed slots are unknown; a long gap fails.
#include <gtest/gtest.h>

#include "probes/checks/check.h"
#include "tests/mocks/synthetic_run.h"

namespace ernstfall {
namespace {

using mocks::HistoryBuilder;
using mocks::seconds_ns;

CheckResult judge_availability(const History& history, double max_s = 60) {
  Scenario scenario = mocks::kill_prod_scenario(false);
  scenario.expect.rto_max = Nanos(seconds_ns(max_s));
  scenario.baseline = std::chrono::seconds(20);
  const Cluster cluster = mocks::two_node_cluster();
  return run_check(*find_check("availability"), {history, cluster, scenario});
}

// 100 s at 10 Hz, the fault at 20 s; `outcome` says how slot i went.
template <typename Fn>
History history_of(Fn outcome) {
  HistoryBuilder out;
  const SourceId id = out.source("webdav.write", "", 10, 2);
  for (int i = 0; i < 1000; ++i)
    if (const auto how = outcome(i)) out.sample(id, seconds_ns(i * 0.1), seconds_ns(0.005), *how);
  out.run_event(
      20.5, kinds::kFaultConfirmed,
      R"({"fault":"node.power-off","node":"prod","index":0,"by":"test","effect_from_ns":)" +
          std::to_string(seconds_ns(20)) + "}");
  out.run_event(40, kinds::kFaultUndone, R"({"index":0,"by":"test"})");
  return out.finish();
}

std::optional<Outcome> good(int) {
  return Outcome::ok;
}

TEST(Availability, AllGoodPasses) {
  const CheckResult result = judge_availability(history_of(good));
  EXPECT_EQ(result.verdict, Verdict::pass) << result.message;
  EXPECT_EQ(result.message, "webdav.write 100.00 %");
}

TEST(Availability, GapLongerThanAllowedFails) {
  const History history = history_of([](int i) -> std::optional<Outcome> {
    return i >= 210 && i < 500 ? Outcome::failed : Outcome::ok;
  });
  EXPECT_EQ(judge_availability(history, 20).verdict, Verdict::fail);
  EXPECT_EQ(judge_availability(history, 30).verdict, Verdict::pass);
}

TEST(Availability, DownToTheEndFailsWithoutAnyLimit) {
  const History history = history_of(
      [](int i) -> std::optional<Outcome> { return i >= 210 ? Outcome::timeout : Outcome::ok; });
  Scenario scenario = mocks::kill_prod_scenario(false);
  scenario.expect.rto_max.reset();
  const Cluster cluster = mocks::two_node_cluster();
  EXPECT_EQ(run_check(*find_check("availability"), {history, cluster, scenario}).verdict,
            Verdict::fail);
}

TEST(Availability, BaselineOf99PercentIsEnoughAndLessIsNot) {
  for (const int bad : {2, 3}) {  // of 200
    const History history = history_of([bad](int i) -> std::optional<Outcome> {
      return i % 60 == 5 && i / 60 < bad ? Outcome::failed : Outcome::ok;
    });
    EXPECT_EQ(judge_availability(history).verdict, bad == 2 ? Verdict::pass : Verdict::unknown);
  }
}

TEST(Availability, WhatWasBadBeforeTheBaselineDoesNotCount) {
  const History history = history_of(
      [](int i) -> std::optional<Outcome> { return i < 50 ? Outcome::failed : Outcome::ok; });
  EXPECT_EQ(judge_availability(history).verdict, Verdict::unknown);
  Scenario scenario = mocks::kill_prod_scenario(false);
  scenario.baseline = std::chrono::seconds(10);
  const Cluster cluster = mocks::two_node_cluster();
  EXPECT_EQ(run_check(*find_check("availability"), {history, cluster, scenario}).verdict,
            Verdict::pass);
}

TEST(Availability, TooManySlotsMissedOrNeverRecordedAreUnknown) {
  const auto missed = [](int i) -> std::optional<Outcome> {
    return i > 300 && i % 10 == 0 ? Outcome::missed : Outcome::ok;
  };
  EXPECT_EQ(judge_availability(history_of(missed)).verdict, Verdict::unknown);
  const auto absent = [](int i) -> std::optional<Outcome> {
    if (i > 300 && i < 400) return std::nullopt;
    return Outcome::ok;
  };
  EXPECT_EQ(judge_availability(history_of(absent)).verdict, Verdict::unknown);
}

TEST(Availability, NoProbeIsUnknown) {
  HistoryBuilder out;
  EXPECT_EQ(judge_availability(out.finish()).verdict, Verdict::unknown);
}

// Comparing the nodes with what they were is our own load.
TEST(Availability, WhatFailsWhileWeVerifyIsNotTheServices) {
  for (const bool verifying : {true, false}) {
    History history = history_of(
        [](int i) -> std::optional<Outcome> { return i >= 500 ? Outcome::timeout : Outcome::ok; });
    Source run;
    run.id = static_cast<SourceId>(history.sources.size());
    run.name = run.kind = "run";
    history.sources.push_back(run);
    history.events.push_back({run.id, seconds_ns(49), std::string(kinds::kPhase),
                              verifying ? R"({"phase":"verify"})" : R"({"phase":"settle"})"});
    const CheckResult result = judge_availability(history);
    EXPECT_EQ(result.message.english().find("100.00 %") != std::string::npos, verifying)
        << result.message;
    EXPECT_EQ(result.message.english().find("worst gap") == std::string::npos, verifying)
        << result.message;
  }
}

TEST(Availability, TheRunnersOwnBaselineVerdictCounts) {
  History history = history_of(good);
  Source run;
  run.id = static_cast<SourceId>(history.sources.size());
  run.name = run.kind = "run";
  history.sources.push_back(run);
  history.events.push_back({run.id, seconds_ns(19), std::string(kinds::kBaseline),
                            R"({"ok":false,"why":"5 bad answers"})"});
  const CheckResult result = judge_availability(history);
  EXPECT_EQ(result.verdict, Verdict::unknown);
  EXPECT_NE(result.message.english().find("5 bad answers"), std::string::npos);
}

}  // namespace
}  // namespace ernstfall
