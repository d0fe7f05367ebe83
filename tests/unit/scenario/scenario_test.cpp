// scenario_test: scenario files: defaults, every key, what dump_scenario() writes, and parameters.
#include "harness/scenario/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/mocks/shipped_catalogue.h"

namespace ernstfall {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_support::test_catalogue;
using namespace std::chrono_literals;

constexpr const char* kSmall = "title: nothing happens\nfaults: []\nprobes: []\n";

constexpr const char* kFull = R"(scenario: full
title: 'a "quoted" title: with a colon'
cause: |
  two
  lines
effect: none
compare_with: sibling
tags: [nightly, "no"]
baseline: 11s
stable: 6s
settle_max: 7min
node_back_max: 8min
faults:
  - {fault: node.power-cycle, on: prod, hold: 1.5s, with: {off_for: 250ms}}
  - {fault: node.power-off, on: "role:drbd-primary", hold: 0s}
probes:
  - {probe: webdav.write, rate: 10Hz, timeout: 2s}
  - {probe: http.get, id: page, with: {path: /status.php, status: 204, follow: true, max_size: 4KiB, limit: 6/min}}
  - {probe: drbd.state, on: "*"}
load:
  - {load: ledger.webdav, rate: 0.5Hz, size: 1MiB, timeout: 3s}
operator:
  reaction: 15s
  steps:
    - {name: promote, on: mirror, run: [sh, -c, "echo 'a b'", ""], timeout: 20s, attempts: 15}
  restore:
    - {name: demote, on: "role:ingress", run: [drbdadm, secondary, r0]}
expect: {rto_max: 60s, lost_max: 0, redundancy_max: 10min}
checks: [rto, rpo]
)";

constexpr const char* kSearch = R"(title: search
faults:
  - {fault: node.power-off, on: prod, hold: 1s}
  - {fault: node.power-cycle, on: prod, hold: 1s}
probes: []
threshold:
  fault: 2
  vary: off_for
  from: 500ms
  to: 1min
  resolution: 10%
  scale: log
  worse: less
  repeat: 4
  settle: 3s
  broken_when: {error_rate: 2.5%, latency: 800ms}
)";

constexpr const char* kRepeat = "title: r\nrepeat: 5..20\nfaults: []\nprobes: []\n";

constexpr const char* kSoak = R"(title: soak
soak:
  for: 30min
  pick:
    - node.*
    - {fault: node.power-cycle, on: "one:role:ingress", with: {off_for: 3s}}
  between: 20s..60s
  hold: 5s
  at_once: 2
probes: []
stop_when:
  service_error_rate: {above: 25%, over: 20s}
  metric: {query: 'up{job="node"} == 0', below: -1.5, for: 10s}
)";

Result<Scenario> parse(const std::string& text) {
  return parse_scenario(text, "dir/full.yaml", test_catalogue());
}

TEST(ScenarioFile, LeavesOutWhatHasADefault) {
  const auto scenario = parse(kSmall);
  ASSERT_TRUE(scenario) << to_string(scenario.error());
  EXPECT_EQ(scenario->name, "full") << "from the file's name";
  EXPECT_EQ(scenario->baseline, 10s);
  EXPECT_EQ(scenario->stable, 5s);
  EXPECT_EQ(scenario->settle_max, 10min);
  EXPECT_EQ(scenario->node_back_max, 5min);
  EXPECT_FALSE(scenario->is_attended());
  EXPECT_FALSE(scenario->expect.rto_max);
  EXPECT_FALSE(scenario->expect.lost_max);
  EXPECT_TRUE(scenario->checks.empty());
}

TEST(ScenarioFile, DefaultsOfItsParts) {
  const auto scenario = parse(R"(title: t
faults: [{fault: node.crash, on: prod, hold: 5s}]
probes: [{probe: webdav.read}]
load: [{load: ledger.webdav}]
operator: {reaction: 0s, steps: [{name: s, on: prod, run: ["true"]}]}
)");
  ASSERT_TRUE(scenario) << to_string(scenario.error());
  EXPECT_TRUE(scenario->faults[0].params.empty());
  EXPECT_EQ(param_or_default(test_catalogue().faults[0].params, scenario->faults[0].params, "mode")
                .value()
                .text,
            "panic");
  EXPECT_EQ(scenario->probes[0].id, "webdav.read");
  EXPECT_EQ(scenario->probes[0].rate_hz, 0) << "the probe's own";
  EXPECT_EQ(scenario->probes[0].timeout, 0s) << "the probe's own";
  EXPECT_EQ(scenario->loads[0].rate_hz, 5);
  EXPECT_EQ(scenario->loads[0].size_bytes, 4096U);
  EXPECT_EQ(scenario->loads[0].timeout, 10s);
  EXPECT_EQ(scenario->attended->steps[0].timeout, 60s);
  EXPECT_EQ(scenario->attended->steps[0].attempts, 1);
}

TEST(ScenarioFile, EveryKeyIsRead) {
  const auto scenario = parse(kFull);
  ASSERT_TRUE(scenario) << to_string(scenario.error());
  EXPECT_EQ(scenario->title, "a \"quoted\" title: with a colon");
  EXPECT_EQ(scenario->cause, "two\nlines\n");
  EXPECT_EQ(scenario->compare_with, "sibling");
  EXPECT_THAT(scenario->tags, ElementsAre("nightly", "no"));
  EXPECT_EQ(scenario->baseline, 11s);
  EXPECT_EQ(scenario->stable, 6s);
  EXPECT_EQ(scenario->settle_max, 7min);
  EXPECT_EQ(scenario->node_back_max, 8min);
  ASSERT_EQ(scenario->faults.size(), 2U);
  EXPECT_EQ(scenario->faults[0].hold, 1500ms);
  EXPECT_EQ(scenario->faults[0].params.at("off_for").number, 250e6);
  EXPECT_EQ(scenario->faults[0].place, "dir/full.yaml:14:5");
  EXPECT_EQ(scenario->faults[0].on_place, "dir/full.yaml:14:35");
  EXPECT_EQ(scenario->faults[1].on, "role:drbd-primary");
  const Params& page = scenario->probes[1].params;
  EXPECT_EQ(scenario->probes[1].id, "page");
  EXPECT_EQ(page.at("path").text, "/status.php");
  EXPECT_EQ(page.at("status").number, 204);
  EXPECT_EQ(page.at("follow").number, 1);
  EXPECT_EQ(page.at("max_size").number, 4096);
  EXPECT_DOUBLE_EQ(page.at("limit").number, 0.1);
  EXPECT_EQ(scenario->probes[2].on, "*");
  EXPECT_EQ(scenario->loads[0].size_bytes, 1U << 20U);
  EXPECT_EQ(scenario->attended->reaction, 15s);
  EXPECT_THAT(scenario->attended->steps[0].run, ElementsAre("sh", "-c", "echo 'a b'", ""));
  EXPECT_EQ(scenario->attended->steps[0].attempts, 15);
  EXPECT_EQ(scenario->attended->restore[0].on, "role:ingress");
  EXPECT_EQ(scenario->expect.rto_max, Nanos(60s));
  EXPECT_EQ(scenario->expect.lost_max, 0U);
  EXPECT_EQ(scenario->expect.redundancy_max, Nanos(10min));
  EXPECT_THAT(scenario->checks, ElementsAre("rto", "rpo"));
}

TEST(ScenarioFile, ASoakAndItsStopConditionsAreRead) {
  const auto scenario = parse(kSoak);
  ASSERT_TRUE(scenario) << to_string(scenario.error());
  ASSERT_TRUE(scenario->soak);
  const Soak& soak = *scenario->soak;
  EXPECT_EQ(soak.lasts, 30min);
  ASSERT_EQ(soak.picks.size(), 2U);
  EXPECT_TRUE(soak.picks[0].is_pattern());
  EXPECT_EQ(soak.picks[0].on, "one");
  EXPECT_EQ(soak.picks[1].on, "one:role:ingress");
  EXPECT_EQ(soak.picks[1].params.at("off_for").number, 3e9);
  EXPECT_EQ(soak.between.min, 20s);
  EXPECT_EQ(soak.between.max, 60s);
  EXPECT_EQ(soak.hold.min, 5s);
  EXPECT_EQ(soak.hold.max, 5s) << "one duration is always the same";
  EXPECT_EQ(soak.at_once, 2);
  const StopConditions& stop = scenario->stop_when;
  ASSERT_TRUE(stop.metric && stop.service_error_rate);
  EXPECT_EQ(stop.metric->query, "up{job=\"node\"} == 0");
  EXPECT_FALSE(stop.metric->above);
  EXPECT_EQ(stop.metric->limit, -1.5);
  EXPECT_EQ(stop.metric->lasts, 10s);
  EXPECT_EQ(stop.service_error_rate->above_percent, 25);
  EXPECT_EQ(stop.service_error_rate->over, 20s);
}

TEST(ScenarioFile, APatternMeansNothingThatDestroysOrNeedsAParameter) {
  const std::vector<ParamSpec> needs{{"unit", ParamValue::Kind::text, "", true, ""}};
  EXPECT_TRUE(pattern_fits("net.*", "net.loss", {}, false));
  EXPECT_TRUE(pattern_fits("*.*l*s", "net.loss", {}, false));
  EXPECT_FALSE(pattern_fits("net.*", "unit.kill", {}, false));
  EXPECT_FALSE(pattern_fits("net.*", "net.loss", {}, true));
  EXPECT_FALSE(pattern_fits("unit.*", "unit.kill", needs, false));
}

TEST(ScenarioFile, WhatIsDumpedReadsBackToTheSame) {
  for (const char* text : {kSmall, kFull, kSoak, kSearch, kRepeat}) {
    const auto scenario = parse(text);
    ASSERT_TRUE(scenario);
    const std::string dumped = dump_scenario(*scenario);
    const auto again = parse_scenario(dumped, "run/scenario.yaml", test_catalogue());
    ASSERT_TRUE(again) << to_string(again.error()) << "\n" << dumped;
    EXPECT_EQ(dump_scenario(*again), dumped);
    EXPECT_EQ(again->cause, scenario->cause);
    EXPECT_EQ(again->soak.has_value(), scenario->soak.has_value());
    EXPECT_EQ(again->faults.size(), scenario->faults.size());
    EXPECT_EQ(again->is_attended(), scenario->is_attended());
    EXPECT_EQ(again->is_suite(), scenario->is_suite());
    if (!scenario->is_attended()) continue;
    EXPECT_EQ(again->attended->steps[0].run, scenario->attended->steps[0].run);
    EXPECT_EQ(again->probes[1].params.at("limit").number,
              scenario->probes[1].params.at("limit").number);
  }
}

TEST(ScenarioFile, AThresholdVariesOneParameterOfOneFault) {
  const auto scenario = parse(kSearch);
  ASSERT_TRUE(scenario) << to_string(scenario.error());
  ASSERT_TRUE(scenario->threshold);
  const Threshold& threshold = *scenario->threshold;
  EXPECT_EQ(threshold.fault, 2);
  EXPECT_TRUE(threshold.log);
  EXPECT_FALSE(threshold.more_is_worse);
  EXPECT_DOUBLE_EQ(threshold.step, 0.1);
  EXPECT_EQ(threshold.from.number, 500e6);
  EXPECT_EQ(threshold.repeat, 4);
  EXPECT_EQ(threshold.settle, 3s);
  EXPECT_EQ(threshold.error_rate_percent, 2.5);
  EXPECT_EQ(threshold.latency, 800ms);
  // Less is worse: it stands at its largest value until a level is tried.
  EXPECT_EQ(scenario->faults[1].params.at("off_for").text, "1min");
  const Scenario once =
      scenario_at(*scenario, parse_param(ParamValue::Kind::duration, "2.5s").value());
  EXPECT_EQ(once.faults[1].params.at("off_for").text, "2.5s");
  EXPECT_FALSE(once.is_suite());
  EXPECT_EQ(once.name, "full-at-2.5s");
  const auto again = parse_scenario(dump_scenario(once), "run/scenario.yaml", test_catalogue());
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_EQ(again->faults[1].params.at("off_for").text, "2.5s");
}

TEST(ScenarioFile, RepeatIsANumberOrARange) {
  EXPECT_EQ(parse_repeat("7")->at_most, 7);
  EXPECT_FALSE(parse_repeat("7")->early_end());
  EXPECT_EQ(parse_repeat("5 .. 20")->at_least, 5);
  for (const char* text : {"", "0", "-1", "5..", "..5", "9..5", "501", "5.5", "many"})
    EXPECT_FALSE(parse_repeat(text)) << text;
}

TEST(ScenarioFile, ShippedOnesFitTheCatalogueAndAreNamedAsTheirSiblingsSay) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("scenarios")) {
    const auto scenario = load_scenario(entry.path(), testing_support::shipped_catalogue());
    ASSERT_TRUE(scenario) << to_string(scenario.error());
    EXPECT_FALSE(scenario->cause.empty()) << entry.path();
    EXPECT_FALSE(scenario->effect.empty()) << entry.path();
    const std::string sibling =
        scenario->compare_with.empty() ? scenario->name : scenario->compare_with;
    EXPECT_TRUE(std::filesystem::exists("scenarios/" + sibling + ".yaml")) << sibling;
    ++count;
  }
  EXPECT_GE(count, 3U);
}

TEST(Parameters, AreCheckedByTheirKind) {
  using Kind = ParamValue::Kind;
  EXPECT_EQ(parse_param(Kind::integer, "-3").value().number, -3);
  for (const char* text : {"", "012", "1.5", " 1", "1 ", "0x1", "99999999999999999999", "five"})
    EXPECT_FALSE(parse_param(Kind::integer, text)) << text;
  for (const char* text : {"yes", "no", "True", "1", ""})
    EXPECT_FALSE(parse_param(Kind::boolean, text)) << text;
  for (const char* text : {"5", "5m", "-5s", "1001h"})
    EXPECT_FALSE(parse_param(Kind::duration, text)) << text;
  EXPECT_FALSE(parse_param(Kind::bytes, "4096"));
  EXPECT_FALSE(parse_param(Kind::frequency, "0Hz"));
  EXPECT_EQ(parse_param(Kind::text, "no").value().text, "no");
}

TEST(Parameters, RequiredOnesMustBeGiven) {
  const auto refused = parse("title: t\nfaults: []\nprobes:\n  - {probe: tcp.connect, on: prod}\n");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, "dir/full.yaml:4:5: tcp.connect needs the parameter \"port\"");
  EXPECT_TRUE(parse(
      "title: t\nfaults: []\nprobes:\n  - {probe: tcp.connect, on: prod, with: {port: 22}}\n"));
}

}  // namespace
}  // namespace ernstfall
