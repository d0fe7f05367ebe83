// disk_thin_test: the scripts of disk.thin-full on a thin pool of the test's own: LVM and the
// kernel tell of it apart, and each can be made to do nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/mocks/script_bench.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing_support::ScriptBench;

// The pool: vg0/po-ol, 100 blocks of 64 KiB, `used` of them by others; our volume: `ours`.
// Files switch parts of it: deaf (lvcreate), keeps (lvremove), short (dd stops half-way), extends
// (when it is nearly full), roomy (a full pool still takes a write), busy (lvremove while a writer
// waits for a block), away (the volume group), stale (lvs tells old numbers).
constexpr std::string_view kFakeLvm = R"pl(
use strict;
my $W = $ENV{W};
my ($me) = $0 =~ /lib-(\w+)$/;
sub on { -e "$W/$_[0]" }
sub get { open(my $h, "<", "$W/$_[0]") or return $_[1]; my $v = <$h>; chomp $v; $v }
sub put { open(my $h, ">", "$W/$_[0]"); print $h "$_[1]\n"; close $h }
my $all = get("all", 100); my $used = get("used", 60); my $ours = get("ours"); my $mode = get("mode", "rw");
my $free = $all - $used - ($ours // 0);
my $args = "@ARGV";
my $mark = "ernstfall-0123abcd"; my $dev = "/dev/mapper/vg0-ernstfall--0123abcd";
if ($me eq "lvs" || $me eq "vgs") {
  if (on("away")) { exit 0 if $args =~ /-S/; print STDERR "  Volume group \"vg0\" not found\n"; exit 5 }
  if (on("broken")) { print STDERR "  no answer\n"; exit 5 }
  my ($fields) = $args =~ /-o (\S+)/;
  my %pool = (vg_name => "vg0", lv_name => "po-ol", segtype => "thin-pool", pool_lv => "", lv_profile => "",
    data_percent => sprintf("%.2f", on("stale") ? 60 : 100 * ($all - $free) / $all), seg_monitor => get("monitor", "not monitored"), vg_free => get("spare", "4194304"));
  my %data = (%pool, lv_name => "data", segtype => "thin", pool_lv => "[po-ol]");
  my %plain = (%pool, lv_name => "plain", segtype => "linear");
  my %mine = (%data, lv_name => $mark);
  my @found;
  if ($args =~ /lv_name=\Q$mark\E/ || $args =~ /lv_name=~\^ernstfall-/) { @found = defined $ours ? (\%mine) : () }
  elsif ($args =~ m{ vg0/po-ol\b|/dev/vg0/po-ol\b} || $me eq "vgs") { @found = (\%pool) }
  elsif ($args =~ m{vg0[/-]data\b}) { @found = (\%data) }
  elsif ($args =~ m{vg0[/-]plain\b}) { @found = (\%plain) }
  else { print STDERR "  Failed to find logical volume\n"; exit 5 }
  my $between = " ";
  for my $i (0 .. $#ARGV) { $between = $ARGV[$i + 1] if $ARGV[$i] eq "--separator" }
  for my $r (@found) { print "  ", join($between, map { $r->{$_} } split /,/, $fields), "\n" }
} elsif ($me eq "lvcreate") {
  $args =~ /--thinpool po-ol --name \Q$mark\E .* vg0$/ or die "what? $args";
  put("ours", 0) unless on("deaf");
} elsif ($me eq "lvremove") {
  if (on("busy")) { print STDERR "  Logical volume vg0/$mark in use.\n"; exit 5 }
  unlink "$W/ours" unless on("keeps");
  unlink "$W/mode" unless on("keeps") || on("stays");
} elsif ($me eq "blkdiscard") { $args eq $dev or exit 1; put("ours", 0) if defined $ours; unlink "$W/busy" }
elsif ($me eq "lvmconfig") { print "thin_pool_autoextend_threshold=", get("threshold", 100), "\n" }
elsif ($me eq "dd") {
  my %o = map { split /=/, $_, 2 } @ARGV;
  $o{of} eq $dev && $o{bs} == 65536 && defined $ours or do { print STDERR "dd: failed to open '$o{of}': No such file\n"; exit 1 };
  my $n = $o{count} < $free ? $o{count} : $free;
  $n = int($n / 2) if on("short");
  put("ours", $ours + $n);
  put("all", $all + 50) if on("extends") && $all - $free + $n > 90 && $all == 100;
  if ($n < $o{count} && !on("roomy")) { put("mode", "out_of_data_space"); print STDERR "dd: error writing '$o{of}': No space left on device\n"; exit 1 }
} elsif ($me eq "dmsetup") {
  my ($name) = $args =~ /(\S+)$/;
  exit 1 if $name ne get("mapped", "vg0-po--ol-tpool") || on("away");
  my $sort = get("full", "error"); my $meta = get("meta", "20/4096");
  if ($args =~ /^status/) { printf "0 12800 thin-pool 1 %s %d/%d - %s discard_passdown %s_if_no_space %s 1024\n", $meta, $all - $free, $all, $mode, $sort, get("check", "-") }
  elsif ($args =~ /^table/) { print "0 12800 thin-pool 253:0 253:1 128 0 0\n" }
  elsif ($args =~ /^info.*major,minor/) { print "253:7\n" }
  elsif ($args =~ /^info/) { print on("stuck") ? "Suspended\n" : "Active\n" }
  elsif ($args =~ /^resume/) { unlink "$W/stuck" }
} else { die }
)pl";

class DiskThinFull : public ::testing::Test {
 protected:
  DiskThinFull() {
    for (const char* tool :
         {"lvs", "vgs", "lvcreate", "lvremove", "lvmconfig", "blkdiscard", "dd", "dmsetup"})
      bench.perl_tool(tool, std::string(kFakeLvm));
    bench.tool("findmnt",
               "[ \"$3\" != \"$(cat $W/node-part 2>/dev/null)\" ] || echo /dev/mapper/vg0-root");
    bench.tool("lsblk", "printf ' 254:1\\n 253:7\\n'");
    bench.tool("drbdadm",
               "case $1 in sh-resources) echo 'r0 r1' ;;\n"
               "  sh-ll-dev) [ $2 = r0 ] && echo /dev/vg0/data || echo /dev/vg0/plain ;;\n"
               "  dstate) cat $W/dstate 2>/dev/null || echo UpToDate/UpToDate ;;\n"
               "  attach) [ $2 = r0 ] && [ ! -e $W/lost ] && rm -f $W/dstate ;; esac");
    bench.tool("sleep", "exit 0");
    bench.replace("[ -b \"$d\" ]", "true");
    bench.replace("/proc/swaps", bench.path("swaps"));
    bench.replace("/proc/mounts", bench.path("mounts"));
    bench.replace("/sys/module/dm_thin_pool/parameters/", bench.path("parameter-"));
    bench.write("swaps", "Filename Type\n");
    bench.write("mounts",
                "/dev/vda1 /boot ext4 rw 0 0\n/dev/mapper/vg0-data /srv/cloud ext4 rw 0 0\n");
    bench.write("parameter-no_space_timeout", "60\n");
  }
  static Result<FaultPlan> planned(const std::string& pool, const std::string& max = "") {
    static Node node;
    node.name = "mirror";
    FaultStep step;
    step.fault = "disk.thin-full";
    step.on = "mirror";
    step.params["pool"] = {ParamValue::Kind::text, pool, 0};
    if (!max.empty()) step.params["max"] = *parse_param(ParamValue::Kind::bytes, max);
    return plan_fault({node, "boot-1", nullptr, "0123abcd"}, step);
  }
  static FaultPlan plan(const std::string& pool = "vg0/po-ol", const std::string& max = "") {
    auto made = planned(pool, max);
    EXPECT_TRUE(made) << to_string(made.error());
    return *made;
  }
  std::string refused(const std::string& pool = "vg0/po-ol", const std::string& max = "") {
    const auto ran = bench.ready(plan(pool, max));
    EXPECT_FALSE(ran.ok) << ran.out;
    EXPECT_FALSE(bench.has("ours"));
    return ran.err;
  }
  void hold() {
    const auto ready = bench.ready(plan());
    ASSERT_TRUE(ready.ok) << ready.err;
    const auto applied = bench.apply(plan());
    ASSERT_TRUE(applied.ok) << applied.err;
  }
  ScriptBench bench;
};

TEST_F(DiskThinFull, TakesEveryFreeBlockAndGivesThemBack) {
  hold();
  EXPECT_EQ(bench.read("ours"), "40\n");
  const auto seen = bench.confirm(plan());
  EXPECT_TRUE(seen.ok) << seen.err;
  EXPECT_THAT(seen.out, HasSubstr("100.00 % used"));
  EXPECT_THAT(seen.out, HasSubstr("No space left on device"));
  EXPECT_FALSE(bench.undone(plan()).ok) << "it still holds";
  EXPECT_TRUE(bench.undo(plan()).ok);
  const auto gone = bench.undone(plan());
  EXPECT_TRUE(gone.ok) << gone.err;
  EXPECT_THAT(gone.out, HasSubstr("60.00 %"));
  EXPECT_TRUE(bench.fire(plan()).ok) << "once more does no harm";
}

TEST_F(DiskThinFull, FindsThePoolOfAVolumeAndOfAMount) {
  for (const char* name : {"vg0/data", "/dev/vg0/data", "/dev/mapper/vg0-data", "/srv/cloud"}) {
    const auto ready = bench.ready(plan(name));
    EXPECT_TRUE(ready.ok) << name << ": " << ready.err;
    EXPECT_TRUE(bench.apply(plan(name)).ok) << name;
    EXPECT_EQ(bench.read("ours"), "40\n") << name;
    EXPECT_TRUE(bench.fire(plan(name)).ok) << name;
  }
}

TEST_F(DiskThinFull, OutlivesARebootAndIsUndoneThen) {
  const auto man = *plan().dead_man;
  EXPECT_TRUE(man.survives_reboot);
  hold();
  bench.write("away", "");
  EXPECT_THAT(bench.fire(plan()).err, HasSubstr("cannot be seen")) << "not there yet is not gone";
  bench.remove("away");
  EXPECT_TRUE(bench.fire(plan()).ok);
  EXPECT_FALSE(bench.has("ours"));
}

// By its mark alone: apply may have died before it noted anything.
TEST_F(DiskThinFull, UndoNeedsNoNote) {
  bench.write("ours", "12\n");
  EXPECT_TRUE(bench.fire(plan()).ok);
  EXPECT_FALSE(bench.has("ours"));
}

TEST_F(DiskThinFull, PlantedAPoolThatIsNotFullIsNotConfirmed) {
  bench.write("short", "");
  const auto applied = bench.apply(plan());
  EXPECT_FALSE(applied.ok);
  EXPECT_THAT(applied.err, HasSubstr("blocks of vg0/po-ol are still free"));
  EXPECT_THAT(bench.confirm(plan()).err, HasSubstr("are free"));
}

TEST_F(DiskThinFull, PlantedOnlyOneSideSaysSoIsNotConfirmed) {
  hold();
  bench.write("stale", "");
  EXPECT_THAT(bench.confirm(plan()).err, HasSubstr("lvs: 60.00 %"));
  bench.remove("stale");
  bench.write("roomy", "");
  EXPECT_THAT(bench.confirm(plan()).err, HasSubstr("a block more could be written"));
}

TEST_F(DiskThinFull, PlantedAnExtensionMeanwhileIsNotConfirmed) {
  bench.write("extends", "");
  ASSERT_TRUE(bench.ready(plan()).ok);
  bench.apply(plan());
  EXPECT_THAT(bench.confirm(plan()).err, HasSubstr("150 blocks now, not 100"));
}

TEST_F(DiskThinFull, WhereWritersWaitNoneOfOursDoes) {
  bench.write("full", "queue\n");
  hold();
  const auto seen = bench.confirm(plan());
  EXPECT_TRUE(seen.ok) << seen.err;
  EXPECT_THAT(seen.out, HasSubstr("writers wait"));
  EXPECT_FALSE(bench.has("mode")) << "a write was tried";
}

TEST_F(DiskThinFull, PlantedWhatIsLeftIsSeen) {
  hold();
  bench.write("keeps", "");
  bench.undo(plan());
  EXPECT_THAT(bench.undone(plan()).err, HasSubstr("still in vg0"));
  bench.remove("keeps");
  bench.write("mode", "out_of_data_space\n");
  bench.write("stays", "");
  bench.undo(plan());
  EXPECT_THAT(bench.undone(plan()).err, HasSubstr("out_of_data_space, with 40 blocks free"));
  bench.remove("mode");
  bench.write("check", "needs_check\n");
  EXPECT_THAT(bench.undone(plan()).err, HasSubstr("needs a repair"));
  bench.remove("check");
  bench.write("broken", "");
  EXPECT_THAT(bench.undone(plan()).err, HasSubstr("lvs cannot be asked")) << "unknown is not gone";
}

TEST_F(DiskThinFull, AWaitingWriterIsLetGoAndASuspendedPoolResumed) {
  hold();
  bench.write("busy", "");
  bench.write("stuck", "");
  EXPECT_TRUE(bench.undo(plan()).ok);
  const auto gone = bench.undone(plan());
  EXPECT_TRUE(gone.ok) << gone.err;
}

TEST_F(DiskThinFull, ADiskThatDrbdDroppedIsAttachedAgain) {
  bench.write("dstate", "Inconsistent/UpToDate\n");
  EXPECT_THAT(refused(), HasSubstr("DRBD's r0 is in vg0/po-ol, and it is Inconsistent"));
  bench.remove("dstate");
  hold();
  EXPECT_EQ(bench.read("lib/0123abcd/drbd"), "r0\n") << "r1 lies elsewhere";
  bench.write("dstate", "Diskless/UpToDate\n");
  bench.write("lost", "");
  EXPECT_TRUE(bench.undo(plan()).ok);
  EXPECT_THAT(bench.undone(plan()).err, HasSubstr("the disk of DRBD's r0 is Diskless"));
  bench.remove("lost");
  EXPECT_TRUE(bench.fire(plan()).ok);
}

TEST_F(DiskThinFull, IsRefusedWithoutAThinPool) {
  EXPECT_THAT(refused("vg0/plain"), HasSubstr("is a linear volume, not a thin pool"));
  EXPECT_THAT(refused("vg9/pool"), HasSubstr("no volume of LVM: "));
  EXPECT_THAT(refused("/boot"), HasSubstr("/dev/vda1 is no volume of LVM"));
  EXPECT_THAT(refused("/mnt"), HasSubstr("nothing is mounted on /mnt"));
  bench.write("mapped", "vg0-po--ol\n");
  EXPECT_THAT(refused(), HasSubstr("nobody would notice"));
}

TEST_F(DiskThinFull, IsRefusedWhereLvmWouldExtendIt) {
  bench.write("threshold", "80\n");
  bench.write("monitor", "monitored\n");
  EXPECT_THAT(refused(), HasSubstr("extends vg0/po-ol by itself from 80 %"));
  bench.write("threshold", "\n");
  EXPECT_THAT(refused(), HasSubstr("cannot be found out"));
  // Nothing to extend it with, or nobody who would.
  bench.write("threshold", "80\n");
  bench.write("spare", "0\n");
  EXPECT_TRUE(bench.ready(plan()).ok);
  bench.remove("spare");
  bench.remove("monitor");
  EXPECT_TRUE(bench.ready(plan()).ok);
}

TEST_F(DiskThinFull, IsRefusedWhereTheUndoCouldNotWork) {
  bench.write("node-part", "/var\n");
  EXPECT_THAT(refused(), HasSubstr("/var of the node is in the thin pool"));
  bench.remove("node-part");
  bench.write("meta", "4000/4096\n");
  EXPECT_THAT(refused(), HasSubstr("metadata of vg0/po-ol has 96 blocks left"));
  bench.remove("meta");
  bench.write("full", "queue\n");
  bench.write("parameter-no_space_timeout", "0\n");
  EXPECT_THAT(refused(), HasSubstr("waits for ever"));
}

TEST_F(DiskThinFull, IsRefusedWhereItIsFullOrTooEmptyOrBroken) {
  EXPECT_THAT(refused("vg0/po-ol", "1MiB"), HasSubstr("2621440 bytes are free"));
  bench.write("used", "100\n");
  EXPECT_THAT(refused(), HasSubstr("full already"));
  bench.remove("used");
  bench.write("check", "needs_check\n");
  EXPECT_THAT(refused(), HasSubstr("needs a repair"));
  bench.remove("check");
  bench.write("mode", "ro\n");
  EXPECT_THAT(refused(), HasSubstr("is ro already"));
}

TEST_F(DiskThinFull, AnEarlierFaultsVolumeIsHealedFirst) {
  bench.write("ours", "0\n");
  EXPECT_THAT(bench.ready(plan()).err, HasSubstr("ernstfall heal"));
}

TEST_F(DiskThinFull, NamesThatAreNoneAreAMistake) {
  for (const char* name : {"", "pool", "-vg/pool", "vg0/-f", "vg0/a/b", "vg0/..", "/srv/../etc",
                           "/srv/", "vg0/a b", "vg0/a;b", "vg0/$(x)"}) {
    const auto made = planned(name);
    ASSERT_FALSE(made) << name;
    EXPECT_EQ(made.error().code, Errc::usage) << name;
  }
  EXPECT_FALSE(planned("vg0/pool", "0B"));
}

}  // namespace
}  // namespace ernstfall
