// ledger_testing: a ledger on the real HTTP engine against the fake service, and its verdict.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "harness/core/files.h"
#include "harness/history/kinds.h"
#include "harness/load/ledger.h"
#include "probes/checks/check.h"
#include "probes/checks/rpo.h"
#include "tests/mocks/fake_webdav.h"
#include "tests/mocks/synthetic_run.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall::load_testing {

inline constexpr const char* kRunId = "20261123T031205Z-test";
inline constexpr const char* kFolder = "ernstfall-20261123T031205Z-test";
inline constexpr const char* kWriter = "ledger.webdav";

// False when it did not come true within a time that no healthy machine needs.
inline bool eventually(const std::function<bool()>& condition) {
  const Deadline deadline = Deadline::after(std::chrono::seconds(60));
  while (!condition()) {
    if (deadline.expired()) return false;
    (void)sleep_until(Deadline::after(Millis(2)), std::stop_token());
  }
  return true;
}

inline std::string path_of(std::uint64_t seq) {
  return fmt::format("{}/{}-{}", kFolder, kWriter, seq);
}

class LedgerTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto secret = temp_.path() / "secret";
    ASSERT_TRUE(write_file_atomic(secret, mocks::FakeWebdav::kPassword, 0600));
    cluster_ = mocks::two_node_cluster();
    cluster_.service->url = service_.url();
    cluster_.service->user = mocks::FakeWebdav::kUser;
    cluster_.service->password = {SecretRef::Kind::file, secret.string()};
    spec_.rate_hz = 100;
    history_ = *HistoryWriter::create(history_folder(), kRunId, clock_);
    run_source_ = *history_->define_source({0, "run", "run", "", 0, 0});
    http_ = *HttpEngine::start(clock_);
  }

  std::filesystem::path history_folder() const { return temp_.path() / "history"; }

  void start_ledger() {
    auto ledger =
        Ledger::start(*history_, *http_, cluster_, kRunId, kWriter, spec_, std::stop_token());
    ASSERT_TRUE(ledger) << to_string(ledger.error());
    ledger_ = std::move(*ledger);
  }

  bool wait_for_acknowledged(std::size_t count) {
    return eventually([&] { return service_.acknowledged().size() >= count; });
  }

  void record_fault() {
    const std::string text =
        R"({"fault":"node.power-off","node":"prod","index":0,"by":"test","effect_from_ns":)" +
        std::to_string(clock_.now()) + "}";
    ASSERT_TRUE(history_->append(
        Event{run_source_, clock_.now(), std::string(kinds::kFaultConfirmed), text}));
  }

  Status audit(Nanos longest) {
    return ledger_->audit(Deadline::after(longest), std::stop_token());
  }

  // What is in the history so far, as another process would read it.
  History recorded() const { return *read_history(history_folder()); }

  RpoMeasurement measured() const {
    const History history = recorded();
    return measure_rpo(history, read_facts(history));
  }
  CheckResult judged() const {
    const History history = recorded();
    const Scenario scenario = mocks::kill_prod_scenario(false);
    return run_check(*find_check("rpo"), {history, cluster_, scenario});
  }

  std::set<std::string> lost_paths() const {
    std::set<std::string> paths;
    for (const LostWrite& write : measured().lost) paths.insert(path_of(write.seq));
    return paths;
  }
  std::size_t count(LedgerStep step) const {
    const History history = recorded();
    std::size_t found = 0;
    for (const LedgerRecord& record : history.ledger) found += record.step == step ? 1 : 0;
    return found;
  }

  testing_support::TempFolder temp_;
  mocks::FakeWebdav service_;
  RunClock clock_;
  Cluster cluster_;
  LoadSpec spec_;
  std::unique_ptr<HistoryWriter> history_;
  SourceId run_source_ = 0;
  std::unique_ptr<HttpEngine> http_;
  std::unique_ptr<Ledger> ledger_;
};

}  // namespace ernstfall::load_testing
