// probe_testing: a history, engines and a cluster for probes that run for real against loopback.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "harness/history/history.h"
#include "probes/http_engine.h"
#include "probes/probe.h"
#include "probes/reach_engine.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall::probe_testing {

// Only so that a test does not hang for ever.
constexpr Nanos kPatience = std::chrono::seconds(60);

class NoReach final : public ReachEngine {
 public:
  bool can_icmp() const override { return false; }
  bool submit(ReachRequest, Done) override { return false; }
};

// A real history whose samples a test can wait for.
class WatchedHistory final : public HistoryWriter {
 public:
  explicit WatchedHistory(std::unique_ptr<HistoryWriter> inner) : inner_(std::move(inner)) {}

  const RunClock& clock() const override { return inner_->clock(); }
  Result<SourceId> define_source(Source source) override { return inner_->define_source(source); }
  Status append(const Sample& sample) override {
    const std::lock_guard lock(mutex_);
    samples_.push_back(sample);
    changed_.notify_all();
    return inner_->append(sample);
  }
  Status append(const Event& event) override { return inner_->append(event); }
  Status append(const LedgerRecord& record) override { return inner_->append(record); }
  Status sync() override { return inner_->sync(); }
  Status close() override { return inner_->close(); }

  // Waits until `enough` of the samples so far.
  template <typename Enough>
  bool wait_for(Enough enough) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return enough(samples_); });
  }

 private:
  std::unique_ptr<HistoryWriter> inner_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Sample> samples_;
};

class ProbeBench : public testing::Test {
 protected:
  ProbeBench()
      : history_(std::move(*HistoryWriter::create(folder_.path() / "history", "run-1", clock_))),
        http_(std::move(*HttpEngine::start(clock_))) {
    cluster_.service.emplace();
    cluster_.service->user = "ann b";
    ::setenv("ERNSTFALL_TEST_SECRET", "hunter2", 1);
    cluster_.service->password = {SecretRef::Kind::environment, "ERNSTFALL_TEST_SECRET"};
  }

  ProbeContext context() {
    return {history_, cluster_, "run-1",
            *http_,   reach_,   [](std::string_view) -> Remote* {
              return nullptr; }};
  }
  Result<std::unique_ptr<ProbeRunner>> start(const std::vector<ProbeSpec>& specs) {
    return ProbeRunner::start(context(), specs);
  }
  static ProbeSpec spec(std::string probe, double rate_hz, Nanos timeout,
                        std::vector<std::pair<std::string, ParamValue>> params = {}) {
    ProbeSpec spec;
    spec.id = probe;
    spec.probe = std::move(probe);
    spec.rate_hz = rate_hz;
    spec.timeout = timeout;
    spec.params.insert(params.begin(), params.end());
    return spec;
  }
  static ParamValue text(std::string value) {
    return {ParamValue::Kind::text, std::move(value), 0};
  }

  // Nothing may be appended any more.
  History recorded() {
    EXPECT_TRUE(history_.close().has_value());
    auto history = read_history(folder_.path() / "history");
    EXPECT_TRUE(history.has_value());
    return history ? std::move(*history) : History();
  }

  const testing_support::TempFolder folder_;
  const RunClock clock_;
  WatchedHistory history_;
  std::unique_ptr<HttpEngine> http_;
  NoReach reach_;
  Cluster cluster_;
};

}  // namespace ernstfall::probe_testing
