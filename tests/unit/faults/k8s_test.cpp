// k8s_test: the scripts of the faults of Kubernetes, on a small Kubernetes of the test's own: it
// has nodes, pods, controllers and a kubelet, and each of them can be made to do nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "tests/mocks/script_bench.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing_support::ScriptBench;

// Nodes and pods are lines of KEY=VALUE, with the names of the columns that the scripts ask for.
// Files switch parts of it off: down, no-taint, no-controller, zombie (the kubelet lets pods run
// on), deaf (requests are taken and nothing is done).
constexpr std::string_view kFakeKubectl = R"pl(
use strict;
my $W = $ENV{W};
sub on { -e "$W/$_[0]" }
sub lines { my ($f) = @_; open(my $h, "<", "$W/$f") or return (); map { my %r = map { split /=/, $_, 2 } split; \%r } <$h> }
sub put { my ($f, @r) = @_; open(my $h, ">", "$W/$f.new"); for my $r (@r) { print $h join(" ", map { "$_=$r->{$_}" } sort keys %$r), "\n" } close $h; rename "$W/$f.new", "$W/$f" }
open(my $log, ">>", "$W/calls"); print $log join(" ", @ARGV), "\n"; close $log;
if (on("down")) { print STDERR "connection refused\n"; exit 1 }
my (%o, @w);
while (defined(my $a = shift @ARGV)) {
  if ($a eq "--raw") { $o{raw} = 1 }
  elsif ($a =~ /^(-n|-l|-o|-p|-f|--field-selector|--kubeconfig)$/) { $o{$a} = shift @ARGV }
  elsif ($a =~ /^(-[^=]*)=(.*)/) { $o{$1} = $2 }
  elsif ($a =~ /^-/) { $o{$a} = 1 }
  else { push @w, $a }
}
my @nodes = lines("nodes"); my @pods = lines("pods");
sub show { for my $r (@_) { print join("   ", map { my ($k) = split /:/; $r->{$k} // "<none>" } split /,(?=[A-Z]+:)/, substr($o{"-o"}, length "custom-columns=")), "\n" } }
sub bring_back { # what the controller of a pod does
  my ($gone) = @_;
  return if on("no-controller") || !$gone->{OWNER};
  my @free = grep { ($_->{CORDONED} // "") ne "true" } @nodes;
  my %new = (%$gone, UID => "n" . substr($gone->{UID}, 1), NAME => "$gone->{NAME}-new");
  if (@free) { $new{NODE} = $free[-1]{NAME} } else { delete $new{NODE}; $new{READY} = "False" }
  delete $new{LEAVING};
  push @pods, \%new;
}
sub pending { my @free = grep { ($_->{CORDONED} // "") ne "true" } @nodes; for my $p (@pods) { if (@free && !$p->{NODE}) { $p->{NODE} = $free[0]{NAME}; $p->{READY} = "True" } } put("pods", @pods) }
sub forget_pod { my ($p) = @_; @pods = grep { $_ ne $p } @pods; if (on("zombie")) { open(my $z, ">>", "$W/zombies"); print $z "$p->{UID}\n" } bring_back($p) }
if ($w[0] eq "get" && $o{raw}) {
  if ($w[1] =~ m{^/api/v1/nodes/(.*)/proxy/runningpods/}) {
    exit 1 if on("deaf-kubelet");
    print "{\"items\":[";
    print qq({"metadata":{"uid":"$_->{UID}"}},) for grep { ($_->{NODE} // "") eq $1 } @pods;
    if (open(my $z, "<", "$W/zombies")) { for (<$z>) { chomp; print qq("$_",) } }
    print "]}\n";
  } else { print "ok\n" }
} elsif ($w[0] eq "get" && $w[1] eq "nodes") { show(@nodes) }
elsif ($w[0] eq "get" && $w[1] eq "node") { my @n = grep { $_->{NAME} eq $w[2] } @nodes; @n or exit 1; show(@n) }
elsif ($w[0] eq "get" && $w[1] eq "lease") { open(my $h, "<", "$W/lease") or exit 1; print <$h> }
elsif ($w[0] eq "get" && $w[1] eq "pods") {
  my @p = @pods;
  @p = grep { $_->{NS} eq $o{"-n"} } @p if $o{"-n"};
  @p = grep { ($_->{LABEL} // "") eq $o{"-l"} } @p if $o{"-l"};
  if (($o{"--field-selector"} // "") =~ /^spec.nodeName=(.*)/) { @p = grep { ($_->{NODE} // "") eq $1 } @p }
  show(@p);
} elsif ($w[0] eq "patch") {
  my ($n) = grep { $_->{NAME} eq $w[2] } @nodes; my $p = $o{"-p"};
  exit 0 if on("deaf");
  if (on("busy")) { unlink "$W/busy"; $n->{VERSION}++; put("nodes", @nodes); print STDERR "conflict\n"; exit 1 }
  $p =~ /"resourceVersion":"(\d+)"/ && $1 == $n->{VERSION} or do { print STDERR "conflict\n"; exit 1 };
  $n->{VERSION}++;
  if ($p =~ m{"ernstfall/cordoned-by":"(\w+)"}) { $n->{BY} = $1 } else { delete $n->{BY} }
  if ($p =~ /"unschedulable":true/) { $n->{CORDONED} = "true"; $n->{TAINTS} = "node.kubernetes.io/unschedulable" unless on("no-taint") }
  else { delete $n->{CORDONED}; delete $n->{TAINTS} unless on("keeps-taint") }
  put("nodes", @nodes); pending();
} elsif ($w[0] eq "delete" && $o{raw}) {
  my $body = do { local $/; <STDIN> };
  $w[1] =~ m{/namespaces/(.*)/pods/(.*)} or exit 1;
  my ($p) = grep { $_->{NS} eq $1 && $_->{NAME} eq $2 } @pods; $p or exit 1;
  $body =~ /"uid":"$p->{UID}"/ or do { print STDERR "conflict: another UID\n"; exit 1 };
  exit 0 if on("deaf");
  if (on("hangs") && $body !~ /"gracePeriodSeconds":0/) { $p->{LEAVING} = "now" } else { forget_pod($p) }
  put("pods", @pods);
} elsif ($w[0] eq "drain") {
  if (on("budget")) { print STDERR "Cannot evict pod as it would violate the pod's disruption budget.\n"; exit 1 }
  exit 0 if $o{"--dry-run"} || on("deaf");
  my @leave = grep { ($_->{NODE} // "") eq $w[1] && ($_->{KIND} // "") ne "DaemonSet" } @pods;
  forget_pod($_) for @leave;
  put("pods", @pods);
} else { print STDERR "what?\n"; exit 1 }
)pl";

class K8s : public ::testing::Test {
 protected:
  K8s() {
    bench.perl_tool("kubectl", std::string(kFakeKubectl));
    bench.write("k3s.yaml", "key");
    bench.replace("/etc/rancher/k3s/k3s.yaml", bench.path("k3s.yaml"));
    bench.write("nodes",
                "NAME=load ADDRESSES=192.0.2.3,load VERSION=5 READY=True\n"
                "NAME=k-prod ADDRESSES=192.0.2.1,k-prod VERSION=7 READY=True\n"
                "NAME=mirror ADDRESSES=192.0.2.2 VERSION=9 READY=True\n");
    bench.write("pods", kPods);
    for (const char* name : {"prod", "mirror", "load"}) {
      Node node;
      node.name = name;
      node.address = std::string("192.0.2.") + (node.name == "prod"     ? "1"
                                                : node.name == "mirror" ? "2"
                                                                        : "3");
      if (node.name == "load") node.roles = {"control"};
      cluster.nodes.push_back(node);
    }
  }
  Result<FaultPlan> plan(const std::string& fault,
                         const std::map<std::string, std::string>& with = {},
                         const std::string& token = "0123abcd", const std::string& on = "prod") {
    FaultStep step;
    step.fault = fault;
    step.on = on;
    for (const auto& [name, text] : with)
      for (const ParamSpec& spec : find_fault(fault)->params)
        if (spec.name == name) {
          ERNSTFALL_TRY(step.params[name], parse_param(spec.kind, text));
        }
    return plan_fault({*cluster.find_node(on), "boot-1", &cluster, token}, step);
  }
  // Applied, seen to be there, undone as the node does it, and again; nothing of ours is left.
  void whole_way(const FaultPlan& plan) {
    const auto before = bench.read("nodes");
    ASSERT_TRUE(bench.ready(plan).ok) << bench.ready(plan).err;
    const auto applied = bench.apply(plan);
    ASSERT_TRUE(applied.ok) << applied.err;
    const auto confirmed = bench.confirm(plan);
    EXPECT_TRUE(confirmed.ok) << confirmed.err;
    for (int i = 0; i < 2; ++i) {
      const auto fired = bench.fire(plan);
      EXPECT_TRUE(fired.ok) << fired.err;
    }
    EXPECT_THAT(bench.read("nodes"), Not(HasSubstr("BY=")));
    EXPECT_THAT(bench.read("nodes"), Not(HasSubstr("CORDONED=")));
  }
  std::string why_not(const FaultPlan& plan) {
    const auto ran = bench.ready(plan);
    EXPECT_FALSE(ran.ok) << ran.out;
    return ran.err;
  }

  static constexpr const char* kPods =
      "NS=default NAME=a UID=u1 NODE=k-prod PHASE=Running READY=True KIND=ReplicaSet OWNER=r1 "
      "GRACE=30 LABEL=app=cloud\n"
      "NS=default NAME=b UID=u2 NODE=k-prod PHASE=Running READY=True KIND=ReplicaSet OWNER=r1 "
      "GRACE=30 LABEL=app=cloud\n"
      "NS=default NAME=c UID=u3 NODE=mirror PHASE=Running READY=True KIND=ReplicaSet OWNER=r1 "
      "GRACE=30 LABEL=app=cloud\n"
      "NS=default NAME=d UID=u4 NODE=k-prod PHASE=Running READY=True KIND=DaemonSet OWNER=d1 "
      "GRACE=30 LABEL=app=log\n"
      "NS=other NAME=a UID=u5 NODE=mirror PHASE=Running READY=True GRACE=30 LABEL=app=alone\n";
  const std::map<std::string, std::string> cloud{{"selector", "app=cloud"}};
  ScriptBench bench;
  Cluster cluster;
};

TEST_F(K8s, RunsOnTheControlNodeAndKnowsTheNodeByItsAddress) {
  const auto cordon = plan("k8s.cordon");
  ASSERT_TRUE(cordon) << to_string(cordon.error());
  EXPECT_EQ(cordon->node, "prod") << "what the guards look at";
  EXPECT_EQ(std::get<ScriptAction>(cordon->apply.front()).node, "load");
  EXPECT_EQ(cordon->dead_man->node, "load");
  EXPECT_TRUE(cordon->dead_man->survives_reboot) << "what the API keeps outlives a reboot";
  const auto other = plan("k8s.cordon", {{"control", "mirror"}});
  ASSERT_TRUE(other);
  EXPECT_EQ(std::get<ScriptAction>(other->undo.front()).node, "mirror");
  const auto nobody = plan("k8s.cordon", {{"control", "role:nobody"}});
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, Errc::usage);
}

TEST_F(K8s, NeedsAKeyAndAnApiThatAnswers) {
  const auto cordon = plan("k8s.cordon");
  bench.write("down", "");
  EXPECT_THAT(why_not(*cordon), HasSubstr("the API is not ready"));
  bench.remove("down");
  bench.remove("k3s.yaml");
  EXPECT_THAT(why_not(*cordon), HasSubstr("no key for the API"));
}

TEST_F(K8s, ANodeThatKubernetesDoesNotKnowIsRefused) {
  bench.write("nodes", "NAME=load ADDRESSES=192.0.2.3 VERSION=5 READY=True\n");
  for (const char* fault : {"k8s.cordon", "k8s.drain"})
    EXPECT_THAT(why_not(*plan(fault)), HasSubstr("not exactly one node"));
  EXPECT_THAT(why_not(*plan("k8s.pod-delete", cloud)), HasSubstr("not exactly one node"));
}

TEST_F(K8s, CordonIsSeenAndUndone) {
  whole_way(*plan("k8s.cordon"));
}

TEST_F(K8s, CordonTriesAgainWhenSomebodyElseWasFaster) {
  bench.write("busy", "");
  whole_way(*plan("k8s.cordon"));
}

TEST_F(K8s, CordonThatNothingCameOfIsNotConfirmed) {
  const auto cordon = plan("k8s.cordon");
  bench.write("no-taint", "");
  ASSERT_TRUE(bench.apply(*cordon).ok);
  EXPECT_THAT(bench.confirm(*cordon).err, HasSubstr("not tainted"));
  ASSERT_TRUE(bench.fire(*cordon).ok);
  bench.remove("no-taint");
  bench.write("deaf", "");
  ASSERT_TRUE(bench.apply(*cordon).ok);
  EXPECT_THAT(bench.confirm(*cordon).err, HasSubstr("is schedulable"));
}

TEST_F(K8s, ACordonOfSomebodyElseIsRefusedAndStays) {
  const auto cordon = plan("k8s.cordon");
  const std::string theirs =
      "NAME=k-prod ADDRESSES=192.0.2.1 VERSION=7 READY=True CORDONED=true "
      "TAINTS=node.kubernetes.io/unschedulable\n";
  bench.write("nodes", theirs);
  EXPECT_THAT(why_not(*cordon), HasSubstr("cordoned already"));
  // Cordoned after we looked.
  EXPECT_FALSE(bench.apply(*cordon).ok);
  EXPECT_FALSE(bench.confirm(*cordon).ok);
  EXPECT_TRUE(bench.fire(*cordon).ok);
  EXPECT_EQ(bench.read("nodes"), theirs);
}

TEST_F(K8s, UndoLeavesTheMarkOfAnotherFaultAlone) {
  const auto cordon = plan("k8s.cordon");
  ASSERT_TRUE(bench.apply(*cordon).ok);
  const auto marked = bench.read("nodes");
  const auto other = plan("k8s.cordon", {}, "fedc9876", "mirror");
  ASSERT_TRUE(bench.apply(*other).ok);
  ASSERT_TRUE(bench.fire(*other).ok);
  EXPECT_THAT(bench.read("nodes"), HasSubstr("BY=0123abcd CORDONED=true"));
  EXPECT_TRUE(bench.confirm(*cordon).ok);
}

TEST_F(K8s, UndoThatCannotReachTheApiIsNotDone) {
  const auto cordon = plan("k8s.cordon");
  ASSERT_TRUE(bench.apply(*cordon).ok);
  bench.write("down", "");
  EXPECT_FALSE(bench.undo(*cordon).ok);
  EXPECT_FALSE(bench.undone(*cordon).ok);
  bench.remove("down");
  bench.write("deaf", "");
  EXPECT_FALSE(bench.undo(*cordon).ok);
  EXPECT_THAT(bench.undone(*cordon).err, HasSubstr("still cordoned"));
  bench.remove("deaf");
  bench.write("keeps-taint", "");
  EXPECT_TRUE(bench.undo(*cordon).ok);
  EXPECT_THAT(bench.undone(*cordon).err, HasSubstr("taint"));
}

TEST_F(K8s, UndoOfWhatWasNeverAppliedAsksNobody) {
  const auto cordon = plan("k8s.cordon");
  bench.write("down", "");
  EXPECT_FALSE(bench.apply(*cordon).ok);
  EXPECT_TRUE(bench.fire(*cordon).ok);
}

TEST_F(K8s, DrainIsSeenAndUndone) {
  whole_way(*plan("k8s.drain"));
  EXPECT_THAT(bench.read("pods"), HasSubstr("UID=u4\n")) << "a DaemonSet's pod stays";
  EXPECT_THAT(bench.read("pods"), Not(HasSubstr("UID=u1\n")));
}

TEST_F(K8s, DrainThatDidNotHappenIsNotConfirmed) {
  const auto drain = plan("k8s.drain");
  bench.write("zombie", "");
  ASSERT_TRUE(bench.apply(*drain).ok);
  EXPECT_THAT(bench.confirm(*drain).err, HasSubstr("kubelet of node k-prod still runs"));
  ASSERT_TRUE(bench.fire(*drain).ok);
  bench.write("pods", kPods);
  bench.tool("kubectl",
             "case \" $* \" in *' drain '*) exit 0 ;; esac\nexec /usr/bin/perl "
             "\"$W/lib-kubectl\" \"$@\"");
  ASSERT_TRUE(bench.apply(*drain).ok);
  EXPECT_THAT(bench.confirm(*drain).err, HasSubstr("still on node k-prod: default/a default/b"));
  EXPECT_TRUE(bench.fire(*drain).ok);
}

TEST_F(K8s, DrainOfANodeThatWasCordonedLeavesItSo) {
  const std::string theirs =
      "NAME=k-prod ADDRESSES=192.0.2.1 VERSION=7 READY=True CORDONED=true "
      "TAINTS=node.kubernetes.io/unschedulable\n";
  const std::string mirror = "NAME=mirror ADDRESSES=192.0.2.2 VERSION=9 READY=True\n";
  bench.write("nodes", theirs + mirror);
  const auto drain = plan("k8s.drain");
  ASSERT_TRUE(bench.ready(*drain).ok);
  ASSERT_TRUE(bench.apply(*drain).ok);
  const auto confirmed = bench.confirm(*drain);
  EXPECT_TRUE(confirmed.ok) << confirmed.err;
  EXPECT_TRUE(bench.fire(*drain).ok);
  EXPECT_TRUE(bench.fire(*drain).ok);
  EXPECT_EQ(bench.read("nodes"), theirs + mirror);
}

TEST_F(K8s, DrainThatABudgetForbidsIsNotAppliedAndUndone) {
  const auto drain = plan("k8s.drain");
  bench.write("budget", "");
  const auto applied = bench.apply(*drain);
  EXPECT_FALSE(applied.ok);
  EXPECT_THAT(applied.err, HasSubstr("disruption budget"));
  EXPECT_TRUE(bench.fire(*drain).ok);
  EXPECT_THAT(bench.read("nodes"), Not(HasSubstr("BY=")));
  EXPECT_THAT(why_not(*drain), HasSubstr("would not drain")) << "the dry run says so as well";
}

TEST_F(K8s, DrainIsUndoneOnlyWhenAsManyPodsAreReady) {
  const auto drain = plan("k8s.drain");
  ASSERT_TRUE(bench.apply(*drain).ok);
  bench.write("pods",
              "NS=default NAME=x UID=u9 NODE=mirror PHASE=Running READY=True "
              "KIND=ReplicaSet OWNER=r1 GRACE=30\n");
  ASSERT_TRUE(bench.undo(*drain).ok);
  EXPECT_THAT(bench.undone(*drain).err, HasSubstr("of 3 pods that were Ready 1 are"));
}

TEST_F(K8s, DrainRefusesWhatWouldNotComeBackOrChangesNothing) {
  const std::string alone =
      "NS=other NAME=z UID=u6 NODE=k-prod PHASE=Running READY=True GRACE=30\n";
  bench.write("pods", kPods + alone);
  EXPECT_THAT(why_not(*plan("k8s.drain")), HasSubstr("other/z (<none>)"));
  bench.write("pods",
              "NS=default NAME=d UID=u4 NODE=k-prod PHASE=Running READY=True "
              "KIND=DaemonSet OWNER=d1 GRACE=30\n");
  EXPECT_THAT(why_not(*plan("k8s.drain")), HasSubstr("no pod would leave"));
  const auto cordon = plan("k8s.cordon", {}, "fedc9876");
  ASSERT_TRUE(bench.apply(*cordon).ok);
  EXPECT_THAT(why_not(*plan("k8s.drain")), HasSubstr("another fault of ours, fedc9876"));
  EXPECT_FALSE(plan("k8s.drain", {{"within", "1s"}}));
}

TEST_F(K8s, PodsOfTheNodeAreDeletedAndComeBack) {
  for (const char* fault : {"k8s.pod-delete", "k8s.pod-kill"}) {
    bench.write("pods", kPods);
    whole_way(*plan(fault, {{"selector", "app=cloud"}, {"count", "2"}}));
    const std::string pods = bench.read("pods");
    EXPECT_THAT(pods, Not(HasSubstr("UID=u1\n"))) << fault;
    EXPECT_THAT(pods, Not(HasSubstr("UID=u2\n"))) << fault;
    EXPECT_THAT(pods, HasSubstr("UID=u3\n")) << "it runs on another node";
    EXPECT_THAT(pods, HasSubstr("UID=u5\n")) << "of another namespace";
  }
}

TEST_F(K8s, PodsOfEveryNodeWhenAsked) {
  whole_way(
      *plan("k8s.pod-kill", {{"selector", "app=cloud"}, {"count", "0"}, {"anywhere", "true"}}));
  EXPECT_THAT(bench.read("pods"), Not(HasSubstr("UID=u3\n")));
}

TEST_F(K8s, APodThatIsStillThereOrStillRunsIsNotConfirmed) {
  auto kill = plan("k8s.pod-kill", cloud);
  bench.write("deaf", "");
  ASSERT_TRUE(bench.apply(*kill).ok);
  EXPECT_THAT(bench.confirm(*kill).err, HasSubstr("the API still has a (u1)"));
  bench.remove("deaf");
  bench.write("zombie", "");
  ASSERT_TRUE(bench.apply(*kill).ok);
  EXPECT_THAT(bench.confirm(*kill).err, HasSubstr("still runs u1"));
  bench.write("deaf-kubelet", "");
  EXPECT_THAT(bench.confirm(*kill).err, HasSubstr("does not tell"));
  bench.remove("deaf-kubelet");
  bench.remove("zombies");
  bench.write("down", "");
  EXPECT_FALSE(bench.confirm(*kill).ok) << "no answer is no proof";
  EXPECT_FALSE(bench.undone(*kill).ok);
}

TEST_F(K8s, ADeletedPodThatDoesNotEndIsNotGone) {
  const auto soft = plan("k8s.pod-delete", cloud);
  bench.write("hangs", "");
  ASSERT_TRUE(bench.apply(*soft).ok);
  EXPECT_THAT(bench.confirm(*soft).err, HasSubstr("the API still has a (u1)"));
  EXPECT_THAT(bench.undone(*soft).err, HasSubstr("not gone yet"));
}

TEST_F(K8s, PodsThatDoNotComeBackAreNotUndone) {
  const auto kill = plan("k8s.pod-kill", cloud);
  bench.write("no-controller", "");
  ASSERT_TRUE(bench.apply(*kill).ok);
  EXPECT_TRUE(bench.confirm(*kill).ok);
  EXPECT_TRUE(bench.undo(*kill).ok);
  EXPECT_THAT(bench.undone(*kill).err, HasSubstr("of 3 pods that were Ready 2 are"));
  EXPECT_FALSE(bench.fire(*kill).ok) << "the dead-man goes on as well";
}

TEST_F(K8s, PodsAreRefusedThatWouldNotComeBackOrAreNotThere) {
  EXPECT_THAT(why_not(*plan("k8s.pod-delete", {{"selector", "app=none"}})), HasSubstr("no Ready"));
  EXPECT_THAT(why_not(*plan("k8s.pod-delete", {{"selector", "app=cloud"}, {"count", "3"}})),
              HasSubstr("only 2 Ready pods"));
  EXPECT_THAT(
      why_not(*plan("k8s.pod-kill",
                    {{"selector", "app=alone"}, {"namespace", "other"}, {"anywhere", "true"}})),
      HasSubstr("nothing would bring these pods back: a (<none>)"));
  std::string slow = kPods;
  slow.replace(slow.find("GRACE=30"), 8, "GRACE=90");
  bench.write("pods", slow);
  EXPECT_THAT(why_not(*plan("k8s.pod-delete", cloud)), HasSubstr("a (90 s)"));
  EXPECT_TRUE(bench.ready(*plan("k8s.pod-kill", cloud)).ok) << "nobody is asked to end";
  bench.write("deaf-kubelet", "");
  EXPECT_THAT(why_not(*plan("k8s.pod-kill", cloud)), HasSubstr("kubelet of node k-prod"));
}

TEST_F(K8s, WordsThatAreNoSelectorAreUsageErrors) {
  for (const auto& with :
       std::vector<std::map<std::string, std::string>>{{{"selector", "app=$(reboot)"}},
                                                       {{"selector", "--all"}},
                                                       {{"selector", ""}},
                                                       {{"selector", "a=b"}, {"namespace", "../x"}},
                                                       {{"selector", "a=b"}, {"count", "-1"}}}) {
    const auto bad = plan("k8s.pod-delete", with);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, Errc::usage);
  }
}

TEST_F(K8s, ApiUnreachableIsAFilterToTheControlNodes) {
  const auto cut = plan("k8s.api-unreachable");
  ASSERT_TRUE(cut) << to_string(cut.error());
  const Argv& args = std::get<ScriptAction>(cut->apply.front()).args;
  EXPECT_EQ(args[3], "192.0.2.3");
  EXPECT_EQ(args[4], "6443");
  EXPECT_EQ(args.back(), "yes") << "it has to answer before";
  const auto itself = plan("k8s.api-unreachable", {}, "0123abcd", "load");
  ASSERT_FALSE(itself);
  EXPECT_EQ(itself.error().code, Errc::usage);
  EXPECT_FALSE(plan("k8s.api-unreachable", {{"port", "0"}}));
  EXPECT_FALSE(plan("k8s.api-unreachable", {{"from", "*"}}));
}

// The packet filter is a file, and whether the API server takes connections is another.
class K8sApiUnreachable : public K8s {
 protected:
  K8sApiUnreachable() {
    bench.tool("nft", R"sh(case $* in
      -f*) cp "$2" "$W/table" ;;
      'list tables') ;;
      'list table'*) [ -e "$W/table" ] && echo "counter packets $(cat "$W/hits") bytes 1" ;;
      'delete table'*) rm "$W/table" ;;
    esac)sh");
    bench.tool("ping", "exit 1");
    bench.tool("systemctl", "exit 3");
    bench.tool("bash", R"sh(echo "$4 $5" >>"$W/knocked"
      [ -e "$W/open" ] && { [ ! -e "$W/table" ] || [ -e "$W/leaky" ]; })sh");
    bench.write("open", "");
    bench.write("hits", "7");
  }
};

TEST_F(K8sApiUnreachable, IsSeenAndUndone) {
  const auto cut = plan("k8s.api-unreachable");
  ASSERT_TRUE(bench.ready(*cut).ok);
  EXPECT_THAT(bench.read("knocked"), HasSubstr("192.0.2.3 6443"));
  ASSERT_TRUE(bench.apply(*cut).ok);
  EXPECT_THAT(bench.read("table"),
              HasSubstr("ip daddr 192.0.2.3 meta l4proto { tcp, udp } th dport { 6443 }"));
  const auto confirmed = bench.confirm(*cut);
  EXPECT_TRUE(confirmed.ok) << confirmed.err;
  EXPECT_TRUE(bench.fire(*cut).ok);
  EXPECT_FALSE(bench.has("table"));
  EXPECT_TRUE(bench.fire(*cut).ok);
}

TEST_F(K8sApiUnreachable, IsNotConfirmedWhileTheApiTakesConnectionsOrNothingWasHit) {
  const auto cut = plan("k8s.api-unreachable");
  ASSERT_TRUE(bench.apply(*cut).ok);
  bench.write("leaky", "");
  EXPECT_THAT(bench.confirm(*cut).err, HasSubstr("still takes a connection on port 6443"));
  bench.remove("leaky");
  bench.write("hits", "0");
  EXPECT_THAT(bench.confirm(*cut).err, HasSubstr("hit no packet"));
}

TEST_F(K8sApiUnreachable, IsRefusedWhenNobodyAnswersAnyway) {
  bench.remove("open");
  EXPECT_THAT(why_not(*plan("k8s.api-unreachable")), HasSubstr("would change nothing"));
}

// A service with a real process; systemctl is ours.
class K8sNodeStop : public K8s {
 protected:
  K8sNodeStop() {
    bench.replace("/sys/fs/cgroup", bench.path("cgroup"));
    std::filesystem::create_directories(bench.path("cgroup/k3s"));
    bench.tool("hostname", "echo k-prod");
    bench.tool("ss", R"sh([ "$(cat "$W/state")" = active ] || [ -e "$W/listens-on" ] || exit 0
      echo "LISTEN 0 1 *:10250 *:* users:((\"k3s\",pid=$(cat "$W/pid"),fd=1))")sh");
    bench.tool("systemctl", R"sh(
      start() {
        sleep 600 >/dev/null 2>&1 9>&- &
        echo $! >"$W/pid"; echo $! >"$W/cgroup/k3s/cgroup.procs"; echo active >"$W/state"
        date >"$W/began"; [ -e "$W/silent" ] || date -u +%FT%T.999999Z >"$W/lease"
      }
      gone() { # as systemd: stopped is who has been waited for
        kill "$1"; i=0
        while [ -d "/proc/$1" ] && [ $i -lt 1000 ]; do sleep 0.01; i=$((i + 1)); done
      }
      case $1 in
        start) [ -e "$W/broken" ] && exit 1; start ;;
        stop) [ -e "$W/deaf-unit" ] && exit 0; echo inactive >"$W/state"; [ -e "$W/lingers" ] || gone "$(cat "$W/pid")" ;;
        show) case $3 in
          LoadState) echo loaded ;; Id) echo k3s-agent.service ;; CanStop) echo yes ;;
          MainPID) cat "$W/pid" ;; ActiveState) cat "$W/state" ;; ControlGroup) echo /k3s ;;
          ActiveEnterTimestamp) cat "$W/began" ;;
        esac ;;
      esac
      exit 0)sh");
    system(bench.path("bin/systemctl start").c_str());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ~K8sNodeStop() override { system(("kill $(cat " + bench.path("pid") + ") 2>/dev/null").c_str()); }
  static void system(const char* command) { EXPECT_GE(std::system(command), 0); }
};

TEST_F(K8sNodeStop, StopsTheAgentAndWaitsForALeaseThatIsNew) {
  const auto stop = plan("k8s.node-stop");
  ASSERT_TRUE(stop) << to_string(stop.error());
  EXPECT_EQ(std::get<ScriptAction>(stop->apply.front()).args.front(), "k3s-agent.service");
  const auto server = plan("k8s.node-stop", {}, "0123abcd", "load");
  EXPECT_EQ(std::get<ScriptAction>(server->apply.front()).args.front(), "k3s.service");
  ASSERT_TRUE(bench.ready(*stop).ok) << bench.ready(*stop).err;
  const auto applied = bench.apply(*stop);
  ASSERT_TRUE(applied.ok) << applied.err;
  const auto confirmed = bench.confirm(*stop);
  EXPECT_TRUE(confirmed.ok) << confirmed.err;
  EXPECT_THAT(bench.undone(*stop).err, HasSubstr("is inactive"));
  const auto fired = bench.fire(*stop);
  EXPECT_TRUE(fired.ok) << fired.err;
  EXPECT_THAT(fired.out, HasSubstr("k-prod is Ready"));
  const auto pid = bench.read("pid");
  EXPECT_TRUE(bench.fire(*stop).ok);
  EXPECT_EQ(bench.read("pid"), pid) << "what runs is not started again";
}

TEST_F(K8sNodeStop, IsNotConfirmedWhileItRunsOrListens) {
  const auto stop = plan("k8s.node-stop");
  bench.write("deaf-unit", "");
  ASSERT_TRUE(bench.apply(*stop).ok);
  EXPECT_THAT(bench.confirm(*stop).err, HasSubstr("is active"));
  bench.remove("deaf-unit");
  bench.write("lingers", "");
  ASSERT_TRUE(bench.apply(*stop).ok);
  EXPECT_THAT(bench.confirm(*stop).err, HasSubstr("lives on"));
  bench.remove("lingers");
  ASSERT_TRUE(bench.apply(*stop).ok);
  bench.write("listens-on", "");
  EXPECT_THAT(bench.confirm(*stop).err, HasSubstr("still listens on its port 10250"));
}

TEST_F(K8sNodeStop, IsNotUndoneByAReadyThatIsOld) {
  const auto stop = plan("k8s.node-stop");
  ASSERT_TRUE(bench.apply(*stop).ok);
  bench.write("lease", "2020-01-01T00:00:00.000000Z\n");
  bench.write("silent", "");
  ASSERT_TRUE(bench.undo(*stop).ok);
  EXPECT_THAT(bench.undone(*stop).err, HasSubstr("has not reported since"));
  bench.write("nodes", "NAME=k-prod ADDRESSES=192.0.2.1 VERSION=7 READY=Unknown\n");
  EXPECT_THAT(bench.undone(*stop).err, HasSubstr("is not Ready"));
  bench.write("down", "");
  EXPECT_THAT(bench.undone(*stop).err, HasSubstr("the API is not ready"));
}

TEST_F(K8sNodeStop, RefusesANodeThatIsNotReady) {
  bench.write("nodes", "NAME=k-prod ADDRESSES=192.0.2.1 VERSION=7 READY=False\n");
  EXPECT_THAT(why_not(*plan("k8s.node-stop")), HasSubstr("not Ready"));
  bench.write("state", "inactive");
  EXPECT_THAT(why_not(*plan("k8s.node-stop")), HasSubstr("not active"));
}

}  // namespace
}  // namespace ernstfall
