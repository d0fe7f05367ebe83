// net_filter: one nft table per fault; hooks before connection tracking, so that established
// connections are hit as new ones are.
#include "harness/faults/net_filter.h"

#include "harness/core/units.h"
#include "harness/faults/node_script.h"

namespace ernstfall {
namespace {

// $1 control $2 ssh port $3 direction $4 peers $5 ports $6 drop|reject $7 longer than $8 loopback
// $9 down ${10} up
constexpr std::string_view kReady = R"sh(
need nft nftables
need ping iputils-ping
nft list tables >/dev/null 2>&1 || no "nft cannot list the node's tables (root? kernel without nf_tables?)"
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
if [ "$down" = 0 ]; then
  nft -f "$keep/rules" || no "nft does not take the rules"
else
  nft -c -f "$keep/rules" || no "nft does not take the rules"
  cat >"$keep/flap" <<'EOF'
while :; do
  nft -f "$2/rules"; sleep "$3"; nft delete table inet "$1"; sleep "$4"
done
EOF
  systemd-run --quiet --collect --unit="$mark-flap" /bin/sh "$keep/flap" "$table" "$keep" "$down" "$up" ||
    no "the flapping cannot be started"
fi
)sh";

// Asks for packets of its own, then looks at the counters of the rules: they count what really was
// thrown away, of whatever connection.
constexpr std::string_view kConfirm = R"sh(
poke() {
  for peer in $peers; do
    [ "$peer" != any ] || peer=$control
    [ "$peer" != none ] || continue
    if [ "$longer" = 0 ]; then ping -c 1 -W 1 "$peer" >/dev/null 2>&1
    else ping -c 1 -W 1 -s "$longer" -M do "$peer" >/dev/null 2>&1; fi
    [ "$ports" = any ] || for p in $(echo "$ports" | tr ',-' '  '); do
      command -v bash >/dev/null && timeout 1 bash -c "exec 3<>/dev/tcp/$peer/$p" 2>/dev/null
    done
  done
  [ "$loopback" = yes ] && timeout 2 getent ahosts ernstfall.invalid >/dev/null 2>&1
}
hit() { nft list table inet "$table" 2>/dev/null | grep -o 'counter packets [0-9]*' | awk '{n += $3} END {print n + 0}'; }
poke
n=$(hit)
[ "$n" -gt 0 ] || no "the rules have hit no packet"
if [ "$ports" = any ] && [ "$longer" = 0 ] && [ "$down" = 0 ]; then
  for peer in $peers; do
    [ "$peer" != any ] || peer=$control
    [ "$peer" != none ] || continue
    ! ping -c 1 -W 1 "$peer" >/dev/null 2>&1 || no "$peer still answers a ping"
  done
fi
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
  args.insert(args.end(),
              {filter.reject ? "reject" : "drop", std::to_string(filter.longer_than),
               filter.loopback ? "yes" : "no", in_seconds(filter.down), in_seconds(filter.up)});
  const std::string rules(kRules);
  const std::string apply = rules + std::string(kApply);
  const std::string confirm = rules + std::string(kConfirm);
  std::string intended =
      fmt::format("{} packets {}", filter.reject ? "reject" : "drop", scope.words);
  if (filter.longer_than > 0) intended += fmt::format(", longer than {} bytes", filter.longer_than);
  if (filter.down.count() > 0)
    intended += fmt::format(", for {}, then not for {}, and so on", format_duration(filter.down),
                            format_duration(filter.up));
  return plan_scripts(target, {kReady, apply, confirm, kUndo, kUndone}, args, intended,
                      "packets are thrown away " + scope.words);
}

}  // namespace ernstfall
