// overview_report: `ernstfall report` of several runs.
#pragma once

#include <string>
#include <vector>

#include "harness/core/exit_code.h"
#include "harness/core/result.h"

namespace ernstfall::cli {

struct OverviewArguments {
  std::vector<std::string> runs;  // run folders, or folders of runs
  std::string language = "en";
  std::string output;  // folder for the files; empty: the only one of `runs`, or "overview"
  std::string format;  // print this instead of writing files
};

// Whether these are several runs: more than one folder, or one that holds runs and is none itself.
bool means_overview(const std::vector<std::string>& runs);
Result<ExitCode> report_overview(const OverviewArguments& arguments);

}  // namespace ernstfall::cli
