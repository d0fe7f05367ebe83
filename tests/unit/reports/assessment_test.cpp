// assessment_test: the homelab and planted variants get their classes for the right reasons, and
// missing data never makes a class better.
#include "reports/assessment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "harness/core/files.h"
#include "reports/assess_rules.h"
#include "reports/words.h"
#include "tests/mocks/synthetic_assessment.h"

namespace ernstfall {
namespace {

using mocks::homelab_runs;
using mocks::recovering_runs;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Assessment assess(const std::vector<AssessedRun>& runs, const AssessSettings& settings = {}) {
  auto assessment = assess_runs(runs, settings);
  if (!assessment) throw std::runtime_error(to_string(assessment.error()));
  return *assessment;
}

RuleState state_of(const Assessment& assessment, AssessRule rule) {
  return assessment.rules[static_cast<std::size_t>(rule)].state;
}

std::vector<std::string> states_of(const Assessment& assessment) {
  std::vector<std::string> states;
  for (const RuleResult& result : assessment.rules)
    states.push_back(std::string(rule_entry(result.rule).id) + ": " +
                     std::string(rule_state_name(result.state)));
  return states;
}

// Those of a rule in one state, in English, with their scenario.
std::vector<std::string> evidence_of(const Assessment& assessment, AssessRule rule,
                                     RuleState state) {
  std::vector<std::string> texts;
  for (const Statement& statement : assessment.rules[static_cast<std::size_t>(rule)].statements)
    if (statement.state == state)
      texts.push_back(say(Language::english, statement.text) +
                      (statement.run ? " | " + statement.run->folder : ""));
  return texts;
}

int rank_of(ClusterClass value) {
  return value == ClusterClass::ha            ? 3
         : value == ClusterClass::data_ha     ? 2
         : value == ClusterClass::backup_like ? 1
                                              : 0;
}

TEST(Assess, HomelabIsBackupLikeRuleByRule) {
  const Assessment a = assess(homelab_runs());
  EXPECT_EQ(a.cluster_class, ClusterClass::backup_like);
  EXPECT_THAT(
      states_of(a),
      ElementsAre("one-primary: met", "no-split-brain: met", "block-loss: untested",
                  "write-order: untested", "service-loss: met", "served-again: not met",
                  "unattended: not met", "target: not met", "redundancy: met", "fencing: not met"));
  EXPECT_EQ(exit_code_for(a), ExitCode::pass);
  EXPECT_THAT(
      evidence_of(a, AssessRule::unattended, RuleState::not_met),
      Contains(AllOf(HasSubstr("prod loses power: served again only after the fault was "
                               "taken away (held for 30.0 s); cut off 1 min 44.0 s ± 0.1 s"),
                     HasSubstr("runs/20261123T0312-data-power-prod"))));
  EXPECT_THAT(
      evidence_of(a, AssessRule::target, RuleState::not_met),
      ElementsAre(HasSubstr("prod loses power: cut off 1 min 44.0 s ± 0.1 s; allowed 1 min")));
  EXPECT_THAT(evidence_of(a, AssessRule::fencing, RuleState::not_met),
              Contains(HasSubstr("mirror: the cluster file names no power control for it")));
  EXPECT_THAT(evidence_of(a, AssessRule::fencing, RuleState::not_met),
              Contains(HasSubstr("prod: DRBD 8.4.11 has no quorum")));
  EXPECT_THAT(evidence_of(a, AssessRule::fencing, RuleState::met),
              Contains(HasSubstr("prod: its power control (lab) cut its power")));
}

// A lab can switch every node; the label says what the real cluster cannot.
TEST(Assess, LabelSaysThatANodeCannotBeFenced) {
  std::vector<AssessedRun> runs = homelab_runs();
  for (AssessedRun& run : runs) run.cluster.nodes[1].power.kind = PowerConfig::Kind::lab;
  EXPECT_EQ(state_of(assess(runs), AssessRule::fencing), RuleState::untested);
  for (AssessedRun& run : runs) run.cluster.nodes[1].labels["fenceable"] = "false";
  EXPECT_EQ(state_of(assess(runs), AssessRule::fencing), RuleState::not_met);
}

TEST(Assess, NamesEverySinglePointOfFailure) {
  const Assessment a = assess(homelab_runs());
  std::vector<std::string> points;
  for (const SinglePoint& point : a.single_points)
    points.push_back(say(Language::english, point.why));
  EXPECT_THAT(points, Contains(HasSubstr("load (ingress, control node): users are cut off until it "
                                         "is back; 30.5 s ± 0.1 s when it was away for 30.0 s")));
  EXPECT_THAT(points, Contains(HasSubstr("prod (the copy in use)")));
  EXPECT_THAT(points, Contains(HasSubstr("load - prod (link)")));
  EXPECT_THAT(points, Not(Contains(HasSubstr("mirror ("))));
}

TEST(Assess, SaysWhatStandsBeforeTheNextClassAndWhatItCosts) {
  const Assessment a = assess(homelab_runs());
  ASSERT_EQ(a.next.size(), 2U);
  EXPECT_EQ(a.next[0].value, ClusterClass::data_ha);
  EXPECT_EQ(a.next[1].value, ClusterClass::ha);
  const Gap& fencing = a.next[1].gaps.back();
  EXPECT_EQ(fencing.rule, AssessRule::fencing);
  EXPECT_FALSE(fencing.evidence.empty());
  EXPECT_EQ(say(Language::english, fencing.missing),
            "not proven to be kept from writing when nobody can reach them: mirror");
  std::string options;
  for (const GapOption& option : fencing.options) {
    options += say(Language::english, option.what) + "\n";
    EXPECT_FALSE(say(Language::english, option.trade_off).empty());
  }
  EXPECT_THAT(options, AllOf(HasSubstr("quorum majority"), HasSubstr("Intel AMT on mirror"),
                             HasSubstr("watchdog self-fencing"), HasSubstr("smart plug")));
}

TEST(Assess, AcknowledgedBlocksLostIsUnsafe) {
  std::vector<AssessedRun> runs = recovering_runs();
  mocks::run_of(runs, "data-power-prod").run.report.checks.clear();
  for (const char* name : {"single-primary", "no-split-brain", "converged", "rpo"})
    mocks::run_of(runs, "data-power-prod")
        .run.report.checks.push_back({name, Verdict::pass, "", {}});
  mocks::canary(mocks::run_of(runs, "data-power-prod"), Verdict::fail);
  const Assessment a = assess(runs);
  EXPECT_EQ(a.cluster_class, ClusterClass::unsafe);
  EXPECT_EQ(exit_code_for(a), ExitCode::violated);
  EXPECT_THAT(evidence_of(a, AssessRule::block_loss, RuleState::not_met),
              ElementsAre(HasSubstr("block-loss broken: 3 of 18220 blocks are missing")));
}

// The rubric asks checks by name, and the scenarios of the assessment give them something to judge.
TEST(Assess, TheRulesAboutBlocksHaveChecksAndScenariosThatFeedThem) {
  Cluster cluster;
  cluster.drbd = DrbdConfig{"r0", {"prod", "mirror"}};
  Scenario scenario;
  scenario.loads.emplace_back();
  scenario.loads.back().on_volume = true;
  for (const char* name : {kBlockLossCheck, kWriteOrderCheck}) {
    const CheckType* check = find_check(name);
    ASSERT_NE(check, nullptr) << name;
    EXPECT_TRUE(check->applies(cluster, scenario));
    EXPECT_FALSE(check->applies(cluster, Scenario{}));
  }
  int assessed = 0;
  for (const auto& entry : std::filesystem::directory_iterator("scenarios")) {
    const std::string text = read_file(entry.path()).value_or("");
    const std::size_t tags = text.find("\ntags:");
    if (tags == std::string::npos ||
        text.substr(tags, text.find('\n', tags + 1) - tags).find("assess") == std::string::npos)
      continue;
    ++assessed;
    EXPECT_NE(text.find("load: canary.block"), std::string::npos) << entry.path();
  }
  EXPECT_GE(assessed, 10);
}

TEST(Assess, ClusterThatRecoversByItselfIsHa) {
  const Assessment a = assess(recovering_runs());
  EXPECT_EQ(a.cluster_class, ClusterClass::ha)
      << render_assessment_console(a, Language::english, false);
  EXPECT_THAT(a.single_points, IsEmpty());
  EXPECT_THAT(a.next, IsEmpty());
}

TEST(Assess, EachHaRuleIsNeeded) {
  const auto with = [](auto change) {
    std::vector<AssessedRun> runs = recovering_runs();
    change(runs);
    return assess(runs).cluster_class;
  };
  EXPECT_EQ(with([](auto& runs) {
              mocks::outage(mocks::run_of(runs, "data-power-prod"), RecoveredBy::itself, 61'000,
                            61'200);
            }),
            ClusterClass::data_ha);
  EXPECT_EQ(with([](auto& runs) {
              mocks::run_of(runs, "disk-mirror").run.report.checks[2].verdict = Verdict::fail;
            }),
            ClusterClass::data_ha);
  EXPECT_EQ(with([](auto& runs) {
              for (AssessedRun& run : runs) run.run.report.versions["drbd@mirror"] = "8.4.11";
            }),
            ClusterClass::data_ha);
  EXPECT_EQ(with([](auto& runs) { mocks::run_of(runs, "restart-prod").run.report.rpo.lost = 1; }),
            ClusterClass::backup_like);
  EXPECT_EQ(with([](auto& runs) {
              mocks::run_of(runs, "link-load-mirror").run.report.checks[1].verdict = Verdict::fail;
            }),
            ClusterClass::unsafe);
  EXPECT_EQ(with([](auto& runs) {
              auto& checks = mocks::run_of(runs, "quorum-pair-mirror-load").run.report.checks;
              checks.pop_back();  // no order known for one pair
            }),
            ClusterClass::unknown);
}

// Planted: a write lost under protocol A; and the same setting where nothing was lost.
TEST(Assess, AProtocolThatExplainsALossIsNamed) {
  for (const bool lost : {true, false}) {
    std::vector<AssessedRun> runs = recovering_runs();
    AssessedRun& run = mocks::run_of(runs, "restart-prod");
    run.run.report.rpo.lost = lost ? 1 : 0;
    for (const char* node : {"prod", "mirror"})
      run.run.environment["node: " + std::string(node) +
                          " drbd-options resource \"r0\" connection net protocol"] = "A";
    const Assessment assessment = assess(runs);
    std::string options;
    for (const NextClass& next : assessment.next)
      for (const Gap& gap : next.gaps)
        for (const GapOption& option : gap.options) options += option.what.english() + "\n";
    if (lost)
      EXPECT_THAT(options, HasSubstr("protocol A was recorded on mirror, prod"));
    else
      EXPECT_THAT(options, testing::Not(HasSubstr("protocol A")));
  }
}

TEST(Assess, RunbookMakesItDataHaAndOneRepetitionThatFailsUndoesThat) {
  std::vector<AssessedRun> runs = recovering_runs();
  AssessedRun& alone = mocks::run_of(runs, "data-power-prod");
  mocks::outage(alone, RecoveredBy::undo, 104'000, 104'200);
  EXPECT_EQ(assess(runs).cluster_class, ClusterClass::backup_like);
  AssessedRun attended = mocks::attended_run();
  attended.cluster = alone.cluster;
  mocks::canary(attended);
  runs.push_back(attended);
  EXPECT_EQ(assess(runs).cluster_class, ClusterClass::data_ha);
  attended.run.folder += "-2";
  mocks::outage(attended, RecoveredBy::undo, 104'000, 104'200);
  runs.push_back(attended);
  EXPECT_EQ(assess(runs).cluster_class, ClusterClass::backup_like);
}

// Every fault has one run here, so that leaving one out leaves its fault untested.
TEST(Assess, RemovingRunsNeverMakesTheClassBetter) {
  std::mt19937_64 random(7);
  for (const std::vector<AssessedRun>& all : {homelab_runs(), recovering_runs()}) {
    const Assessment whole = assess(all);
    for (std::size_t left = 0; left < all.size(); ++left) {
      std::vector<AssessedRun> runs = all;
      runs.erase(runs.begin() + static_cast<std::ptrdiff_t>(left));
      const Assessment a = assess(runs);
      EXPECT_EQ(a.cluster_class, ClusterClass::unknown) << all[left].run.report.scenario;
      EXPECT_EQ(state_of(a, AssessRule::one_primary), RuleState::untested);
      EXPECT_EQ(exit_code_for(a), ExitCode::inconclusive);
    }
    for (int i = 0; i < 200; ++i) {
      std::vector<AssessedRun> runs;
      for (const AssessedRun& run : all)
        if (random() % 3 != 0) runs.push_back(run);
      if (runs.empty()) continue;
      EXPECT_LE(rank_of(assess(runs).cluster_class), rank_of(whole.cluster_class));
    }
  }
}

TEST(Assess, RunThatDoesNotCountLeavesItsFaultUntestedAndHidesNothing) {
  std::vector<AssessedRun> runs = recovering_runs();
  AssessedRun& run = mocks::run_of(runs, "data-isolated-prod");
  run.run.report.verdict = RunVerdict::inconclusive;
  Assessment a = assess(runs);
  EXPECT_EQ(a.cluster_class, ClusterClass::unknown);
  EXPECT_EQ(a.at_most, ClusterClass::ha);
  EXPECT_EQ(a.left_out.size(), 1U);
  // Dirty, and a split brain was seen in it all the same.
  run.run.report.verdict = RunVerdict::dirty;
  run.run.report.checks[1].verdict = Verdict::fail;
  a = assess(runs);
  EXPECT_EQ(a.cluster_class, ClusterClass::unsafe);
}

// What a run that cannot be read would have shown is not known, be there another one of its fault.
TEST(Assess, RunThatCannotBeReadLeavesItsFaultUntested) {
  std::vector<AssessedRun> runs = recovering_runs();
  AssessedRun broken = mocks::run_of(runs, "data-power-prod");
  broken.run.folder = "runs/broken";
  broken.run.report = RunReport{};
  broken.has_page = false;
  broken.run.problem = "runs/broken/history: corrupt";
  runs.push_back(broken);
  Assessment a = assess(runs);
  EXPECT_EQ(a.cluster_class, ClusterClass::unknown);
  EXPECT_EQ(a.at_most, ClusterClass::ha);
  EXPECT_THAT(evidence_of(a, AssessRule::target, RuleState::untested),
              ElementsAre(AllOf(HasSubstr("prod loses power: a run that may be one of it cannot "
                                          "be read: runs/broken/history: corrupt"),
                                HasSubstr("| runs/broken"))));
  // A link to a page that nobody wrote would be no evidence.
  EXPECT_THAT(render_assessment_html(a, Language::english),
              AllOf(HasSubstr("href=\"runs/broken\""), Not(HasSubstr("runs/broken/report.html"))));
  // It does not even say what it was: it may have been any of them.
  runs.back().scenario = Scenario{};
  a = assess(runs);
  EXPECT_EQ(a.cluster_class, ClusterClass::unknown);
  EXPECT_EQ(evidence_of(a, AssessRule::one_primary, RuleState::untested).size(), a.needs.size());
  EXPECT_THAT(render_assessment_console(a, Language::english, false), HasSubstr("runs/broken"));
  // What it was is known, and no class rests on it.
  runs.back().scenario = broken.scenario;
  runs.back().scenario.faults.front().fault = "net.delay";
  EXPECT_EQ(assess(runs).cluster_class, ClusterClass::ha);
}

// Cut off from somebody else, the replica hears every write: then it is not behind.
TEST(Assess, StaleTakeoverNeedsTheReplicaToBeBehind) {
  std::vector<AssessedRun> runs = recovering_runs();
  AssessedRun& run = mocks::run_of(runs, "stale-takeover-prod-mirror");
  run.scenario.faults.front().params["from"].text = "prod";
  ASSERT_EQ(assess(runs).cluster_class, ClusterClass::ha);
  run.scenario.faults.front().params["from"].text = "load";
  const Assessment a = assess(runs);
  EXPECT_EQ(a.cluster_class, ClusterClass::unknown);
  EXPECT_THAT(evidence_of(a, AssessRule::block_loss, RuleState::untested),
              ElementsAre(HasSubstr("prod is lost while mirror is behind: no run that counts")));
}

// A lab's power control was seen to work; the one that the cluster file names now was not.
TEST(Assess, AnotherPowerControlIsNotProvenByTheOldOne) {
  std::vector<AssessedRun> runs = homelab_runs();
  EXPECT_THAT(evidence_of(assess(runs), AssessRule::fencing, RuleState::met),
              Contains(HasSubstr("prod: its power control (lab) cut its power")));
  AssessedRun newer = mocks::run_of(runs, "link-prod-mirror");
  newer.run.folder += "-2";
  newer.run.report.started_utc = "2026-12-24T03:12:05.123Z";
  newer.cluster.nodes[0].power.kind = PowerConfig::Kind::ipmi;
  runs.push_back(newer);
  const Assessment a = assess(runs);
  EXPECT_THAT(evidence_of(a, AssessRule::fencing, RuleState::met),
              Not(Contains(HasSubstr("power control"))));
  EXPECT_THAT(evidence_of(a, AssessRule::fencing, RuleState::untested),
              Contains(HasSubstr("prod: no run has used its power control (ipmi)")));
}

// The sentence about how little no loss proves is only said where there was none, and of runs in
// which it would have been seen.
TEST(Assess, NoLossIsSaidOfRunsThatWouldHaveSeenIt) {
  std::vector<AssessedRun> runs = recovering_runs();
  const std::size_t all = runs.size();
  EXPECT_THAT(render_assessment_markdown(assess(runs), Language::english),
              HasSubstr("No loss in " + std::to_string(all) + " runs"));
  runs[0].run.report.rpo.acknowledged = 0;
  EXPECT_THAT(render_assessment_markdown(assess(runs), Language::english),
              HasSubstr("No loss in " + std::to_string(all - 1) + " runs"));
  AssessedRun other = mocks::run_of(runs, "disk-prod");
  other.run.folder = "runs/fill";
  other.run.report.faults.front().fault = "disk.fill";
  other.run.report.rpo.lost = 3;
  runs.push_back(other);
  EXPECT_THAT(render_assessment_markdown(assess(runs), Language::english),
              Not(HasSubstr("No loss in")));
}

TEST(Assess, NoSinglePointSeenIsNotSaidWithoutWhatWasNotTested) {
  const std::vector<AssessedRun> all = recovering_runs();
  EXPECT_THAT(render_assessment_markdown(assess(all), Language::english),
              HasSubstr("None was seen."));
  const std::vector<AssessedRun> few{all[0], all[1]};
  const Assessment a = assess(few);
  for (const std::string& text : {render_assessment_markdown(a, Language::english),
                                  render_assessment_html(a, Language::english),
                                  render_assessment_console(a, Language::english, false)})
    EXPECT_THAT(text, HasSubstr("None was seen; untested faults: "));
}

// A cron that dies is nobody's outage: it proves nothing about the service.
TEST(Assess, OnlyAUnitOfTheServiceIsItsProcess) {
  const auto with = [](const char* units, const char* killed) {
    std::vector<AssessedRun> runs = recovering_runs();
    for (AssessedRun& run : runs) {
      run.cluster.service = ServiceConfig{};
      if (*units != 0) run.cluster.service->units = {units};
    }
    for (const char* name : {"process-dies-prod", "process-hangs-prod"}) {
      AssessedRun& run = mocks::run_of(runs, name);
      run.scenario.faults = {FaultStep{}};
      run.scenario.faults[0].fault = run.run.report.faults.front().fault;
      run.scenario.faults[0].params["unit"] = parse_param(ParamValue::Kind::text, killed).value();
    }
    return assess(runs).cluster_class;
  };
  EXPECT_EQ(with("apache2.service", "apache2.service"), ClusterClass::ha);
  EXPECT_EQ(with("apache2.service", "apache2"), ClusterClass::ha);
  EXPECT_EQ(with("php8.2-fpm.service", "php8.2-fpm"), ClusterClass::ha);
  EXPECT_EQ(with("apache2.service", "cron.service"), ClusterClass::unknown);
  EXPECT_EQ(with("", "cron.service"), ClusterClass::ha) << "nobody said which units they are";
}

TEST(Assess, OtherFaultsBreakRulesAndMeetNone) {
  std::vector<AssessedRun> runs = homelab_runs();
  AssessedRun full = mocks::quiet_run({NeedKind::disk, "prod", {}}, mocks::homelab_cluster());
  full.run.folder = "runs/fill";
  full.run.report.scenario = "fill-disk-prod";
  full.run.report.faults.front().fault = "disk.fill";
  runs.push_back(full);
  EXPECT_EQ(assess(runs).other_runs.size(), 1U);
  EXPECT_EQ(assess(runs).cluster_class, ClusterClass::backup_like);
  runs.back().run.report.checks[0].verdict = Verdict::fail;
  EXPECT_EQ(assess(runs).cluster_class, ClusterClass::unsafe);
}

TEST(Assess, TargetOfTheUserComesBeforeThatOfTheScenario) {
  EXPECT_EQ(assess(recovering_runs(), {5'000.0}).cluster_class, ClusterClass::data_ha);
  // In the middle of the interval: neither.
  EXPECT_EQ(state_of(assess(recovering_runs(), {9'200.0}), AssessRule::target),
            RuleState::untested);
}

TEST(Assess, ClusterWithoutRolesIsAUsageError) {
  std::vector<AssessedRun> runs = homelab_runs();
  for (AssessedRun& run : runs)
    for (Node& node : run.cluster.nodes) node.roles.clear();
  const auto assessment = assess_runs(runs, {});
  ASSERT_FALSE(assessment);
  EXPECT_EQ(assessment.error().code, Errc::usage);
  EXPECT_THAT(to_string(assessment.error()), HasSubstr("drbd-primary"));
}

TEST(AssessReport, JsonHoldsEveryRuleWithItsEvidence) {
  const auto json = nlohmann::json::parse(render_assessment_json(assess(homelab_runs())));
  EXPECT_EQ(json["class"], "backup-like");
  EXPECT_EQ(json["rules"].size(), assessment_rules().size());
  for (const auto& rule : json["rules"]) {
    EXPECT_FALSE(rule["evidence"].empty()) << rule["id"];
    for (const auto& evidence : rule["evidence"]) EXPECT_NE(evidence["text"], "");
  }
}

TEST(AssessReport, PageIsAccessibleAndLoadsNothing) {
  std::vector<AssessedRun> runs = homelab_runs();
  runs[0].run.report.scenario = "<script>alert(1)</script>";
  const std::string html = render_assessment_html(assess(runs), Language::german);
  EXPECT_THAT(html, AllOf(HasSubstr("<html lang=\"de\">"), HasSubstr("<caption>"),
                          HasSubstr("<th scope=\"col\">"), HasSubstr("<th scope=\"row\">"),
                          HasSubstr("/report.html\"")));
  EXPECT_THAT(html, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("src="))));
}

// Nobody asks two faults at once for more than the data: a page that says `ha` must not show it red
// without a word.
TEST(AssessReport, APairThatWaitedForTheUndoIsNoFailure) {
  std::vector<AssessedRun> runs = recovering_runs();
  mocks::outage(mocks::run_of(runs, "stale-takeover-prod-mirror"), RecoveredBy::undo, 80'000,
                80'500);
  const Assessment a = assess(runs);
  ASSERT_EQ(a.cluster_class, ClusterClass::ha);
  const std::string html = render_assessment_html(a, Language::english);
  EXPECT_THAT(html, AllOf(HasSubstr("two faults at once"), Not(HasSubstr("badge wide fail"))));
  EXPECT_THAT(render_assessment_markdown(a, Language::german),
              HasSubstr("zwei Störungen zugleich"));

  // The same of one fault is one.
  mocks::outage(mocks::run_of(runs, "data-power-prod"), RecoveredBy::undo, 80'000, 80'500);
  EXPECT_THAT(render_assessment_html(assess(runs), Language::english),
              HasSubstr("badge wide fail"));
}

// A quorum, and no way to fence: what is met has to be read, not counted.
TEST(AssessReport, ConsoleNamesTheWayByWhichARuleIsMet) {
  const Assessment a = assess(recovering_runs());
  ASSERT_EQ(state_of(a, AssessRule::fencing), RuleState::met);
  const auto met = evidence_of(a, AssessRule::fencing, RuleState::met);
  const auto not_met = evidence_of(a, AssessRule::fencing, RuleState::not_met);
  ASSERT_FALSE(met.empty());
  ASSERT_FALSE(not_met.empty());
  const std::string text = render_assessment_console(a, Language::english, false);
  const std::string rule = text.substr(text.find("fencing: "));
  EXPECT_THAT(rule, AllOf(HasSubstr("✓ " + met.front().substr(0, 20)),
                          HasSubstr("– " + not_met.front().substr(0, 20)), Not(HasSubstr("✕"))));
}

TEST(AssessReport, ConsoleFitsEightyColumns) {
  for (const Language language : {Language::english, Language::german}) {
    const std::string text = render_assessment_console(assess(homelab_runs()), language, false);
    EXPECT_THAT(text, HasSubstr("BACKUP-LIKE"));
    for (const std::string& line : split(text, '\n'))
      EXPECT_LE(
          std::count_if(line.begin(), line.end(),
                        [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }),
          80)
          << line;
  }
}

}  // namespace
}  // namespace ernstfall
