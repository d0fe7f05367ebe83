// sim_injection: everything that an Injection needs around it, on simulated nodes whose scripts
// begin when they are told to, by clocks of their own.
#pragma once

#include <nlohmann/json.hpp>
#include <thread>

#include "harness/run/injection.h"
#include "tests/mocks/sim_nodes.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall::sim {

class QuietProgress final : public Progress {
 public:
  void folder(std::string_view) override {}
  void phase(std::string_view, std::string_view) override {}
  void note(std::string_view) override {}
  void warn(std::string_view text) override {
    const std::lock_guard lock(mutex_);
    warnings_.emplace_back(text);
  }
  void watch(const LiveBoard*) override {}
  std::vector<std::string> warnings() const {
    const std::lock_guard lock(mutex_);
    return warnings_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> warnings_;
};

class ArmedKeeper final : public Keeper {
 public:
  Status prove() override { return {}; }
  Status disarm(Deadline) override { return {}; }
};

// How one node keeps time, and how late it is.
struct SimClock {
  std::int64_t ahead_ns = 0;  // of our wall clock
  Nanos delay{};              // planted: from the moment it was told to the effect
  Nanos process_start{};      // what a command takes to start there
  std::int64_t now_ns() const {
    return std::chrono::duration_cast<Nanos>(std::chrono::system_clock::now().time_since_epoch())
               .count() +
           ahead_ns;
  }
};

// What `date +%s.%N` prints.
inline std::string as_date(std::int64_t ns) {
  return fmt::format("{}.{:09}\n", ns / 1'000'000'000, ns % 1'000'000'000);
}

// `date`, and the scripts of ours: one that is told a moment waits for it and says when it began.
inline void keep_time(SimNode& node, const SimClock& clock) {
  const auto said = [](std::string out) {
    ExecResult result;
    result.exit_code = 0;
    result.out = std::move(out);
    return result;
  };
  node.answer = [clock, said](const RemoteCommand& command) {
    std::this_thread::sleep_for(clock.process_start);
    return said(command.argv.front() == "date" ? as_date(clock.now_ns()) : "");
  };
  node.script = [clock, said](const RemoteCommand& command) {
    if (command.argv.size() < 5 || command.argv[3].rfind("at:", 0) != 0) return said("");
    std::this_thread::sleep_for(clock.process_start);
    const std::int64_t at = std::stoll(command.argv[3].substr(3));
    std::this_thread::sleep_for(Nanos(std::max<std::int64_t>(0, at - clock.now_ns())));
    std::this_thread::sleep_for(clock.delay);
    return said("ernstfall-" + command.argv[4] + " begun " + std::to_string(clock.now_ns()) + "\n");
  };
}

class SimInjection {
 public:
  explicit SimInjection(SimCluster& sim) : sim_(sim) {
    history_ = *HistoryWriter::create(folder_.path() / "history", "run", clock_);
    source_ = *history_->define_source({0, "run", "run", "", 0, 0});
    journal_.emplace(*Journal::open(folder_.path()));
    injector_ = std::make_unique<Injector>(executor_, *journal_, *history_, source_, keeper_, men_);
  }

  // Why the run would be inconclusive; in order.
  std::vector<std::string> run(const Scenario& scenario, std::uint64_t seed = 1,
                               const std::stop_token& stop = {}) {
    std::mutex mutex;
    std::vector<std::string> aborted;
    InjectionHooks hooks;
    hooks.phase = [](std::string_view, const std::string&) {};
    hooks.guard = [this] { return guard; };
    hooks.steady = steady;
    hooks.abort = [&](const std::string& why) {
      const std::lock_guard lock(mutex);
      aborted.push_back(why);
    };
    hooks.hold = [](const PlannedStep& planned, int, TimeNs, const std::stop_token& until) {
      sleep_until(Deadline::after(planned.step.hold), until);
    };
    Injection injection(*sim_.set, scenario, seed, *injector_, clock_, progress, std::move(hooks));
    injection.run(stop);
    return aborted;
  }
  // Ends the recording.
  History history() {
    (void)history_->close();
    return *read_history(folder_.path() / "history");
  }

  std::string guard;
  std::function<Steady()> steady;
  QuietProgress progress;

 private:
  SimCluster& sim_;
  const RunClock clock_;
  const testing_support::TempFolder folder_;
  Executor executor_{*sim_.set};
  ArmedKeeper keeper_;
  NodeDeadMen men_{*sim_.set, std::chrono::minutes(1)};
  std::unique_ptr<HistoryWriter> history_;
  SourceId source_ = 0;
  std::optional<Journal> journal_;
  std::unique_ptr<Injector> injector_;
};

}  // namespace ernstfall::sim
