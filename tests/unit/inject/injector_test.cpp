// injector_test: the injection protocol step by step, with planted defects at each step.
#include "harness/inject/injector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <thread>

#include "harness/core/files.h"
#include "harness/faults/fault.h"
#include "harness/history/kinds.h"
#include "tests/mocks/sim_nodes.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// A keeper that is armed, or of which nothing is left.
class FakeKeeper final : public Keeper {
 public:
  bool alive = true;
  Status prove() override {
    if (!alive) return fail(Errc::refused, "the local dead-man is gone");
    return {};
  }
  Status disarm(Deadline) override { return {}; }
};

class InjectorTest : public ::testing::Test {
 protected:
  InjectorTest() {
    journal_.emplace(*Journal::open(folder_.path()));
    history_ = *HistoryWriter::create(folder_.path() / "history", "run-1", RunClock{});
    const SourceId source = *history_->define_source({0, "run", "run", "", 0, 0});
    injector_ =
        std::make_unique<Injector>(executor_, *journal_, *history_, source, keeper_, dead_men_);
  }
  FaultPlan plan(const std::string& fault) {
    FaultStep step;
    step.fault = fault;
    return *plan_fault({cluster_.cluster.nodes.front(), cluster_["prod"].boot_id()}, step);
  }
  InjectOutcome inject(const FaultPlan& plan) {
    return injector_->inject(0, plan, Deadline::after(std::chrono::milliseconds(300)), {});
  }
  std::vector<std::string> kinds_of_history() {
    EXPECT_TRUE(history_->close());
    std::vector<std::string> kinds;
    const auto history = read_history(folder_.path() / "history");
    if (!history) return kinds;
    for (const Event& event : history->events) kinds.push_back(event.kind);
    return kinds;
  }

  testing_support::TempFolder folder_;
  sim::SimCluster cluster_{{"prod", "mirror"}};
  Executor executor_{*cluster_.set};
  FakeKeeper keeper_;
  NodeDeadMen dead_men_{*cluster_.set, std::chrono::minutes(1)};
  std::optional<Journal> journal_;
  std::unique_ptr<HistoryWriter> history_;
  std::unique_ptr<Injector> injector_;
};

TEST_F(InjectorTest, PowerOffIsConfirmedAndUndone) {
  const FaultPlan fault = plan("node.power-off");
  const InjectOutcome outcome = inject(fault);
  EXPECT_TRUE(outcome.confirmed) << outcome.problem;
  EXPECT_FALSE(cluster_["prod"].on);
  EXPECT_TRUE(read_journal(folder_.path())->has_open_undo()) << "until undo is proven";
  const auto undone = injector_->undo(0, fault, true, Deadline::after(std::chrono::seconds(5)));
  EXPECT_TRUE(undone) << to_string(undone.error());
  EXPECT_FALSE(read_journal(folder_.path())->has_open_undo());
  const auto kinds = kinds_of_history();
  EXPECT_THAT(kinds, Contains(std::string(kinds::kFaultConfirmed)));
  EXPECT_THAT(kinds, Contains(std::string(kinds::kFaultUndone)));
}

TEST_F(InjectorTest, TheUndoIsInTheJournalBeforeAnythingIsTouched) {
  std::string journal_at_first_touch;
  cluster_["prod"].answer = [&](const RemoteCommand&) { return ExecResult{}; };
  FaultPlan fault = plan("node.power-off");
  // A probe of the journal as the first thing that "apply" does.
  fault.apply.insert(fault.apply.begin(),
                     RemoteAction{"look", "prod", {"look"}, std::chrono::seconds(1), 1, true});
  cluster_["prod"].answer = [&](const RemoteCommand&) {
    journal_at_first_touch = *read_file(folder_.path() / "journal.jsonl");
    return ExecResult{};
  };
  inject(fault);
  EXPECT_THAT(journal_at_first_touch, HasSubstr("undo-planned"));
  EXPECT_THAT(journal_at_first_touch, HasSubstr("\"armed\""));
}

TEST_F(InjectorTest, WithoutADeadManNothingIsTouched) {
  keeper_.alive = false;
  const InjectOutcome outcome = inject(plan("node.power-off"));
  EXPECT_FALSE(outcome.touched);
  EXPECT_FALSE(outcome.confirmed);
  EXPECT_TRUE(cluster_["prod"].on);
  EXPECT_THAT(cluster_["prod"].log, Not(Contains("POWER OFF")));
}

// No room on our own side: the undo cannot be written down.
TEST_F(InjectorTest, WithoutAJournalNothingIsTouched) {
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit no_room = before;
  no_room.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &no_room), 0);
  const InjectOutcome outcome = inject(plan("node.power-off"));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_FALSE(outcome.touched);
  EXPECT_FALSE(outcome.confirmed);
  EXPECT_THAT(outcome.problem, HasSubstr("journal"));
  EXPECT_TRUE(cluster_["prod"].on);
  EXPECT_THAT(cluster_["prod"].log, Not(Contains("POWER OFF")));
}

// Planted defect: the power control says ok and does nothing.
TEST_F(InjectorTest, AFaultThatDoesNotTakeEffectIsNotConfirmed) {
  cluster_["prod"].ignores_power_off = true;
  const FaultPlan fault = plan("node.power-off");
  const InjectOutcome outcome = inject(fault);
  EXPECT_TRUE(outcome.touched);
  EXPECT_FALSE(outcome.confirmed);
  EXPECT_THAT(outcome.problem, HasSubstr("says on"));
  EXPECT_THAT(kinds_of_history(), Contains(std::string(kinds::kFaultNotConfirmed)));
}

// Planted defect: the node cannot be powered on again.
TEST_F(InjectorTest, AnUndoThatFailsIsDirtyAndStaysOpen) {
  const FaultPlan fault = plan("node.power-off");
  ASSERT_TRUE(inject(fault).confirmed);
  cluster_["prod"].power_on_fails = true;
  EXPECT_FALSE(injector_->undo(0, fault, true, Deadline::after(std::chrono::milliseconds(200))));
  const auto state = read_journal(folder_.path());
  ASSERT_TRUE(state);
  EXPECT_TRUE(state->has_open_undo());
  EXPECT_THAT(state->undos.front().problem, HasSubstr("power control is away"));
}

// Planted defect: powered on, but it never comes up.
TEST_F(InjectorTest, APowerOnWithoutABootIsDirty) {
  const FaultPlan fault = plan("node.power-off");
  ASSERT_TRUE(inject(fault).confirmed);
  cluster_["prod"].boots_to_answer = false;
  EXPECT_FALSE(injector_->undo(0, fault, true, Deadline::after(std::chrono::milliseconds(300))));
  EXPECT_TRUE(read_journal(folder_.path())->has_open_undo());
}

TEST_F(InjectorTest, ACrashIsSeenByItsNewBootId) {
  const InjectOutcome outcome = inject(plan("node.crash"));
  EXPECT_TRUE(outcome.confirmed) << outcome.problem;
}

// Its own cluster cut its power for what we made of it.
TEST_F(InjectorTest, AScriptsUndoWaitsForANodeThatIsAway) {
  FaultPlan fault = plan("node.crash");
  fault.undo = {ScriptAction{"undo", "prod", "0123abcd", "exit 0\n", {}}};
  fault.undone = {NodeIsBack{"prod", cluster_["prod"].boot_id(), false}};
  const auto power = [this](bool on) {
    const std::lock_guard lock(cluster_["prod"].mutex);
    cluster_["prod"].on = on;
    if (on) ++cluster_["prod"].boots;
  };
  power(false);
  {
    const std::jthread cluster([&] {
      sleep_until(Deadline::after(std::chrono::milliseconds(300)), {});
      power(true);
    });
    const auto undone = injector_->undo(0, fault, true, Deadline::after(std::chrono::seconds(20)));
    EXPECT_TRUE(undone) << to_string(undone.error());
  }
  power(false);
  EXPECT_FALSE(injector_->undo(1, fault, true, Deadline::after(std::chrono::milliseconds(200))))
      << "one that stays away is dirty at the deadline";
}

TEST_F(InjectorTest, AStopBeforeApplyStillOwesTheUndo) {
  std::stop_source source;
  source.request_stop();
  const FaultPlan fault = plan("node.crash");
  const InjectOutcome outcome =
      injector_->inject(0, fault, Deadline::after(std::chrono::seconds(1)), source.get_token());
  EXPECT_TRUE(outcome.touched);
  EXPECT_FALSE(outcome.confirmed);
  EXPECT_TRUE(read_journal(folder_.path())->has_open_undo());
}

}  // namespace
}  // namespace ernstfall
