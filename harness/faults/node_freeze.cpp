// node.freeze: every service and user process of a node stands still, while its kernel answers
// pings, keeps connections open and replicates. SSH, D-Bus, systemd's own and the network's
// services go on.
#include <algorithm>
#include <array>

#include "harness/faults/node_script.h"

namespace ernstfall {

extern const FaultType kNodeFreeze;

namespace node_freeze {
namespace {

// $1: units that go on as well, separated by spaces.
constexpr std::string_view kLines = R"sh(
except=$1
root=/sys/fs/cgroup
own=$root$(sed -n 's/^0:://p' /proc/self/cgroup)
user=$(id -u)
goes_on() { # CGROUP
  [ "$1" != "$own" ] || return 0
  case ${1##*/} in
    init.scope|ssh.service|sshd.service|ssh@*|sshd@*|dbus*.service|systemd-*|ernstfall-*) return 0 ;;
    "user-$user.slice"|"user@$user.service") return 0 ;;
    NetworkManager.service|wpa_supplicant*.service|dhcpcd*.service|networking.service|ifup@*|tailscaled.service) return 0 ;;
  esac
  for u in $except; do
    [ "${1##*/}" != "$u" ] || return 0
  done
  return 1
}
something_goes_on() { # CGROUP: below it
  for g in $(find "$1" -mindepth 1 -type d); do
    ! goes_on "$g" || return 0
  done
  return 1
}
whole() { # CGROUP: the highest groups below it that can be frozen as a whole
  for c in "$1"/*/; do
    c=${c%/}
    [ -e "$c/cgroup.freeze" ] || continue
    if goes_on "$c"; then continue; fi
    if something_goes_on "$c"; then whole "$c"
    elif grep -q '^populated 1' "$c/cgroup.events" && [ "$(cat "$c/cgroup.freeze")" = 0 ]; then
      printf '%s\n' "$c"
    fi
  done
}
)sh";

constexpr std::string_view kReady = R"sh(
need find findutils
[ -e "$root/cgroup.controllers" ] || no "control groups version 2 are not at $root"
[ -e "$own/cgroup.freeze" ] || no "this kernel cannot freeze control groups"
[ -n "$(whole "$root")" ] || no "no service runs here that could be frozen"
)sh";

constexpr std::string_view kApply = R"sh(
whole "$root" >"$keep/groups.new" && mv "$keep/groups.new" "$keep/groups"
begin
while read -r c; do
  echo 1 >"$c/cgroup.freeze" || no "$c does not freeze"
done <"$keep/groups"
)sh";

constexpr std::string_view kConfirm = R"sh(
used() { while read -r c; do sed -n 's/^usage_usec //p' "$c/cpu.stat"; done <"$keep/groups" | awk '{n += $1} END {print n + 0}'; }
[ -s "$keep/groups" ] || no "it is not known what was frozen"
while read -r c; do
  grep -q '^frozen 1' "$c/cgroup.events" || no "the kernel does not say that ${c##*/} is frozen"
done <"$keep/groups"
before=$(used); sleep 1; after=$(used)
[ "$before" = "$after" ] || no "what is frozen has used $((after - before)) us of CPU in a second"
n=$(while read -r c; do find "$c" -name cgroup.procs -exec cat {} +; done <"$keep/groups" | wc -l)
say "$(wc -l <"$keep/groups") groups with $n processes are frozen, and used no CPU for a second"
)sh";

constexpr std::string_view kUndo = R"sh(
[ -e "$keep/groups" ] || exit 0
while read -r c; do
  if [ -e "$c/cgroup.freeze" ]; then echo 0 >"$c/cgroup.freeze" || no "$c does not thaw"; fi
done <"$keep/groups"
)sh";

constexpr std::string_view kUndone = R"sh(
[ -e "$keep/groups" ] || { say "nothing is frozen by us"; exit 0; }
while read -r c; do
  if [ -e "$c/cgroup.events" ]; then grep -q '^frozen 0' "$c/cgroup.events" || no "${c##*/} is still frozen"; fi
done <"$keep/groups"
say "$(wc -l <"$keep/groups") groups run again"
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const ParamValue except, param_of(kNodeFreeze, step, "except"));
  std::string units = except.text;
  std::replace(units.begin(), units.end(), ',', ' ');
  const bool named = std::all_of(units.begin(), units.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("@:_.-\\ ").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (!named)
    return fail(Errc::usage, "node.freeze: except is \"{}\"; expected units, separated by commas",
                except.text);
  const std::string lines(kLines);
  const auto with_lines = [&](std::string_view body) { return lines + std::string(body); };
  const std::string ready = with_lines(kReady);
  const std::string apply = with_lines(kApply);
  return plan_scripts(target, {ready, apply, kConfirm, kUndo, kUndone}, {units},
                      "freeze every service of " + target.node.name,
                      "services and users of " + target.node.name + " stand still");
}

constexpr std::array kParams{ParamSpec{"except", ParamValue::Kind::text, "", false,
                                       "units that go on, separated by commas: k3s.service"}};

}  // namespace
}  // namespace node_freeze

const FaultType kNodeFreeze{
    "node.freeze",
    "freeze every process of a node but SSH, systemd, D-Bus and the network's",
    node_freeze::kParams,
    "control groups version 2 on the node",
    "the kernel says of each group that it is frozen, and none uses CPU for a second",
    "the same groups are thawed; proven by the kernel's state",
    false,
    node_freeze::plan,
    Takes::node};

}  // namespace ernstfall
