// unit_script: what the faults of services share: which unit, who stops with it, and how all of
// them are brought back.
//
// A unit that is not running is refused, so that what was stopped before stays stopped.
#pragma once

#include <string>
#include <string_view>

#include "harness/faults/fault.h"
#include "harness/faults/node_script.h"

namespace ernstfall {

inline constexpr ParamSpec kUnit{"unit", ParamValue::Kind::text, "", true,
                                 "a service of systemd's: opencloud.service"};

// The parameter `unit` with its ending. Errc::usage when it can be no service; Errc::refused for
// services without which nobody could undo anything: SSH, D-Bus, the journal, our own.
Result<std::string> unit_of(const FaultType& type, const FaultTarget& target,
                            const FaultStep& step);

// plan_scripts() with these lines before every script:
//   $unit and $2...        the first argument is the unit; the fault's own begin at $3
//   prop NAME [UNIT]       a property of a unit
//   processes              of the unit, PID by PID
//   remember               what is active now, and must be again: once, in $keep; also its
//   processes survivors              remembered processes that still live still_listening TCP ports
//   of the remembered processes on which someone listens bring_back             starts what was
//   remembered and is not active; undo's work is_back                no, unless all of it is active
// and the questions that every fault of a service asks first before `ready`.
FaultPlan plan_unit_scripts(const FaultTarget& target, const std::string& unit,
                            const NodeScripts& scripts, Argv args, std::string intended,
                            std::string effect);

// unit.stop, for faults that are one with another name and a unit of their own.
Result<FaultPlan> plan_unit_stop(const FaultType& type, const FaultTarget& target,
                                 const FaultStep& step);

}  // namespace ernstfall
