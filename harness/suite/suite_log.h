// suite_log: what a suite did so far, in a file that is only ever appended to, each line flushed to
// the disk. From it a stopped suite goes on, and its report is made.
//
//   SUITE/{suite.jsonl, scenario.yaml, cluster.yaml, RUN/..., latest -> RUN, lock}
//
// Lines: suite-begin (once), run-begin, run-end, resumed, suite-end. A line that a crash cut is
// ignored; a run that began and has no end was lost.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/files.h"
#include "harness/core/result.h"
#include "harness/scenario/scenario.h"
#include "harness/suite/search.h"

namespace ernstfall {

// A folder with this file is a suite: its runs are one level below.
inline constexpr const char* kSuiteLogName = "suite.jsonl";
bool is_suite_folder(const std::filesystem::path& folder);

enum class SuiteKind { repeat, threshold };
std::string_view suite_kind_name(SuiteKind kind);

struct SuiteRun {
  int number = 0;      // from 1
  std::string level;   // of a threshold, as written; empty of a repeat
  std::string folder;  // inside the suite; empty: the run did not begin
  // Of a repeat: held is pass, broke is violated, unclear does not count.
  TrialOutcome outcome = TrialOutcome::unclear;
  std::string why;
  bool dirty = false;
  bool interrupted = false;  // by the user or a crash: it says nothing, and is made again
  bool ended = false;
};

struct SuiteState {
  SuiteKind kind = SuiteKind::repeat;
  std::string scenario;
  std::string cluster;
  std::uint64_t seed = 0;
  std::string started_utc;
  std::string program_version;
  std::vector<SuiteRun> runs;
  std::string end;  // why it ended; empty: it has not, or goes on again
};

// Creates runs_root/<time>-<scenario>-suite with the resolved files and the first line.
Result<std::filesystem::path> create_suite_folder(const std::filesystem::path& runs_root,
                                                  const Cluster& cluster, const Scenario& scenario,
                                                  std::uint64_t seed, const std::string& version);
// Errc::corrupt: there is no whole first line.
Result<SuiteState> read_suite(const std::filesystem::path& folder);

class SuiteLog {
 public:
  static Result<SuiteLog> open(const std::filesystem::path& folder);

  Status run_begin(const SuiteRun& run);
  Status run_end(const SuiteRun& run);
  Status resumed();
  Status suite_end(const std::string& why);

 private:
  SuiteLog(Fd fd, std::filesystem::path path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Status append(const std::string& line);

  Fd fd_;
  std::filesystem::path path_;
};

}  // namespace ernstfall
