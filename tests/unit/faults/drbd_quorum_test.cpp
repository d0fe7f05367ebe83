// drbd_quorum_test: the scripts of drbd.quorum-loss on a DRBD of the test's own. It begins with
// what was recorded from DRBD 9.3, and counts votes as DRBD does: with a tie broken by connected
// diskless members, and without those that are known to be outdated.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/mocks/script_bench.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;
using testing_support::ScriptBench;

// Files switch parts of it: deaf (a disconnect is taken and nothing is done), loose (a disconnect
// leaves the TCP connection), agreed (every disconnect outdates the peer, as one without --force
// does), lost (nothing reconnects), frozen (I/O stays suspended), never-suspends, off (quorum).
constexpr std::string_view kFakeSetup = R"pl(
use strict;
my $W = $ENV{W};
sub on { -e "$W/$_[0]" }
sub text { open(my $h, "<", "$W/$_[0]") or return ""; local $/; <$h> }
my %disk = (1 => 1, 2 => 0); # the peers, and whether they have one
my %cut = map { split /=/ } split ' ', text("cut"); # id=what is known of it
sub quorum {
  return 1 if on("off");
  my ($votes, $voters, $links) = (1, 1, 0);
  for my $id (keys %disk) {
    if (!$disk{$id}) { $links++ if !exists $cut{$id}; next }
    if (!exists $cut{$id}) { $votes++; $voters++ }
    elsif ($cut{$id} eq "unknown") { $voters++ }
  }
  return 1 if $votes * 2 > $voters;
  return $votes * 2 == $voters && $links;
}
my $what = shift @ARGV;
if ($what eq "show" && "@ARGV" =~ /--json/) {
  my $how = on("off") ? "off" : on("one") ? "1" : "majority";
  my $policy = on("suspend-io") ? "suspend-io" : "io-error";
  print qq(  "options": {\n    "quorum": "$how",\n    "on-no-quorum": "$policy",\n    "quorum-minimum-redundancy": "off",\n);
} elsif ($what eq "show") {
  print "        path {\n            _this_host ipv4 10.77.0.11:7789;\n            _remote_host ipv4 10.77.0.12:7789;\n";
} elsif ($what eq "disconnect") {
  my ($res, $id, $force) = @ARGV;
  open(my $log, ">>", "$W/calls"); print $log "$id\n"; close $log;
  exit 0 if on("deaf");
  # Of a Primary that keeps its quorum through others, a disk that goes away is outdated.
  $cut{$id} = "unknown";
  $cut{$id} = "outdated" if $disk{$id} && (on("agreed") || $force ne "--force=yes" || quorum());
  open(my $h, ">", "$W/cut"); print $h join(" ", map { "$_=$cut{$_}" } keys %cut); close $h;
} elsif ($what eq "events2") {
  for my $line (split /\n/, text("events")) {
    my ($id) = $line =~ /peer-node-id:(\d)/;
    if ($line =~ / device /) { my $q = quorum() ? "yes" : "no"; $line =~ s/quorum:yes/quorum:$q/ }
    if (defined $id && exists $cut{$id}) {
      $line =~ s/connection:Connected role:\w+/connection:StandAlone role:Unknown/;
      $line =~ s/replication:Established peer-disk:\w+/replication:Off peer-disk:DUnknown/;
    }
    my $stuck = on("frozen") || (on("suspend-io") && !quorum() && !on("never-suspends"));
    $line =~ s/suspended:no force/suspended:quorum force/ if $stuck;
    $line =~ s/force-io-failures:no/force-io-failures:yes/ if on("failing");
    print "$line\n";
  }
}
)pl";

class DrbdQuorumLoss : public ::testing::Test {
 protected:
  DrbdQuorumLoss() {
    bench.perl_tool("drbdsetup", std::string(kFakeSetup));
    bench.tool("drbdadm",
               "case $1 in sh-dev) echo /dev/drbd0 ;; sh-ll-dev) echo /dev/vdb ;;\n"
               "  -d) [ ! -s $W/cut ] || echo 'drbdsetup connect r0 1' ;;\n"
               "  adjust) [ -e $W/lost ] || rm -f $W/cut ;; esac");
    bench.tool(
        "ss",
        "n=$(wc -w <$W/cut 2>/dev/null || echo 0); [ ! -e $W/loose ] || n=0\n"
        "for i in 1 2; do [ $i -le $n ] || echo '0 0 10.77.0.11:7789 10.77.0.12:40000'; done");
    bench.replace("/proc/mounts", bench.path("mounts"));
    bench.replace("/proc/drbd", bench.path("proc-drbd"));
    bench.write("mounts", "/dev/vda1 / ext4 rw 0 0\n/dev/drbd0 /srv/cloud ext4 rw,noatime 0 0\n");
    bench.write("proc-drbd", "version: 9.3.3 (api:2/proto:118-124)\n");
    bench.write("events", recorded());
    for (const char* name : {"prod", "mirror"}) {
      Node node;
      node.name = name;
      cluster.nodes.push_back(node);
    }
    cluster.drbd = DrbdConfig{"r0", {"prod", "mirror"}};
  }
  // What prod said first, without the times.
  static std::string recorded() {
    std::ifstream file("tests/golden/drbd-9.3/events2.prod.txt");
    std::string text;
    for (std::string line; std::getline(file, line) && line.find("exists -") == line.npos;)
      text += line.substr(line.find(' ') + 1) + "\n";
    EXPECT_THAT(text, HasSubstr("quorum:yes"));
    return text;
  }
  FaultPlan plan() {
    FaultStep step;
    step.fault = "drbd.quorum-loss";
    step.on = "prod";
    auto made = plan_fault({*cluster.find_node("prod"), "boot-1", &cluster, "0123abcd"}, step);
    EXPECT_TRUE(made) << to_string(made.error());
    return *made;
  }
  std::string refused() {
    const auto ran = bench.ready(plan());
    EXPECT_FALSE(ran.ok) << ran.out;
    return ran.err;
  }
  void hold() {
    ASSERT_TRUE(bench.ready(plan()).ok) << bench.ready(plan()).err;
    const auto applied = bench.apply(plan());
    ASSERT_TRUE(applied.ok) << applied.err;
  }
  ScriptBench bench;
  Cluster cluster;
};

TEST_F(DrbdQuorumLoss, CutsEveryMemberAndGivesThemBack) {
  hold();
  const auto seen = bench.confirm(plan());
  EXPECT_TRUE(seen.ok) << seen.err;
  EXPECT_THAT(seen.out, HasSubstr("on-no-quorum is io-error"));
  EXPECT_FALSE(bench.undone(plan()).ok) << "it still holds";
  EXPECT_TRUE(bench.undo(plan()).ok);
  const auto gone = bench.undone(plan());
  EXPECT_TRUE(gone.ok) << gone.err;
  EXPECT_TRUE(bench.fire(plan()).ok) << "once more does no harm";
}

TEST_F(DrbdQuorumLoss, TheNodeItselfGivesThemBack) {
  hold();
  EXPECT_TRUE(bench.fire(plan()).ok);
  EXPECT_FALSE(bench.has("cut"));
}

// With the peer cut first, the tie-breaker still lets the Primary outdate it; then nobody is left
// whose vote could be missing.
TEST_F(DrbdQuorumLoss, TheTieBreakerGoesFirst) {
  hold();
  EXPECT_EQ(bench.read("calls"), "2\n1\n");
  EXPECT_TRUE(bench.confirm(plan()).ok);
}

TEST_F(DrbdQuorumLoss, PlantedTheOtherOrderIsNotTakenForALoss) {
  bench.replace("peers yes >\"$keep/peers\"", "peers no >\"$keep/peers\"");
  bench.replace("peers no >>\"$keep/peers\"", "peers yes >>\"$keep/peers\"");
  hold();
  EXPECT_THAT(bench.confirm(plan()).err, HasSubstr("still has quorum"));
}

TEST_F(DrbdQuorumLoss, PlantedADisconnectThatIsAgreedOnIsNotTakenForALoss) {
  bench.write("agreed", "");
  hold();
  EXPECT_THAT(bench.confirm(plan()).err, HasSubstr("still has quorum"));
}

TEST_F(DrbdQuorumLoss, PlantedOneThatDoesNothingOrLeavesTheConnectionIsNotConfirmed) {
  bench.write("deaf", "");
  hold();
  EXPECT_THAT(bench.confirm(plan()).err, HasSubstr("still has quorum"));
  bench.remove("deaf");
  bench.write("loose", "");
  EXPECT_TRUE(bench.apply(plan()).ok);
  EXPECT_THAT(bench.confirm(plan()).err, HasSubstr("2 TCP connections of r0 still stand"));
}

TEST_F(DrbdQuorumLoss, SuspendedIoIsLookedAtOnBothWays) {
  bench.write("suspend-io", "");
  hold();
  const auto seen = bench.confirm(plan());
  EXPECT_TRUE(seen.ok) << seen.err;
  bench.write("never-suspends", "");
  EXPECT_THAT(bench.confirm(plan()).err, HasSubstr("not suspended"));
  bench.write("frozen", "");
  EXPECT_TRUE(bench.undo(plan()).ok);
  EXPECT_THAT(bench.undone(plan()).err, HasSubstr("still suspended: quorum"));
}

TEST_F(DrbdQuorumLoss, IsNotUndoneWhileSomethingOfItIsLeft) {
  hold();
  bench.write("lost", "");
  EXPECT_TRUE(bench.undo(plan()).ok);
  EXPECT_THAT(bench.undone(plan()).err, HasSubstr("has to be demoted"));
  bench.remove("lost");
  EXPECT_TRUE(bench.undo(plan()).ok);
  bench.write("failing", "");
  EXPECT_THAT(bench.undone(plan()).err, HasSubstr("fails all I/O"));
  bench.remove("failing");
  bench.write("mounts", "/dev/vda1 / ext4 rw 0 0\n/dev/drbd0 /srv/cloud ext4 ro,noatime 0 0\n");
  EXPECT_THAT(bench.undone(plan()).err, HasSubstr("unmounted and mounted again"));
  // The operator's step.
  bench.write("mounts", "/dev/vda1 / ext4 rw 0 0\n/dev/drbd0 /srv/cloud ext4 rw,noatime 0 0\n");
  EXPECT_TRUE(bench.undone(plan()).ok);
}

TEST_F(DrbdQuorumLoss, IsRefusedWhereThereIsNoQuorumToLose) {
  const std::string healthy = bench.read("events");
  bench.write("off", "");
  EXPECT_THAT(refused(), HasSubstr("quorum off"));
  bench.remove("off");
  bench.write("one", "");
  EXPECT_THAT(refused(), HasSubstr("alone has it"));
  bench.remove("one");
  bench.write("frozen", "");
  EXPECT_THAT(refused(), HasSubstr("suspended already"));
  bench.remove("frozen");
  std::string diskless = healthy;
  for (std::size_t at; (at = diskless.find("peer-client:no")) != diskless.npos;)
    diskless.replace(at, 14, "peer-client:yes");
  bench.write("events", diskless);
  EXPECT_THAT(refused(), HasSubstr("no peer of r0 has a disk"));
  bench.write("events", healthy);
  bench.write("cut", "1=unknown 2=gone");
  EXPECT_THAT(refused(), HasSubstr("connection is StandAlone"));
  EXPECT_FALSE(bench.has("calls"));
}

TEST_F(DrbdQuorumLoss, IsRefusedOnDrbd84) {
  bench.write("proc-drbd", "version: 8.4.11 (api:1/proto:86-101)\n");
  bench.write("events",
              "exists resource name:r0 role:Primary suspended:no write-ordering:flush\n"
              "exists connection name:r0 peer-node-id:0 conn-name:peer connection:Connected "
              "role:Secondary congested:no\n"
              "exists device name:r0 volume:0 minor:0 disk:UpToDate\n"
              "exists peer-device name:r0 peer-node-id:0 conn-name:peer volume:0 "
              "replication:Established peer-disk:UpToDate resync-suspended:no\n");
  const std::string why = refused();
  EXPECT_THAT(why, HasSubstr("DRBD 8.4.11 here knows no quorum"));
  EXPECT_THAT(why, HasSubstr("DRBD 9"));
}

// What the confirmation counts connections by has to be found in what DRBD 9 prints, too.
TEST_F(DrbdQuorumLoss, IsNotBegunWhenNoPortIsKnown) {
  bench.replace("_host .*:", "_nobody .*:");
  const auto applied = bench.apply(plan());
  EXPECT_FALSE(applied.ok);
  EXPECT_THAT(applied.err, HasSubstr("names no port"));
  EXPECT_FALSE(bench.has("calls"));
}

}  // namespace
}  // namespace ernstfall
