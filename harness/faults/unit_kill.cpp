// unit.kill: every process of a service ends at once, as after a segmentation fault or an OOM kill.
#include <array>

#include "harness/faults/unit_script.h"

namespace ernstfall {

extern const FaultType kUnitKill;

namespace unit_kill {
namespace {

constexpr std::string_view kApply = R"sh(
remember
begin
systemctl kill --signal=KILL -- "$unit" || no "the processes of $unit cannot be killed"
)sh";

constexpr std::string_view kConfirm = R"sh(
[ -s "$keep/processes" ] || no "it is not known which processes there were"
left=$(survivors)
[ -z "$left" ] || no "not dead: $left"
say "all $(wc -l <"$keep/processes") processes of before are gone; $unit is $(prop ActiveState) ($(prop SubState))"
)sh";

constexpr std::string_view kUndo = "bring_back\n";
constexpr std::string_view kUndone = "is_back\n";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const std::string unit, unit_of(kUnitKill, target, step));
  FaultPlan plan = plan_unit_scripts(target, unit, {"", kApply, kConfirm, kUndo, kUndone}, {},
                                     "kill every process of " + unit + " on " + target.node.name,
                                     "the processes of " + unit + " are dead");
  plan.ends_by_itself = true;
  return plan;
}

constexpr std::array kParams{kUnit};

}  // namespace
}  // namespace unit_kill

const FaultType kUnitKill{
    "unit.kill",
    "kill every process of a service with SIGKILL",
    unit_kill::kParams,
    "the service is active and has processes; not SSH, D-Bus or the journal",
    "each process that was there before, by PID and start time, is gone",
    "systemd's Restart= may bring it back; what is not active then is started",
    false,
    unit_kill::plan};

}  // namespace ernstfall
