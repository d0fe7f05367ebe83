// scenario_once: the single runs that a suite is made of.
#include <algorithm>
#include <cctype>

#include "harness/scenario/scenario.h"

namespace ernstfall {
namespace {

constexpr std::size_t kMaxScenarioName = 63;

// "12.5%" as a part of a name: "12.5pct".
std::string level_in_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    if (c == '%')
      name += "pct";
    else if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.')
      name += c;
  }
  return name;
}

}  // namespace

Scenario scenario_once(const Scenario& scenario) {
  Scenario once = scenario;
  once.repeat = {};
  once.threshold.reset();
  return once;
}

Scenario scenario_at(const Scenario& scenario, const ParamValue& level) {
  Scenario once = scenario_once(scenario);
  if (!scenario.threshold) return once;
  const Threshold& threshold = *scenario.threshold;
  once.faults[static_cast<std::size_t>(threshold.fault) - 1].params[threshold.vary] = level;
  const std::string suffix = "-at-" + level_in_name(level.text);
  once.name =
      once.name.substr(0, kMaxScenarioName - std::min(kMaxScenarioName, suffix.size())) + suffix;
  once.title += fmt::format(" ({} {})", threshold.vary, level.text);
  return once;
}

}  // namespace ernstfall
