// node.clock-drift: a node's clock runs too fast or too slow, as a bad quartz without a time
// service.
#include <array>
#include <cmath>

#include "harness/faults/clock_script.h"

namespace ernstfall {

extern const FaultType kNodeClockDrift;

namespace node_clock_drift {
namespace {

// $1: microseconds more (or less) in each 10000: the kernel's tick.
constexpr std::string_view kReady = R"sh(
for daemon in chrony chronyd ntp ntpd ntpsec openntpd; do
  ! systemctl is-active --quiet "$daemon.service" || no "$daemon.service sets the clock's rate itself; the drift would not last"
done
tick=$(clock now | cut -d' ' -f3)
new=$((tick + $1))
[ "$new" -ge 9000 ] && [ "$new" -le 11000 ] || no "the kernel does not take a tick of $new"
)sh";

constexpr std::string_view kApply = R"sh(
remember
begin
tick=$(cut -d' ' -f3 "$keep/clock")
clock tick "$((tick + $1))" || no "the clock's rate cannot be set"
)sh";

constexpr std::string_view kConfirm = R"sh(
[ -e "$keep/clock" ] || no "the clock of before is not known"
ppm=$(clock rate 3)
read -r real raw tick frequency <"$keep/clock"
natural=$(((tick - 10000) * 100 + frequency / 65536))
off=$((ppm - natural - $1 * 100))
[ "$(size_of "$off")" -le "$(($(size_of "$1") * 10 + 50))" ] || no "measured over 3 s the clock is $ppm ppm off, expected $((natural + $1 * 100))"
say "measured over 3 s the clock is $ppm ppm off; without the fault $natural"
)sh";

// The rate, if it is still ours, and then what has run up meanwhile.
constexpr std::string_view kUndo = R"sh(
[ -e "$keep/clock" ] || exit 0
tick=$(cut -d' ' -f3 "$keep/clock")
if [ "$(clock now | cut -d' ' -f3)" = "$((tick + $1))" ]; then
  clock tick "$tick" || no "the clock's rate cannot be set back"
fi
owed=$(clock owed) || no "it is not known how much the clock is off"
[ "$(size_of "$owed")" -gt 1000 ] || exit 0
clock step "$((0 - owed))" || no "the clock does not step back"
)sh";

constexpr std::string_view kUndone = R"sh(
[ -e "$keep/clock" ] || { say "the clock was not touched, or is right already"; exit 0; }
tick=$(cut -d' ' -f3 "$keep/clock")
[ "$(clock now | cut -d' ' -f3)" != "$((tick + $1))" ] || no "the clock's tick is still $((tick + $1))"
owed=$(clock owed) || no "it is not known how much the clock is off"
[ "$(size_of "$owed")" -le 20000 ] || no "the clock is still $owed us off"
ppm=$(clock rate 2)
say "the clock is $ppm ppm off again, and where it would be within $(size_of "$owed") us"
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const ParamValue rate, param_of(kNodeClockDrift, step, "rate"));
  ERNSTFALL_TRY(const ParamValue direction, param_of(kNodeClockDrift, step, "direction"));
  const std::string_view way = direction.text;
  if (way != "fast" && way != "slow")
    return fail(Errc::usage, "node.clock-drift: direction is \"{}\"; expected fast or slow",
                direction.text);
  if (rate.number < 0.05 || rate.number > 10)
    return fail(Errc::usage, "node.clock-drift: rate is {}; expected 0.05% to 10%", rate.text);
  const auto ticks = static_cast<int>(std::lround(rate.number * 100));
  return plan_clock_scripts(
      target, {kReady, kApply, kConfirm, kUndo, kUndone},
      {std::to_string(way == "slow" ? -ticks : ticks)},
      fmt::format("let the clock of {} run {} too {}", target.node.name, rate.text, direction.text),
      fmt::format("its clock runs {} too {}", rate.text, direction.text));
}

constexpr std::array kParams{
    ParamSpec{"rate", ParamValue::Kind::percent, "1%", false, "how much, 0.05% to 10%"},
    ParamSpec{"direction", ParamValue::Kind::text, "fast", false, "fast or slow"}};

}  // namespace
}  // namespace node_clock_drift

const FaultType kNodeClockDrift{
    "node.clock-drift",
    "let a node's clock run too fast or too slow",
    node_clock_drift::kParams,
    "root and perl on the node (x86-64 or arm64); no chrony or ntpd that sets the rate itself",
    "the clock's rate, measured against the raw clock for 3 s",
    "the rate of before, and a step back by what has run up; the monotonic clock keeps its lead",
    false,
    node_clock_drift::plan};

}  // namespace ernstfall
