// resource.processes: the node can start only a few more processes or threads.
//
// The kernel's limit of tasks is lowered to what runs now and a few more, which ends as a full
// table of processes does (EAGAIN), and takes no memory. A guard puts it back by itself when its
// time is over, without starting anything: it works even when nothing can be started any more.
#include <array>

#include "harness/core/units.h"
#include "harness/faults/fault.h"
#include "harness/faults/node_script.h"
#include "harness/faults/resource_hog.h"

namespace ernstfall {

extern const FaultType kResourceProcesses;

namespace resource_processes {
namespace {

constexpr std::chrono::minutes kGuardWaits{10};  // beyond the hold

// $1 tasks that may still be started; $2 seconds after which the guard ends it
constexpr std::string_view kFunctions = R"sh(
limit=/proc/sys/kernel/threads-max
tasks() { sed 's:.*/\([0-9]*\) .*:\1:' /proc/loadavg; }
)sh";

constexpr std::string_view kReady = R"sh(
need systemd-run systemd
need perl perl-base
[ -w $limit ] || no "$limit cannot be written"
now=$(cat $limit)
[ $(($(tasks) + $1 + 16)) -lt "$now" ] || no "$(tasks) tasks run and $now are allowed: fewer than $1 more"
)sh";

// The guard is what lowers it, so that there is none without it.
constexpr std::string_view kApply = R"sh(
cat $limit >"$keep/was"
cat >"$keep/guard" <<'EOF'
my ($file, $was, $ours, $seconds, $noted) = @ARGV;
sub put { open(my $f, ">", $file) or return; print $f $_[0]; close $f }
sub now { open(my $f, "<", $file) or return ""; my $n = <$f>; chomp $n; $n }
sub back { put($was) if now() eq $ours; exit 0 }
$SIG{TERM} = $SIG{INT} = \&back;
open(my $note, ">", "$noted.new") or die; print $note $ours; close $note; rename "$noted.new", $noted or die;
put($ours);
select undef, undef, undef, $seconds;
back();
EOF
ours=$(($(tasks) + $1 + 2))
start_hog KillSignal=SIGTERM OOMScoreAdjust=-1000 -- perl "$keep/guard" $limit "$(cat "$keep/was")" $ours "$2" "$keep/ours"
i=0
while [ "$(cat $limit)" != $ours ] && [ $i -lt 50 ]; do sleep 0.1; i=$((i + 1)); done
[ "$(cat $limit)" = $ours ] || no "$limit is $(cat $limit), not $ours"
)sh";

// Really starts processes until the kernel says no.
constexpr std::string_view kConfirm = R"sh(
hog_runs
said=$(perl -e 'my $most = shift; my ($n, @pids, $why) = (0);
  while ($n < $most) {
    my $pid = fork;
    if (!defined $pid) { $why = "$!"; last }
    if (!$pid) { sleep 60; exit }
    push @pids, $pid; $n++;
  }
  kill "KILL", @pids; waitpid $_, 0 for @pids;
  print "$n ", $why // "";' $(($1 + 64)))
case $said in
  *'temporarily unavailable'*) say "after ${said%% *} more processes: ${said#* }" ;;
  *) no "${said%% *} more processes could be started: ${said#* }" ;;
esac
)sh";

constexpr std::string_view kUndo = R"sh(
stop_hog
[ -s "$keep/ours" ] && [ -s "$keep/was" ] || exit 0
[ "$(cat $limit)" = "$(cat "$keep/ours")" ] || exit 0
cat "$keep/was" >$limit
)sh";

constexpr std::string_view kUndone = R"sh(
hog_gone
[ ! -s "$keep/ours" ] || [ "$(cat $limit)" != "$(cat "$keep/ours")" ] || no "$limit is still $(cat $limit)"
say "$(cat $limit) tasks are allowed, $(tasks) run"
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const ParamValue leave, param_of(kResourceProcesses, step, "leave"));
  if (leave.number < 32 || leave.number > 100000)
    return fail(Errc::usage,
                "resource.processes: leave is {}; expected 32 to 100000, because with fewer nobody "
                "could undo it",
                leave.text);
  const auto guard = std::chrono::duration_cast<std::chrono::seconds>(step.hold + kGuardWaits);
  return plan_scripts(
      target, {kReady, kApply, kConfirm, kUndo, kUndone, false, {kHogFunctions, kFunctions}},
      {leave.text, std::to_string(guard.count())},
      fmt::format("let only {} more processes be started", leave.text),
      "the kernel refuses to start more processes");
}

constexpr std::array kParams{ParamSpec{"leave", ParamValue::Kind::integer, "64", false,
                                       "how many more processes and threads there may be"}};

}  // namespace
}  // namespace resource_processes

const FaultType kResourceProcesses{"resource.processes",
                                   "let a node start only a few more processes",
                                   resource_processes::kParams,
                                   "perl-base on the node; more tasks allowed than shall be left",
                                   "processes are started until the kernel says EAGAIN",
                                   "kernel.threads-max is put back; proven by its value",
                                   false,
                                   resource_processes::plan};

}  // namespace ernstfall
