// predict_test: bounds by settings; and what is planted outside of them is a finding.
#include "reports/predict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/render.h"
#include "tests/mocks/synthetic_takeover.h"

namespace ernstfall {
namespace {

using mocks::seconds_ns;
using mocks::Takeover;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;

const Settings kPingEverySecond{
    {"node: mirror drbd-options resource \"r0\" connection net ping-int", "1"}};

RunReport report_of(const mocks::SyntheticRun& run, const Settings& settings) {
  AssembleInput input{run.history, run.cluster, run.scenario, 71, false, "", std::nullopt};
  input.settings = settings;
  return assemble(input);
}

Prediction prediction(const RunReport& report, std::string_view name) {
  for (const Prediction& found : report.predictions)
    if (found.name == name) return found;
  ADD_FAILURE() << "no prediction of " << name;
  return {};
}

TEST(Predict, WithDefaultsDrbdNoticesAsItShouldAndTheDefaultsAreNamedAsSuch) {
  const Prediction notice = prediction(report_of(mocks::takeover(), {}), "DRBD notices");
  EXPECT_EQ(notice.lower_ms, 500);
  EXPECT_EQ(notice.upper_ms, 20'500);
  EXPECT_EQ(notice.verdict, "as predicted");
  EXPECT_TRUE(notice.finding.empty());
  EXPECT_THAT(notice.inputs, Contains(Field(&Prediction::Input::from, HasSubstr("default"))));
}

// Planted: it takes longer, or less, than the settings allow.
TEST(Predict, ADeviationBeyondTheBoundsIsAFinding) {
  const Prediction late =
      prediction(report_of(mocks::takeover(), kPingEverySecond), "DRBD notices");
  EXPECT_EQ(late.upper_ms, 2'500);
  EXPECT_EQ(late.verdict, "later");
  EXPECT_THAT(late.finding, HasSubstr("at most 2.5 s"));
  EXPECT_THAT(late.inputs, Contains(Field(&Prediction::Input::from, "mirror: drbdsetup show")));
  Settings patient = kPingEverySecond;
  patient["node: mirror drbd-options resource \"r0\" connection net ping-timeout"] = "300";
  const Prediction early = prediction(report_of(mocks::takeover(), patient), "DRBD notices");
  EXPECT_EQ(early.lower_ms, 30'000);
  EXPECT_EQ(early.verdict, "sooner");
  EXPECT_FALSE(early.finding.empty());
  EXPECT_THAT(render_console(report_of(mocks::takeover(), kPingEverySecond), false),
              HasSubstr("! DRBD notices"));
}

TEST(Predict, OnlyWhatIsSurelyOutsideIsAFinding) {
  Takeover plan;
  plan.noticed_s = plan.cut_s + 2.49;
  EXPECT_EQ(prediction(report_of(mocks::takeover(plan), kPingEverySecond), "DRBD notices").verdict,
            "as predicted");
}

TEST(Predict, WithoutAListenerThereIsNoMeasurementAndNoFinding) {
  Takeover plan;
  plan.stream = false;
  const RunReport report = report_of(mocks::takeover(plan), kPingEverySecond);
  const Prediction notice = prediction(report, "DRBD notices");
  EXPECT_EQ(notice.verdict, "not measured");
  EXPECT_THAT(notice.why, HasSubstr("not seen"));
  for (const Prediction& found : report.predictions) EXPECT_TRUE(found.finding.empty());
}

TEST(Predict, APromotionThatNobodyAskedForInTimeIsNotPredicted) {
  const Prediction asked = prediction(report_of(mocks::takeover(), {}), "DRBD promotes");
  EXPECT_EQ(asked.upper_ms, 40'000);
  EXPECT_EQ(asked.verdict, "as predicted");
  const Prediction late = prediction(report_of(mocks::kill_prod(), {}), "DRBD promotes");
  EXPECT_EQ(late.verdict, "not predicted");
}

TEST(Predict, ResyncFollowsFromWhatIsOutOfSyncAndTheRates) {
  mocks::SyntheticRun run = mocks::kill_prod();
  const Prediction resync = prediction(report_of(run, {}), "redundancy after reconnecting");
  EXPECT_EQ(resync.verdict, "as predicted") << resync.why;
  EXPECT_NEAR(*resync.lower_ms, 40, 1) << "4096 KiB at 100 MiB/s";
  // Planted: a rate at which these 4 MiB alone take ten minutes.
  const Prediction slow =
      prediction(report_of(run, {{"node: prod drbd-options resource r0 disk c-max-rate", "7k"}}),
                 "redundancy after reconnecting");
  EXPECT_EQ(slow.verdict, "sooner");
  EXPECT_FALSE(slow.finding.empty());
}

mocks::SyntheticRun with_kubernetes(double not_ready_s, double evicted_s) {
  Takeover plan;
  plan.answers_s = 80;
  mocks::SyntheticRun run = mocks::takeover(plan);
  mocks::HistoryBuilder more;
  more.history = run.history;
  more.run_event(0.1, kinds::kVersions, R"({"k3s@load":"v1.28.4+k3s1"})");
  more.journal("load", not_ready_s, "", "", "Node prod status is now: NodeNotReady");
  more.journal("load", evicted_s, "", "", "NoExecuteTaintManager is deleting pod cloud/opencloud");
  run.history = more.finish();
  return run;
}

TEST(Predict, KubernetesGraceAndToleration) {
  const Settings quick{{"kubernetes: load default-unreachable-toleration-seconds", "10"}};
  const RunReport report = report_of(with_kubernetes(61, 72), quick);
  EXPECT_EQ(prediction(report, "Kubernetes notices").verdict, "as predicted");
  EXPECT_EQ(prediction(report, "Kubernetes evicts").verdict, "as predicted");
  // Planted: noticed far too late for 40 s, and evicted long before 300 s.
  const RunReport odd = report_of(with_kubernetes(75, 79), {});
  EXPECT_EQ(prediction(odd, "Kubernetes notices").verdict, "later");
  EXPECT_EQ(prediction(odd, "Kubernetes evicts").verdict, "sooner");
}

mocks::SyntheticRun killed_unit(double started_s, const std::string& restart) {
  Takeover plan;
  plan.stream = false;
  plan.answers_s = started_s + 0.5;
  plan.started_s = started_s;
  mocks::SyntheticRun run = mocks::takeover(plan);
  for (Event& event : run.history.events)
    if (event.kind.rfind("fault.", 0) == 0)
      event.text.replace(event.text.find("node.power-off"), 14, "unit.kill");
  mocks::HistoryBuilder more;
  more.history = run.history;
  more.run_event(0.2, kinds::kSettings,
                 R"({"unit: prod apache2.service Restart":")" + restart +
                     R"(","unit: prod apache2.service RestartUSec":"2s",)" +
                     R"("unit: prod apache2.service TimeoutStartUSec":"1min 30s"})");
  run.history = more.finish();
  return run;
}

TEST(Predict, AUnitIsStartedAgainAfterRestartSec) {
  const std::string name = "systemd starts the unit again";
  EXPECT_EQ(prediction(report_of(killed_unit(22.1, "always"), {}), name).verdict, "as predicted");
  EXPECT_EQ(prediction(report_of(killed_unit(20.5, "always"), {}), name).verdict, "sooner");
  const Prediction no = prediction(report_of(killed_unit(22.1, "no"), {}), name);
  EXPECT_EQ(no.verdict, "not predicted");
  EXPECT_THAT(no.why, HasSubstr("Restart=no"));
}

}  // namespace
}  // namespace ernstfall
