// node.clock-step: a node's clock jumps, as after a wrong time server or a dead battery. Timers
// that count from now (our dead-man's too) do not notice; a time service may correct it before we
// do.
#include <array>

#include "harness/core/units.h"
#include "harness/faults/clock_script.h"

namespace ernstfall {

extern const FaultType kNodeClockStep;

namespace node_clock_step {
namespace {

// $1: microseconds, negative for back
constexpr std::string_view kApply = R"sh(
remember
begin
[ -e "$keep/stepped" ] && exit 0
touch "$keep/stepped"
clock step "$1" || no "the clock does not step"
)sh";

// By a file's time against the uptime: what every program on the node sees.
constexpr std::string_view kConfirm = R"sh(
[ -e "$keep/clock" ] || no "the clock of before is not known"
touch "$keep/now"
written=$(stat -c %Y "$keep/now")
jump=$(awk -v now="$written" -v was="$(stat -c %Y "$keep/uptime")" -v from="$(cat "$keep/uptime")" \
  '{printf "%.0f", now - was - ($1 - from)}' /proc/uptime)
off=$((jump - $1 / 1000000))
[ "$(size_of "$off")" -le 3 ] || no "files written now are $jump s off, expected $(($1 / 1000000))"
say "a file written now is $jump s off against the uptime; its clock is $(date -u +%FT%TZ)"
)sh";

// Someone may have corrected some of it already: only what is owed is given back.
constexpr std::string_view kUndo = R"sh(
[ -e "$keep/stepped" ] || exit 0
owed=$(clock owed) || no "it is not known how much the clock is off"
[ "$(size_of "$owed")" -gt 50000 ] || exit 0
rest=$((owed - $1))
[ "$(size_of "$rest")" -gt 50000 ] || owed=$1
clock step "$((0 - owed))" || no "the clock does not step back"
)sh";

constexpr std::string_view kUndone = R"sh(
[ -e "$keep/clock" ] || { say "the clock was not touched, or is right already"; exit 0; }
owed=$(clock owed) || no "it is not known how much the clock is off"
[ "$(size_of "$owed")" -le 50000 ] || no "the clock is still $owed us off"
say "the clock is where it would be, within $(size_of "$owed") us"
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const ParamValue by, param_of(kNodeClockStep, step, "by"));
  ERNSTFALL_TRY(const ParamValue direction, param_of(kNodeClockStep, step, "direction"));
  if (direction.text != "forward" && direction.text != "back")
    return fail(Errc::usage, "node.clock-step: direction is \"{}\"; expected forward or back",
                direction.text);
  const double seconds = by.number / 1e9;
  if (seconds < 5 || seconds > 30.0 * 24 * 3600)
    return fail(Errc::usage, "node.clock-step: by is {}; expected 5s to 30 days", by.text);
  const auto us = static_cast<std::int64_t>(by.number / 1e3);
  return plan_clock_scripts(
      target, {"", kApply, kConfirm, kUndo, kUndone},
      {std::to_string(direction.text == "back" ? -us : us)},
      fmt::format("step the clock of {} {} by {}", target.node.name, direction.text, by.text),
      fmt::format("its clock has jumped {} by {}", direction.text, by.text));
}

constexpr std::array kParams{
    ParamSpec{"by", ParamValue::Kind::duration, "30s", false, "how far, 5s to 30 days"},
    ParamSpec{"direction", ParamValue::Kind::text, "forward", false, "forward or back"}};

}  // namespace
}  // namespace node_clock_step

const FaultType kNodeClockStep{
    "node.clock-step",
    "let a node's clock jump",
    node_clock_step::kParams,
    "root and perl on the node (x86-64 or arm64)",
    "the time of a file written now against one written before, and the uptime between them",
    "stepped back by what the raw monotonic clock says is owed; proven by it, within 50 ms",
    false,
    node_clock_step::plan};

}  // namespace ernstfall
