// html_data: the timeline's data for report.html, thinned so that any number of samples stays
// small.
#pragma once

#include <map>
#include <string>

#include "harness/history/history.h"
#include "harness/lang/language.h"
#include "reports/model.h"

namespace ernstfall {

// Of each probe: smallest and largest latency per bucket, and every change of outcome.
constexpr std::size_t kMaxBuckets = 4000;
constexpr std::size_t kMaxSpansPerProbe = 4000;

// One JSON object that is safe inside a script element.
std::string timeline_json(const RunReport& report, const History& history,
                          Language language = Language::english);

// What the scripts of the pages say, by its English words; an English page needs none.
std::map<std::string, std::string> script_words(Language language);

// Of a mark, short enough for a line.
std::string mark_in(Language language, const TimelineMark& mark);

}  // namespace ernstfall
