// assessment_words: what every renderer of an assessment says alike.
#pragma once

#include <string>
#include <vector>

#include "reports/assessment.h"

namespace ernstfall {

std::string class_meaning_in(Language language, ClusterClass value);
std::string state_in(Language language, RuleState state);
std::string outcome_in(Language language, NeedOutcome outcome);
std::string why_in(Language language, const Assessment& assessment);
std::string runs_in(Language language, const Assessment& assessment);
std::string target_in(Language language, const Assessment& assessment);
std::string title_in(Language language, const FaultNeed& need);

// Cells of the matrix.
std::string pair_note_in(Language language, const NeedResult& result);  // empty: a single fault
std::string cut_off_in(Language language, const NeedResult& result);    // shortest to longest
std::string with_operator_in(Language language, const NeedResult& result);
std::string files_lost_in(Language language, const NeedResult& result);
std::string copies_in(Language language, const NeedResult& result);
// Where none was seen; with how many faults nobody looked at.
std::string no_single_points_in(Language language, const Assessment& assessment);
// What no loss in so many runs excludes; empty where writes were lost, or no run knows.
std::string repeats_in(Language language, const Assessment& assessment);
std::vector<std::string> left_out_in(Language language,
                                     const Assessment& assessment);  // "RUN: why"
std::string other_runs_in(Language language, const Assessment& assessment);

}  // namespace ernstfall
