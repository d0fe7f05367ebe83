// unit.pause: a service stands still without being dead: connections stay open and nobody answers.
#include <array>

#include "harness/faults/unit_script.h"

namespace ernstfall {

extern const FaultType kUnitPause;

namespace unit_pause {
namespace {

constexpr std::string_view kReady = R"sh(
c=$(cgroup)
[ -e "$c/cgroup.freeze" ] || no "this kernel cannot freeze the control group of $unit"
[ "$(cat "$c/cgroup.freeze")" = 0 ] || no "$unit is frozen already"
)sh";

constexpr std::string_view kApply = R"sh(
remember
begin
timeout 40 systemctl freeze -- "$unit" || no "$unit does not freeze"
)sh";

constexpr std::string_view kConfirm = R"sh(
used() { sed -n 's/^usage_usec //p' "$c/cpu.stat"; }
c=$(cgroup) || no "$unit has no control group"
grep -q '^frozen 1' "$c/cgroup.events" || no "the kernel does not say that $unit is frozen"
before=$(used); sleep 1; after=$(used)
[ "$before" = "$after" ] || no "$unit has used $((after - before)) us of CPU in a second"
say "the kernel says frozen, and in a second no process of $unit has run for a microsecond"
)sh";

// systemctl thaw refuses a unit that somebody restarted meanwhile: the kernel's own word counts.
constexpr std::string_view kUndo = R"sh(
[ -e "$keep/was" ] || exit 0
frozen() { c=$(cgroup) && grep -q '^frozen 1' "$c/cgroup.events"; }
if frozen || [ "$(prop FreezerState)" != running ]; then timeout 30 systemctl thaw -- "$unit" 2>/dev/null; fi
if frozen; then echo 0 >"$c/cgroup.freeze"; fi
bring_back
)sh";

constexpr std::string_view kUndone = R"sh(
if c=$(cgroup); then grep -q '^frozen 0' "$c/cgroup.events" || no "$unit is still frozen"; fi
[ "$(prop FreezerState)" = running ] || no "systemd says that $unit is $(prop FreezerState)"
is_back
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const std::string unit, unit_of(kUnitPause, target, step));
  return plan_unit_scripts(target, unit, {kReady, kApply, kConfirm, kUndo, kUndone}, {},
                           "freeze " + unit + " on " + target.node.name, unit + " stands still");
}

constexpr std::array kParams{kUnit};

}  // namespace
}  // namespace unit_pause

const FaultType kUnitPause{
    "unit.pause",
    "freeze a service: it keeps its connections and does not answer",
    unit_pause::kParams,
    "control groups version 2; the service is active; not SSH, D-Bus or the journal",
    "the kernel says frozen, and the service uses no CPU for a second",
    "thawed, and started if something ended it meanwhile; proven by the kernel's state",
    false,
    unit_pause::plan};

}  // namespace ernstfall
