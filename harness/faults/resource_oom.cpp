// resource_oom: who is killed is decided by where memory runs out: in the control group of one
// service, whose limit is lowered below what it uses, or in the whole node.
//
// The kernel kills what uses the most first, a hog of ours before all. So that it is others who
// are hit, the hog's oom_score_adj is -999: the last one, but not spared, because with nobody left
// to kill the kernel would panic. It lets go of everything at the first kill. SSH is spared until
// then, as the dead-man is, which PID 1 starts.
#include "harness/faults/resource_oom.h"

#include "harness/faults/node_script.h"
#include "harness/faults/resource_hog.h"
#include "harness/faults/unit_script.h"

namespace ernstfall {
namespace resource_oom {
namespace {

// ---- one service: $1 unit, $2 spared services (unit_script) ----

// memory.events counts what happened below as well, so that the slice still has the number when the
// service and its own control group are gone.
constexpr std::string_view kUnitFunctions = R"sh(
slice() { echo "/sys/fs/cgroup$(dirname "$(cat "$keep/cgroup")")"; }
kills() { awk '$1 == "oom_kill" {print $2}' "$(slice)/memory.events" 2>/dev/null; }
dropins() { echo "/run/systemd/system.control/$(cat "$keep/id").d"; }
)sh";

constexpr std::string_view kUnitReady = R"sh(
c=$(cgroup)
[ -e "$c/memory.max" ] && [ -e "$c/memory.stat" ] || no "the memory of $unit is not accounted for here (MemoryAccounting, cgroup version 2)"
d="/run/systemd/system.control/$(prop Id).d"
[ ! -e "$d/50-MemoryMax.conf" ] && [ ! -e "$d/50-MemorySwapMax.conf" ] || no "somebody limits the memory of $unit until the next reboot ($d)"
[ "$(prop NeedDaemonReload)" = no ] || no "the files of $unit changed and were not read anew: our undo would do that"
[ "$(awk '$1 == "anon" {print $2}' "$c/memory.stat")" -ge 1048576 ] || no "$unit uses less than 1 MiB of memory: there is nothing to take"
adj=no
for p in $(processes); do [ "$(cat "/proc/$p/oom_score_adj" 2>/dev/null)" = -1000 ] || adj=yes; done
[ $adj = yes ] || no "the kernel may kill no process of $unit (OOMScoreAdjust=-1000)"
)sh";

// 64 KiB is less than any process needs to begin: what restarts it meets the same limit. A share of
// what it used is not enough: a Go service grows tenfold and more after its start, and came back
// under a quarter. The kernel kills within the write to memory.max until the group is below it;
// that is for us to wait for, not for PID 1, which only then hears of the limit and keeps it.
constexpr std::string_view kUnitApply = R"sh(
remember
prop Id >"$keep/id"
prop ControlGroup >"$keep/cgroup"
c=$(cgroup) || no "$unit has no control group"
echo "$(prop MemoryMax) $(prop MemorySwapMax) $(cat "$c/memory.max") $(cat "$c/memory.swap.max" 2>/dev/null)" >"$keep/limits.new"
kills >"$keep/kills"
[ -s "$keep/kills" ] || no "the kernel counts no OOM kills in $(slice)"
limit=65536
mv "$keep/limits.new" "$keep/limits"
begin
[ ! -e "$c/memory.swap.max" ] || echo 0 >"$c/memory.swap.max"
timeout 60 sh -c 'echo "$1" >"$2"' sh "$limit" "$c/memory.max" 2>/dev/null
timeout 60 systemctl set-property --runtime -- "$unit" MemoryMax="$limit" MemorySwapMax=0 || no "systemctl does not limit the memory of $unit"
)sh";

constexpr std::string_view kUnitConfirm = R"sh(
n=$(($(kills) - $(cat "$keep/kills")))
[ $n -gt 0 ] || no "the kernel counts no new OOM kill in $(slice)"
all=$(wc -l <"$keep/processes") left=$(survivors | wc -l)
[ "$left" -lt "$all" ] || no "the kernel counts $n OOM kills in $(slice), but every process of $unit still lives"
[ "$(prop MemoryMax)" != "$(cut -d ' ' -f 1 "$keep/limits")" ] || no "the memory of $unit is not limited"
say "the kernel counts $n OOM kills more in $(basename "$(slice)"); $((all - left)) of $all processes of $unit are gone, it is $(prop ActiveState) ($(prop Result))"
)sh";

// The old limits first, which reach the control group at once; then the files that keep them.
constexpr std::string_view kUnitUndo = R"sh(
if [ -s "$keep/limits" ]; then
  read -r max swap kernel kernel_swap <"$keep/limits"
  d=$(dropins)
  if [ "$(prop MemoryMax) $(prop MemorySwapMax)" != "$max $swap" ] || [ -e "$d/50-MemoryMax.conf" ] || [ -e "$d/50-MemorySwapMax.conf" ]; then
    timeout 60 systemctl set-property --runtime -- "$unit" MemoryMax="$max" MemorySwapMax="$swap" || no "systemctl does not give $unit its memory back"
    rm -f "$d/50-MemoryMax.conf" "$d/50-MemorySwapMax.conf"
    rmdir "$d" "${d%/*}" 2>/dev/null
    systemctl daemon-reload
  fi
  if c=$(cgroup); then # as when systemd never heard of the limit
    [ "$(cat "$c/memory.max")" = "$kernel" ] || echo "$kernel" >"$c/memory.max"
    [ -z "$kernel_swap" ] || [ "$(cat "$c/memory.swap.max")" = "$kernel_swap" ] || echo "$kernel_swap" >"$c/memory.swap.max"
  fi
fi
bring_back
)sh";

constexpr std::string_view kUnitUndone = R"sh(
if [ -s "$keep/limits" ]; then
  read -r max swap kernel kernel_swap <"$keep/limits"
  [ "$(prop MemoryMax) $(prop MemorySwapMax)" = "$max $swap" ] || no "$unit has the limits $(prop MemoryMax) and $(prop MemorySwapMax), not $max and $swap"
  for f in "$(dropins)/50-MemoryMax.conf" "$(dropins)/50-MemorySwapMax.conf"; do [ ! -e "$f" ] || no "$f is still there"; done
  if c=$(cgroup); then
    [ "$(cat "$c/memory.max")" = "$kernel" ] || no "the kernel still limits $unit to $(cat "$c/memory.max")"
  fi
fi
is_back
)sh";

// ---- the whole node: no arguments ----

// The count has the kills within control groups in it as well; the log tells them apart.
constexpr std::string_view kNodeFunctions = R"sh(
kills() { awk '$1 == "oom_kill" {print $2}' /proc/vmstat; }
victims() { dmesg | sed -n 's/.*Out of memory: Killed process [0-9]* (\(.*\)) total-vm.*/\1/p'; }
services() {
  systemctl list-units --type=service --state=active --plain --no-legend --no-pager |
    awk '$1 !~ /^(ernstfall-|user@|session-|systemd-|run-|modprobe@)/ {print $1}'
}
started() { sed -n 's/.*) //p' "/proc/$1/stat" 2>/dev/null | awk '{print $20}'; }
parent() { sed -n 's/.*) //p' "/proc/$1/stat" 2>/dev/null | awk '{print $2}'; }
unspare() {
  [ -e "$keep/adj" ] || return 0
  while read -r p s a; do
    [ "$(started "$p")" != "$s" ] || echo "$a" >"/proc/$p/oom_score_adj"
  done <"$keep/adj"
}
spared() { # what we reach the node by, and our own ancestors
  pidof sshd
  p=$$
  while [ -n "$p" ] && [ "$p" -gt 1 ]; do echo "$p"; p=$(parent "$p"); done
}
)sh";

constexpr std::string_view kNodeReady = R"sh(
need systemd-run systemd
need perl perl-base
need pidof sysvinit-utils
need dmesg util-linux
dmesg >/dev/null 2>&1 || no "the kernel's log cannot be read"
[ -n "$(kills)" ] || no "this kernel does not count OOM kills (/proc/vmstat)"
[ "$(cat /proc/sys/vm/panic_on_oom)" = 0 ] || no "this node panics when memory runs out (vm.panic_on_oom)"
[ "$(cat /proc/sys/vm/oom_kill_allocating_task)" = 0 ] || no "this node kills whoever asks for memory, which would be our own process (vm.oom_kill_allocating_task)"
[ "$(cat /proc/sys/vm/overcommit_memory)" != 2 ] || no "this node promises no more memory than it has (vm.overcommit_memory): asking fails, and nobody is killed"
for d in systemd-oomd earlyoom nohang; do
  [ "$(systemctl show -p ActiveState --value $d.service)" != active ] || no "$d kills before the kernel would"
done
)sh";

// The hog looks at the kernel's count between any two pieces. After a minute it gives up.
constexpr std::string_view kNodeApply = R"sh(
services >"$keep/was.new"
kills >"$keep/kills"
victims | wc -l >"$keep/victims"
mv "$keep/was.new" "$keep/was"
cat >"$keep/hog" <<'EOF'
my ($seen, $before) = @ARGV;
my @held;
$SIG{ALRM} = sub { exit 1 };
alarm 60;
open(my $f, "<", "/proc/vmstat") or die;
sub kills { sysseek($f, 0, 0); my ($all, $part) = ("", ""); $all .= $part while sysread($f, $part, 65536); $all =~ /^oom_kill (\d+)/m ? $1 : die }
while (1) {
  push @held, "e" x (1 << 20);
  next if kills() == $before;
  @held = ();
  open(my $note, ">", $seen) or die;
  print $note "seen\n";
  close $note;
  exit 0;
}
EOF
for p in $(spared | tr ' ' '\n' | sort -un); do
  a=$(cat "/proc/$p/oom_score_adj" 2>/dev/null) && echo "$p $(started "$p") $a"
done >"$keep/adj.new"
mv "$keep/adj.new" "$keep/adj"
begin
while read -r p s a; do echo -1000 >"/proc/$p/oom_score_adj"; done <"$keep/adj" 2>/dev/null
start_hog OOMScoreAdjust=-999 Environment=MALLOC_MMAP_THRESHOLD_=131072 -- perl "$keep/hog" "$keep/seen" "$(cat "$keep/kills")"
i=0
while [ ! -e "$keep/seen" ] && [ $i -lt 70 ] && [ "$(systemctl show -p ActiveState --value "$mark-hog.service")" = active ]; do sleep 1; i=$((i + 1)); done
unspare
[ -e "$keep/seen" ] || no "memory did not run out within a minute, or nobody but the fault's own process could be killed"
)sh";

constexpr std::string_view kNodeConfirm = R"sh(
[ -s "$keep/kills" ] || no "memory was not taken"
n=$(($(kills) - $(cat "$keep/kills")))
[ $n -gt 0 ] || no "the kernel counts no new OOM kill"
[ -e "$keep/seen" ] || no "the kernel counts $n OOM kills, but the fault's own process was among them"
who=$(victims | tail -n +$(($(cat "$keep/victims") + 1)) | tr '\n' ' ')
[ -n "$who" ] || no "the kernel counts $n OOM kills more, but its log tells of none for want of the node's own memory"
say "the kernel counts $n OOM kills more; killed: $who"
)sh";

constexpr std::string_view kNodeUndo = R"sh(
stop_hog
unspare
[ -e "$keep/was" ] || exit 0
bad=
for u in $(cat "$keep/was"); do
  case $(systemctl show -p ActiveState --value -- "$u") in
    active|activating) ;;
    failed) systemctl reset-failed -- "$u"; systemctl start -- "$u" || bad="$bad $u" ;;
    *) systemctl start -- "$u" || bad="$bad $u" ;;
  esac
done
[ -z "$bad" ] || no "cannot be started:$bad"
)sh";

constexpr std::string_view kNodeUndone = R"sh(
hog_gone
if [ -e "$keep/adj" ]; then
  while read -r p s a; do
    [ "$(started "$p")" != "$s" ] || [ "$(cat "/proc/$p/oom_score_adj")" = "$a" ] || no "process $p is still spared by the OOM killer"
  done <"$keep/adj"
fi
n=0
if [ -e "$keep/was" ]; then
  for u in $(cat "$keep/was"); do
    state=$(systemctl show -p ActiveState --value -- "$u")
    [ "$state" = active ] || no "$u is $state"
    n=$((n + 1))
  done
fi
say "memory is free again, and all $n services of before are active"
)sh";

}  // namespace
}  // namespace resource_oom

Result<FaultPlan> plan_out_of_memory(const FaultType& type, const FaultTarget& target,
                                     const FaultStep& step) {
  using namespace resource_oom;
  if (step.params.count("to") != 0)
    return fail(Errc::usage, "{}: give \"to\" or \"until: oom\", not both", type.name);
  const std::string& node = target.node.name;
  if (step.params.count("unit") != 0) {
    ERNSTFALL_TRY(const std::string unit, unit_of(type, target, step));
    return plan_unit_scripts(
        target, unit,
        {kUnitReady, kUnitApply, kUnitConfirm, kUnitUndo, kUnitUndone, false, {kUnitFunctions}}, {},
        "let memory run out in " + unit + " on " + node,
        "the kernel killed in " + unit + " for want of memory");
  }
  FaultPlan plan = plan_scripts(target,
                                {kNodeReady,
                                 kNodeApply,
                                 kNodeConfirm,
                                 kNodeUndo,
                                 kNodeUndone,
                                 false,
                                 {kHogFunctions, kNodeFunctions}},
                                {}, "let memory run out on " + node,
                                "the kernel killed a process for want of memory");
  std::get<ScriptAction>(plan.apply.front()).timeout = std::chrono::minutes(3);
  // What was killed may be started again by whoever looks after it.
  plan.ends_by_itself = true;
  return plan;
}

}  // namespace ernstfall
