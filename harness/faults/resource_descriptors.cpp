// resource.descriptors: the processes of a unit can open no more files or connections.
#include <array>

#include "harness/faults/fault.h"
#include "harness/faults/node_script.h"

namespace ernstfall {

extern const FaultType kResourceDescriptors;

namespace resource_descriptors {
namespace {

// $1 unit; $2 how many each process may still open
constexpr std::string_view kFunctions = R"sh(
processes() {
  group=$(systemctl show -p ControlGroup --value "$1")
  [ -n "$group" ] && [ "$group" != / ] || return 0
  find "/sys/fs/cgroup$group" "/sys/fs/cgroup/systemd$group" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -nu
}
began() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '{print $20}'; }
limits() { awk '/^Max open files/ {print $4, $5}' "/proc/$1/limits" 2>/dev/null; }
# The lowest number that is not in use: the next file that is opened gets it.
next_number() { ls "/proc/$1/fd" 2>/dev/null | sort -n | awk '$1 != n {exit} {n++} END {print n + 0}'; }
)sh";

constexpr std::string_view kReady = R"sh(
need prlimit util-linux
[ "$(systemctl show -p ActiveState --value "$1")" = active ] || no "$1 is not active"
[ -n "$(processes "$1")" ] || no "$1 has no process"
for p in $(processes "$1"); do
  n=$(next_number "$p") had=$(limits "$p")
  [ -n "$had" ] || continue
  [ "${had% *}" = unlimited ] || [ $((n + $2)) -lt "${had% *}" ] || no "process $p of $1 has a limit of ${had% *} and can open fewer than $2 more already"
done
)sh";

// Noted first, changed then: process, when it began, soft and hard limit of before, and ours.
constexpr std::string_view kApply = R"sh(
for p in $(processes "$1"); do
  had=$(limits "$p")
  [ -z "$had" ] || echo "$p $(began "$p") $had $(($(next_number "$p") + $2))"
done >"$keep/limits.new"
[ -s "$keep/limits.new" ] || no "$1 has no process"
mv "$keep/limits.new" "$keep/limits"
while read -r p since soft hard ours; do
  [ "$(began "$p")" = "$since" ] || continue
  prlimit --pid "$p" --nofile="$ours:$hard" || no "prlimit does not change process $p"
done <"$keep/limits"
)sh";

constexpr std::string_view kConfirm = R"sh(
exhausted=0
while read -r p since soft hard ours; do
  [ "$(began "$p")" = "$since" ] || continue
  now=$(limits "$p")
  [ "${now% *}" = "$ours" ] || no "process $p has a limit of ${now% *}, not $ours"
  [ "$2" -gt 0 ] || [ "$(next_number "$p")" -ge "$ours" ] || continue
  exhausted=$((exhausted + 1))
done <"$keep/limits"
[ $exhausted -gt 0 ] || no "no process of $1 is at its limit"
say "$exhausted processes of $1 can open $2 more files"
)sh";

// Also those that were started meanwhile by one that had our limit: they got it from there. Twice,
// because one may be started between.
constexpr std::string_view kUndo = R"sh(
[ -s "$keep/limits" ] || exit 0
for round in 1 2; do
  while read -r p since soft hard ours; do
    [ "$(began "$p")" = "$since" ] && [ "$(limits "$p")" = "$ours $hard" ] || continue
    prlimit --pid "$p" --nofile="$soft:$hard" || no "prlimit does not change process $p"
  done <"$keep/limits"
  for p in $(processes "$1"); do
    now=$(limits "$p")
    grep -q "^$p $(began "$p") " "$keep/limits" && continue
    was=$(awk -v now="$now" '$5 " " $4 == now {print $3 ":" $4; exit}' "$keep/limits")
    [ -z "$was" ] || prlimit --pid "$p" --nofile="$was"
  done
done
exit 0
)sh";

constexpr std::string_view kUndone = R"sh(
if [ ! -s "$keep/limits" ]; then say "no change is noted that would have to be taken back"; exit 0; fi
n=0
while read -r p since soft hard ours; do
  [ "$(began "$p")" = "$since" ] || continue
  [ "$(limits "$p")" = "$soft $hard" ] || no "process $p has the limits $(limits "$p"), and had $soft $hard"
  n=$((n + 1))
done <"$keep/limits"
for p in $(processes "$1"); do
  grep -q "^$p $(began "$p") " "$keep/limits" && continue
  ! awk -v now="$(limits "$p")" '$5 " " $4 == now {found = 1} END {exit !found}' "$keep/limits" || no "process $p, started meanwhile, still has our limit"
done
say "$n processes have the limits of before"
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const ParamValue unit, param_of(kResourceDescriptors, step, "unit"));
  ERNSTFALL_TRY(const ParamValue leave, param_of(kResourceDescriptors, step, "leave"));
  const std::string& name = unit.text;
  bool plain = name.find('.') != std::string::npos && name.find('-') != 0;
  for (const char c : name)
    plain = plain && (std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                      std::string_view("@:._\\-").find(c) != std::string_view::npos);
  if (!plain)
    return fail(Errc::usage, "resource.descriptors: unit is \"{}\"; expected a unit's whole name",
                name);
  if (name == "ssh.service" || name == "sshd.service" || name == "init.scope")
    return fail_at(Errc::refused, target.node.name,
                   "resource.descriptors: without {} nobody could undo it", name);
  if (leave.number < 0 || leave.number > 1e6)
    return fail(Errc::usage, "resource.descriptors: leave is {}; expected 0 to 1000000",
                leave.text);
  return plan_scripts(
      target, {kReady, kApply, kConfirm, kUndo, kUndone, false, {kFunctions}}, {name, leave.text},
      fmt::format("let the processes of {} open only {} more files", name, leave.text),
      name + " can open no more files than intended");
}

constexpr std::array kParams{
    ParamSpec{"unit", ParamValue::Kind::text, "", true, "systemd unit, such as apache2.service"},
    ParamSpec{"leave", ParamValue::Kind::integer, "0", false,
              "how many files and connections each process may still open"}};

}  // namespace
}  // namespace resource_descriptors

const FaultType kResourceDescriptors{
    "resource.descriptors",
    "let the processes of a unit open no more files or connections",
    resource_descriptors::kParams,
    "an active unit on the node",
    "/proc/PID/limits and /proc/PID/fd: every number below the limit is in use",
    "each process gets back its own limits, and those started meanwhile get them as well; proven "
    "by "
    "/proc/PID/limits",
    false,
    resource_descriptors::plan};

}  // namespace ernstfall
