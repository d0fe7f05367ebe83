// suite_console: a suite in 80 columns.
#include <fmt/core.h>

#include "reports/suite_words.h"
#include "reports/text_width.h"

namespace ernstfall {
namespace {

constexpr std::size_t kSuiteColumns = 80;

std::string painted(bool colour, std::string_view css, const std::string& text) {
  if (!colour) return text;
  const std::string_view code = css == "pass" ? "1;32" : css == "inconclusive" ? "1;33" : "1;31";
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string run_line(const SuiteReport& report, const SuiteRunResult& run) {
  std::string text = "  " + pad_right(report.threshold ? run.level : fmt::format("{}", run.number),
                                      report.threshold ? 12 : 4);
  text += pad_right(outcome_in_words(run), 16) + pad_right(outage_of(run), 26);
  text += pad_right(error_rate_of(run), 9) + p99_of(run) + "\n";
  if (!run.why.empty()) text += wrap("      " + run.why, kSuiteColumns, 6);
  return text;
}

std::string run_table(const SuiteReport& report) {
  if (report.runs.empty()) return {};
  std::string text = "\n  " + pad_right(report.threshold ? report.threshold->vary : "run",
                                        report.threshold ? 12 : 4);
  text += pad_right("", 16) + pad_right("users cut off", 26) + pad_right("bad", 9) + "p99\n";
  for (const SuiteRunResult* run : runs_by_level(report)) text += run_line(report, *run);
  return text;
}

std::string measure_table(const SuiteReport& report) {
  std::string text;
  for (const SuiteMeasure& measure : report.measures) {
    if (measure.values.n == 0) continue;
    text +=
        wrap(fmt::format("  {}: n {}{}, min {}, median {}, max {}", measure.name, measure.values.n,
                         measure.values.missing > 0
                             ? fmt::format(" ({} without it)", measure.values.missing)
                             : std::string(),
                         measure_bound(measure, measure.values.min),
                         measure_bound(measure, measure.values.median),
                         measure_bound(measure, measure.values.max)),
             kSuiteColumns, 6);
  }
  return text.empty() ? text : "\n" + text;
}

}  // namespace

std::string render_suite_console(const SuiteReport& report, bool colour) {
  std::string text = wrap(report.title, kSuiteColumns, 0);
  text += fmt::format("{} · {} · seed {}\n", report.cluster, short_time(report.started_utc),
                      report.seed);
  text += painted(colour, suite_css(report), suite_word(report)) + "\n";
  text += wrap(suite_headline(report), kSuiteColumns, 2);
  text += measure_table(report) + run_table(report) + "\n";
  for (const std::string& remark : suite_remarks(report))
    text += wrap("* " + remark, kSuiteColumns, 2);
  return text;
}

}  // namespace ernstfall
