// assess_suite: makes the runs that an assessment still needs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/cli/cluster_option.h"
#include "harness/core/exit_code.h"
#include "harness/lang/language.h"

namespace ernstfall::cli {

struct AssessSuite {
  ClusterOption cluster;
  Consent consent;
  std::string scenarios;         // folder; empty: ./scenarios, or those that came with the program
  std::filesystem::path folder;  // of the runs; what counts there already is not run again
  std::string dead_man;
  bool dry_run = false;
  Language language = Language::english;  // of the runs' reports
};

// Runs what is missing, one scenario after the other. Ends early when stopped, or when a run is
// dirty (exit code 3 then); otherwise pass, whatever the runs came to. With dry_run: prints the
// list and how long it takes at least, and changes nothing.
Result<ExitCode> run_assess_suite(const AssessSuite& suite);

}  // namespace ernstfall::cli
