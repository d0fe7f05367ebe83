// suite_markdown: suite.md and threshold.md.
#include <fmt/core.h>

#include "reports/markup.h"
#include "reports/suite_words.h"
#include "reports/text_width.h"

namespace ernstfall {
namespace {

std::string measures_markdown(const SuiteReport& report) {
  std::string rows;
  for (const SuiteMeasure& measure : report.measures)
    rows += fmt::format(
        "| {} | {} | {} | {} | {} | {} |\n", escape_markdown(measure.name), measure.values.n,
        measure.values.missing, measure_bound(measure, measure.values.min),
        measure_bound(measure, measure.values.median), measure_bound(measure, measure.values.max));
  if (rows.empty()) return {};
  return "\n## Numbers\n\n| | n | without it | min | median | max |\n|---|---|---|---|---|---|\n" +
         rows;
}

std::string runs_markdown(const SuiteReport& report) {
  std::string text = fmt::format(
      "\n## Runs\n\n| {} | outcome | users cut off | bad answers | p99 | lost | why | run |\n"
      "|---|---|---|---|---|---|---|---|\n",
      report.threshold ? escape_markdown(report.threshold->vary) : "n");
  for (const SuiteRunResult* run : runs_by_level(report))
    text +=
        fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n",
                    report.threshold ? escape_markdown(run->level) : std::to_string(run->number),
                    outcome_in_words(*run), outage_of(*run), error_rate_of(*run), p99_of(*run),
                    lost_of(*run), escape_markdown(run->why), escape_markdown(run->run_id));
  return text;
}

}  // namespace

std::string render_suite_markdown(const SuiteReport& report) {
  std::string text = fmt::format("# {}: {}\n\n", suite_word(report), escape_markdown(report.title));
  text += fmt::format("**{}**\n\n", escape_markdown(suite_headline(report)));
  text +=
      fmt::format("{} · {} · seed {} · {}\n\n", escape_markdown(report.cluster),
                  short_time(report.started_utc), report.seed, escape_markdown(report.suite_id));
  if (report.threshold)
    text += fmt::format(
        "Varied: {} of {}, {} scale, resolution {}; {} is worse.\n\n",
        escape_markdown(report.threshold->vary), escape_markdown(report.threshold->fault),
        report.threshold->log ? "log" : "linear", escape_markdown(report.threshold->resolution),
        report.threshold->more_is_worse ? "more" : "less");
  for (const std::string& remark : suite_remarks(report))
    text += "* " + escape_markdown(remark) + "\n";
  return text + measures_markdown(report) + runs_markdown(report);
}

}  // namespace ernstfall
