// keeper: arming, heartbeat, and the loop of the local dead-man.
#include "harness/inject/keeper.h"

#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "harness/core/files.h"
#include "harness/core/units.h"
#include "harness/inject/journal.h"
#include "harness/process/process.h"

namespace ernstfall {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr Nanos kHeartbeatPeriod = std::chrono::seconds(1);
constexpr Nanos kLookPeriod = std::chrono::milliseconds(250);

fs::path armed_path(const fs::path& run) {
  return run / "keeper.json";
}
fs::path stop_path(const fs::path& run) {
  return run / "keeper.stop";
}
fs::path heartbeat_path(const fs::path& run) {
  return run / "heartbeat";
}

// The steady clock counts from boot on Linux, so two processes of one machine can compare it.
std::int64_t steady_ns() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

struct ArmedRecord {
  int pid = 0;
  std::uint64_t start_ticks = 0;
};

Result<ArmedRecord> read_armed(const fs::path& run) {
  ERNSTFALL_TRY(const std::string text, read_file(armed_path(run), 4096));
  try {
    const json record = json::parse(text);
    return ArmedRecord{record.at("pid").get<int>(), record.at("start_ticks").get<std::uint64_t>()};
  } catch (const json::exception& error) {
    return fail_at(Errc::corrupt, armed_path(run).string(), "{}", error.what());
  }
}

class LocalKeeper final : public Keeper {
 public:
  LocalKeeper(fs::path run, ArmedRecord armed) : run_(std::move(run)), armed_(armed) {
    heartbeat_ = std::jthread([this](const std::stop_token& stop) {
      do {
        // A missed heartbeat is harmless, and a lasting failure fires the dead-man: the safe side.
        (void)write_file_atomic(heartbeat_path(run_), std::to_string(steady_ns()));
      } while (sleep_until(Deadline::after(kHeartbeatPeriod), stop));
    });
  }

  Status prove() override {
    ERNSTFALL_TRY(const ArmedRecord now, read_armed(run_));
    if (now.pid != armed_.pid || !process_alive(armed_.pid, armed_.start_ticks))
      return fail(Errc::refused, "the local dead-man (pid {}) is gone", armed_.pid);
    return {};
  }

  Status disarm(Deadline deadline) override {
    ERNSTFALL_CHECK(write_file_atomic(stop_path(run_), "stop\n"));
    while (process_alive(armed_.pid, armed_.start_ticks)) {
      if (deadline.expired())
        return fail(Errc::timeout, "the local dead-man (pid {}) does not stop", armed_.pid);
      sleep_until(deadline.at_most(std::chrono::milliseconds(20)), {});
    }
    // Ours to collect: a search of many runs must not keep a dead child for each.
    (void)::waitpid(armed_.pid, nullptr, WNOHANG);
    return {};
  }

 private:
  fs::path run_;
  ArmedRecord armed_;
  std::jthread heartbeat_;
};

Nanos heartbeat_age(const fs::path& run) {
  const auto text = read_file(heartbeat_path(run), 64);
  std::int64_t then = 0;
  if (!text) return Nanos::max();
  if (std::from_chars(text->data(), text->data() + text->size(), then).ec != std::errc())
    return Nanos::max();
  return Nanos(steady_ns() - then);
}

bool run_has_ended(const fs::path& run) {
  const auto state = read_journal(run);
  return state && state->ended && !state->has_open_undo();
}

}  // namespace

Result<std::unique_ptr<Keeper>> arm_keeper(const fs::path& program, const fs::path& run_folder,
                                           Nanos timeout) {
  ERNSTFALL_CHECK(write_file_atomic(heartbeat_path(run_folder), std::to_string(steady_ns())));
  ProcessSpec spec;
  spec.argv = {program.string(), "keeper", run_folder.string(), "--timeout",
               duration_literal(timeout)};
  ERNSTFALL_TRY(const int pid, spawn_detached(spec, (run_folder / "keeper.log").string()));
  const Deadline deadline = Deadline::after(std::chrono::seconds(20));
  while (true) {
    if (const auto armed = read_armed(run_folder); armed && armed->pid == pid) {
      auto keeper = std::make_unique<LocalKeeper>(run_folder, *armed);
      ERNSTFALL_CHECK(keeper->prove());
      return keeper;
    }
    if (deadline.expired())
      return fail(Errc::refused, "the local dead-man did not arm itself; see {}",
                  (run_folder / "keeper.log").string());
    sleep_until(deadline.at_most(std::chrono::milliseconds(10)), {});
  }
}

Status keep(const fs::path& run_folder, Nanos timeout, const std::function<Status()>& heal) {
  ERNSTFALL_TRY(const std::uint64_t ticks, process_start_ticks(::getpid()));
  ERNSTFALL_CHECK(write_file_atomic(
      armed_path(run_folder), json{{"pid", ::getpid()}, {"start_ticks", ticks}}.dump() + "\n"));
  // A heartbeat that cannot be read counts from when it could last be.
  SteadyTime last_seen = std::chrono::steady_clock::now();
  while (true) {
    std::error_code ec;
    if (fs::exists(stop_path(run_folder), ec)) return {};
    if (!fs::exists(run_folder, ec)) return {};
    if (run_has_ended(run_folder)) return {};
    const Nanos age = heartbeat_age(run_folder);
    const auto now = std::chrono::steady_clock::now();
    if (age != Nanos::max()) last_seen = now - age;
    if (now - last_seen > timeout) return heal();
    sleep_until(Deadline::after(kLookPeriod), {});
  }
}

}  // namespace ernstfall
