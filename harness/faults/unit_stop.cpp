// unit.stop: a service is stopped in good order, as by a person, and started again.
#include <array>

#include "harness/faults/unit_script.h"

namespace ernstfall {

extern const FaultType kUnitStop;

namespace unit_stop {
namespace {

constexpr std::string_view kReady = R"sh(
[ "$(prop CanStop)" = yes ] || no "systemd does not let anybody stop $unit"
)sh";

// What would start it at once again when someone calls stops as well.
constexpr std::string_view kApply = R"sh(
remember
begin
systemctl stop -- $(triggers) "$unit" || no "$unit does not stop"
)sh";

constexpr std::string_view kConfirm = R"sh(
state=$(prop ActiveState)
case $state in inactive|failed) ;; *) no "$unit is $state" ;; esac
left=$(survivors)
[ -z "$left" ] || no "its processes live on: $left"
left=$(still_listening)
[ -z "$left" ] || no "someone still listens on its port $left"
say "$unit is $state; its $(wc -l <"$keep/processes") processes are gone, nobody listens on its $(wc -l <"$keep/ports") TCP ports"
)sh";

constexpr std::string_view kUndo = "bring_back\n";
constexpr std::string_view kUndone = "is_back\n";

constexpr std::array kParams{kUnit};

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  return plan_unit_stop(kUnitStop, target, step);
}

}  // namespace
}  // namespace unit_stop

Result<FaultPlan> plan_unit_stop(const FaultType& type, const FaultTarget& target,
                                 const FaultStep& step) {
  ERNSTFALL_TRY(const std::string unit, unit_of(type, target, step));
  return plan_unit_scripts(target, unit,
                           {unit_stop::kReady, unit_stop::kApply, unit_stop::kConfirm,
                            unit_stop::kUndo, unit_stop::kUndone},
                           {}, "stop " + unit + " on " + target.node.name, unit + " is stopped");
}

const FaultType kUnitStop{
    "unit.stop",
    "stop a service in good order",
    unit_stop::kParams,
    "the service is active and has processes; not SSH, D-Bus or the journal",
    "its processes are gone, and nobody listens on its TCP ports",
    "it and what stopped with it are started again; proven by systemd's state and by new processes",
    false,
    unit_stop::plan};

}  // namespace ernstfall
