// observers: asks nodes for their clocks and their logs.
#include "harness/run/observers.h"

#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "harness/core/files.h"
#include "harness/history/kinds.h"
#include "harness/inject/node_clock.h"

namespace ernstfall {
namespace {

using nlohmann::json;
using SystemClock = std::chrono::system_clock;

constexpr int kQuestions = 3;

// Our wall clock minus our steady clock.
std::int64_t wall_ahead_ns() {
  const auto steady = std::chrono::steady_clock::now().time_since_epoch();
  const auto wall = SystemClock::now().time_since_epoch();
  return std::chrono::duration_cast<Nanos>(wall).count() -
         std::chrono::duration_cast<Nanos>(steady).count();
}

}  // namespace

void record_clock_offsets(const NodeSet& nodes, HistoryWriter& history, SourceId run_source,
                          Deadline deadline, const std::stop_token& stop) {
  std::vector<std::jthread> threads;
  for (const Node& node : nodes.cluster().nodes)
    threads.emplace_back([&, name = node.name] {
      const auto clock = measure_node_clock(*nodes.remote(name), kQuestions, deadline, stop);
      if (!clock) return;
      const json text{{"node", name},
                      {"offset_ns", clock->ahead_ns() - wall_ahead_ns()},
                      {"uncertainty_ns", clock->uncertainty_ns()}};
      (void)history.append(
          Event{run_source, history.clock().now(), std::string(kinds::kClockOffset), text.dump()});
    });
}

void collect_artefacts(const NodeSet& nodes, const std::filesystem::path& run_folder,
                       Deadline deadline, const std::stop_token& stop) {
  static const std::vector<std::pair<std::string, Argv>> kArtefacts{
      {"dmesg.txt", {"dmesg"}},
      {"journal.txt", {"journalctl", "-b", "--no-pager", "-n", "3000", "-o", "short-iso-precise"}},
      {"drbd-status.txt", {"drbdsetup", "status", "--verbose", "--statistics"}}};
  std::vector<std::jthread> threads;
  for (const Node& node : nodes.cluster().nodes)
    threads.emplace_back([&, name = node.name] {
      const std::filesystem::path folder = run_folder / "nodes" / name;
      if (!make_directories(folder)) return;
      std::string missing;
      for (const auto& [file, argv] : kArtefacts) {
        const auto result = nodes.remote(name)->exec({argv, {}, 4U << 20U}, deadline, stop);
        if (!result || !result->ok())
          missing += file + ": " + (result ? result->summary() : to_string(result.error())) + "\n";
        else if (const auto written = write_file_atomic(folder / file, result->out); !written)
          missing += file + ": " + to_string(written.error()) + "\n";
      }
      if (!missing.empty()) (void)write_file_atomic(folder / "missing.txt", missing);
    });
}

}  // namespace ernstfall
