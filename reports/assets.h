// assets: style sheet and scripts of report.html, embedded at build time.
#pragma once

#include <string_view>

namespace ernstfall::assets {

extern const std::string_view kUplotJs;
extern const std::string_view kUplotCss;
extern const std::string_view kUplotLicense;
extern const std::string_view kReportCss;
extern const std::string_view kOverviewCss;
extern const std::string_view kReportJs;
extern const std::string_view kThresholdJs;

}  // namespace ernstfall::assets
