// run_folder: writes a synthetic run to disk as a real one would have left it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/core/files.h"
#include "tests/mocks/synthetic_run.h"

namespace ernstfall::mocks {

inline void write_history(const std::filesystem::path& folder, const std::string& id,
                          const History& history) {
  RunClock clock;
  clock.wall_base = std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(
          Nanos(history.header.wall_base_unix_ns)));
  const auto writer = HistoryWriter::create(folder, id, clock);
  ASSERT_TRUE(writer) << to_string(writer.error());
  for (Source source : history.sources) ASSERT_TRUE((*writer)->define_source(source));
  for (const Sample& sample : history.samples) ASSERT_TRUE((*writer)->append(sample));
  for (const Event& event : history.events) ASSERT_TRUE((*writer)->append(event));
  for (const LedgerRecord& record : history.ledger) ASSERT_TRUE((*writer)->append(record));
  ASSERT_TRUE((*writer)->close());
}

// Its id is the folder's name.
inline void write_run_folder(const std::filesystem::path& folder, const SyntheticRun& run,
                             const std::string& started) {
  std::filesystem::create_directories(folder);
  const std::string id = folder.filename().string();
  const nlohmann::json meta{{"run_id", id},
                            {"scenario", run.scenario.name},
                            {"cluster", run.cluster.name},
                            {"seed", 71},
                            {"started", started},
                            {"program_version", "0.1.0"}};
  EXPECT_TRUE(write_file_atomic(folder / "meta.json", meta.dump()));
  EXPECT_TRUE(write_file_atomic(folder / "scenario.yaml", dump_scenario(run.scenario)));
  EXPECT_TRUE(write_file_atomic(folder / "cluster.yaml", dump_cluster(run.cluster)));
  EXPECT_TRUE(write_file_atomic(folder / "journal.jsonl", "{\"kind\":\"run-end\"}\n"));
  write_history(folder / "history", id, run.history);
}

}  // namespace ernstfall::mocks
