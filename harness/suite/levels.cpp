// levels: a threshold's range as a list of values that can be written and read back.
#include "harness/suite/levels.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace ernstfall {
namespace {

struct UnitName {
  double factor;
  std::string_view name;
};

// Rounded to as many digits as a reader takes in, in the largest unit that leaves a whole digit.
std::string in_unit(double value, std::span<const UnitName> units, double smallest_part) {
  const UnitName* unit = &units.front();
  for (const UnitName& candidate : units)
    if (value >= candidate.factor) unit = &candidate;
  // No fraction below what the kind can hold: half a byte is none.
  const double least = std::max(smallest_part / unit->factor, 1e-6);
  const double rounded = std::round(value / unit->factor / least) * least;
  std::string text = fmt::format("{:.6f}", rounded);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + std::string(unit->name);
}

double to_three_digits(double value) {
  const double scale = std::pow(10, std::floor(std::log10(value)) - 2);
  return std::round(value / scale) * scale;
}

// In the unit that it is written in: 1.37MiB has three digits, 1440000B has too many.
double rounded(ParamValue::Kind kind, double value) {
  if (kind != ParamValue::Kind::bytes) return to_three_digits(value);
  double unit = 1;
  while (value / unit >= 1024 && unit < 1073741824.0) unit *= 1024;
  return to_three_digits(value / unit) * unit;
}

}  // namespace

std::string level_text(ParamValue::Kind kind, double value) {
  static constexpr UnitName kTimes[] = {{1, "ns"}, {1e3, "us"}, {1e6, "ms"}, {1e9, "s"}};
  static constexpr UnitName kBytes[] = {
      {1, "B"}, {1024.0, "KiB"}, {1048576.0, "MiB"}, {1073741824.0, "GiB"}};
  static constexpr UnitName kRates[] = {{1, "bit"}, {1e3, "kbit"}, {1e6, "Mbit"}, {1e9, "Gbit"}};
  static constexpr UnitName kFrequencies[] = {{1, "Hz"}};
  static constexpr UnitName kPercent[] = {{1, "%"}};
  static constexpr UnitName kWhole[] = {{1, ""}};
  switch (kind) {
    case ParamValue::Kind::duration:
      return in_unit(value, kTimes, 1);
    case ParamValue::Kind::bytes:
      return in_unit(value, kBytes, 1);
    case ParamValue::Kind::bitrate:
      return in_unit(value, kRates, 1e-3);
    case ParamValue::Kind::frequency:
      return in_unit(value, kFrequencies, 1e-3);
    case ParamValue::Kind::percent:
      return in_unit(value, kPercent, 1e-2);
    case ParamValue::Kind::integer:
      return in_unit(value, kWhole, 1);
    case ParamValue::Kind::text:
    case ParamValue::Kind::boolean:
      return {};
  }
  return {};
}

Result<std::vector<ParamValue>> threshold_levels(const Threshold& threshold) {
  const double low = threshold.from.number;
  const double high = threshold.to.number;
  const double steps = threshold.log ? std::log(high / low) / std::log1p(threshold.step)
                                     : (high - low) / threshold.step;
  std::vector<ParamValue> levels{threshold.from};
  // A last step of less than a thousandth is a rounding error, not a level.
  for (int i = 1; i < steps - 1e-3; ++i) {
    const double value = threshold.log
                             ? rounded(threshold.from.kind, low * std::pow(1 + threshold.step, i))
                             : low + i * threshold.step;
    const std::string text = level_text(threshold.from.kind, value);
    const auto level = parse_param(threshold.from.kind, text);
    if (!level) return fail(Errc::internal, "the level {} cannot be read back", text);
    if (level->number > levels.back().number && level->number < high) levels.push_back(*level);
  }
  levels.push_back(threshold.to);
  if (!threshold.more_is_worse) std::reverse(levels.begin(), levels.end());
  return levels;
}

}  // namespace ernstfall
