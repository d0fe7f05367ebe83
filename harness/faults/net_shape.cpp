// net_shape: filters on the devices towards the peers lead matching packets through an ifb device,
// whose queue does the harm. The node's own queues and filters stay as they are; ours come last.
#include "harness/faults/net_shape.h"

#include <array>

#include "harness/faults/net_measure.h"
#include "harness/faults/node_script.h"

namespace ernstfall {
namespace {

// $1 control $2 ssh port $3 direction $4 peers $5 ports $6 kind $7 amount $8 jitter $9 queue
constexpr std::string_view kShapeCommon = R"sh(
control=$1 port=$2 direction=$3 peers=$4 ports=$5 kind=$6 amount=$7 jitter=$8 queue=$9
# Behind everyone else's filters, which count upwards from 1 or downwards from 49152.
pref=$((61440 + 0x$token % 1023 * 4))
hooks() { # HOOK LINK
  [ "$direction" = in ] || echo "egress ef${token}o"
  [ "$direction" = out ] || echo "ingress ef${token}i"
}
links() { ip -o link show "$@" 2>/dev/null | awk -F': ' '{sub(/@.*/, "", $2); print $2}' | grep -Ev '^(lo|ef[0-9a-f]{8}[io])$'; }
# Everyone: where packets leave the machine. A bridge or a tunnel on top would see them twice.
outermost() {
  { for d in $(links up); do [ ! -e "/sys/class/net/$d/device" ] || echo "$d"; done; links up type vlan; } | grep . || links up
}
devices() {
  for peer in $peers; do
    if [ "$peer" = any ]; then outermost
    else ip -o route get "$peer" 2>/dev/null | sed -n 's/.* dev \([^ ]*\) .*/\1/p'; fi
  done | sort -u
}
# Protocol, pref and handle of every filter with our mark.
ours() { # DEVICE HOOK
  tc filter show dev "$1" "$2" 2>/dev/null | awk -v mark="$token" '
    $1 == "filter" {handle = ""; for (i = 1; i < NF; i++) {if ($i == "protocol") protocol = $(i + 1); if ($i == "pref") pref = $(i + 1); if ($i == "handle") handle = $(i + 1)}}
    $1 == "cookie" && $2 == mark {print protocol, pref, handle}'
}
has_clsact() { tc qdisc show dev "$1" 2>/dev/null | grep -q '^qdisc clsact '; }
# One at a time on this node: what one fault makes, another may use.
lock_node() { if [ -d "${keep%/*}" ]; then exec 8<"${keep%/*}"; flock 8; fi; }
)sh";

constexpr std::string_view kShapeReady = R"sh(
need tc iproute2
need ip iproute2
need ping iputils-ping
need modprobe kmod
[ "$ports" = any ] || need bash bash
for module in ifb cls_flower act_mirred act_gact sch_ingress "sch_${queue%% *}"; do
  [ -d "/sys/module/$module" ] || modprobe -n -q "$module" || no "this kernel has no $module"
done
# A peer may have addresses of a family that this node has not: nothing goes there anyway.
for peer in $peers; do
  [ "$peer" = any ] && continue
  device=$(ip -o route get "$peer" 2>/dev/null | sed -n 's/.* dev \([^ ]*\) .*/\1/p')
  [ "$device" != lo ] || no "$peer is an address of this node"
done
found=$(devices)
[ -n "$found" ] || no "there is no route to $peers, or no network device is up"
for device in $found; do
  # The older kind: where it is, the other direction cannot be had.
  ! tc qdisc show dev "$device" | grep -q '^qdisc ingress ' || no "$device has an ingress qdisc of somebody else's"
  for hook in egress ingress; do
    used=$(tc filter show dev "$device" $hook 2>/dev/null | awk -v from="$pref" '$1 == "filter" {for (i = 1; i < NF; i++) if ($i == "pref" && $(i + 1) >= from) {print $(i + 1); exit}}')
    [ -z "$used" ] || no "$device has a filter of somebody else's at $hook pref $used, where ours would be or behind it"
    # Packets that come back from our device do not pass these.
    ! command -v nft >/dev/null || ! nft list ruleset 2>/dev/null | grep -q "hook $hook device.*$device\b" ||
      no "$device has nft rules at its own $hook hook; they would be passed by"
  done
done
case $kind in
  delay) [ "$ports" = any ] || exit 0 ;;
  reorder | corrupt)
    need perl perl-base
    [ "$ports" = any ] && [ "$direction" != out ] || exit 0 ;;
  *) exit 0 ;;
esac
for peer in $(asked); do ! ping -c 1 -W 2 "$peer" >/dev/null 2>&1 || exit 0; done
no "nobody of $peers answers a ping: the effect could not be seen"
)sh";

constexpr std::string_view kShapeApply = R"sh(
lock_node
for peer in $(asked); do echo "$peer $(ask "$peer" 5)"; done >"$keep/before"
devices >"$keep/devices"
if [ ! -d /sys/module/ifb ]; then
  : >"$keep/loaded-ifb"
  modprobe ifb numifbs=0 || no "the kernel module ifb cannot be loaded"
fi
add() { # DEVICE HOOK PROTOCOL PREF MATCH... -- ACTION...
  device=$1 hook=$2 protocol=$3 number=$4
  shift 4
  words=
  while [ "$1" != -- ]; do words="$words $1"; shift; done
  shift
  tc filter add dev "$device" "$hook" protocol "$protocol" pref "$number" flower $words action "$@" cookie "$token" ||
    no "tc does not take a filter on $device"
}
redirect() { # DEVICE HOOK LINK
  key=dst_ip mine=src_port
  [ "$2" = egress ] || key=src_ip mine=dst_port
  # Our own SSH connection passes first; neighbour and router discovery as well, as ARP does.
  case $control in
    none) ;;
    *:*) add "$1" "$2" ipv6 $((pref + 1)) ip_proto tcp $key "$control" $mine "$port" -- pass ;;
    *) add "$1" "$2" ip "$pref" ip_proto tcp $key "$control" $mine "$port" -- pass ;;
  esac
  case $peers in any | *:*) for type in 133 134 135 136; do add "$1" "$2" ipv6 $((pref + 1)) ip_proto icmpv6 type $type -- pass; done ;; esac
  for peer in $peers; do
    match="$key $peer"
    case $peer in any) match= families='ip ipv6' ;; *:*) families=ipv6 ;; *) families=ip ;; esac
    for family in $families; do
      number=$((pref + 2))
      [ $family = ip ] || number=$((pref + 3))
      if [ "$ports" = any ]; then
        add "$1" "$2" $family $number $match -- mirred egress redirect dev "$3"
      else
        for some in $(echo "$ports" | tr , ' '); do for transport in tcp udp; do for side in src_port dst_port; do
          add "$1" "$2" $family $number ip_proto $transport $match $side "$some" -- mirred egress redirect dev "$3"
        done; done; done
      fi
    done
  done
}
hooks >"$keep/hooks"
while read -r hook link; do
  ip link add "$link" type ifb || no "no device $link can be made"
  # Nothing but what we lead through it: no packets of its own.
  ip link set "$link" addrgenmode none 2>/dev/null
  echo 1 2>/dev/null >"/proc/sys/net/ipv6/conf/$link/disable_ipv6"
  tc qdisc add dev "$link" root handle 1: $queue || no "tc does not take the queue: $queue"
  ip link set "$link" up || no "$link does not come up"
  while read -r device; do
    if ! has_clsact "$device"; then
      : >"$keep/clsact-$device"
      tc qdisc add dev "$device" clsact || no "$device takes no clsact qdisc"
    fi
    redirect "$device" "$hook" "$link" || exit 1
  done <"$keep/devices"
done <"$keep/hooks"
)sh";

constexpr std::string_view kShapeUndo = R"sh(
lock_node
# To another fault of ours that uses what we made; true when there is one.
hand_over() { # NOTE DEVICE
  for other in "${keep%/*}"/*; do
    [ "$other" != "$keep" ] && [ -f "$other/devices" ] || continue
    if [ -z "$2" ] || grep -qxF "$2" "$other/devices"; then : >"$other/$1" && return 0; fi
  done
  return 1
}
for device in $(links); do
  for hook in egress ingress; do
    ours "$device" $hook | while read -r protocol number handle; do
      tc filter del dev "$device" $hook protocol "$protocol" pref "$number" handle "$handle" flower
    done
  done
done
for link in "ef${token}o" "ef${token}i"; do
  [ ! -e "/sys/class/net/$link" ] || ip link del "$link" || no "$link cannot be deleted"
done
for note in "$keep"/clsact-*; do
  [ -e "$note" ] || continue
  device=${note##*/clsact-}
  if has_clsact "$device" && ! hand_over "clsact-$device" "$device" &&
    [ -z "$(tc filter show dev "$device" egress)$(tc filter show dev "$device" ingress)" ]; then
    tc qdisc del dev "$device" clsact || no "the clsact qdisc of $device cannot be deleted"
  fi
  rm -f "$note"
done
# In any network namespace: unloading the module would take other people's devices with it.
in_use() {
  [ -n "$(ip -o link show type ifb)" ] && return 0
  for name in $(ip netns list 2>/dev/null | awk '{print $1}'); do [ -z "$(ip -n "$name" -o link show type ifb)" ] || return 0; done
  for pid in $(lsns -n -t net -o PID); do [ -z "$(nsenter -t "$pid" -n ip -o link show type ifb 2>/dev/null)" ] || return 0; done
  return 1
}
if [ -e "$keep/loaded-ifb" ]; then
  hand_over loaded-ifb '' || in_use || [ ! -d /sys/module/ifb ] || modprobe -r ifb || no "the module ifb cannot be unloaded"
  rm -f "$keep/loaded-ifb"
fi
rm -f "$keep/devices"
)sh";

constexpr std::string_view kShapeUndone = R"sh(
for device in $(links); do
  for hook in egress ingress; do [ -z "$(ours "$device" $hook)" ] || no "$device still has filters of ours at $hook"; done
done
for link in "ef${token}o" "ef${token}i"; do [ ! -e "/sys/class/net/$link" ] || no "$link is still there"; done
for note in "$keep"/clsact-* "$keep/loaded-ifb"; do [ ! -e "$note" ] || no "${note##*/} is not undone"; done
say "no filter and no device of ours is left"
)sh";

std::string_view name_of(NetShape::Kind kind) {
  static constexpr std::array<std::string_view, 6> kNames{"delay",    "loss",    "duplicate",
                                                          "throttle", "reorder", "corrupt"};
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace

FaultPlan plan_net_shape(const FaultTarget& target, const NetScope& scope, const NetShape& shape) {
  Argv args = scope.args();
  args.insert(args.end(), {std::string(name_of(shape.kind)), fmt::format("{:.15g}", shape.amount),
                           fmt::format("{:.0f}", shape.jitter), shape.queue});
  const std::string common(kShapeCommon);
  const std::string measure = std::string(kNetAsked) + std::string(kNetMeasure);
  const std::string ready = common + measure + std::string(kShapeReady);
  const std::string apply = common + measure + std::string(kShapeApply);
  const std::string confirm =
      common + measure + std::string(kNetWatch) + std::string(kNetMeasureConfirm);
  const std::string undo = common + std::string(kShapeUndo);
  const std::string undone = common + std::string(kShapeUndone);
  return plan_scripts(target, {ready, apply, confirm, undo, undone}, args,
                      shape.words + " packets " + scope.words,
                      "packets pass through the queue that does it, and show it");
}

Status net_can_be_watched(const FaultType& type, const NetScope& scope, double share) {
  constexpr double kLeastPercent = 1;
  if (share < kLeastPercent)
    return fail(Errc::usage,
                "{}: share is {:g}%; expected at least {:g}%, because less could not "
                "be told from nothing",
                type.name, share, kLeastPercent);
  if (scope.ports != "any" && scope.direction == "in")
    return fail(Errc::usage,
                "{}: what comes in from some ports cannot be seen; direction out or "
                "both, or all ports",
                type.name);
  return {};
}

Result<double> net_share(const FaultType& type, const FaultStep& step, double max) {
  ERNSTFALL_TRY(const ParamValue share, param_of(type, step, "share"));
  if (share.number <= 0 || share.number > max)
    return fail(Errc::usage, "{}: share is {}; expected more than 0% and at most {:g}%", type.name,
                share.text, max);
  return share.number;
}

}  // namespace ernstfall
