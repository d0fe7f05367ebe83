// suite_words: what the renderers of a suite say alike.
#pragma once

#include <string>
#include <vector>

#include "reports/suite_report.h"

namespace ernstfall {

Text suite_word(const SuiteReport& report);             // "FOUND", "NOISY", "PASS", "MIXED" ...
std::string_view suite_css(const SuiteReport& report);  // class of report.css: pass, violated ...
// "held at 120ms, failed at 132ms", "9 of 10 runs held"
Text suite_headline(const SuiteReport& report);
// What a reader needs to judge it, a sentence each: confirmed or not, noise, order, cost.
std::vector<Text> suite_remarks(const SuiteReport& report);

Text trial_text(const SuiteRunResult& run);     // "held", "broke", "does not count"
Text outage_of(const SuiteRunResult& run);      // "1.2 s ± 0.1 s", "-"
Text error_rate_of(const SuiteRunResult& run);  // "3.4 %", "-"
Text p99_of(const SuiteRunResult& run);         // "120 ms", "-"
Text lost_of(const SuiteRunResult& run);        // "0", "-"
Text measure_bound(const SuiteMeasure& measure, const std::optional<Bounds>& value);

// Runs that have a level, from harmless to harmful; of repeats in their order.
std::vector<const SuiteRunResult*> runs_by_level(const SuiteReport& report);

}  // namespace ernstfall
