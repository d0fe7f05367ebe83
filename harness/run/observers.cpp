// observers: asks nodes for their clocks and their logs.
#include "harness/run/observers.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "harness/core/files.h"
#include "harness/history/kinds.h"

namespace ernstfall {
namespace {

using nlohmann::json;
using SystemClock = std::chrono::system_clock;

std::int64_t wall_ns() {
  return std::chrono::duration_cast<Nanos>(SystemClock::now().time_since_epoch()).count();
}

struct Offset {
  std::int64_t offset_ns = 0;
  std::int64_t uncertainty_ns = 0;
};

Result<Offset> ask_clock(Remote& remote, Deadline deadline, const std::stop_token& stop) {
  const auto asked = std::chrono::steady_clock::now();
  const std::int64_t wall = wall_ns();
  ERNSTFALL_TRY(const std::string out, exec_ok(remote, {"date", "+%s%N"}, deadline, stop));
  const auto round_trip =
      std::chrono::duration_cast<Nanos>(std::chrono::steady_clock::now() - asked).count();
  const std::string_view digits = trim(out);
  std::int64_t node_ns = 0;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), node_ns);
  if (ec != std::errc() || end != digits.data() + digits.size())
    return fail(Errc::protocol, "date printed \"{}\"", elide(digits, 40));
  return Offset{node_ns - (wall + round_trip / 2), round_trip / 2};
}

}  // namespace

void record_clock_offsets(const NodeSet& nodes, HistoryWriter& history, SourceId run_source,
                          Deadline deadline, const std::stop_token& stop) {
  std::vector<std::jthread> threads;
  for (const Node& node : nodes.cluster().nodes)
    threads.emplace_back([&, name = node.name] {
      std::optional<Offset> best;
      for (int question = 0; question < 3; ++question) {
        const auto offset = ask_clock(*nodes.remote(name), deadline, stop);
        if (!offset) break;
        if (!best || offset->uncertainty_ns < best->uncertainty_ns) best = *offset;
      }
      if (!best) return;
      const json text{
          {"node", name}, {"offset_ns", best->offset_ns}, {"uncertainty_ns", best->uncertainty_ns}};
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
