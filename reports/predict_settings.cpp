// predict_settings: reads what drbdsetup, systemctl and K3s' files say; defaults where they say
// nothing.
#include "reports/predict_settings.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "harness/core/text.h"
#include "harness/core/units.h"
#include "harness/lang/messages.h"

namespace ernstfall {
namespace {

struct DrbdDefault {
  std::string_view name;
  double value;    // ms, or KiB/s
  double unit_ms;  // of one, as drbdsetup prints it; 0: a rate in KiB/s
};
// drbd_limits.h of DRBD 9; 8.4 has the same for those that it knows.
constexpr std::array<DrbdDefault, 8> kDrbdDefaults{{{"timeout", 6'000, 100},
                                                    {"ping-int", 10'000, 1'000},
                                                    {"ping-timeout", 500, 100},
                                                    {"connect-int", 10'000, 1'000},
                                                    {"twopc-timeout", 30'000, 100},
                                                    {"auto-promote-timeout", 2'000, 100},
                                                    {"c-max-rate", 102'400, 0},
                                                    {"c-min-rate", 250, 0}}};

std::optional<double> number_at(std::string_view text, std::string_view& rest) {
  double value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc()) return std::nullopt;
  rest = text.substr(static_cast<std::size_t>(end - text.data()));
  return value;
}

// drbdsetup prints rates in bytes with a suffix: "102400k".
std::optional<double> drbd_number(const std::string& text, double unit_ms) {
  std::string_view rest;
  const auto value = number_at(text, rest);
  if (!value) return std::nullopt;
  if (unit_ms > 0) return *value * unit_ms;
  const char suffix = rest.empty() ? 'k' : rest.front();
  return suffix == 'M' || suffix == 'm'   ? *value * 1024
         : suffix == 'G' || suffix == 'g' ? *value * 1024 * 1024
                                          : *value;
}

bool has_suffix(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

Text shown(double value, bool rate) {
  if (!rate) return {Msg::name_only, {DurationValue{value}}};
  return {Msg::name_only,
          {FigureValue{format_bytes(static_cast<std::uint64_t>(value * 1024)) + "/s"}}};
}

// A duration of Kubernetes' flags: "40s", "1m0s", or bare seconds.
std::optional<double> go_span_ms(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 4> kUnits{
      {{"ms", 1}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}}};
  double sum = 0;
  while (!text.empty()) {
    std::string_view rest;
    const auto value = number_at(text, rest);
    if (!value) return std::nullopt;
    if (rest.empty()) return sum + *value * 1'000;
    const auto unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& known) {
      return rest.substr(0, known.first.size()) == known.first;
    });
    if (unit == kUnits.end()) return std::nullopt;
    sum += *value * unit->second;
    text = rest.substr(unit->first.size());
  }
  return sum;
}

}  // namespace

std::optional<double> systemd_span_ms(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 6> kUnits{{{"us", 0.001},
                                                                       {"ms", 1},
                                                                       {"min", 60'000},
                                                                       {"s", 1'000},
                                                                       {"h", 3'600'000},
                                                                       {"d", 86'400'000}}};
  double sum = 0;
  bool any = false;
  for (const std::string& part : split(text, ' ')) {
    if (part.empty()) continue;
    std::string_view rest;
    const auto value = number_at(part, rest);
    if (!value) return std::nullopt;
    const auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                   [&](const auto& known) { return known.first == rest; });
    if (unit == kUnits.end() && !(rest.empty() && *value == 0)) return std::nullopt;
    sum += unit == kUnits.end() ? 0 : *value * unit->second;
    any = true;
  }
  return any ? std::optional(sum) : std::nullopt;
}

int kubernetes_minor(const RunFacts& facts) {
  for (const auto& [name, version] : facts.versions) {
    if (name.rfind("k3s@", 0) != 0) continue;
    const std::size_t dot = version.find('.');
    std::string_view rest;
    if (dot == std::string::npos) continue;
    if (const auto minor = number_at(std::string_view(version).substr(dot + 1, 2), rest))
      return static_cast<int>(*minor);
  }
  return 0;
}

SettingValue kubernetes_setting(const Settings& settings, std::string_view flag, double fallback,
                                const Text& why) {
  for (const auto& [key, value] : settings) {
    if (key.rfind("kubernetes: ", 0) != 0 || !has_suffix(key, " " + std::string(flag))) continue;
    if (const auto ms = go_span_ms(value))
      return {*ms,
              {flag,
               shown(*ms, false),
               {Msg::pred_k3s, {key.substr(12, key.size() - 13 - flag.size())}}}};
  }
  return {fallback, {flag, shown(fallback, false), why}, true};
}

SettingValue drbd_setting(const Settings& settings, const Cluster& cluster, std::string_view name) {
  const auto known = std::find_if(kDrbdDefaults.begin(), kDrbdDefaults.end(),
                                  [&](const DrbdDefault& d) { return d.name == name; });
  if (known == kDrbdDefaults.end()) return {};
  const bool rate = known->unit_ms == 0;
  SettingValue result{known->value, {name, shown(known->value, rate), Msg::pred_default}, true};
  bool found = false;
  bool recorded = false;
  for (const auto& [key, value] : settings) {
    if (key.rfind("node: ", 0) != 0 || key.find(" drbd-options ") == std::string::npos) continue;
    recorded = true;
    if (!has_suffix(key, " " + std::string(name))) continue;
    const auto number = drbd_number(value, known->unit_ms);
    const std::string node = key.substr(6, key.find(' ', 6) - 6);
    if (!number || cluster.find_node(node) == nullptr || (found && *number <= result.value))
      continue;
    result = {*number, {name, shown(*number, rate), {Msg::pred_drbdsetup, {node}}}};
    found = true;
  }
  if (!recorded) result.input.from = Msg::pred_default_unrecorded;
  return result;
}

}  // namespace ernstfall
