// comparison_words: what the renderers of a comparison say alike.
#pragma once

#include <string>
#include <string_view>

#include "reports/comparison.h"

namespace ernstfall {

std::string_view outcome_word(CompareOutcome outcome);  // "REGRESSION", "NOT ENOUGH DATA" ...
std::string_view measure_word(const Measure& measure);  // "ok", "better", "REGRESSION" ...
// "1 min 44.3 s", "not recovered", "3"; "-" when there is none.
std::string value_in_words(const Measure& measure, const std::optional<Bounds>& value);
std::string range_in_words(const Measure& measure, const SampleSummary& summary);  // "1 s .. 2 s"
std::string shift_in_words(const Measure& measure);     // "+17.8 s (+17.1 %)"; empty: no such thing
std::string interval_in_words(const Measure& measure);  // "+12.1 s to +24.0 s"
std::string p_in_words(const Measure& measure);         // "0.012", "< 0.0001"; empty: not tested
std::string delta_in_words(const Measure& measure);     // "+0.98"
// "held at 120ms, failed at 132ms", "held at 2s, the last one tried", "not searched"
std::string threshold_side_in_words(const ThresholdSide& side);
// "between 4.2 % later and 12.0 % earlier"; empty: without limits on both ends
std::string threshold_shift_in_words(const ThresholdShift& shift);
std::string threshold_word(const ScenarioComparison& comparison);  // "ok", "better" ...
// What a reader needs to judge the judgement, one sentence per entry.
std::vector<std::string> rules_in_words(const ComparisonReport& report);

}  // namespace ernstfall
