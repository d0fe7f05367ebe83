// html_data: the timeline's data for report.html, thinned so that any number of samples stays
// small.
#pragma once

#include <string>

#include "harness/history/history.h"
#include "reports/model.h"

namespace ernstfall {

// Of each probe: smallest and largest latency per bucket, and every change of outcome.
constexpr std::size_t kMaxBuckets = 4000;
constexpr std::size_t kMaxSpansPerProbe = 4000;

// One JSON object that is safe inside a script element.
std::string timeline_json(const RunReport& report, const History& history);

}  // namespace ernstfall
