// overview_chart: how long users were cut off, run by run, as inline SVG with its text.
#pragma once

#include <string>

#include "reports/overview.h"

namespace ernstfall {

// What the charts of one page share; once, before the first chart.
std::string overview_chart_shared();
// HTML; empty for a single run. A bar has a sign and a shape beside its colour, and a title.
std::string overview_chart(const OverviewScenario& row, Language language);

}  // namespace ernstfall
