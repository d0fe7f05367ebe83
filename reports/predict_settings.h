// predict_settings: settings as a run recorded them, in the units that the formulas need.
#pragma once

#include <optional>
#include <string_view>

#include "reports/predict.h"

namespace ernstfall {

// One of Kubernetes' flags, in ms; without it `fallback`, and `why` says where that comes from.
SettingValue kubernetes_setting(const Settings& settings, std::string_view flag, double fallback,
                                const Text& why);
// Of the first node whose version was recorded: "v1.32.1+k3s1" -> 32; 0: of none.
int kubernetes_minor(const RunFacts& facts);
// "1min 30s", "100ms", "infinity" as systemd prints spans.
std::optional<double> systemd_span_ms(std::string_view text);

}  // namespace ernstfall
