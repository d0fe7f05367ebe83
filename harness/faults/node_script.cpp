// node_script: the lines before every script, and the undo that leaves no mark behind.
#include "harness/faults/node_script.h"

namespace ernstfall {
namespace {

// The token is the first argument but for the moment at which to begin: everything else follows
// from it.
constexpr std::string_view kPrelude =
    R"sh(export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
start_at=
case $1 in at:*) start_at=${1#at:}; shift ;; esac
token=$1; shift
mark=ernstfall-$token
table=ernstfall_$token
say() { printf '%s\n' "$*"; }
no() { printf '%s\n' "$*" >&2; exit 1; }
forget() { # all that keeps a fault known on the node but its timer
  rm -f "/etc/systemd/system/multi-user.target.wants/$mark-boot.service" "/etc/systemd/system/$mark-boot.service"
  rm -rf "$keep"
  rmdir "${keep%/*}" 2>/dev/null
  case $keep in # one that ran at boot stays known as something that multi-user.target wants, until all is read anew
    /var/lib/*) systemctl daemon-reload; systemctl reset-failed "$mark-boot.service" 2>/dev/null ;;
  esac
}
begin() { # waits for the moment at which the targets of a step begin; says when that was, by this clock
  local left
  if [ -n "$start_at" ]; then
    left=$((start_at - $(date +%s%N)))
    # A clock that was set meanwhile must not make it wait for hours.
    if [ "$left" -gt 0 ] && [ "$left" -lt 10000000000 ]; then
      sleep "$((left / 1000000000)).$(printf %09d $((left % 1000000000)))"
    fi
  fi
  say "$mark begun $(date +%s%N)"
}
need() { command -v "$1" >/dev/null 2>&1 || no "$1 is not installed here (package $2)"; }
)sh";

// One undo at a time: the dead-man and we may both be at it.
constexpr std::string_view kLocked = R"sh(if [ -d "$keep" ]; then exec 9>"$keep/lock"; flock 9; fi
)sh";

// After the undo: timer, boot unit and folder go; then nothing of ours is left on the node.
constexpr std::string_view kDisarm = R"sh(
if [ ! -d "$keep" ]; then
  journalctl -q -t ernstfall -o cat -n 100 --no-pager 2>/dev/null | grep "^$token " | tail -n 1
fi
systemctl stop "$mark.timer" "$mark.service" 2>/dev/null
systemctl reset-failed "$mark.timer" "$mark.service" 2>/dev/null
forget
exit 0
)sh";

constexpr std::string_view kNoMark = R"sh(
[ ! -e "$keep" ] || no "$keep is still there"
[ ! -e "/etc/systemd/system/$mark-boot.service" ] || no "$mark-boot.service is still there"
units=$(systemctl list-units "$mark*" --all --plain --no-legend --no-pager | awk '{print $1}')
[ -z "$units" ] || no "still there: $units"
say "no unit and no file of the fault is left"
)sh";

std::string joined(const std::vector<std::string_view>& lines) {
  std::string text;
  for (const std::string_view part : lines) text += part;
  return text;
}

}  // namespace

std::string keep_folder(std::string_view token, bool survives_reboot) {
  return fmt::format("{}/ernstfall/{}", survives_reboot ? "/var/lib" : "/run", token);
}

std::string node_script(std::string_view body, bool survives_reboot) {
  std::string text(kPrelude);
  text += survives_reboot ? "keep=/var/lib/ernstfall/$token\n" : "keep=/run/ernstfall/$token\n";
  // In a function: it is read as a whole before it runs, and nothing in it can read the rest of the
  // script as its input.
  text += fmt::format("main() {{\n{}\n}}\nmain \"$@\" </dev/null\n", body);
  return text;
}

FaultPlan plan_scripts(const FaultTarget& target, const NodeScripts& scripts, Argv args,
                       std::string intended, std::string effect) {
  const std::string& node = target.node.name;
  const std::string lines = joined(scripts.lines);
  const auto text = [&](std::string_view body) {
    return node_script(lines + std::string(body), scripts.survives_reboot);
  };
  const auto sees = [&](std::string what, std::string_view body) {
    return ScriptSees{std::move(what), node, target.token, text(body), args};
  };
  const std::string ready = joined(scripts.ready_lines) + std::string(scripts.ready);
  const std::string undo = node_script(std::string(kLocked) + lines + std::string(scripts.undo),
                                       scripts.survives_reboot);
  FaultPlan plan;
  plan.intended = std::move(intended);
  if (!ready.empty()) plan.preconditions = {sees("the fault can be applied", ready)};
  plan.dead_man =
      NodeDeadMan{node, target.token, undo, text(scripts.undone), args, scripts.survives_reboot};
  std::string apply(scripts.apply);
  if (apply.find("\nbegin\n") == std::string::npos) apply = "\nbegin\n" + apply;
  plan.apply = {ScriptAction{"apply", node, target.token, text(apply), args}};
  plan.confirm = {sees(std::move(effect), scripts.confirm)};
  plan.undo = {ScriptAction{"undo", node, target.token, undo, args}};
  plan.undone = {sees("nothing of the effect is left", scripts.undone)};
  plan.disarm = {ScriptAction{"disarm the dead-man",
                              node,
                              target.token,
                              node_script(kDisarm, scripts.survives_reboot),
                              {}}};
  plan.disarmed = {ScriptSees{
      "no mark is left", node, target.token, node_script(kNoMark, scripts.survives_reboot), {}}};
  return plan;
}

}  // namespace ernstfall
