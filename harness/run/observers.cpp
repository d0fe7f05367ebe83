// observers: asks nodes for their logs.
#include "harness/run/observers.h"

#include <thread>
#include <utility>

#include "harness/core/files.h"

namespace ernstfall {

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
