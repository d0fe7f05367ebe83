// net_filter: one nft table per fault; hooks before connection tracking, so that established
// connections are hit as new ones are.
#include "harness/faults/net_filter.h"

#include "harness/core/units.h"
#include "harness/faults/net_measure.h"
#include "harness/faults/node_script.h"

namespace ernstfall {
namespace {

// $1 control $2 ssh port $3 direction $4 peers $5 ports $6 drop|reject $7 longer than $8 loopback
// $9 down ${10} up ${11} yes: who is asked has to answer before
constexpr std::string_view kReady = R"sh(
need nft nftables
need ping iputils-ping
[ "$5" = any ] || need bash bash
nft list tables >/dev/null 2>&1 || no "nft cannot list the node's tables (root? kernel without nf_tables?)"
routed=
[ "$7" = 0 ] || for peer in $(asked); do
  device=$(ip -o route get "${peer%%%*}" 2>/dev/null | sed -n 's/.* dev \([^ ]*\) .*/\1/p')
  # A peer may have addresses of a family that this node has not.
  [ -n "$device" ] || continue
  routed=yes
  mtu=$(cat "/sys/class/net/$device/mtu")
  [ "$7" -lt "$mtu" ] || no "no packet to $peer is longer than $7 bytes: the MTU of $device is $mtu"
done
[ "$7" = 0 ] || [ -n "$routed" ] || no "there is no route to $4"
[ "${11}" = no ] || for peer in $(asked); do
  for p in $(echo "$5" | tr ',-' '  '); do
    ! knock "$peer" "$p" || exit 0
  done
done
[ "${11}" = no ] || no "nobody of $4 answers on port $5 now: the fault would change nothing"
)sh";

// A datagram, and a connection, whose answer comes in.
constexpr std::string_view kKnock = R"sh(
knock() { # PEER PORT
  timeout 1 bash -c 'echo >"/dev/udp/$1/$2"; exec 3<>"/dev/tcp/$1/$2"' - "$1" "$2" 2>/dev/null
}
)sh";

constexpr std::string_view kRules = R"sh(
control=$1 port=$2 direction=$3 peers=$4 ports=$5 action=$6 longer=$7 loopback=$8 down=$9 up=${10}
size=
[ "$longer" = 0 ] || size="meta length > $longer"
verdicts() { # MATCH: what happens to packets that match
  if [ "$action" = drop ]; then
    echo "$1 $size counter drop"
  else
    echo "$1 meta l4proto tcp $size counter reject with tcp reset"
    echo "$1 $size counter reject"
  fi
}
hits() { # saddr|daddr
  for peer in $peers; do
    case $peer in
      any) match= ;;
      *:*) match="ip6 $1 $peer" ;;
      *) match="ip $1 $peer" ;;
    esac
    if [ "$ports" = any ]; then
      verdicts "$match"
    else
      for side in sport dport; do verdicts "$match meta l4proto { tcp, udp } th $side { $ports }"; done
    fi
  done
}
exempt() { # saddr|daddr sport|dport: our own SSH connection, always the first rule
  case $control in
    none) ;;
    *:*) echo "ip6 $1 $control tcp $2 $port accept" ;;
    *) echo "ip $1 $control tcp $2 $port accept" ;;
  esac
  # Without them that connection would end too, the route with its last advertisement; ARP passes
  # as well.
  echo "icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept"
  # What tells the sender must not be hit by the rules itself.
  if [ "$action" = reject ]; then
    echo "tcp flags & rst == rst accept"
    echo "icmp type destination-unreachable accept"
    echo "icmpv6 type destination-unreachable accept"
  fi
}
rules() {
  echo "table inet $table {"
  if [ "$direction" != out ]; then
    echo "chain in { type filter hook input priority -310; policy accept;"
    exempt saddr dport
    [ "$loopback" = yes ] || echo 'iif lo accept'
    hits saddr
    echo '}'
    echo "chain through_in { type filter hook forward priority -310; policy accept;"
    hits saddr
    echo '}'
  fi
  if [ "$direction" != in ]; then
    echo "chain out { type filter hook output priority -310; policy accept;"
    exempt daddr sport
    [ "$loopback" = yes ] || echo 'oif lo accept'
    hits daddr
    echo '}'
    echo "chain through_out { type filter hook forward priority -310; policy accept;"
    hits daddr
    echo '}'
  fi
  echo '}'
}
)sh";

constexpr std::string_view kApply = R"sh(
rules >"$keep/rules"
[ "$down" = 0 ] || nft -c -f "$keep/rules" || no "nft does not take the rules"
begin
if [ "$down" = 0 ]; then
  nft -f "$keep/rules" || no "nft does not take the rules"
else
  cat >"$keep/flap" <<'EOF'
while :; do
  nft -f "$2/rules"; sleep "$3"
  nft list table inet "$1" | grep -o 'counter packets [0-9]*' >>"$2/hits"
  nft delete table inet "$1"; sleep "$4"
done
EOF
  systemd-run --quiet --collect --unit="$mark-flap" /bin/sh "$keep/flap" "$table" "$keep" "$down" "$up" ||
    no "the flapping cannot be started"
fi
)sh";

// Asks for packets of its own, then looks at the counters of the rules: they count what really was
// thrown away, of whatever connection.
constexpr std::string_view kConfirm = R"sh(
long() { # PEER: the shortest ping that is too long
  case $1 in
    *:*) ping -n -c 1 -W 1 -M do -s $((longer - 47)) "$1" ;;
    *) ping -n -c 1 -W 1 -M do -s $((longer - 27)) "$1" ;;
  esac >/dev/null 2>&1
}
short() { ping -n -c 1 -W 1 "$1" >/dev/null 2>&1; }
name_servers() {
  cat /etc/resolv.conf /run/systemd/resolve/resolv.conf 2>/dev/null | awk '$1 == "nameserver" {sub(/%.*/, "", $2); print $2; n++} END {if (!n) print "127.0.0.1"}' | sort -u
}
# Asks for the name servers of the root.
resolves() {
  timeout 3 bash -c 'exec 3<>"/dev/udp/$1/53" && printf "\22\64\1\0\0\1\0\0\0\0\0\0\0\0\2\0\1" >&3 && read -r -N 1 -t 2 _ <&3' - "$1" 2>/dev/null
}
hit() {
  { nft list table inet "$table" | grep -o 'counter packets [0-9]*'; cat "$keep/hits"; } 2>/dev/null | awk '{n += $3} END {print n + 0}'
}
if [ "$down" != 0 ]; then
  systemctl is-active --quiet "$mark-flap.service" || no "the flapping has ended"
fi
for peer in $(asked); do
  if [ "$longer" != 0 ]; then
    ! long "$peer" || no "$peer still answers a ping of $((longer + 1)) bytes"
  elif [ "$ports" != any ]; then
    for p in $(echo "$ports" | tr ',-' '  '); do
      if knock "$peer" "$p" && [ "$down" = 0 ]; then no "$peer still takes a connection on port $p"; fi
    done
  elif short "$peer" && [ "$down" = 0 ]; then
    no "$peer still answers a ping"
  fi
done
[ "$loopback" = no ] || for server in $(name_servers); do
  ! resolves "$server" || no "the name server $server still answers"
done
n=$(hit)
[ "$n" -gt 0 ] || no "the rules have hit no packet"
say "$n packets thrown away"
)sh";

constexpr std::string_view kUndo = R"sh(
systemctl stop "$mark-flap.service" 2>/dev/null
nft list table inet "$table" >/dev/null 2>&1 || exit 0
nft delete table inet "$table" || no "nft does not delete table $table"
)sh";

constexpr std::string_view kUndone = R"sh(
! systemctl is-active --quiet "$mark-flap.service" || no "the flapping goes on"
! nft list table inet "$table" >/dev/null 2>&1 || no "table $table is still there"
say "no rule is left"
)sh";

}  // namespace

FaultPlan plan_net_filter(const FaultTarget& target, const NetScope& scope,
                          const NetFilter& filter) {
  const auto in_seconds = [](Nanos duration) {
    return duration.count() == 0
               ? std::string("0")
               : fmt::format("{:.3f}", std::chrono::duration<double>(duration).count());
  };
  Argv args = scope.args();
  args.insert(args.end(), {filter.reject ? "reject" : "drop", std::to_string(filter.longer_than),
                           filter.loopback ? "yes" : "no", in_seconds(filter.down),
                           in_seconds(filter.up), filter.answers ? "yes" : "no"});
  const std::string asked = "control=$1 peers=$4\n" + std::string(kNetAsked) + std::string(kKnock);
  const std::string ready = asked + std::string(kReady);
  const std::string rules = asked + std::string(kRules);
  const std::string apply = rules + std::string(kApply);
  const std::string confirm = rules + std::string(kConfirm);
  std::string intended =
      fmt::format("{} packets {}", filter.reject ? "reject" : "drop", scope.words);
  if (filter.longer_than > 0) intended += fmt::format(", longer than {} bytes", filter.longer_than);
  if (filter.down.count() > 0)
    intended += fmt::format(", for {}, then not for {}, and so on", format_duration(filter.down),
                            format_duration(filter.up));
  return plan_scripts(target, {ready, apply, confirm, kUndo, kUndone}, args, intended,
                      "packets are thrown away " + scope.words);
}

}  // namespace ernstfall
