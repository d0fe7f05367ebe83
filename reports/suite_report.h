// suite_report: what a suite came to: repeats of one scenario, or a threshold. Recomputed from the
// raw history of each run and from suite.jsonl; a stored suite.json or threshold.json is not read.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/exit_code.h"
#include "harness/lang/language.h"
#include "harness/suite/suite_log.h"
#include "reports/comparison.h"
#include "reports/trial.h"

namespace ernstfall {

struct SuiteRunResult {
  int number = 0;
  std::string run_id;  // folder inside the suite; empty: it did not begin
  std::string level;   // of a threshold
  TrialOutcome outcome = TrialOutcome::unclear;
  bool interrupted = false;  // says nothing, was made again
  Text why;
  std::optional<RunVerdict> verdict;
  std::map<std::string, std::string> versions;  // "drbd@prod" ...
  AnswersDuringFault answers;
  std::optional<double> outage_lower_ms;
  std::optional<double> outage_upper_ms;
  std::optional<std::uint64_t> lost;  // acknowledged writes
};

// One value over the runs that count. Times in ms.
struct SuiteMeasure {
  std::string name;
  MeasureKind kind = MeasureKind::outage;
  SampleSummary values;
  std::optional<Bounds> median_interval;  // with kMedianConfidence; none: too few
};

struct ThresholdLevel {
  std::string text;  // as parse_param() reads it
  double value = 0;  // in the parameter's base unit: ns, bytes, bit/s, Hz, percent
  LevelCount count;
};

struct ThresholdReport {
  std::string vary;  // parameter
  Text fault;        // "net.delay on mirror"
  std::string kind;  // "duration", "bytes", "percent" ...
  bool log = false;
  bool more_is_worse = true;
  std::string resolution;
  Text broken_when;  // in words
  int repeat = 0;
  std::vector<ThresholdLevel> levels;  // from harmless to harmful; tried or not
  SearchResult result;
  std::size_t trials = 0;
  std::size_t most_trials = 0;
};

struct SuiteReport {
  int schema_version = 1;
  std::string suite_id;
  SuiteKind kind = SuiteKind::repeat;
  std::string scenario;
  std::string title;
  std::string cause;
  Text load;  // in words
  std::string cluster;
  std::uint64_t seed = 0;
  std::string started_utc;
  std::string program_version;
  Repeat repeat;
  std::vector<SuiteRunResult> runs;
  std::size_t held = 0;  // of those that count
  std::size_t broke = 0;
  std::size_t not_counted = 0;
  std::vector<SuiteMeasure> measures;  // of repeats
  std::optional<ThresholdReport> threshold;
  std::string end;  // why it ended; empty: it goes on
  bool dirty = false;
};

constexpr double kMedianConfidence = 0.9;  // five runs can give it
constexpr std::size_t kFewestForClear = 5;
constexpr double kClearShare = 0.1;  // of the median
constexpr double kClearLeastMs = 250;

// The answer of repeats is clear, and more runs would not change what a reader does, when
//   1. five runs count, or more,
//   2. they all have the same verdict,
//   3. all lost equally many acknowledged writes, and
//   4. of the outage and of redundancy restored, whichever was measured, the 90 % interval of the
//      median is no wider than 10 % of the median, or than 250 ms; or it never came back in any.
// It is asked after each run, so the true confidence is somewhat below 90 %. Empty: not clear.
std::string clear_answer(const SuiteReport& report);

// Errors: not a suite folder, its own files damaged. A run that cannot be read is among the runs,
// unclear, with the reason.
Result<SuiteReport> load_suite(const std::filesystem::path& folder, const Catalogue& catalogue);
// Pure parts of it.
std::vector<SuiteMeasure> suite_measures(const std::vector<const RunReport*>& counted);

// Repeats: 0 all held, 1 one broke, 2 fewer count than asked for. Thresholds: 0 found or never
// broke, 1 broken already at the harmless end, 2 noisy or incomplete. Dirty beats all.
ExitCode exit_code_for(const SuiteReport& report);

std::string render_suite_console(const SuiteReport& report, bool colour,
                                 Language language = Language::english);  // 80 columns
std::string render_suite_json(const SuiteReport& report);
std::string render_suite_markdown(const SuiteReport& report, Language language = Language::english);
std::string render_suite_html(const SuiteReport& report, Language language = Language::english);

// suite.json, suite.md and suite.html; of a threshold threshold.json, threshold.md, threshold.html.
Status write_suite_reports(const std::filesystem::path& folder, const SuiteReport& report,
                           Language language = Language::english);
std::filesystem::path suite_html_path(const std::filesystem::path& folder, SuiteKind kind);

}  // namespace ernstfall
