// load_test: a run folder on disk becomes the same report again, and finds its sibling.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/core/files.h"
#include "reports/assess_plan.h"
#include "reports/assessment.h"
#include "reports/compare_results.h"
#include "reports/comparison_sides.h"
#include "reports/render.h"
#include "tests/mocks/run_folder.h"

namespace ernstfall {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class RunFolders : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "ernstfall-reports-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  ComparedSide side(const char* name) const {
    return {*read_side({root_ / name}, catalogue()), {}};
  }
  void TearDown() override {
    std::error_code ec;
    fs::remove_all(root_, ec);
  }

  fs::path write_run(const std::string& id, const mocks::SyntheticRun& run,
                     const std::string& started) {
    const fs::path folder = root_ / id;
    mocks::write_run_folder(folder, run, started);
    return folder;
  }

  static Catalogue catalogue() {
    Catalogue catalogue;
    catalogue.faults.push_back({"node.power-off", "", {}, true});
    catalogue.loads.push_back({"ledger.webdav", "", {}, false});
    return catalogue;
  }

  fs::path root_;
};

TEST_F(RunFolders, RecomputedReportIsTheStoredOne) {
  const fs::path folder = write_run("a-kill-prod", mocks::kill_prod(), "2026-11-23T03:12:05Z");
  const auto first = load_run(folder, catalogue());
  ASSERT_TRUE(first) << to_string(first.error());
  EXPECT_EQ(first->report.verdict, RunVerdict::violated);
  EXPECT_EQ(first->report.seed, 71U);
  ASSERT_TRUE(write_reports(folder, first->report, first->history));
  for (const char* name : {"result.json", "report.html", "report.md", "junit.xml"})
    EXPECT_TRUE(fs::exists(folder / name)) << name;
  const auto again = load_report(folder, catalogue());
  ASSERT_TRUE(again);
  const auto stored = read_file(folder / "result.json");
  ASSERT_TRUE(stored);
  EXPECT_TRUE(compare_results(*stored, render_json(*again)).empty());
}

TEST_F(RunFolders, NewestSiblingOfTheSameClusterIsFound) {
  mocks::SyntheticRun attended = mocks::kill_prod({.attended = true});
  for (const char* id : {"b-old", "c-new"}) {
    const fs::path folder =
        write_run(id, attended, std::string("2026-11-2") + (id[0] == 'b' ? '1' : '2'));
    const auto run = load_run(folder, catalogue());
    ASSERT_TRUE(run) << to_string(run.error());
    ASSERT_TRUE(write_reports(folder, run->report, run->history));
  }
  attended.cluster.name = "elsewhere";
  write_run("d-other-cluster", attended, "2026-11-23");
  const fs::path folder = write_run("a-kill-prod", mocks::kill_prod(), "2026-11-23T03:12:05Z");
  const auto report = load_report(folder, catalogue());
  ASSERT_TRUE(report);
  ASSERT_TRUE(report->sibling);
  EXPECT_EQ(report->sibling->run_id, "c-new");
  EXPECT_TRUE(report->sibling->attended);
  EXPECT_EQ(report->sibling->recovered_by, RecoveredBy::operator_steps);
  EXPECT_NEAR(*report->sibling->rto_upper_ms, 26'300, 300);
  EXPECT_THAT(report->next_steps.front(), HasSubstr("keep the runbook at hand"));
}

// Each run is told the same as when it was asked for alone, and what lies beside is read once.
TEST_F(RunFolders, ManyRunsShareOneLookAtTheirSiblings) {
  const auto write = [this](const std::string& id, bool attended, const std::string& with,
                            const std::string& started, bool with_result) {
    mocks::SyntheticRun run = mocks::kill_prod({.attended = attended});
    run.scenario.name = attended ? "kill-prod-attended" : "kill-prod";
    run.scenario.compare_with = with;
    const fs::path folder = write_run(id, run, started);
    if (!with_result) return;
    const auto loaded = load_run(folder, catalogue());
    ASSERT_TRUE(loaded) << to_string(loaded.error());
    ASSERT_TRUE(write_reports(folder, loaded->report, loaded->history));
  };
  // Two that compare with their own scenario: a run is never beside itself.
  write("a", true, "kill-prod-attended", "2026-11-21", true);
  write("b", true, "kill-prod-attended", "2026-11-22", true);
  write("c", true, "kill-prod", "2026-11-23", false);  // the newest, without a result
  write("d", false, "kill-prod-attended", "2026-11-24", true);
  write("e", false, "no-such-scenario", "2026-11-25", true);
  Siblings siblings;
  std::map<std::string, std::string> shared;
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    const auto alone = load_report(root_ / id, catalogue());
    const auto report = load_report(root_ / id, catalogue(), siblings);
    ASSERT_TRUE(alone && report);
    EXPECT_EQ(render_json(*report), render_json(*alone)) << id;
    shared[id] = report->sibling ? report->sibling->run_id : "";
  }
  EXPECT_EQ(shared, (std::map<std::string, std::string>{
                        {"a", "b"}, {"b", "a"}, {"c", "e"}, {"d", "b"}, {"e", ""}}));
  // Planted: what it has read is gone, and it says the same.
  for (const char* id : {"b", "c", "e"}) {
    fs::remove(root_ / id / "meta.json");
    fs::remove(root_ / id / "result.json");
  }
  for (const char* id : {"a", "d"}) {
    const auto again = load_report(root_ / id, catalogue(), siblings);
    ASSERT_TRUE(again && again->sibling);
    EXPECT_EQ(again->sibling->run_id, "b") << id;
  }
}

TEST_F(RunFolders, OpenUndoInTheJournalIsDirtyUntilItIsClean) {
  const fs::path folder =
      write_run("a-kill-prod", mocks::kill_prod({.attended = true}), "2026-11-23");
  const std::string planned =
      "{\"kind\":\"undo-planned\",\"id\":3,\"what\":\"node.power-off on prod\"}\n"
      "{\"kind\":\"undo-planned\",\"id\":4,\"what\":\"other\"}\n{\"kind\":\"clean\",\"id\":4}\n";
  const std::string dirty = "{\"kind\":\"dirty\",\"id\":3,\"why\":\"prod does not answer\"}\n";
  ASSERT_TRUE(write_file_atomic(folder / "journal.jsonl", planned + dirty + "{\"kind\":\"cle"));
  const auto report = load_report(folder, catalogue());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->verdict, RunVerdict::dirty);
  EXPECT_EQ(report->journal_problem,
            "not proven undone: node.power-off on prod (prod does not answer)");
  const std::string clean = planned + dirty + "{\"kind\":\"clean\",\"id\":3}\n";
  ASSERT_TRUE(write_file_atomic(folder / "journal.jsonl", clean + "{\"kind\":\"run-end\"}\n"));
  EXPECT_EQ(load_report(folder, catalogue())->verdict, RunVerdict::pass);
}

// Planted: the harness was killed between two records, and `heal` undid the rest.
TEST_F(RunFolders, ARunThatTheHarnessDidNotEndProvesNothing) {
  mocks::SyntheticRun run = mocks::kill_prod();
  const auto later = [](TimeNs at) { return at > mocks::seconds_ns(60); };
  std::erase_if(run.history.samples, [&](const Sample& s) { return later(s.scheduled); });
  std::erase_if(run.history.events, [&](const Event& e) { return later(e.at); });
  const fs::path folder = write_run("a", run, "2026-11-23");
  ASSERT_TRUE(write_file_atomic(folder / "journal.jsonl",
                                "{\"kind\":\"undo-planned\",\"id\":3}\n"
                                "{\"kind\":\"clean\",\"id\":3}\n"));
  const auto report = load_report(folder, catalogue());
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_EQ(report->verdict, RunVerdict::inconclusive);
  EXPECT_EQ(report->cluster_class, ClusterClass::unknown);
  EXPECT_TRUE(report->history_truncated);
  for (const CheckResult& check : report->checks)
    EXPECT_NE(check.verdict, Verdict::fail) << check.name << ": " << check.message;
  // Nor does one that was killed when everything had been recorded.
  const fs::path whole = write_run("b", mocks::kill_prod({.attended = true}), "2026-11-23");
  EXPECT_EQ(load_report(whole, catalogue())->verdict, RunVerdict::pass);
  ASSERT_TRUE(write_file_atomic(whole / "journal.jsonl", "{\"kind\":\"run-begin\"}\n"));
  EXPECT_EQ(load_report(whole, catalogue())->verdict, RunVerdict::inconclusive);
}

TEST_F(RunFolders, AssessmentReadsThemAndSaysWhatIsUntested) {
  write_run("a", mocks::kill_prod(), "2026-11-23T03:12:05Z");
  write_run("b", mocks::kill_prod({.attended = true}), "2026-11-23T04:12:05Z");
  const auto runs = read_assessed({root_}, catalogue());
  ASSERT_TRUE(runs) << to_string(runs.error());
  const auto assessment = assess_runs(*runs, {});
  ASSERT_TRUE(assessment) << to_string(assessment.error());
  EXPECT_EQ(assessment->counted, 2U);
  EXPECT_EQ(assessment->cluster_class, ClusterClass::unknown);
  EXPECT_EQ(assessment->at_most, ClusterClass::data_ha);
  const NeedResult& power = assessment->needs.front();
  EXPECT_EQ(power.outcome, NeedOutcome::by_undo);
  EXPECT_EQ(power.attended, NeedOutcome::by_operator);
  EXPECT_EQ(power.lost, 0U);
  EXPECT_GT(power.acknowledged, 100U);
  ASSERT_EQ(assessment->single_points.size(), 1U);
  EXPECT_TRUE(assessment->single_points.front().operator_helps);
  // A class is of one cluster.
  mocks::SyntheticRun other = mocks::kill_prod();
  other.cluster.name = "elsewhere";
  write_run("c", other, "2026-11-23T05:12:05Z");
  const auto mixed = read_assessed({root_}, catalogue());
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().code, Errc::usage);
}

// What makes `assess CLUSTER` go on where it was stopped.
TEST_F(RunFolders, CountedRunOfTheSameWordsIsNotMadeAgain) {
  const mocks::SyntheticRun run = mocks::kill_prod();
  const fs::path folder = write_run("a", run, "2026-11-23T03:12:05Z");
  const auto counted = [&](const Scenario& scenario, const Cluster& cluster) {
    const auto runs = read_assessed({root_}, catalogue());
    return runs && has_counted_run(*runs, scenario, cluster);
  };
  EXPECT_TRUE(counted(run.scenario, run.cluster));
  Scenario changed = run.scenario;
  changed.faults.front().hold += std::chrono::seconds(1);
  EXPECT_FALSE(counted(changed, run.cluster));
  Cluster elsewhere = run.cluster;
  elsewhere.name = "elsewhere";
  EXPECT_FALSE(counted(run.scenario, elsewhere));
  ASSERT_TRUE(write_file_atomic(
      folder / "journal.jsonl",
      "{\"kind\":\"undo-planned\",\"id\":3,\"what\":\"node.power-off on prod\"}\n"));
  EXPECT_FALSE(counted(run.scenario, run.cluster));  // dirty
}

TEST_F(RunFolders, MissingPartsAreErrorsWithAPlace) {
  EXPECT_EQ(load_report(root_ / "none", catalogue()).error().code, Errc::usage);
  const fs::path folder = write_run("a", mocks::kill_prod(), "2026-11-23");
  fs::remove(folder / "meta.json");
  const auto report = load_report(folder, catalogue());
  ASSERT_FALSE(report);
  EXPECT_THAT(to_string(report.error()), HasSubstr("meta.json"));
}

// Whole run folders: one good history, measured the same on both sides; one planted slower.
TEST_F(RunFolders, TwoFoldersOfRunsAreCompared) {
  const auto write_side = [this](const std::string& side, double up_s) {
    for (int i = 0; i < 4; ++i)
      write_run(side + "/run-" + std::to_string(i),
                mocks::kill_prod({.service_up_s = up_s + 0.1 * i}), "2026-11-23");
    fs::create_directory_symlink("run-3", root_ / side / "latest");
    return read_side({root_ / side}, catalogue());
  };
  const auto base = write_side("base", 94.3);
  ASSERT_TRUE(base) << to_string(base.error());
  ASSERT_EQ(base->size(), 4U);  // `latest` is no fifth one
  EXPECT_EQ((*base)[0].environment.at("version: drbd@prod"), "8.4.11");
  EXPECT_EQ((*base)[0].environment.count("scenario: faults.0.hold"), 1U);
  const auto slow = write_side("slow", 124.3);
  ASSERT_TRUE(slow);
  EXPECT_EQ(compare_runs(*base, *slow, {}).outcome, CompareOutcome::regression);
  EXPECT_NE(compare_runs(*slow, *base, {}).outcome, CompareOutcome::regression);
}

// Planted: the gate would be open for whoever compares a run with itself.
TEST_F(RunFolders, WhatIsOnBothSidesOfAComparisonIsRefused) {
  const fs::path first = write_run("base/a", mocks::kill_prod(), "2026-11-23");
  write_run("candidate/b", mocks::kill_prod({.day = 1}), "2026-11-24");
  EXPECT_TRUE(check_sides_differ(side("base"), side("candidate")));
  fs::create_directory_symlink("base", root_ / "link");
  fs::copy(first, root_ / "renamed", fs::copy_options::recursive);
  for (const char* name : {"base", "base/a", "link", "link/a", "renamed"}) {
    const Status refused = check_sides_differ(side("base"), side(name));
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, Errc::usage);
    EXPECT_THAT(to_string(refused.error()), HasSubstr("this run is on both sides")) << name;
  }
  EXPECT_THAT(to_string(check_sides_differ(side("base"), side("renamed")).error()),
              testing::AllOf(HasSubstr("renamed"), HasSubstr("base/a")));
}

// Planted: one run copied until chance is excluded.
TEST_F(RunFolders, CopiesOfARunAreNoRepeats) {
  const fs::path first = write_run("base/a", mocks::kill_prod(), "2026-11-23");
  write_run("candidate/b", mocks::kill_prod({.day = 1}), "2026-11-24");
  ASSERT_TRUE(check_sides_differ(side("base"), side("candidate")));
  ASSERT_TRUE(read_assessed({root_ / "base"}, catalogue()));
  fs::copy(first, root_ / "base/renamed", fs::copy_options::recursive);
  for (const Status& refused : {check_sides_differ(side("base"), side("candidate")),
                                check_sides_differ(side("candidate"), side("base"))}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::usage);
    EXPECT_THAT(
        to_string(refused.error()),
        testing::AllOf(HasSubstr("base/renamed: this run is there twice"), HasSubstr("base/a")));
  }
  const auto assessed = read_assessed({root_ / "base"}, catalogue());
  ASSERT_FALSE(assessed);
  EXPECT_EQ(assessed.error().code, Errc::usage);
}

TEST_F(RunFolders, ARunThatCannotBeReadIsNamedAndNoFolderIsAnError) {
  const fs::path folder = write_run("a", mocks::kill_prod(), "2026-11-23");
  ASSERT_TRUE(write_file_atomic(folder / "cluster.yaml", "cluster: [\n"));
  const auto side = read_side({root_}, catalogue());
  ASSERT_TRUE(side);
  ASSERT_EQ(side->size(), 1U);
  EXPECT_THAT((*side)[0].problem, HasSubstr("cluster.yaml"));
  EXPECT_EQ((*side)[0].report.scenario, "kill-prod");
  EXPECT_TRUE(left_out((*side)[0])->may_hide);
  EXPECT_EQ(read_side({root_ / "none"}, catalogue()).error().code, Errc::usage);
  EXPECT_EQ(read_side({folder, root_}, catalogue()).error().code, Errc::usage);  // twice
  fs::create_directory(root_ / "empty");
  EXPECT_EQ(read_side({root_ / "empty"}, catalogue()).error().code, Errc::usage);
}

}  // namespace
}  // namespace ernstfall
