// comparison_words: what the renderers of a comparison say alike.
#pragma once

#include <string>
#include <string_view>

#include "reports/comparison.h"

namespace ernstfall {

Text outcome_word(CompareOutcome outcome);  // "REGRESSION", "NOT ENOUGH DATA" ...
Text measure_word(const Measure& measure);  // "ok", "better", "REGRESSION" ...
// "1 min 44.3 s", "not recovered", "3"; "-" when there is none.
// With its bounds: "9.2 s ± 0.1 s", of writes "2 to 5".
Text value_text(const Measure& measure, const std::optional<Bounds>& value);
Text range_text(const Measure& measure, const SampleSummary& summary);  // "1 s .. 2 s"
Text shift_text(const Measure& measure);     // "+17.8 s (+17.1 %)"; empty: no such thing
Text interval_text(const Measure& measure);  // "+12.1 s to +24.0 s"
Text p_text(const Measure& measure);         // "0.012", "< 0.0001"; empty: not tested
Text delta_text(const Measure& measure);     // "+0.98"
// "held at 120ms, failed at 132ms", "held at 2s, the last one tried", "not searched"
Text threshold_side_text(const ThresholdSide& side);
// The same, and how its search went: "... (found, 9 trials, not confirmed)"
Text threshold_search_text(const ThresholdSide& side);
Text search_end_text(const std::string& ended);  // of ThresholdSide
// "between 4.2 % later and 12.0 % earlier"; empty: without limits on both ends
Text threshold_shift_text(const ThresholdShift& shift);
Text threshold_word(const ScenarioComparison& comparison);  // "ok", "better" ...
// What a reader needs to judge the judgement, one sentence per entry.
std::vector<Text> rules_text(const ComparisonReport& report);

}  // namespace ernstfall
