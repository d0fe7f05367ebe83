// resource_oom_test: the scripts of resource.memory with `until: oom` on a kernel and a systemd of
// the test's own: control groups are folders, and who writes a limit is followed by the OOM killer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/mocks/script_bench.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;
using testing_support::ScriptBench;

// Files switch parts of it: mercy (nobody is killed), elsewhere (somebody else in the slice is),
// restarts (the unit does, by itself), stubborn (set-property is taken and nothing is done).
constexpr std::string_view kFakeSystemctl = R"pl(
use strict;
my $W = $ENV{W};
sub on { -e "$W/$_[0]" }
sub get { open(my $h, "<", "$W/$_[0]") or return $_[1]; my $v = <$h>; chomp $v; $v }
sub put { open(my $h, ">", "$W/$_[0]"); print $h "$_[1]\n"; close $h }
my $args = "@ARGV"; my $unit = $ARGV[-1];
open(my $log, ">>", "$W/calls"); print $log "$args\n"; close $log;
if ($args =~ /^show -p (\S+) --value/) {
  my %default = (LoadState => "loaded", Id => $unit, ControlGroup => "/system.slice/$unit", MemoryMax => "infinity",
    MemorySwapMax => "infinity", NeedDaemonReload => "no", Result => "success", ActiveState => "inactive");
  print map { get("$unit.$_", $default{$_} // "") . "\n" } split /,/, $1;
} elsif ($args =~ /^set-property --runtime -- (\S+) MemoryMax=(\S+) MemorySwapMax=(\S+)/) {
  exit 0 if on("stubborn");
  my ($u, $max, $swap) = ($1, $2, $3);
  mkdir "$W/control"; mkdir "$W/control/$u.d";
  put("control/$u.d/50-MemoryMax.conf", $max); put("control/$u.d/50-MemorySwapMax.conf", $swap);
  put("$u.MemoryMax", $max); put("$u.MemorySwapMax", $swap);
  if (-d "$W/cg/system.slice/$u") { put("cg/system.slice/$u/memory.max", $max eq "infinity" ? "max" : $max) }
} elsif ($args =~ /^start/) { put("$unit.ActiveState", "active"); system("sh", "$W/spawn", $unit, 900) }
elsif ($args =~ /^stop/) { put("$unit.ActiveState", "inactive") }
elsif ($args =~ /^reset-failed/) { put("$unit.ActiveState", "inactive") if get("$unit.ActiveState", "") eq "failed" }
elsif ($args =~ /^list-units/) { for my $f (glob "$W/*.ActiveState") { my ($u) = $f =~ m{.*/(.*)\.ActiveState}; print "$u loaded active running\n" if get("$u.ActiveState", "") eq "active" } }
elsif ($args eq "daemon-reload") {}
else { die "what? $args" }
)pl";

class OutOfMemory : public ::testing::Test {
 protected:
  OutOfMemory() {
    bench.perl_tool("systemctl", std::string(kFakeSystemctl));
    // UNIT PID: a process of a unit, in a control group with 8 MiB of memory.
    bench.write(
        "spawn",
        "d=$W/cg/system.slice/$1; mkdir -p $d $W/proc/$2\n"
        "echo $2 >>$d/cgroup.procs; echo 'anon 8388608' >$d/memory.stat\n"
        "[ -e $d/memory.max ] || echo max >$d/memory.max\n"
        "echo max >$d/memory.swap.max\n"
        "echo 0 >$W/proc/$2/oom_score_adj\n"
        "echo \"$2 (x y) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4711 0\" >$W/proc/$2/stat\n");
    // The OOM killer of a control group, after any command that is waited for.
    bench.write("kernel",
                "d=$W/cg/system.slice/web.service\n"
                "[ -e $d/memory.max ] && [ \"$(cat $d/memory.max)\" != max ] || exit 0\n"
                "[ \"$(cat $d/memory.max)\" -lt 8388608 ] && [ ! -e $W/mercy ] || exit 0\n"
                "n=$(cut -d ' ' -f 2 $W/cg/system.slice/memory.events)\n"
                "echo \"oom_kill $((n + 1))\" >$W/cg/system.slice/memory.events\n"
                "[ ! -e $W/elsewhere ] || exit 0\n"
                "for p in $(cat $d/cgroup.procs); do rm -r $W/proc/$p; done; rm -r $d\n"
                "echo failed >$W/web.service.ActiveState; echo oom-kill >$W/web.service.Result\n"
                "[ ! -e $W/restarts ] || { sh $W/spawn web.service 500; echo active "
                ">$W/web.service.ActiveState; }\n");
    bench.tool("timeout", "shift; \"$@\"; rc=$?; sh $W/kernel; exit $rc");
    bench.tool("ss", "exit 0");
    bench.tool("sleep", "exit 0");
    bench.tool("dmesg", "cat $W/log 2>/dev/null; exit 0");
    bench.tool("pidof", "echo '77 78'");
    bench.replace("/sys/fs/cgroup", bench.path("cg"));
    bench.replace("/run/systemd/system.control", bench.path("control"));
    bench.replace("/proc/", bench.path("proc/"));
    for (const char* folder :
         {"cg", "cg/system.slice", "proc", "proc/self", "proc/sys", "proc/sys/vm"})
      std::filesystem::create_directories(bench.path(folder));
    bench.write("proc/self/cgroup", "0::/user.slice/session-1.scope\n");
    bench.write("proc/vmstat", "nr_free_pages 1\noom_kill 3\n");
    for (const char* name : {"panic_on_oom", "oom_kill_allocating_task", "overcommit_memory"})
      bench.write(std::string("proc/sys/vm/") + name, "0\n");
    bench.write("cg/system.slice/memory.events", "oom_kill 2\n");
    for (const char* unit : {"web.service", "log.service"})
      bench.write(std::string(unit) + ".ActiveState", "active\n");
    spawn("web.service", "100");
    spawn("web.service", "101");
    for (const char* sshd : {"77", "78"}) spawn("ssh.service", sshd);
  }
  void spawn(const std::string& unit, const std::string& pid) {
    bench.tool("spawn-one", "sh $W/spawn " + unit + " " + pid);
    ProcessSpec spec;
    spec.argv = {bench.path("bin/spawn-one")};
    ASSERT_TRUE(run_process(spec, Deadline::after(std::chrono::seconds(10)), {}));
  }
  static Result<FaultPlan> planned(const std::map<std::string, std::string>& with) {
    static Node node;
    node.name = "prod";
    FaultStep step;
    step.fault = "resource.memory";
    step.on = "prod";
    for (const auto& [name, text] : with)
      for (const ParamSpec& spec : find_fault(step.fault)->params)
        if (spec.name == name) step.params[name] = *parse_param(spec.kind, text);
    EXPECT_EQ(step.params.size(), with.size());
    return plan_fault({node, "boot-1", nullptr, "0123abcd"}, step);
  }
  static FaultPlan in_unit() {
    auto made = planned({{"until", "oom"}, {"unit", "web.service"}});
    EXPECT_TRUE(made) << to_string(made.error());
    return *made;
  }
  static FaultPlan in_node() {
    auto made = planned({{"until", "oom"}});
    EXPECT_TRUE(made) << to_string(made.error());
    return *made;
  }
  std::string refused(const FaultPlan& plan) {
    const auto ran = bench.ready(plan);
    EXPECT_FALSE(ran.ok) << ran.out;
    return ran.err;
  }
  void hold(const FaultPlan& plan) {
    const auto ready = bench.ready(plan);
    ASSERT_TRUE(ready.ok) << ready.err;
    const auto applied = bench.apply(plan);
    ASSERT_TRUE(applied.ok) << applied.err;
  }
  ScriptBench bench;
};

TEST_F(OutOfMemory, InAUnitTheLimitStaysUntilItIsPutBack) {
  hold(in_unit());
  EXPECT_EQ(bench.read("control/web.service.d/50-MemoryMax.conf"), "65536\n");
  const auto seen = bench.confirm(in_unit());
  EXPECT_TRUE(seen.ok) << seen.err;
  EXPECT_THAT(seen.out, HasSubstr("1 OOM kills more in system.slice; 2 of 2 processes"));
  EXPECT_THAT(seen.out, HasSubstr("failed (oom-kill)"));
  EXPECT_FALSE(bench.undone(in_unit()).ok) << "it still holds";
  EXPECT_TRUE(bench.undo(in_unit()).ok);
  const auto gone = bench.undone(in_unit());
  EXPECT_TRUE(gone.ok) << gone.err;
  EXPECT_FALSE(bench.has("control")) << "its folder was made by systemd for our limit alone";
  EXPECT_THAT(bench.read("calls"), HasSubstr("daemon-reload"));
  EXPECT_TRUE(bench.fire(in_unit()).ok) << "once more does no harm";
}

TEST_F(OutOfMemory, AUnitThatComesBackByItselfIsGivenItsMemoryBack) {
  bench.write("restarts", "");
  hold(in_unit());
  EXPECT_TRUE(bench.confirm(in_unit()).ok);
  EXPECT_TRUE(bench.fire(in_unit()).ok);
  EXPECT_EQ(bench.read("cg/system.slice/web.service/memory.max"), "max\n");
}

TEST_F(OutOfMemory, PlantedNoKillOrSomebodyElsesIsNotConfirmed) {
  bench.write("mercy", "");
  hold(in_unit());
  EXPECT_THAT(bench.confirm(in_unit()).err, HasSubstr("no new OOM kill"));
  EXPECT_TRUE(bench.fire(in_unit()).ok) << "the limit alone is undone as well";
  bench.remove("mercy");
  bench.write("elsewhere", "");
  hold(in_unit());
  EXPECT_THAT(bench.confirm(in_unit()).err, HasSubstr("still lives"));
}

TEST_F(OutOfMemory, PlantedALimitThatStaysIsSeen) {
  hold(in_unit());
  bench.write("stubborn", "");
  bench.undo(in_unit());
  EXPECT_THAT(bench.undone(in_unit()).err, HasSubstr("limits 65536 and 0, not infinity"));
  bench.remove("stubborn");
  EXPECT_TRUE(bench.fire(in_unit()).ok);
  bench.write("cg/system.slice/web.service/memory.max", "4096\n");
  EXPECT_THAT(bench.undone(in_unit()).err, HasSubstr("still limits web.service to 4096"));
}

// Between the write to the control group and systemd's own: as when the node cuts us off there.
TEST_F(OutOfMemory, ALimitThatSystemdNeverHeardOfIsUndone) {
  bench.write("restarts", "");
  bench.write("stubborn", "");
  hold(in_unit());
  EXPECT_THAT(bench.confirm(in_unit()).err, HasSubstr("not limited"));
  bench.write("cg/system.slice/web.service/memory.max", "65536\n");
  EXPECT_TRUE(bench.fire(in_unit()).ok);
  EXPECT_EQ(bench.read("cg/system.slice/web.service/memory.max"), "max\n");
}

TEST_F(OutOfMemory, AUnitIsRefusedWhereItCouldNotBeHitOrPutBack) {
  bench.write("cg/system.slice/web.service/memory.stat", "anon 4096\n");
  EXPECT_THAT(refused(in_unit()), HasSubstr("less than 1 MiB"));
  bench.write("cg/system.slice/web.service/memory.stat", "anon 8388608\n");
  for (const char* pid : {"100", "101"})
    bench.write(std::string("proc/") + pid + "/oom_score_adj", "-1000\n");
  EXPECT_THAT(refused(in_unit()), HasSubstr("may kill no process"));
  bench.write("proc/100/oom_score_adj", "0\n");
  bench.write("web.service.NeedDaemonReload", "yes\n");
  EXPECT_THAT(refused(in_unit()), HasSubstr("not read anew"));
  bench.remove("web.service.NeedDaemonReload");
  std::filesystem::create_directories(bench.path("control/web.service.d"));
  bench.write("control/web.service.d/50-MemoryMax.conf", "1G\n");
  EXPECT_THAT(refused(in_unit()), HasSubstr("somebody limits the memory"));
}

// Stands for PID 1: what it starts is the fault's own program, on a kernel that has just killed.
constexpr std::string_view kFakeRun =
    "echo \"$@\" >$W/ran; while [ \"$1\" != -- ]; do shift; done; shift\n"
    "[ -e $W/mercy ] || echo 'oom_kill 4' >$W/proc/vmstat\n"
    "[ -e $W/mercy ] || echo failed >$W/log.service.ActiveState\n"
    "o='Out of'; [ ! -e $W/in-group ] || o='Memory cgroup out of'\n"
    "echo \"$o memory: Killed process 812 (logger) total-vm:4kB\" >>$W/log\n"
    "cat $W/proc/77/oom_score_adj >$W/spared\n"
    "[ -e $W/suicide ] || (ulimit -v 150000; exec \"$@\") 2>/dev/null; exit 0";

TEST_F(OutOfMemory, InTheNodeSomebodyElseIsKilledAndBroughtBack) {
  bench.tool("systemd-run", std::string(kFakeRun));
  hold(in_node());
  EXPECT_THAT(bench.read("ran"), HasSubstr("OOMScoreAdjust=-999")) << "the last one, not spared";
  EXPECT_EQ(bench.read("spared"), "-1000\n") << "SSH is, while it lasts";
  EXPECT_EQ(bench.read("proc/77/oom_score_adj"), "0\n");
  const auto seen = bench.confirm(in_node());
  EXPECT_TRUE(seen.ok) << seen.err;
  EXPECT_THAT(seen.out, HasSubstr("1 OOM kills more; killed: logger"));
  EXPECT_THAT(bench.undone(in_node()).err, HasSubstr("log.service is failed"));
  EXPECT_TRUE(bench.undo(in_node()).ok);
  const auto gone = bench.undone(in_node());
  EXPECT_TRUE(gone.ok) << gone.err;
  EXPECT_TRUE(in_node().ends_by_itself);
  EXPECT_TRUE(bench.fire(in_node()).ok) << "once more does no harm";
}

TEST_F(OutOfMemory, PlantedOnlyOurOwnProcessIsKilledIsNotConfirmed) {
  bench.tool("systemd-run", std::string(kFakeRun));
  bench.write("suicide", "");
  EXPECT_FALSE(bench.apply(in_node()).ok);
  EXPECT_THAT(bench.confirm(in_node()).err, HasSubstr("own process was among them"));
}

TEST_F(OutOfMemory, PlantedAKillInSomeControlGroupIsNotTakenForIt) {
  bench.tool("systemd-run", std::string(kFakeRun));
  bench.write("log", "Out of memory: Killed process 7 (before) total-vm:4kB\n");
  bench.write("in-group", "");
  hold(in_node());
  EXPECT_THAT(bench.confirm(in_node()).err, HasSubstr("its log tells of none"));
}

TEST_F(OutOfMemory, PlantedNobodyIsKilledIsNotConfirmed) {
  bench.tool("systemd-run", std::string(kFakeRun));
  bench.write("mercy", "");
  const auto applied = bench.apply(in_node());
  EXPECT_FALSE(applied.ok);
  EXPECT_THAT(applied.err, HasSubstr("did not run out"));
  EXPECT_THAT(bench.confirm(in_node()).err, HasSubstr("no new OOM kill"));
  EXPECT_EQ(bench.read("proc/77/oom_score_adj"), "0\n");
}

TEST_F(OutOfMemory, PlantedSshThatStaysSparedIsSeen) {
  bench.tool("systemd-run", std::string(kFakeRun));
  hold(in_node());
  bench.undo(in_node());
  bench.write("proc/78/oom_score_adj", "-1000\n");
  EXPECT_THAT(bench.undone(in_node()).err, HasSubstr("process 78 is still spared"));
  EXPECT_TRUE(bench.fire(in_node()).ok);
}

TEST_F(OutOfMemory, ANodeIsRefusedWhereItWouldEndOtherwise) {
  bench.tool("systemd-run", "exit 1");
  const auto refused_with = [&](const std::string& file, const std::string& value) {
    const std::string before = bench.read(file);
    bench.write(file, value);
    const std::string why = refused(in_node());
    bench.write(file, before);
    return why;
  };
  EXPECT_THAT(refused_with("proc/sys/vm/panic_on_oom", "1\n"), HasSubstr("panics"));
  EXPECT_THAT(refused_with("proc/sys/vm/oom_kill_allocating_task", "1\n"), HasSubstr("our own"));
  EXPECT_THAT(refused_with("proc/sys/vm/overcommit_memory", "2\n"), HasSubstr("nobody is killed"));
  EXPECT_THAT(refused_with("proc/vmstat", "nr_free_pages 1\n"), HasSubstr("does not count"));
  EXPECT_THAT(refused_with("systemd-oomd.service.ActiveState", "active\n"),
              HasSubstr("systemd-oomd kills before"));
}

TEST(OutOfMemoryParameters, ThatGoTogetherAndThatDoNot) {
  Node node;
  node.name = "prod";
  const auto with = [&](std::map<std::string, std::string> given) {
    FaultStep step;
    step.fault = "resource.memory";
    for (const auto& [name, text] : given)
      step.params[name] = {ParamValue::Kind::text, text, name == "to" ? 50.0 : 0.0};
    return plan_fault({node, "boot-1"}, step);
  };
  EXPECT_TRUE(with({{"until", "level"}, {"to", "50%"}}));
  for (const auto& wrong :
       std::vector<std::map<std::string, std::string>>{{{"until", "panic"}},
                                                       {{"until", "oom"}, {"to", "50%"}},
                                                       {{"unit", "web.service"}},
                                                       {{"until", "oom"}, {"unit", "--all"}}}) {
    const auto made = with(wrong);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Errc::usage);
  }
  const auto ssh = with({{"until", "oom"}, {"unit", "ssh"}});
  ASSERT_FALSE(ssh);
  EXPECT_EQ(ssh.error().code, Errc::refused);
}

}  // namespace
}  // namespace ernstfall
