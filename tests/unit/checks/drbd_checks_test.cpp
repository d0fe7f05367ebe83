// drbd_checks_test: single-primary, no-split-brain and converged against planted defects.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "probes/checks/check.h"
#include "probes/checks/redundancy.h"
#include "tests/mocks/synthetic_run.h"

namespace ernstfall {
namespace {

using mocks::HistoryBuilder;
using mocks::seconds_ns;

CheckResult judge_drbd(const char* check, const History& history, bool attended = false) {
  const Scenario scenario = mocks::kill_prod_scenario(attended);
  const Cluster cluster = mocks::two_node_cluster();
  return run_check(*find_check(check), {history, cluster, scenario});
}

void polls(HistoryBuilder& out, const std::string& node, double from, double to, const char* role,
           const char* connection = "Connected", const char* peer_role = "Secondary") {
  for (double at = from; at < to; at += 2)
    out.drbd_poll(node, at, role, connection, peer_role, "UpToDate", "UpToDate", "Established", 0);
}

// prod Primary and mirror Secondary, Connected, both heard for 60 s.
HistoryBuilder healthy(double until_s = 60) {
  HistoryBuilder out;
  out.drbd_open("prod", 0.5, "Primary", "Connected", "Secondary", "UpToDate", "UpToDate");
  out.drbd_open("mirror", 0.6, "Secondary", "Connected", "Primary", "UpToDate", "UpToDate");
  polls(out, "prod", 2, until_s, "Primary");
  polls(out, "mirror", 2.1, until_s, "Secondary", "Connected", "Primary");
  return out;
}

TEST(SinglePrimary, HealthyPairPasses) {
  const CheckResult result = judge_drbd("single-primary", healthy().finish());
  EXPECT_EQ(result.verdict, Verdict::pass) << result.message;
  ASSERT_FALSE(result.evidence.empty());
}

TEST(SinglePrimary, TwoPrimariesApartFail) {
  HistoryBuilder out = healthy();
  out.drbd_connection("prod", 30, "Connecting", "Unknown");
  out.drbd_connection("mirror", 30, "Connecting", "Unknown");
  out.drbd_role("mirror", 35, "Primary");
  const CheckResult result = judge_drbd("single-primary", out.finish());
  EXPECT_EQ(result.verdict, Verdict::fail);
  EXPECT_NE(result.message.english().find("both Primary"), std::string::npos) << result.message;
}

TEST(SinglePrimary, ANodeThatSeesTwoPrimariesIsBelieved) {
  HistoryBuilder out = healthy();
  out.drbd_connection("prod", 30, "Connected", "Primary");
  out.drbd_connection("prod", 30.2, "Connected", "Secondary");
  EXPECT_EQ(judge_drbd("single-primary", out.finish()).verdict, Verdict::fail);
}

// prod hands over to mirror at 30 s; prod's line that says so is `late_s` late.
History handover(double late_s, bool mirror_saw_it) {
  HistoryBuilder out;
  out.drbd_open("prod", 0.5, "Primary", "Connected", "Secondary", "UpToDate", "UpToDate");
  out.drbd_open("mirror", 0.6, "Secondary", "Connected", "Primary", "UpToDate", "UpToDate");
  polls(out, "prod", 2, 29, "Primary");
  polls(out, "mirror", 2.1, 29, "Secondary", "Connected", "Primary");
  if (mirror_saw_it)
    out.drbd_connection("mirror", 30, "Connected", "Secondary");
  else
    out.drbd_connection("mirror", 30, "Connecting", "Unknown");
  out.drbd_role("mirror", 30.1, "Primary");
  out.drbd_role("prod", 30.1 + late_s, "Secondary");
  polls(out, "prod", 32, 60, "Secondary", "Connected", "Primary");
  polls(out, "mirror", 32.1, 60, "Primary");
  return out.finish();
}

TEST(SinglePrimary, OverlapWithinArrivalTimeIsSettledByTheStreamThatSawBoth) {
  EXPECT_EQ(judge_drbd("single-primary", handover(0.3, true)).verdict, Verdict::pass);
  EXPECT_EQ(judge_drbd("single-primary", handover(0.3, false)).verdict, Verdict::unknown);
  EXPECT_EQ(judge_drbd("single-primary", handover(1.0, false)).verdict, Verdict::unknown);
  EXPECT_EQ(judge_drbd("single-primary", handover(1.01, false)).verdict, Verdict::fail);
}

TEST(SinglePrimary, PowerCutEndsTheOldPrimary) {
  const mocks::SyntheticRun run = mocks::kill_prod({.attended = true});
  const CheckResult result =
      run_check(*find_check("single-primary"), {run.history, run.cluster, run.scenario});
  EXPECT_EQ(result.verdict, Verdict::pass) << result.message;
  bool says_off = false;
  for (const Evidence& evidence : result.evidence)
    says_off = says_off || evidence.text.english().find("without power") != std::string::npos;
  EXPECT_TRUE(says_off);
}

TEST(SinglePrimary, WithoutAConfirmedCutTheOldPrimaryIsNotKnownToBeGone) {
  mocks::SyntheticRun run = mocks::kill_prod({.attended = true});
  std::erase_if(run.history.events,
                [](const Event& e) { return e.kind == kinds::kFaultConfirmed; });
  const CheckResult result =
      run_check(*find_check("single-primary"), {run.history, run.cluster, run.scenario});
  EXPECT_EQ(result.verdict, Verdict::unknown) << result.message;
}

void power_seen(HistoryBuilder& out, const std::string& node, double at, bool on) {
  out.event(
      out.source("run"), at, kinds::kPowerSeen,
      fmt::format(R"({{"node":"{}","on":{},"asked_ns":{}}})", node, on, seconds_ns(at - 0.1)));
}

// prod is cut off at 20 s, and mirror cuts its power before it promotes itself at 26 s; prod boots
// from 50 s on and is Connected again at 80 s. The power control is asked every two seconds.
HistoryBuilder fenced_by_its_peer(double first_off, double last_off) {
  HistoryBuilder out;
  out.drbd_open("prod", 0.5, "Primary", "Connected", "Secondary", "UpToDate", "UpToDate");
  out.drbd_open("mirror", 0.6, "Secondary", "Connected", "Primary", "UpToDate", "UpToDate");
  polls(out, "prod", 2, 25, "Primary");
  polls(out, "mirror", 2.1, 21, "Secondary", "Connected", "Primary");
  out.event(out.source("drbd.state", "prod"), 25.5, kinds::kDrbdStreamClosed, "{}");
  for (double at = 21; at < first_off; at += 2) power_seen(out, "prod", at, true);
  for (double at = first_off; at <= last_off; at += 2) power_seen(out, "prod", at, false);
  power_seen(out, "prod", 52, true);
  out.drbd_connection("mirror", 24, "Connecting", "Unknown");
  out.drbd_role("mirror", 26, "Primary");
  polls(out, "mirror", 28, 80, "Primary", "Connecting", "Unknown");
  out.drbd_open("prod", 80, "Secondary", "Connected", "Primary", "UpToDate", "UpToDate");
  out.drbd_connection("mirror", 80, "Connected", "Secondary");
  polls(out, "prod", 82, 100, "Secondary", "Connected", "Primary");
  polls(out, "mirror", 82.1, 100, "Primary");
  return out;
}

TEST(SinglePrimary, ANodeThatItsClusterFencedIsNotPrimaryMeanwhile) {
  const CheckResult result = judge_drbd("single-primary", fenced_by_its_peer(26, 50).finish());
  EXPECT_EQ(result.verdict, Verdict::pass) << result.message;
  bool says_control = false;
  for (const Evidence& evidence : result.evidence)
    says_control = says_control || evidence.text.english().find("power") != std::string::npos;
  EXPECT_TRUE(says_control);
}

TEST(SinglePrimary, AControlThatSaysOffLateProvesNothingOfTheTimeBefore) {
  EXPECT_EQ(judge_drbd("single-primary", fenced_by_its_peer(46, 50).finish()).verdict,
            Verdict::unknown);
  HistoryBuilder never = fenced_by_its_peer(60, 50);
  EXPECT_EQ(judge_drbd("single-primary", never.finish()).verdict, Verdict::unknown);
}

TEST(SinglePrimary, APowerControlThatSaidOnBetweenBreaksTheStretch) {
  HistoryBuilder out = fenced_by_its_peer(26, 26);
  power_seen(out, "prod", 30, true);
  power_seen(out, "prod", 48, false);
  power_seen(out, "prod", 50, false);
  EXPECT_EQ(judge_drbd("single-primary", out.finish()).verdict, Verdict::unknown);
}

TEST(SinglePrimary, StreamThatStopsIsUnknownAndNamed) {
  // prod's link is cut; mirror is promoted; prod's stream goes deaf and no poll gets through.
  HistoryBuilder out;
  out.drbd_open("prod", 0.5, "Primary", "Connected", "Secondary", "UpToDate", "UpToDate");
  out.drbd_open("mirror", 0.6, "Secondary", "Connected", "Primary", "UpToDate", "UpToDate");
  polls(out, "prod", 2, 20, "Primary");
  polls(out, "mirror", 2.1, 20, "Secondary", "Connected", "Primary");
  out.drbd_connection("mirror", 21, "Connecting", "Unknown");
  out.drbd_role("mirror", 22, "Primary");
  polls(out, "mirror", 23, 60, "Primary", "Connecting", "Unknown");
  out.event(out.source("drbd.state", "prod"), 40, kinds::kDrbdStreamStalled,
            R"({"since_ns":19000000000,"why":"a poll shows Secondary, the stream said nothing"})");
  const CheckResult result = judge_drbd("single-primary", out.finish());
  EXPECT_EQ(result.verdict, Verdict::unknown);
  EXPECT_NE(result.message.english().find("prod"), std::string::npos) << result.message;
  ASSERT_FALSE(result.evidence.empty());
}

TEST(SinglePrimary, DeafStreamWhosePollsShowASecondPrimaryFails) {
  HistoryBuilder out;
  out.drbd_open("prod", 0.5, "Primary", "Connected", "Secondary", "UpToDate", "UpToDate");
  out.drbd_open("mirror", 0.6, "Secondary", "Connected", "Primary", "UpToDate", "UpToDate");
  polls(out, "prod", 2, 60, "Primary", "Connecting", "Unknown");
  polls(out, "mirror", 2.1, 20, "Secondary", "Connected", "Primary");
  polls(out, "mirror", 30.1, 40, "Primary", "Connecting", "Unknown");
  out.event(out.source("drbd.state", "mirror"), 32.2, kinds::kDrbdStreamStalled,
            R"({"since_ns":19000000000,"why":"a poll shows Primary"})");
  EXPECT_EQ(judge_drbd("single-primary", out.finish()).verdict, Verdict::fail);
}

TEST(SinglePrimary, BlindForFifteenSecondsIsToleratedAndLongerIsNot) {
  for (const double blind_s : {15.0, 15.2}) {
    HistoryBuilder out;
    out.drbd_open("prod", 0.5, "Primary", "Connecting", "Unknown", "UpToDate", "DUnknown");
    out.drbd_open("mirror", 0.5, "Secondary", "Connecting", "Unknown", "UpToDate", "DUnknown");
    polls(out, "prod", 2, 60, "Primary", "Connecting", "Unknown");
    polls(out, "mirror", 2, 19, "Secondary", "Connecting", "Unknown");  // the last one at 18 s
    out.event(out.source("drbd.state", "mirror"), 18.5, kinds::kDrbdStreamClosed, "{}");
    out.drbd_open("mirror", 18 + blind_s, "Secondary", "Connecting", "Unknown", "UpToDate",
                  "DUnknown");
    polls(out, "mirror", 34, 60, "Secondary", "Connecting", "Unknown");
    EXPECT_EQ(judge_drbd("single-primary", out.finish()).verdict,
              blind_s == 15.0 ? Verdict::pass : Verdict::unknown);
  }
}

TEST(SinglePrimary, AConnectedPeerSpeaksForANodeThatWeCannotHear) {
  HistoryBuilder out;
  out.drbd_open("prod", 0.5, "Primary", "Connected", "Secondary", "UpToDate", "UpToDate");
  out.drbd_open("mirror", 0.6, "Secondary", "Connected", "Primary", "UpToDate", "UpToDate");
  polls(out, "prod", 2, 60, "Primary");
  polls(out, "mirror", 2.1, 10, "Secondary", "Connected", "Primary");
  EXPECT_EQ(judge_drbd("single-primary", out.finish()).verdict, Verdict::pass);
}

TEST(SinglePrimary, NothingHeardIsUnknown) {
  HistoryBuilder out;
  out.run_event(1, kinds::kPhase, R"({"phase":"baseline"})");
  EXPECT_EQ(judge_drbd("single-primary", out.finish()).verdict, Verdict::unknown);
  EXPECT_EQ(judge_drbd("no-split-brain", out.finish()).verdict, Verdict::unknown);
  EXPECT_EQ(judge_drbd("converged", out.finish()).verdict, Verdict::unknown);
}

TEST(NoSplitBrain, HealthyPairPasses) {
  EXPECT_EQ(judge_drbd("no-split-brain", healthy().finish()).verdict, Verdict::pass);
}

TEST(NoSplitBrain, HelperCallFails) {
  for (const char* helper : {"split-brain", "initial-split-brain"}) {
    HistoryBuilder out = healthy();
    out.event(out.source("drbd.state", "mirror"), 30, kinds::kDrbdLine,
              std::string("2026-11-23T03:12:36.000000+00:00 call helper name:r0 peer-node-id:0 "
                          "conn-name:peer volume:0 minor:0 helper:") +
                  helper);
    const CheckResult result = judge_drbd("no-split-brain", out.finish());
    EXPECT_EQ(result.verdict, Verdict::fail);
    ASSERT_EQ(result.evidence.size(), 1U);
    EXPECT_EQ(result.evidence[0].source, "drbd.state@mirror");
  }
}

TEST(NoSplitBrain, OtherHelpersAreHarmless) {
  HistoryBuilder out = healthy();
  out.event(out.source("drbd.state", "mirror"), 30, kinds::kDrbdLine,
            "2026-11-23T03:12:36.000000+00:00 call helper name:r0 peer-node-id:0 conn-name:peer "
            "volume:0 minor:0 helper:before-resync-target");
  EXPECT_EQ(judge_drbd("no-split-brain", out.finish()).verdict, Verdict::pass);
}

TEST(NoSplitBrain, StandAloneThatLastsFiveSecondsFailsAndAMomentDoesNot) {
  for (const double lasts_s : {4.9, 5.0}) {
    HistoryBuilder out = healthy();
    out.drbd_connection("mirror", 30, "StandAlone", "Unknown");
    out.drbd_connection("mirror", 30 + lasts_s, "Connecting", "");
    out.drbd_connection("mirror", 36, "Connected", "Primary");
    EXPECT_EQ(judge_drbd("no-split-brain", out.finish()).verdict,
              lasts_s == 5.0 ? Verdict::fail : Verdict::pass);
  }
}

TEST(NoSplitBrain, SilenceOfBothEndsIsUnknown) {
  HistoryBuilder out = healthy(20);
  for (const char* node : {"prod", "mirror"})
    out.event(out.source("drbd.state", node), 20, kinds::kDrbdStreamClosed, "{}");
  out.drbd_open("prod", 50, "Primary", "Connected", "Secondary", "UpToDate", "UpToDate");
  out.drbd_open("mirror", 50, "Secondary", "Connected", "Primary", "UpToDate", "UpToDate");
  EXPECT_EQ(judge_drbd("no-split-brain", out.finish()).verdict, Verdict::unknown);
}

TEST(NoSplitBrain, OneEndHeardIsEnough) {
  HistoryBuilder out = healthy(60);
  std::erase_if(out.history.events, [&](const Event& e) {
    return e.source == out.source("drbd.state", "mirror") && e.at > seconds_ns(10);
  });
  EXPECT_EQ(judge_drbd("no-split-brain", out.finish()).verdict, Verdict::pass);
}

TEST(Converged, HealthyPairPasses) {
  EXPECT_EQ(judge_drbd("converged", healthy().finish()).verdict, Verdict::pass);
}

TEST(Converged, OneKibOutOfSyncFails) {
  HistoryBuilder out = healthy();
  out.drbd_poll("prod", 61, "Primary", "Connected", "Secondary", "UpToDate", "UpToDate",
                "Established", 1);
  const CheckResult result = judge_drbd("converged", out.finish());
  EXPECT_EQ(result.verdict, Verdict::fail);
  EXPECT_NE(result.message.english().find("1 KiB"), std::string::npos) << result.message;
}

TEST(Converged, UnconnectedOrOutdatedFails) {
  HistoryBuilder apart = healthy();
  apart.drbd_poll("mirror", 61, "Secondary", "Connecting", "Unknown", "UpToDate", "DUnknown", "Off",
                  0);
  EXPECT_EQ(judge_drbd("converged", apart.finish()).verdict, Verdict::fail);
  HistoryBuilder outdated = healthy();
  outdated.drbd_poll("mirror", 61, "Secondary", "Connected", "Primary", "Inconsistent", "UpToDate",
                     "SyncTarget", 4096);
  EXPECT_EQ(judge_drbd("converged", outdated.finish()).verdict, Verdict::fail);
}

TEST(Converged, ALossAfterTheLastPollCounts) {
  HistoryBuilder out = healthy();
  out.drbd_connection("mirror", 61, "NetworkFailure", "Unknown");
  EXPECT_EQ(judge_drbd("converged", out.finish()).verdict, Verdict::fail);
}

// What is heard last of a run that was killed is not how it ended.
TEST(Converged, ACutHistoryDoesNotFail) {
  HistoryBuilder out = healthy();
  out.drbd_connection("mirror", 61, "NetworkFailure", "Unknown");
  out.history.truncated = true;
  const CheckResult result = judge_drbd("converged", out.finish());
  EXPECT_EQ(result.verdict, Verdict::unknown);
  EXPECT_NE(result.message.english().find("history is cut"), std::string::npos) << result.message;
}

TEST(Converged, PollsBeforeRedundancyProveNothing) {
  HistoryBuilder out = healthy();
  out.run_event(70, kinds::kRedundancy);
  EXPECT_EQ(judge_drbd("converged", out.finish()).verdict, Verdict::unknown);
}

TEST(Converged, RedundancyLaterThanAllowedFails) {
  const mocks::SyntheticRun run = mocks::kill_prod();
  Scenario scenario = run.scenario;
  scenario.expect.redundancy_max = Nanos(seconds_ns(131.4 - 19.98));
  EXPECT_EQ(run_check(*find_check("converged"), {run.history, run.cluster, scenario}).verdict,
            Verdict::pass);
  scenario.expect.redundancy_max = *scenario.expect.redundancy_max - Nanos(1000);
  EXPECT_EQ(run_check(*find_check("converged"), {run.history, run.cluster, scenario}).verdict,
            Verdict::fail);
}

// A fault that leaves the copies alone, from 20 s to 50 s.
bool kept(const History& history) {
  const Cluster cluster = mocks::two_node_cluster();
  const DrbdTimeline timeline = fold_drbd(history, cluster, read_facts(history));
  return redundancy_was_kept(timeline, cluster, seconds_ns(20), seconds_ns(50));
}

TEST(Redundancy, WhatWasNeverLostIsSaidToBe) {
  EXPECT_TRUE(kept(healthy().finish()));
}

TEST(Redundancy, ALineOrAPollThatSaysOtherwiseIsALoss) {
  HistoryBuilder out = healthy();
  out.drbd_connection("prod", 30, "Connecting", "Unknown");
  out.drbd_connection("prod", 30.5, "Connected", "Secondary");
  EXPECT_FALSE(kept(out.finish())) << "a moment is enough";
  out = healthy();
  out.drbd_peer("mirror", 19, "SyncTarget", "UpToDate");
  EXPECT_FALSE(kept(out.finish())) << "it was not whole when the fault began";
  out = healthy();
  out.drbd_poll("prod", 31, "Primary", "Connected", "Secondary", "UpToDate", "UpToDate",
                "Established", 4);
  EXPECT_FALSE(kept(out.finish())) << "blocks that differ, which no line tells";
}

TEST(Redundancy, WhatNobodyHeardIsNotKept) {
  HistoryBuilder out = healthy();
  out.event(out.source("drbd.state", "mirror"), 30, kinds::kDrbdStreamClosed,
            R"({"why":"the connection was lost"})");
  EXPECT_FALSE(kept(out.finish())) << "a gap";
  EXPECT_FALSE(kept(healthy(40).finish())) << "heard until 40 s only";
  EXPECT_FALSE(kept(History{}));
}

}  // namespace
}  // namespace ernstfall
