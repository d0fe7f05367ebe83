// heal_test: finishing an undo from the journal alone, on simulated nodes.
#include "harness/run/heal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/core/files.h"
#include "harness/inject/journal.h"
#include "harness/load/canary_script.h"
#include "harness/run/cluster_state.h"
#include "harness/run/run_folder.h"
#include "harness/run/watch.h"
#include "probes/http_engine.h"
#include "probes/service_folder.h"
#include "tests/mocks/fake_webdav.h"
#include "tests/mocks/sim_nodes.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class HealTest : public ::testing::Test {
 protected:
  HealTest() {
    options_.open_nodes = [this](const Cluster&) -> Result<std::unique_ptr<NodeSet>> {
      return std::move(sim_.set);
    };
    Cluster cluster = sim_.cluster;
    for (Node& node : cluster.nodes) {
      node.address = "127.0.0.1";
      node.power.kind = PowerConfig::Kind::none;
    }
    EXPECT_TRUE(write_file_atomic(run() / "cluster.yaml", dump_cluster(cluster)));
  }
  const std::filesystem::path& run() const { return folder_.path(); }

  void journal(std::string_view kind, const nlohmann::json& fields) {
    ASSERT_TRUE(Journal::open(run())->record(kind, fields));
  }
  void plan_power_on(const std::string& boot_id) {
    UndoEntry entry;
    entry.what = "node.power-off on prod";
    entry.node = "prod";
    entry.undo = {SwitchPower{"prod", SwitchPower::Operation::on, {}}};
    entry.undone = {NodeIsBack{"prod", boot_id, false}};
    journal("undo-planned", undo_to_json(entry));
  }
  Result<HealReport> heal() { return heal_run(run(), options_, {}); }

  testing_support::TempFolder folder_;
  sim::SimCluster sim_{{"prod", "mirror"}};
  HealOptions options_;
};

TEST_F(HealTest, NothingOpenMeansNothingIsTouched) {
  journal("run-begin", {{"run_id", "r"}, {"cluster", "sim"}});
  const auto report = heal();
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_TRUE(report->was_clean);
  EXPECT_TRUE(sim_["prod"].log.empty());
}

TEST_F(HealTest, PowersOnANodeWhoseHarnessDied) {
  sim_["prod"].on = false;
  plan_power_on(sim_["prod"].boot_id());
  journal("confirmed", {{"id", 0}});
  const auto report = heal();
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_TRUE(report->clean()) << ::testing::PrintToString(report->problems);
  EXPECT_TRUE(sim_["prod"].on);
  EXPECT_FALSE(read_journal(run())->has_open_undo());
}

TEST_F(HealTest, ANodeThatWasNeverTouchedIsCleanToo) {
  plan_power_on(sim_["prod"].boot_id());
  journal("applying", {{"id", 0}});
  const auto report = heal();
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->clean()) << ::testing::PrintToString(report->problems);
}

// Planted defect: it cannot be powered on.
TEST_F(HealTest, WhatCannotBeUndoneStaysOpenAndIsNamed) {
  sim_["prod"].on = false;
  sim_["prod"].power_on_fails = true;
  plan_power_on(sim_["prod"].boot_id());
  const auto report = heal();
  ASSERT_TRUE(report);
  EXPECT_THAT(report->problems, ElementsAre(HasSubstr("power control is away")));
  EXPECT_TRUE(read_journal(run())->has_open_undo());
}

TEST_F(HealTest, TheRunbooksWayBackComesAfterTheFault) {
  sim_["prod"].on = false;
  plan_power_on(sim_["prod"].boot_id());
  journal("confirmed", {{"id", 0}});
  UndoEntry restore;
  restore.id = 1000;
  restore.stage = UndoEntry::Stage::restore;
  restore.what = "the runbook's way back";
  restore.undo = {RemoteAction{"demote", "mirror", {"drbdadm", "secondary", "r0"}}};
  journal("undo-planned", undo_to_json(restore));
  bool prod_was_on = false;
  sim_["mirror"].answer = [&](const RemoteCommand&) {
    prod_was_on = sim_["prod"].on;
    ExecResult ok;
    ok.exit_code = 0;
    return ok;
  };
  const auto report = heal();
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->clean()) << ::testing::PrintToString(report->problems);
  EXPECT_TRUE(prod_was_on);
  EXPECT_THAT(sim_["mirror"].log, Contains("drbdadm secondary r0"));
}

// Planted residue: a qdisc that was not there before.
TEST_F(HealTest, ADifferenceToTheStateBeforeTheRunIsAProblem) {
  sim_["prod"].state_text = "== qdisc\nqdisc noqueue\n";
  sim_["mirror"].state_text = "== qdisc\nqdisc noqueue\n";
  const ClusterState before = observe_cluster(*sim_.set, StateDepth::fingerprint,
                                              Deadline::after(std::chrono::seconds(5)), {});
  journal("initial-state", {{"state", state_to_json(before).dump()}});
  sim_["prod"].state_text = "== qdisc\nqdisc netem delay 100ms\n";
  const auto differences = state_differences(
      state_to_json(before), observe_cluster(*sim_.set, StateDepth::fingerprint,
                                             Deadline::after(std::chrono::seconds(5)), {}));
  EXPECT_THAT(differences,
              ElementsAre(HasSubstr("prod: qdisc: was qdisc noqueue, is qdisc netem")));
}

// The canary's folder while the run is on is no residue, and left behind it refuses the next run.
TEST_F(HealTest, TheFolderOfACanaryIsWatchedBesideTheFingerprint) {
  const Deadline deadline = Deadline::after(std::chrono::seconds(5));
  const ClusterState before = observe_cluster(*sim_.set, StateDepth::fingerprint, deadline, {});
  sim_["prod"].state_text = "== canaries\n/srv/cloud/.ernstfall-canary-r\n";
  const ClusterState now = observe_cluster(*sim_.set, StateDepth::fingerprint, deadline, {});
  EXPECT_THAT(state_differences(state_to_json(before), now), ::testing::IsEmpty());
  EXPECT_EQ(now.nodes.at("prod").canaries, "/srv/cloud/.ernstfall-canary-r");
}

TEST_F(HealTest, TheFolderOfACanaryIsRemovedWhereTheVolumeIs) {
  sim_.cluster.drbd = DrbdConfig{"r0", {"prod", "mirror"}};
  journal("run-begin", {{"run_id", "r"}, {"cluster", "sim"}});
  journal("files-planned", {{"canary_path", "/srv/cloud"}});  // the older form
  EXPECT_THAT(read_journal(run())->canary_paths, ElementsAre("/srv/cloud"));
  int asked = 0;
  const auto script = [&asked](int exit_code) {
    return [&asked, exit_code](const RemoteCommand& command) {
      EXPECT_EQ(command.argv.front(), "perl");
      EXPECT_EQ(command.argv.at(2), "remove");
      EXPECT_EQ(command.argv.at(3), "/srv/cloud");
      EXPECT_EQ(command.argv.at(4), "r");
      ++asked;
      ExecResult result;
      result.exit_code = exit_code;
      return result;
    };
  };
  sim_["prod"].answer = script(kCanaryNowhere);
  sim_["mirror"].answer = script(kCanaryNowhere);
  // Mounted nowhere: it stays in the journal.
  const auto first = heal();
  ASSERT_TRUE(first) << to_string(first.error());
  EXPECT_THAT(first->problems, ElementsAre(HasSubstr("/srv/cloud is mounted on no node")));
  EXPECT_TRUE(read_journal(run())->files_left);
  EXPECT_EQ(asked, 2);
}

// Planted: two canaries on two volumes, one of which is mounted on the other node.
TEST_F(HealTest, EveryCanaryOfARunIsRemoved) {
  sim_.cluster.drbd = DrbdConfig{"r0", {"prod", "mirror"}};
  journal("run-begin", {{"run_id", "r"}, {"cluster", "sim"}});
  Scenario scenario;
  for (const char* path : {"/srv/cloud", "/srv/mail", "/srv/cloud"}) {
    LoadSpec load;
    load.on_volume = true;
    load.params["path"].text = path;
    scenario.loads.push_back(load);
  }
  scenario.loads.emplace_back();  // one that writes into the service
  journal("files-planned", {{"canary_paths", canary_paths(scenario)}});
  std::vector<std::string> removed;
  const auto holds = [&removed](const std::string& node, const std::string& path) {
    return [&removed, node, path](const RemoteCommand& command) {
      ExecResult result;
      result.exit_code = command.argv.at(3) == path ? 0 : kCanaryNowhere;
      if (result.exit_code == 0) removed.push_back(node + ":" + path);
      return result;
    };
  };
  sim_["prod"].answer = holds("prod", "/srv/cloud");
  sim_["mirror"].answer = holds("mirror", "/srv/mail");
  const auto report = heal();
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_TRUE(report->clean()) << ::testing::PrintToString(report->problems);
  EXPECT_THAT(removed, ElementsAre("prod:/srv/cloud", "mirror:/srv/mail"));
  EXPECT_FALSE(read_journal(run())->files_left);
}

// A run with canaries on two volumes and files at a service, whose harness was killed.
class HealFilesTest : public HealTest {
 protected:
  void SetUp() override {
    sim_.cluster.drbd = DrbdConfig{"r0", {"prod", "mirror"}};
    sim_.cluster.service.emplace();
    sim_.cluster.service->url = service_.url();
    sim_.cluster.service->user = mocks::FakeWebdav::kUser;
    const std::filesystem::path secret = folder_.path() / "secret";
    ASSERT_TRUE(write_file_atomic(secret, mocks::FakeWebdav::kPassword, 0600));
    sim_.cluster.service->password = {SecretRef::Kind::file, secret.string()};
    journal("run-begin", {{"run_id", "r"}, {"cluster", "sim"}});
    journal("files-planned", {{"canary_paths", {"/srv/cloud", "/srv/mail"}}});
    const auto http = HttpEngine::start(RunClock{});
    ASSERT_TRUE(http);
    ASSERT_TRUE(make_service_folder(**http, *sim_.cluster.service, "r",
                                    Deadline::after(std::chrono::seconds(30)), {}));
    ASSERT_TRUE(service_.has_folder("ernstfall-r"));
    for (const auto& [name, node] : sim_.nodes)
      node->answer = [this, name = name](const RemoteCommand& command) {
        asked_.push_back(name + ":" + command.argv.at(3));
        ExecResult result;
        const bool busy = asked_.back() == "prod:/srv/cloud";
        result.exit_code = busy ? kCanaryRefused : 0;
        if (busy) result.out = "refused Device or resource busy\n";
        return result;
      };
  }

  mocks::FakeWebdav service_;
  std::vector<std::string> asked_;
};

// Planted: what is first in the list cannot be removed.
TEST_F(HealFilesTest, TheOthersAreRemovedWhenOneCannotBe) {
  const auto report = heal();
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_THAT(report->problems,
              ElementsAre(::testing::AllOf(HasSubstr("/srv/cloud"), HasSubstr("prod: Device"))));
  EXPECT_THAT(asked_, ElementsAre("prod:/srv/cloud", "mirror:/srv/cloud", "prod:/srv/mail",
                                  "mirror:/srv/mail"));
  EXPECT_FALSE(service_.has_folder("ernstfall-r"));
  EXPECT_TRUE(read_journal(run())->files_left);
}

// Planted: and the secret of the service is gone.
TEST_F(HealFilesTest, EachFailureIsReported) {
  sim_.cluster.service->password.name = (folder_.path() / "gone").string();
  const auto report = heal();
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_THAT(report->problems, ElementsAre(HasSubstr("/srv/cloud"), HasSubstr("at the service")));
  EXPECT_TRUE(service_.has_folder("ernstfall-r"));
  EXPECT_TRUE(read_journal(run())->files_left);
}

TEST_F(HealTest, ARunInProgressIsNotHealedUnderItsHands) {
  plan_power_on("x");
  const auto lock = FileLock::try_lock(run_lock_path(run()));
  ASSERT_TRUE(lock && *lock);
  options_.lock_deadline = Deadline::after(std::chrono::milliseconds(50));
  const auto report = heal();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Errc::refused);
  EXPECT_TRUE(sim_["prod"].log.empty());
}

}  // namespace
}  // namespace ernstfall
