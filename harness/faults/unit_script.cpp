// unit_script: the lines before every script of a service's fault.
#include "harness/faults/unit_script.h"

#include <algorithm>
#include <array>

namespace ernstfall {
namespace unit_script {
namespace {

// Without these a node is out of reach, or cannot be trusted to undo.
constexpr std::array<std::string_view, 8> kSpared{
    "ssh",           "sshd",           "dbus", "dbus-broker", "systemd-journald",
    "systemd-udevd", "systemd-logind", "init"};
constexpr std::string_view kEnding = ".service";

// $1 unit $2 spared services
constexpr std::string_view kLines = R"sh(
unit=$1 spared=$2
prop() { systemctl show -p "$1" --value -- "${2:-$unit}"; }
cgroup() {
  c=$(prop ControlGroup)
  [ -n "$c" ] && [ "$c" != / ] && [ -d "/sys/fs/cgroup$c" ] && echo "/sys/fs/cgroup$c"
}
processes() { c=$(cgroup) && find "$c" -name cgroup.procs -exec cat {} + 2>/dev/null; }
started() { # PID: when, in ticks; nothing for one that is gone or a zombie
  sed -n 's/.*) //p' "/proc/$1/stat" 2>/dev/null | awk '$1 !~ /[ZX]/ {print $20}'
}
stops_with() { # the unit and every unit that stops when it does
  todo=$unit seen=
  while [ -n "$todo" ]; do
    next=
    for u in $todo; do
      case " $seen " in *" $u "*) continue ;; esac
      seen="$seen $u"
      next="$next $(systemctl show -p RequiredBy,RequisiteOf,BoundBy,ConsistsOf --value -- "$u" | tr '\n' ' ')"
    done
    todo=$(printf '%s' "$next" | xargs -r printf '%s ')
  done
  printf '%s\n' $seen
}
triggers() { printf '%s\n' $(prop TriggeredBy); }
remember() {
  [ ! -e "$keep/was" ] || return 0
  for p in $(processes); do
    s=$(started "$p")
    [ -z "$s" ] || echo "$p $s"
  done >"$keep/processes"
  ss -Hltnp 2>/dev/null | while read -r state queue max address rest; do
    for p in $(processes); do
      case $rest in *"pid=$p,"*) echo "${address##*:}"; break ;; esac
    done
  done | sort -u >"$keep/ports"
  # Sockets before the services that they start: the other way round systemd refuses.
  for u in $(triggers) $(stops_with); do
    [ "$(prop ActiveState "$u")" != active ] || printf '%s\n' "$u"
  done >"$keep/was.new"
  mv "$keep/was.new" "$keep/was"
}
survivors() {
  while read -r p s; do
    [ "$(started "$p")" != "$s" ] || echo "$p"
  done <"$keep/processes"
}
still_listening() {
  while read -r port; do
    ss -Hltn "sport = :$port" | grep -q . && echo "$port"
  done <"$keep/ports"
}
bring_back() {
  [ -e "$keep/was" ] || return 0
  bad=
  while read -r u; do
    [ "$(prop ActiveState "$u")" != failed ] || systemctl reset-failed -- "$u"
    [ "$(prop ActiveState "$u")" = active ] || systemctl start -- "$u" || bad="$bad $u"
  done <"$keep/was"
  [ -z "$bad" ] || no "cannot be started:$bad"
}
is_back() {
  if [ ! -e "$keep/was" ]; then say "$unit was not touched, or is back already: $(prop ActiveState)"; return 0; fi
  while read -r u; do
    state=$(prop ActiveState "$u")
    [ "$state" = active ] || no "$u is $state"
  done <"$keep/was"
  [ -n "$(processes)" ] || no "$unit has no process"
  say "$(tr '\n' ' ' <"$keep/was")active again"
}
)sh";

constexpr std::string_view kReady = R"sh(
need ss iproute2
need find findutils
[ "$(prop LoadState)" = loaded ] || no "there is no $unit here"
id=$(prop Id)
for s in $spared; do
  [ "$id" != "$s.service" ] || no "$unit is $id, without which nobody could undo anything"
done
[ "$(prop ActiveState)" = active ] || no "$unit is $(prop ActiveState), not active: the fault would change nothing"
[ -n "$(processes)" ] || no "$unit has no process (a service that only ran something, or no cgroup version 2 here)"
c=$(prop ControlGroup)
case $(sed -n 's/^0:://p' /proc/self/cgroup)/ in "$c"/*) no "our own session runs in $unit" ;; esac
)sh";

}  // namespace
}  // namespace unit_script

Result<std::string> unit_of(const FaultType& type, const FaultTarget& target,
                            const FaultStep& step) {
  ERNSTFALL_TRY(const ParamValue value, param_of(type, step, "unit"));
  std::string unit = value.text;
  const bool named =
      !unit.empty() && unit.front() != '-' && unit.front() != '.' &&
      std::all_of(unit.begin(), unit.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 ||
               std::string_view("@:_.-\\").find(static_cast<char>(c)) != std::string_view::npos;
      });
  if (!named)
    return fail(Errc::usage,
                "{}: unit is \"{}\"; expected the name of a service, as apache2.service", type.name,
                unit);
  for (const std::string_view other : {".socket", ".timer", ".path", ".mount", ".automount",
                                       ".swap", ".target", ".slice", ".scope", ".device"})
    if (unit.ends_with(other)) return fail(Errc::usage, "{}: {} is no service", type.name, unit);
  if (!unit.ends_with(unit_script::kEnding)) unit += unit_script::kEnding;
  const std::string base = unit.substr(0, unit.find_first_of("@."));
  const auto& spared = unit_script::kSpared;
  if (std::find(spared.begin(), spared.end(), base) != spared.end() ||
      base.rfind("ernstfall-", 0) == 0)
    return fail_at(Errc::refused, target.node.name,
                   "{}: without {} nobody could reach the node or undo the fault", type.name, unit);
  return unit;
}

FaultPlan plan_unit_scripts(const FaultTarget& target, const std::string& unit,
                            const NodeScripts& scripts, Argv args, std::string intended,
                            std::string effect) {
  NodeScripts with_lines = scripts;
  with_lines.lines.insert(with_lines.lines.begin(), unit_script::kLines);
  with_lines.ready_lines.insert(with_lines.ready_lines.begin(), unit_script::kReady);
  std::string spared;
  for (const std::string_view name : unit_script::kSpared)
    spared += (spared.empty() ? "" : " ") + std::string(name);
  Argv all{unit, spared};
  all.insert(all.end(), args.begin(), args.end());
  return plan_scripts(target, with_lines, all, std::move(intended), std::move(effect));
}

}  // namespace ernstfall
