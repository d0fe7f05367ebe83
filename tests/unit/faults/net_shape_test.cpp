// net_shape_test: the scripts of net.reorder and net.corrupt, with a tc, an ip and a capture of the
// test's own; and that neither of the two takes late or lost packets for what it looks for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>

#include "tests/mocks/script_bench.h"

namespace ernstfall {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing_support::ScriptBench;

// Filters are lines "DEVICE HOOK PROTOCOL PREF HANDLE LINK COOKIE", qdiscs "DEVICE KIND".
constexpr std::string_view kFakeTc = R"pl(
use strict;
my $W = $ENV{W};
sub lines { open(my $h, "<", "$W/$_[0]") or return (); <$h> }
sub put { my ($f, @l) = @_; open(my $h, ">", "$W/$f"); print $h @l }
my @a = grep { $_ ne "-s" } @ARGV; my $all = join(" ", @a);
if ($all =~ /^filter add dev (\S+) (\S+) protocol (\S+) pref (\d+) .*action (.*) cookie (\S+)$/) {
  my ($dev, $hook, $proto, $pref, $action, $cookie) = ($1, $2, $3, $4, $5, $6);
  if (-e "$W/refuses-filters") { print STDERR "no\n"; exit 2 }
  my $link = $action =~ /redirect dev (\S+)/ ? $1 : "-"; my @f = lines("filters");
  put("filters", @f, join(" ", $dev, $hook, $proto, $pref, "0x" . (@f + 1), $link, $cookie) . "\n");
} elsif ($all =~ /^filter show dev (\S+) (\S+)/) {
  for (lines("filters")) {
    my @f = split; next unless $f[0] eq $1 && $f[1] eq $2;
    print "filter protocol $f[2] pref $f[3] flower chain 0 handle $f[4]\n\taction order 1: mirred (Egress Redirect to device $f[5]) stolen\n";
    print "\tSent 700 bytes ", (-e "$W/misses" ? 0 : 7), " pkt (dropped 0, overlimits 0 requeues 0)\n\tcookie $f[6]\n";
  }
} elsif ($all =~ /^filter del dev (\S+) (\S+) protocol (\S+) pref (\d+) handle (\S+)/) {
  my $key = "$1 $2 $3 $4 $5 "; put("filters", grep { index($_, $key) != 0 } lines("filters"));
} elsif ($all =~ /^qdisc add dev (\S+) (?:root handle 1: )?(.*)/) {
  put("qdiscs", lines("qdiscs"), "$1 $2\n");
} elsif ($all =~ /^qdisc show dev (\S+)/) { for (lines("qdiscs")) { my ($d, $k) = split; print "qdisc $k ffff:\n" if $d eq $1 } }
elsif ($all =~ /^qdisc del dev (\S+) (\S+)/) { my ($d, $k) = ($1, $2); put("qdiscs", grep { !/^$d $k/ } lines("qdiscs")) }
)pl";

class NetShapeScripts : public ::testing::Test {
 protected:
  NetShapeScripts() {
    bench.replace("/sys/class/net", bench.path("net"));
    bench.replace("/sys/module", bench.path("module"));
    for (const char* folder : {"net/lo", "net/eth0", "module"})
      std::filesystem::create_directories(bench.path(folder));
    for (const char* module : {"cls_flower", "act_mirred", "act_gact", "sch_ingress", "sch_netem"})
      std::filesystem::create_directories(bench.path(std::string("module/") + module));
    bench.perl_tool("tc", std::string(kFakeTc));
    bench.tool("ip", R"sh(case "$*" in
      '-o link show type ifb') ls "$W/net" | grep '^ef' ;;
      '-o link show'*) n=1; for d in $(ls "$W/net"); do echo "$n: $d: <UP>"; done ;;
      '-o route get 2001:'*) exit 2 ;;
      '-o route get '*) echo "$4 dev eth0 src 192.0.2.1" ;;
      'link add '*) mkdir "$W/net/$3" ;;
      'link del '*) rmdir "$W/net/$3"; [ ! -e "$W/qdiscs" ] || sed -i "/^$3 /d" "$W/qdiscs" ;;
    esac)sh");
    bench.tool("ping", "[ ! -e \"$W/silent\" ] && echo '64 bytes from x: time=1.0 ms'");
    bench.tool("modprobe", R"sh(case "$1" in
      -n) exit 0 ;; -r) rmdir "$W/module/ifb" ;; ifb) mkdir "$W/module/ifb" ;; esac)sh");
    bench.tool("nft", "exit 0");
    bench.tool("lsns", "exit 0");
    bench.tool("perl",
               "cat >/dev/null; [ ! -e \"$W/blind\" ] || { echo 'no packet socket' >&2; exit 1; }; "
               "cat \"$W/packets\"");
    Node prod;
    prod.name = "prod";
    prod.address = "192.0.2.1";
    Node mirror = prod;
    mirror.name = "mirror";
    mirror.address = "192.0.2.2";
    mirror.more_addresses = {"2001:db8::2"};
    cluster.nodes = {prod, mirror};
  }
  FaultPlan plan(const std::string& fault, std::map<std::string, std::string> with = {}) {
    with.emplace("from", "mirror");
    FaultStep step;
    step.fault = fault;
    for (const auto& [name, text] : with)
      for (const ParamSpec& spec : find_fault(fault)->params)
        if (spec.name == name) step.params[name] = *parse_param(spec.kind, text);
    auto plan =
        plan_fault({cluster.nodes.front(), "boot-1", &cluster, "0123abcd", "192.0.2.9"}, step);
    EXPECT_TRUE(plan) << (plan ? "" : to_string(plan.error()));
    return *plan;
  }
  // What the capture sees of a hundred packets and of their answers. `out` and `in`: what the queue
  // makes of a packet, by number: its place behind the queue, and whether it is whole.
  using Queue = std::function<std::optional<std::pair<int, bool>>(int)>;
  void packets(const Queue& out, const Queue& in, const Queue& network = untouched) {
    std::vector<int> through = pass(
        "out",
        [] {
          std::vector<int> all(100);
          std::iota(all.begin(), all.end(), 1);
          return all;
        }(),
        out);
    const std::vector<int> arrived = pass("arrived", through, network);
    (void)pass("in", arrived, in);
    bench.write("packets", text_);
    text_.clear();
  }
  static std::optional<std::pair<int, bool>> untouched(int) { return std::pair(0, true); }
  static std::optional<std::pair<int, bool>> loses(int n) {
    return n % 3 == 0 ? std::nullopt : std::optional(std::pair(0, true));
  }
  // Every tenth goes before the five that were in front of it.
  static std::optional<std::pair<int, bool>> overtakes(int n) {
    return std::pair(n % 10 == 0 ? -6 : 0, true);
  }
  static std::optional<std::pair<int, bool>> damages(int n) { return std::pair(0, n % 10 != 0); }

  static std::optional<std::pair<int, bool>> damages_others(int n) {
    return std::pair(0, n % 10 != 5);
  }

  ScriptBench bench;
  Cluster cluster;

 private:
  // The numbers of what gets through whole, in the order in which they come out.
  std::vector<int> pass(const std::string& way, const std::vector<int>& numbers,
                        const Queue& queue) {
    std::vector<std::pair<int, std::pair<int, bool>>> places;
    int place = 0;
    for (const int n : numbers) {
      place += 10;
      if (const auto made = queue(n))
        places.push_back({place + made->first * 10 - 5 * (made->first != 0), {n, made->second}});
    }
    std::stable_sort(places.begin(), places.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<int> whole;
    for (const auto& [at, packet] : places) {
      text_ += fmt::format("{} {} {}\n", way, packet.first, packet.second ? "whole" : "damaged");
      if (packet.second || way == "arrived") whole.push_back(packet.first);
    }
    return whole;
  }
  std::string text_;
};

TEST_F(NetShapeScripts, TheWholeWayAndNothingIsLeft) {
  bench.write("filters", "eth0 egress ip 49152 0x9 - cafe\n");
  for (const char* fault : {"net.reorder", "net.corrupt"}) {
    const FaultPlan plan = this->plan(fault);
    const auto ready = bench.ready(plan);
    ASSERT_TRUE(ready.ok) << ready.err;
    const auto applied = bench.apply(plan);
    ASSERT_TRUE(applied.ok) << applied.err;
    EXPECT_TRUE(bench.has("net/ef0123abcdo"));
    EXPECT_THAT(bench.read("qdiscs"),
                HasSubstr(std::string("ef0123abcdi netem limit 20000 ") +
                          (plan.fault == "net.reorder" ? "delay" : "corrupt")));
    const Queue queue = plan.fault == "net.reorder" ? overtakes : damages;
    packets(queue, plan.fault == "net.reorder" ? queue : Queue(damages_others));
    const auto confirmed = bench.confirm(plan);
    EXPECT_TRUE(confirmed.ok) << confirmed.err;
    EXPECT_THAT(confirmed.out, HasSubstr("on their way out"));
    EXPECT_THAT(confirmed.out, HasSubstr("on their way in"));
    for (int i = 0; i < 2; ++i) {
      const auto fired = bench.fire(plan);
      EXPECT_TRUE(fired.ok) << fired.err;
    }
    EXPECT_EQ(bench.read("filters"), "eth0 egress ip 49152 0x9 - cafe\n") << "somebody else's";
    EXPECT_FALSE(bench.has("net/ef0123abcdo"));
    EXPECT_FALSE(bench.has("module/ifb"));
  }
}

TEST_F(NetShapeScripts, ReorderIsNotTakenForDelayLossDamageOrDoubles) {
  const FaultPlan plan = this->plan("net.reorder");
  ASSERT_TRUE(bench.apply(plan).ok);
  for (const Queue& queue : {Queue(untouched), Queue(loses), Queue(damages)}) {
    packets(queue, queue);
    const auto seen = bench.confirm(plan);
    EXPECT_FALSE(seen.ok) << seen.out;
    EXPECT_THAT(seen.err, HasSubstr("none was overtaken"));
  }
  bench.write("packets", "out 1 whole\nout 2 whole\nout 1 whole\nout 3 whole\n");
  EXPECT_THAT(bench.confirm(plan).err, HasSubstr("none was overtaken")) << "1 came twice";
}

TEST_F(NetShapeScripts, CorruptIsNotTakenForDelayLossOrReorder) {
  const FaultPlan plan = this->plan("net.corrupt");
  ASSERT_TRUE(bench.apply(plan).ok);
  for (const Queue& queue : {Queue(untouched), Queue(loses), Queue(overtakes)}) {
    packets(queue, queue);
    const auto seen = bench.confirm(plan);
    EXPECT_FALSE(seen.ok) << seen.out;
    EXPECT_THAT(seen.err, HasSubstr("none was damaged"));
  }
}

// Both ways means each of them; and what the network itself did is not ours.
TEST_F(NetShapeScripts, EveryWayHasToShowItByItself) {
  for (const char* fault : {"net.reorder", "net.corrupt"}) {
    const FaultPlan plan = this->plan(fault);
    const Queue queue = plan.fault == "net.reorder" ? overtakes : damages;
    ASSERT_TRUE(bench.apply(plan).ok);
    packets(queue, untouched);
    EXPECT_THAT(bench.confirm(plan).err, HasSubstr("on their way in none was")) << fault;
    packets(untouched, queue);
    EXPECT_THAT(bench.confirm(plan).err, HasSubstr("on their way out none was")) << fault;
    packets(queue, untouched, queue);
    EXPECT_THAT(bench.confirm(plan).err, HasSubstr("on their way in none was")) << fault;
    EXPECT_TRUE(bench.fire(plan).ok);
  }
}

TEST_F(NetShapeScripts, WhatCannotBeSeenIsNotConfirmed) {
  const FaultPlan plan = this->plan("net.corrupt");
  ASSERT_TRUE(bench.apply(plan).ok);
  bench.write("packets", "");
  EXPECT_THAT(bench.confirm(plan).err, HasSubstr("none of our packets was seen"));
  bench.write("blind", "");
  EXPECT_THAT(bench.confirm(plan).err, HasSubstr("no packet socket"));
  bench.write("misses", "");
  EXPECT_THAT(bench.confirm(plan).err, HasSubstr("no packet has been led through our queue"));
}

TEST_F(NetShapeScripts, OfPortsOnlyWhatGoesOutIsLookedAt) {
  const FaultPlan plan = this->plan("net.corrupt", {{"ports", "7789"}});
  ASSERT_TRUE(bench.apply(plan).ok);
  packets(damages, untouched);
  const auto seen = bench.confirm(plan);
  EXPECT_TRUE(seen.ok) << seen.err;
  EXPECT_THAT(seen.out, Not(HasSubstr("on their way in")));
}

TEST_F(NetShapeScripts, HalfAppliedIsUndone) {
  const FaultPlan plan = this->plan("net.reorder");
  bench.write("refuses-filters", "");
  EXPECT_FALSE(bench.apply(plan).ok);
  EXPECT_TRUE(bench.has("net/ef0123abcdo"));
  EXPECT_TRUE(bench.fire(plan).ok);
  EXPECT_FALSE(bench.has("net/ef0123abcdo"));
  EXPECT_EQ(bench.read("qdiscs"), "");
}

TEST_F(NetShapeScripts, PeersThatAreSilentAreRefusedWhereTheirAnswersAreNeeded) {
  bench.write("silent", "");
  EXPECT_THAT(bench.ready(plan("net.corrupt")).err, HasSubstr("answers a ping"));
  EXPECT_TRUE(bench.ready(plan("net.corrupt", {{"direction", "out"}})).ok);
}

// mirror has an address of IPv6 as well; this node has no route there.
TEST_F(NetShapeScripts, APeersAddressOfAFamilyWithoutARouteIsNoReasonToRefuse) {
  const FaultPlan plan = this->plan("net.delay");
  EXPECT_TRUE(bench.ready(plan).ok) << bench.ready(plan).err;
  ASSERT_TRUE(bench.apply(plan).ok);
  EXPECT_THAT(bench.read("filters"), HasSubstr("eth0 egress ipv6"));
  bench.tool("ip", "exit 2");
  EXPECT_THAT(bench.ready(plan).err, HasSubstr("no route to"));
}

}  // namespace
}  // namespace ernstfall
