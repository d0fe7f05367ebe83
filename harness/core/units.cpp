// units: parsing and printing of durations, sizes and rates.
#include "harness/core/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace ernstfall {
namespace {

struct Split {
  double value;
  std::string_view unit;
};

Result<Split> split_number(std::string_view text, std::string_view example) {
  double value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || !std::isfinite(value) || value < 0)
    return fail(Errc::usage, "\"{}\" is not a value like {}", text, example);
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  if (unit.empty()) return fail(Errc::usage, "\"{}\" has no unit; write it like {}", text, example);
  return Split{value, unit};
}

using Unit = std::pair<std::string_view, double>;

template <std::size_t N>
Result<double> in_units(std::string_view text, const std::array<Unit, N>& units,
                        std::string_view example) {
  ERNSTFALL_TRY(const Split split, split_number(text, example));
  for (const auto& [name, factor] : units)
    if (split.unit == name) return split.value * factor;
  std::string known;
  for (const auto& [name, factor] : units) known += (known.empty() ? "" : ", ") + std::string(name);
  return fail(Errc::usage, "\"{}\" has the unknown unit \"{}\"; known: {}", text, split.unit,
              known);
}

}  // namespace

Result<Nanos> parse_duration(std::string_view text) {
  static constexpr std::array<Unit, 6> kUnits{
      {{"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}, {"us", 1e3}, {"ns", 1}}};
  ERNSTFALL_TRY(const double ns, in_units(text, kUnits, "5s or 250ms"));
  if (ns > 9e18) return fail(Errc::usage, "\"{}\" is too long", text);
  return Nanos(static_cast<std::int64_t>(std::llround(ns)));
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  static constexpr std::array<Unit, 7> kUnits{{{"B", 1},
                                               {"KiB", 1024.0},
                                               {"MiB", 1048576.0},
                                               {"GiB", 1073741824.0},
                                               {"kB", 1e3},
                                               {"MB", 1e6},
                                               {"GB", 1e9}}};
  ERNSTFALL_TRY(const double bytes, in_units(text, kUnits, "4KiB or 1MiB"));
  if (bytes > 1e18) return fail(Errc::usage, "\"{}\" is too large", text);
  return static_cast<std::uint64_t>(std::llround(bytes));
}

Result<double> parse_frequency_hz(std::string_view text) {
  static constexpr std::array<Unit, 4> kUnits{
      {{"Hz", 1}, {"kHz", 1e3}, {"/s", 1}, {"/min", 1.0 / 60}}};
  ERNSTFALL_TRY(const double hz, in_units(text, kUnits, "10Hz"));
  if (hz <= 0) return fail(Errc::usage, "\"{}\" must be greater than zero", text);
  return hz;
}

Result<double> parse_percent(std::string_view text) {
  static constexpr std::array<Unit, 1> kUnits{{{"%", 1}}};
  ERNSTFALL_TRY(const double percent, in_units(text, kUnits, "10%"));
  if (percent > 100) return fail(Errc::usage, "\"{}\" is more than 100%", text);
  return percent;
}

Result<double> parse_bitrate(std::string_view text) {
  static constexpr std::array<Unit, 4> kUnits{
      {{"bit", 1}, {"kbit", 1e3}, {"Mbit", 1e6}, {"Gbit", 1e9}}};
  ERNSTFALL_TRY(const double rate, in_units(text, kUnits, "2Mbit"));
  if (rate < 1) return fail(Errc::usage, "\"{}\" must be at least 1bit", text);
  if (rate > 1e12) return fail(Errc::usage, "\"{}\" is too large", text);
  return rate;
}

std::string format_duration_ms(double ms) {
  if (ms < 0) return "-" + format_duration_ms(-ms);
  if (ms < 10) return fmt::format("{:.1f} ms", ms);
  if (ms < 1000) return fmt::format("{:.0f} ms", ms);
  const double tenths = std::round(ms / 100);  // decided once, so that 59.96 s is 1 min 00.0 s
  if (tenths < 600) return fmt::format("{:.1f} s", tenths / 10);
  const auto minutes = static_cast<std::int64_t>(tenths) / 600;
  const double seconds = static_cast<double>(static_cast<std::int64_t>(tenths) % 600) / 10;
  if (minutes < 60) return fmt::format("{} min {:04.1f} s", minutes, seconds);
  return fmt::format("{} h {:02} min {:02.0f} s", minutes / 60, minutes % 60, seconds);
}

std::string format_duration(Nanos duration) {
  return format_duration_ms(static_cast<double>(duration.count()) / 1e6);
}

std::string format_bytes(std::uint64_t bytes) {
  static constexpr std::array<std::string_view, 5> kNames{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kNames.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kNames[unit]);
}

std::string format_count(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string duration_literal(Nanos duration) {
  const auto ns = duration.count();
  if (ns % kNsPerSecond == 0) return fmt::format("{}s", ns / kNsPerSecond);
  if (ns % kNsPerMs == 0) return fmt::format("{}ms", ns / kNsPerMs);
  if (ns % 1000 == 0) return fmt::format("{}us", ns / 1000);
  return fmt::format("{}ns", ns);
}

}  // namespace ernstfall
