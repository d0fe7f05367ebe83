// rto_test: the interval must contain the truth, and be as narrow as the probe rate allows.
#include "probes/checks/rto.h"

#include <gtest/gtest.h>

#include "probes/checks/check.h"
#include "tests/mocks/synthetic_run.h"

namespace ernstfall {
namespace {

using mocks::HistoryBuilder;
using mocks::seconds_ns;

Scenario scenario_with(double stable_s, std::optional<double> max_s = std::nullopt) {
  Scenario scenario = mocks::kill_prod_scenario(false);
  scenario.stable = Nanos(seconds_ns(stable_s));
  scenario.expect.rto_max.reset();
  if (max_s) scenario.expect.rto_max = Nanos(seconds_ns(*max_s));
  return scenario;
}

// A server that is away in [down, up): a request is answered when the server is there at the moment
// in which it is handled, `service` after it was sent; otherwise it is refused `refusal` after it
// was sent.
struct Server {
  double down = 10;
  double up = 13;
  double service_s = 0.004;
  double refusal_s = 0.0003;
  bool hangs = false;  // no refusal: the request runs into the timeout
};

void probe_server(HistoryBuilder& out, SourceId id, const Server& server, double rate_hz,
                  double phase, double end_s) {
  for (int i = 0; i / rate_hz + phase < end_s; ++i) {
    const double at = i / rate_hz + phase;
    const double handled = at + server.service_s / 2;
    const TimeNs when = seconds_ns(at);
    if (handled < server.down || handled >= server.up)
      out.sample(id, when, seconds_ns(server.service_s), Outcome::ok, 200);
    else
      out.sample(id, when, seconds_ns(server.hangs ? 2.0 : server.refusal_s), Outcome::failed);
  }
}

void add_fault(HistoryBuilder& out, double effect_s, double undone_s) {
  const std::string what = R"({"fault":"node.power-off","node":"prod","index":0)";
  out.run_event(effect_s - 0.01, kinds::kFaultIntended, what + "}");
  out.run_event(
      effect_s + 0.1, kinds::kFaultConfirmed,
      what + R"(,"by":"test","effect_from_ns":)" + std::to_string(seconds_ns(effect_s)) + "}");
  out.run_event(undone_s - 0.1, kinds::kFaultUndoBegin, what + "}");
  out.run_event(undone_s, kinds::kFaultUndone, what + R"(,"by":"test"})");
}

RtoMeasurement measure(const History& history, const Scenario& scenario) {
  return measure_rto(history, scenario, read_facts(history));
}

class ExactOutage : public testing::TestWithParam<std::tuple<double, double, bool>> {};

TEST_P(ExactOutage, IntervalContainsThreeSecondsAndIsNarrow) {
  const auto [rate_hz, phase_share, hangs] = GetParam();
  HistoryBuilder out;
  const SourceId id = out.source("http.get", "", rate_hz, 2);
  Server server;
  server.hangs = hangs;
  probe_server(out, id, server, rate_hz, phase_share / rate_hz, 25);
  add_fault(out, 9.98, 13);
  const History history = out.finish();
  const RtoMeasurement rto = measure(history, scenario_with(5));
  ASSERT_EQ(rto.problem, "");
  ASSERT_TRUE(rto.lower_ms && rto.upper_ms);
  EXPECT_LE(*rto.lower_ms, 3000.0);
  EXPECT_GE(*rto.upper_ms, 3000.0);
  EXPECT_LE(*rto.upper_ms - *rto.lower_ms, 2 * 1000 / rate_hz + 2 * 1000 * server.service_s + 1e-6);
}

INSTANTIATE_TEST_SUITE_P(RatesAndPhases, ExactOutage,
                         testing::Combine(testing::Values(10.0, 100.0),
                                          testing::Values(0.0, 0.001, 0.25, 0.5, 0.77, 0.999),
                                          testing::Bool()));

TEST(Rto, RequestInFlightWhenTheServerDiesDoesNotWidenTheBounds) {
  HistoryBuilder out;
  const SourceId id = out.source("http.get", "", 10, 2);
  for (int i = 0; i < 250; ++i) {
    const double at = i * 0.1;
    if (i == 100)  // sent at 10.000, the server dies at 10.002 and the client waits for its timeout
      out.sample(id, seconds_ns(at), seconds_ns(2), Outcome::timeout);
    else if (i > 100 && at < 13.002)
      out.sample(id, seconds_ns(at), seconds_ns(0.0003), Outcome::failed);
    else
      out.sample(id, seconds_ns(at), seconds_ns(0.004), Outcome::ok, 200);
  }
  add_fault(out, 10.001, 13.01);
  const History history = out.finish();
  const RtoMeasurement rto = measure(history, scenario_with(5));
  ASSERT_TRUE(rto.lower_ms && rto.upper_ms);
  EXPECT_LE(*rto.lower_ms, 3000.0);
  EXPECT_GE(*rto.upper_ms, 3000.0);
  EXPECT_LE(*rto.upper_ms - *rto.lower_ms, 210.0);
}

TEST(Rto, RequestSentWhileDownThatSucceedsAfterARetryIsNoEarlyRecovery) {
  HistoryBuilder out;
  const SourceId id = out.source("http.get", "", 10, 5);
  for (int i = 0; i < 250; ++i) {
    const double at = i * 0.1;
    if (i == 120)  // sent at 12.0; the retried SYN gets through at 13.1
      out.sample(id, seconds_ns(at), seconds_ns(1.1), Outcome::ok, 200);
    else if (at >= 10 && at < 13)
      out.sample(id, seconds_ns(at), seconds_ns(0.0003), Outcome::failed);
    else
      out.sample(id, seconds_ns(at), seconds_ns(0.004), Outcome::ok, 200);
  }
  add_fault(out, 9.99, 13);
  const History history = out.finish();
  const RtoMeasurement rto = measure(history, scenario_with(5));
  ASSERT_TRUE(rto.outage && rto.outage->ended_by);
  EXPECT_EQ(rto.outage->ended_after, seconds_ns(12.9));
  EXPECT_GE(*rto.upper_ms, 3000.0);
  EXPECT_LE(*rto.lower_ms, 3000.0);
}

TEST(Rto, MissedSlotsWidenTheInterval) {
  HistoryBuilder out;
  const SourceId id = out.source("http.get", "", 10, 2);
  for (int i = 0; i < 250; ++i) {
    const double at = i * 0.1;
    const bool missed = (at > 9.45 && at < 10.45) || (at > 12.75 && at < 13.45);
    if (missed)
      out.sample(id, seconds_ns(at), 0, Outcome::missed);
    else if (at >= 10 && at < 13)
      out.sample(id, seconds_ns(at), seconds_ns(0.0003), Outcome::failed);
    else
      out.sample(id, seconds_ns(at), seconds_ns(0.004), Outcome::ok, 200);
  }
  add_fault(out, 9.0, 13);
  const RtoMeasurement rto = measure(out.finish(), scenario_with(5));
  ASSERT_TRUE(rto.lower_ms && rto.upper_ms);
  EXPECT_NEAR(*rto.lower_ms, 2200, 10);  // 10.5 .. 12.7
  EXPECT_NEAR(*rto.upper_ms, 4104, 10);  // 9.4 .. 13.5 and its answer
}

TEST(Rto, NoOutageIsZeroAndMissedSlotsLeaveRoom) {
  for (const bool with_gap : {false, true}) {
    HistoryBuilder out;
    const SourceId id = out.source("http.get", "", 10, 2);
    for (int i = 0; i < 250; ++i)
      if (with_gap && i >= 120 && i < 130)
        out.sample(id, seconds_ns(i * 0.1), 0, Outcome::missed);
      else
        out.sample(id, seconds_ns(i * 0.1), seconds_ns(0.004), Outcome::ok, 200);
    add_fault(out, 10, 15);
    const RtoMeasurement rto = measure(out.finish(), scenario_with(5));
    EXPECT_FALSE(rto.outage_observed);
    EXPECT_EQ(rto.lower_ms, 0.0);
    ASSERT_TRUE(rto.upper_ms);
    EXPECT_NEAR(*rto.upper_ms, with_gap ? 1104 : 0, 1);
  }
}

TEST(Rto, SamplesThatEndBeforeTheFaultIsOverProveNothing) {
  HistoryBuilder out;
  const SourceId id = out.source("http.get", "", 10, 2);
  for (int i = 0; i < 120; ++i) out.sample(id, seconds_ns(i * 0.1), seconds_ns(0.004), Outcome::ok);
  add_fault(out, 10, 30);
  const RtoMeasurement rto = measure(out.finish(), scenario_with(5));
  EXPECT_FALSE(rto.upper_ms);
  EXPECT_NE(rto.problem, "");
}

TEST(Rto, RelapseWithinTheStableTimeBelongsToTheSameOutage) {
  HistoryBuilder out;
  const SourceId id = out.source("http.get", "", 10, 2);
  Server server;
  probe_server(out, id, server, 10, 0, 17.95);  // good again from 13 to 18
  for (int i = 180; i < 190; ++i)
    out.sample(id, seconds_ns(i * 0.1), seconds_ns(0.001), Outcome::failed);
  for (int i = 190; i < 300; ++i)
    out.sample(id, seconds_ns(i * 0.1), seconds_ns(0.004), Outcome::ok);
  add_fault(out, 9.99, 13);
  const History history = out.finish();
  const RtoMeasurement strict = measure(history, scenario_with(6));
  ASSERT_TRUE(strict.lower_ms);
  EXPECT_NEAR(*strict.lower_ms, 8900, 150);
  const RtoMeasurement lax = measure(history, scenario_with(4));
  EXPECT_EQ(lax.outages, 2U);
  EXPECT_NEAR(*lax.upper_ms, 3100, 150);
}

TEST(Rto, SlowestServiceProbeDecidesAndIsNamed) {
  HistoryBuilder out;
  const SourceId write = out.source("webdav.write", "", 10, 2);
  const SourceId get = out.source("http.get", "", 10, 2);
  const SourceId direct = out.source("http.get", "prod", 10, 2);
  Server quick;
  quick.up = 12;
  Server slow;
  slow.up = 14;
  Server not_for_users;
  not_for_users.up = 19;
  probe_server(out, write, quick, 10, 0, 25);
  probe_server(out, get, slow, 10, 0, 25);
  probe_server(out, direct, not_for_users, 10, 0, 25);
  add_fault(out, 9.99, 13);
  const History history = out.finish();
  const RtoMeasurement rto = measure(history, scenario_with(5));
  ASSERT_NE(rto.probe, nullptr);
  EXPECT_EQ(rto.probe->name, "http.get");
  EXPECT_NEAR(*rto.upper_ms, 4100, 150);
}

TEST(Rto, WritesDecideWhenAllRecoverTogether) {
  HistoryBuilder out;
  const SourceId get = out.source("http.get", "", 10, 2);
  const SourceId write = out.source("webdav.write", "", 10, 2);
  probe_server(out, get, {}, 10, 0, 25);
  probe_server(out, write, {}, 10, 0.05, 25);
  add_fault(out, 9.99, 13);
  const History history = out.finish();
  EXPECT_EQ(measure(history, scenario_with(5)).probe->name, "webdav.write");
}

// Reading every file back is our own load: what it does to the service is not the fault's outage.
TEST(Rto, WhatBreaksWhileWeReadEverythingBackIsNotTheRecovery) {
  for (const std::string phase : {"collect", "verify", ""}) {
    const bool collecting = !phase.empty();
    HistoryBuilder out;
    const SourceId get = out.source("http.get", "", 10, 2);
    probe_server(out, get, {}, 10, 0, 30);
    Server relapsed;
    relapsed.down = 35;
    relapsed.up = 1000;
    probe_server(out, get, relapsed, 10, 30.05, 37);
    add_fault(out, 9.99, 13);
    if (collecting) out.run_event(32, kinds::kPhase, "{\"phase\":\"" + phase + "\"}");
    const History history = out.finish();
    const RtoMeasurement rto = measure(history, scenario_with(5));
    EXPECT_EQ(rto.upper_ms.has_value(), collecting) << "a relapse before that counts";
    if (collecting) {
      EXPECT_NEAR(*rto.upper_ms, 3100, 150);
    }
  }
}

CheckResult judge_rto(const History& history, const Scenario& scenario) {
  const Cluster cluster = mocks::two_node_cluster();
  return run_check(*find_check("rto"), {history, cluster, scenario});
}

TEST(RtoCheck, FailsPassesAndStraddlesExactlyAtTheBounds) {
  HistoryBuilder out;
  probe_server(out, out.source("http.get", "", 10, 2), {}, 10, 0, 25);
  add_fault(out, 9.99, 13);
  const History history = out.finish();
  const RtoMeasurement rto = measure(history, scenario_with(5));
  Scenario scenario = scenario_with(5);
  scenario.expect.rto_max = Nanos(static_cast<std::int64_t>(*rto.upper_ms * 1e6 + 0.5));
  EXPECT_EQ(judge_rto(history, scenario).verdict, Verdict::pass);
  scenario.expect.rto_max = *scenario.expect.rto_max - Nanos(1000);
  EXPECT_EQ(judge_rto(history, scenario).verdict, Verdict::unknown);
  scenario.expect.rto_max = Nanos(static_cast<std::int64_t>(*rto.lower_ms * 1e6 + 0.5));
  EXPECT_EQ(judge_rto(history, scenario).verdict, Verdict::unknown);
  scenario.expect.rto_max = *scenario.expect.rto_max - Nanos(1000);
  EXPECT_EQ(judge_rto(history, scenario).verdict, Verdict::fail);
}

TEST(RtoCheck, NeverRecoveredFailsWhenTheFaultIsGoneAndIsUnknownWhenSamplesEnd) {
  HistoryBuilder out;
  Server gone;
  gone.up = 1000;
  probe_server(out, out.source("http.get", "", 10, 2), gone, 10, 0, 60);
  add_fault(out, 9.99, 30);
  const History history = out.finish();
  const CheckResult result = judge_rto(history, scenario_with(5));
  EXPECT_EQ(result.verdict, Verdict::fail);
  EXPECT_FALSE(measure(history, scenario_with(5)).upper_ms);

  HistoryBuilder cut;
  probe_server(cut, cut.source("http.get", "", 10, 2), gone, 10, 0, 20);
  add_fault(cut, 9.99, 30);
  EXPECT_EQ(judge_rto(cut.finish(), scenario_with(5)).verdict, Verdict::unknown);
}

TEST(RtoCheck, NoDataAndNoFaultAreUnknown) {
  HistoryBuilder no_data;
  no_data.source("http.get", "", 10, 2);
  add_fault(no_data, 10, 13);
  EXPECT_EQ(judge_rto(no_data.finish(), scenario_with(5)).verdict, Verdict::unknown);
  HistoryBuilder no_fault;
  probe_server(no_fault, no_fault.source("http.get", "", 10, 2), {}, 10, 0, 25);
  EXPECT_EQ(judge_rto(no_fault.finish(), scenario_with(5)).verdict, Verdict::unknown);
}

}  // namespace
}  // namespace ernstfall
