// suite_run: a scenario with `repeat` or `threshold`, run after run, with its reports.
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>

#include "harness/core/exit_code.h"
#include "harness/lang/language.h"
#include "harness/run/runner.h"

namespace ernstfall::cli {

struct SuiteSettings {
  std::filesystem::path runs = "runs";
  std::uint64_t seed = 0;  // the same for every run: it is one test, made again
  Nanos dead_man = kDeadManDefault;
  bool json = false;
  Language language = Language::english;  // of the reports
};

// What would be done, without a run folder; the plan is that of the first run.
Result<ExitCode> plan_suite(const Cluster& cluster, const Scenario& scenario,
                            const SuiteSettings& settings, const std::stop_token& stop);
// Makes a new suite folder under settings.runs.
Result<ExitCode> start_suite(const Cluster& cluster, const Scenario& scenario,
                             const SuiteSettings& settings, const std::stop_token& stop);
// Goes on in a suite folder, with its own scenario and seed.
Result<ExitCode> resume_suite(const std::filesystem::path& folder, const Cluster& cluster,
                              SuiteSettings settings, const std::stop_token& stop);

// The scenario as the suite folder keeps it, with its own name.
Result<Scenario> scenario_of_suite(const std::filesystem::path& folder);

}  // namespace ernstfall::cli
