// unit.crash-loop: a service is killed again and again, until systemd gives up or we do.
#include <array>

#include "harness/core/units.h"
#include "harness/faults/unit_script.h"

namespace ernstfall {

extern const FaultType kUnitCrashLoop;

namespace unit_crash_loop {
namespace {

constexpr std::string_view kReady = R"sh(
case $(prop Restart) in
  no|on-success) no "systemd does not restart $unit after a crash (Restart=$(prop Restart)); unit.kill is the same there" ;;
esac
)sh";

// $3: seconds between two kills. Counts the crashes of a service that had come back.
constexpr std::string_view kApply = R"sh(
remember
begin
cat >"$keep/loop" <<'EOS'
n=0
while :; do
  c=$(systemctl show -p ControlGroup --value -- "$1")
  if [ -n "$c" ] && [ -n "$(cat "/sys/fs/cgroup$c/cgroup.procs" 2>/dev/null)" ]; then
    systemctl kill --signal=KILL -- "$1" && n=$((n + 1)) && echo "$n" >"$2/kills"
  fi
  sleep "$3"
done
EOS
systemd-run --quiet --collect --unit="$mark-loop" --property=OOMScoreAdjust=-1000 \
  /bin/sh "$keep/loop" "$unit" "$keep" "$3" || no "the loop cannot be started"
)sh";

// Twice: only then it came back in between.
constexpr std::string_view kConfirm = R"sh(
systemctl is-active --quiet "$mark-loop.service" || no "the loop does not run"
n=$(cat "$keep/kills" 2>/dev/null || echo 0)
[ "$n" -ge 2 ] || no "killed $n times so far"
left=$(survivors)
[ -z "$left" ] || no "not dead: $left"
say "killed $n times; systemd counts $(prop NRestarts) restarts of $unit, which is $(prop ActiveState) ($(prop Result))"
)sh";

constexpr std::string_view kUndo = R"sh(
systemctl stop "$mark-loop.service" 2>/dev/null
bring_back
)sh";

constexpr std::string_view kUndone = R"sh(
! systemctl is-active --quiet "$mark-loop.service" || no "the loop goes on"
is_back
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const std::string unit, unit_of(kUnitCrashLoop, target, step));
  ERNSTFALL_TRY(const ParamValue every, param_of(kUnitCrashLoop, step, "every"));
  const double seconds = every.number / 1e9;
  if (seconds < 0.1 || seconds > 60)
    return fail(Errc::usage, "unit.crash-loop: every is {}; expected 100ms to 60s", every.text);
  return plan_unit_scripts(
      target, unit, {kReady, kApply, kConfirm, kUndo, kUndone}, {fmt::format("{:.3f}", seconds)},
      fmt::format("kill {} on {} every {}", unit, target.node.name, every.text),
      unit + " crashes again and again");
}

constexpr std::array kParams{
    kUnit, ParamSpec{"every", ParamValue::Kind::duration, "2s", false, "time between two kills"}};

}  // namespace
}  // namespace unit_crash_loop

const FaultType kUnitCrashLoop{
    "unit.crash-loop",
    "kill a service again and again, as one that crashes at each start",
    unit_crash_loop::kParams,
    "the service is active, and systemd restarts it (Restart=); not SSH, D-Bus or the journal",
    "it was killed at least twice, and came back in between",
    "the loop ends, the service's failed state is cleared, and it is started; proven by its "
    "processes",
    false,
    unit_crash_loop::plan};

}  // namespace ernstfall
