// comparison: are the runs of a candidate worse than those of a baseline? The rules are in
// docs/explanation/comparison.md, the formulas in statistics.h.
//
//   read_side -> compare_runs -> render_comparison_*
//
// Three answers, and the third is never taken for the second:
//   regression     slower beyond chance and beyond the tolerance, or a write lost, or an invariant
//                  broken, that the base never lost or broke
//   no regression  a slowdown of `rule_out` would have been seen
//   unknown        anything else: too few runs, too much spread, not the same test
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/core/exit_code.h"
#include "harness/core/result.h"
#include "harness/lang/language.h"
#include "harness/lang/text.h"
#include "harness/scenario/scenario.h"
#include "reports/environment.h"
#include "reports/model.h"
#include "reports/siblings.h"
#include "reports/statistics.h"

namespace ernstfall {

// The larger of a share of the base's median and a time.
struct Tolerance {
  double percent = 0;
  double at_least_ms = 0;
  double of(double base_ms) const;
};
// "10%", "2s", or both: "10%,250ms". Errc::usage.
Result<Tolerance> parse_tolerance(std::string_view text);
Text tolerance_text(const Tolerance& tolerance);

struct CompareSettings {
  Tolerance tolerance{10, 250};       // slower by this much is accepted
  std::optional<Tolerance> rule_out;  // none: three times the tolerance
  std::uint64_t lost_tolerance = 0;   // acknowledged writes per run
  bool accept_scenario_changes = false;
  // Chance of any regression being called where nothing changed, over all scenarios together.
  double false_alarms = 0.05;

  Tolerance ruled_out() const;
};

constexpr double kShiftConfidence = 0.95;  // two-sided
constexpr double kPower = 0.9;             // of the number of repeats that is called enough

// One run folder of a side.
struct ComparedRun {
  std::string folder;
  RunReport report;
  Environment environment;
  std::string problem;  // why it cannot be read; empty: it was
};

enum class CompareOutcome { no_regression, regression, unknown };
std::string_view compare_outcome_name(CompareOutcome outcome);  // "no-regression" ...
ExitCode exit_code_for(CompareOutcome outcome);

// What one side came to. Of times in ms; of writes and runs a number.
struct SampleSummary {
  std::size_t n = 0;
  std::size_t missing = 0;  // runs that count and have no such value
  std::optional<Bounds> min;
  std::optional<Bounds> median;
  std::optional<Bounds> max;
};

enum class MeasureKind { outage, redundancy, loss, invariant, phase };

struct Measure {
  std::string name;
  MeasureKind kind = MeasureKind::outage;
  SampleSummary base;
  SampleSummary candidate;
  std::optional<Shift> shift;   // candidate minus base, kShiftConfidence
  std::optional<double> delta;  // Cliff's
  std::optional<double> p;      // slower by chance alone; adjusted for its family
  double alpha = 0;             // what p is held against
  double tolerance = 0;
  double rule_out = 0;
  CompareOutcome outcome = CompareOutcome::unknown;
  bool decides = true;  // false: it may add a regression, but being unknown changes nothing
  bool better = false;  // beyond chance and beyond the tolerance
  // Per side, only when unknown: that would be enough, at the spread that was seen; or, where too
  // few runs show one, with fewer than which nothing can be said.
  std::optional<std::size_t> repeats;
  std::optional<std::size_t> repeats_least;
  Text note;

  bool is_time() const { return kind != MeasureKind::loss && kind != MeasureKind::invariant; }
};

struct LeftOutRun {
  std::string run_id;
  Text why;
  // It ended badly after the fault had begun: what it would have shown is not known.
  bool may_hide = false;
};

// One side of a threshold. Levels as written, values in the parameter's base unit.
struct ThresholdSide {
  std::string suite_id;
  std::string ended;       // "found", "never-broke" ...
  std::string held;        // last level that held; empty: none
  std::string failed;      // first one that failed; empty: none
  bool confirmed = false;  // both had all their trials, and these agreed
  std::size_t trials = 0;
};

// How much earlier the candidate breaks, in percent of the base's last level that held: towards the
// harmless end, negative: later. The truth of each side lies between its two levels.
struct ThresholdShift {
  std::string vary;
  Text fault;  // "net.delay on mirror"
  ThresholdSide base;
  ThresholdSide candidate;
  std::optional<double> lower_percent;  // none: without limit
  std::optional<double> upper_percent;
  bool better = false;  // certainly later
  Text note;
};

struct ScenarioComparison {
  std::string scenario;
  std::string title;
  std::vector<EnvironmentDifference> environment;
  std::size_t environment_more = 0;  // differences beyond those listed
  std::size_t base_runs = 0;         // that count
  std::size_t candidate_runs = 0;
  std::vector<LeftOutRun> base_left_out;
  std::vector<LeftOutRun> candidate_left_out;
  std::vector<Measure> measures;
  std::optional<ThresholdShift> threshold;  // then there are no measures
  CompareOutcome outcome = CompareOutcome::unknown;
  std::vector<Text> reasons;                 // why the outcome is what it is, in words
  std::optional<std::size_t> repeats;        // per side that would be enough
  std::optional<std::size_t> repeats_least;  // where that is not known yet: to say anything
};

struct ComparisonReport {
  int schema_version = 1;
  std::string base;  // as given
  std::string candidate;
  CompareSettings settings;
  std::vector<ScenarioComparison> scenarios;  // by name
  CompareOutcome outcome = CompareOutcome::unknown;
};

// Appends it; a regression anywhere beats an unknown elsewhere.
void add_scenario(ComparisonReport& report, ScenarioComparison scenario);

// Each path is a run folder, or a folder of run folders (one level). Runs that cannot be read are
// among them, with their problem. Errc::usage: a path that is neither, or the same run twice.
constexpr std::size_t kMaxRunsPerSide = 500;
Result<std::vector<ComparedRun>> read_side(const std::vector<std::filesystem::path>& paths,
                                           const Catalogue& catalogue,
                                           std::size_t most = kMaxRunsPerSide);
// One of them. Of one that cannot be read, scenario, cluster and start are those of its meta.json,
// if it has one.
ComparedRun read_run(const std::filesystem::path& folder, const Catalogue& catalogue,
                     Siblings& siblings);
// Why a run does not count; nullopt: it does.
std::optional<LeftOutRun> left_out(const ComparedRun& run);

// Pure. Runs are matched by the name of their scenario; one that only one side has is unknown.
ComparisonReport compare_runs(const std::vector<ComparedRun>& base,
                              const std::vector<ComparedRun>& candidate,
                              const CompareSettings& settings);

std::string render_comparison_console(const ComparisonReport& report, bool colour,
                                      Language language = Language::english);
std::string render_comparison_markdown(const ComparisonReport& report,
                                       Language language = Language::english);
std::string render_comparison_json(const ComparisonReport& report);  // English
std::string render_comparison_html(const ComparisonReport& report,
                                   Language language = Language::english);

}  // namespace ernstfall
