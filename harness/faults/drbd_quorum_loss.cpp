// drbd.quorum-loss: a node is left without the members that make its quorum: it must stop writing.
//
// Only DRBD's own connections are cut, all of them: the network, SSH and Kubernetes stay whole.
// Two things decide whether DRBD then says `quorum:no`, and both are here:
//   * without --force a disconnect is agreed on: the peer outdates itself, and a node that knows
//     all others to be outdated keeps its quorum (the last man standing);
//   * of a Primary that still has quorum through others, a peer with a disk that goes away is
//     outdated as well. So the diskless members, whose votes only break ties, go first.
#include <array>

#include "harness/faults/drbd_script.h"

namespace ernstfall {

extern const FaultType kDrbdQuorumLoss;

namespace drbd_quorum_loss {
namespace {

constexpr std::string_view kFunctions = R"sh(
option() { drbdsetup show "$res" --json --show-defaults 2>/dev/null | sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p" | head -n 1; }
peers() { # yes, or no: the node ids of those that are diskless on purpose, or of the others
  events | awk -v client="peer-client:$1" '$2 == "peer-device" {
    for (i = 3; i <= NF; ++i) { if (index($i, "peer-node-id:") == 1) id = substr($i, 14); if ($i == client) print id } }' | sort -u
}
)sh";

constexpr std::string_view kReady = R"sh(
need timeout coreutils
has=$(values device quorum)
[ -n "$has" ] || no "DRBD $(sed -n 's/^version: \([^ ]*\).*/\1/p' /proc/drbd) here knows no quorum: that needs the kernel module of DRBD 9, whatever the version of drbd-utils"
how=$(option quorum)
case $how in
  ''|off) no "$res runs with quorum off: it goes on writing whoever is away" ;;
  1) no "$res runs with quorum 1: a node that is alone has it" ;;
esac
for q in $has; do [ "$q" = yes ] || no "$res has no quorum here already"; done
for s in $(values resource suspended); do [ "$s" = no ] || no "the I/O of $res is suspended already: $s"; done
[ -n "$(peers no)" ] || no "no peer of $res has a disk: none of them can take this node's quorum away"
)sh";

constexpr std::string_view kApply = R"sh(
remember
option on-no-quorum >"$keep/policy"
for d in $(drbdadm sh-dev "$res"); do
  awk -v d="$d" '$1 == d && $4 ~ /^rw(,|$)/ {print $2}' /proc/mounts
done >"$keep/mounts"
peers yes >"$keep/peers"
peers no >>"$keep/peers"
begin
for id in $(cat "$keep/peers"); do
  timeout 20 drbdsetup disconnect "$res" "$id" --force=yes || no "$res does not disconnect from node $id"
done
)sh";

constexpr std::string_view kConfirm = R"sh(
has=$(values device quorum)
[ -n "$has" ] || no "DRBD has no device of $res"
for q in $has; do [ "$q" = no ] || no "$res still has quorum here"; done
n=$(links)
[ "$n" = 0 ] || no "$n TCP connections of $res still stand"
policy=$(cat "$keep/policy")
if [ "$policy" = suspend-io ] && [ "$(values resource role)" = Primary ]; then
  case $(values resource suspended) in *quorum*) ;; *) no "$res is Primary without quorum, and its I/O is not suspended: $(values resource suspended)" ;; esac
fi
say "$res has no quorum, and no TCP connection; on-no-quorum is $policy"
)sh";

constexpr std::string_view kUndo = "put_back\n";

// What DRBD did for want of quorum has to be over as well; a file system that met errors stays
// read-only until somebody mounts it again, which is not ours to do under a running service.
constexpr std::string_view kUndone = R"sh(
t=$(trouble)
case $t in
  *StandAlone*) no "$res: $t; a node that was Primary has to be demoted (drbdadm secondary $res) when a peer was promoted meanwhile" ;;
  '') ;;
  *) no "$res: $t" ;;
esac
for q in $(values device quorum); do [ "$q" = yes ] || no "$res has no quorum"; done
for s in $(values resource suspended); do [ "$s" = no ] || no "the I/O of $res is still suspended: $s"; done
for f in $(values resource force-io-failures); do [ "$f" = no ] || no "$res still fails all I/O, until the last program closes it"; done
if [ -e "$keep/mounts" ]; then
  while read -r m; do
    options=$(awk -v m="$m" '$2 == m {o = $4} END {print o}' /proc/mounts)
    case ",$options," in
      *,ro,*|*,emergency_ro,*|*,shutdown,*) no "the file system on $m gave up when its writes failed ($options): it has to be unmounted and mounted again" ;;
    esac
  done <"$keep/mounts"
fi
is_whole
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const std::string res, drbd_resource(kDrbdQuorumLoss, target, step));
  return plan_drbd_scripts(
      target, res, {kReady, kApply, kConfirm, kUndo, kUndone, false, {kFunctions}}, {},
      "cut " + res + " on " + target.node.name + " off from every member of its quorum",
      res + " has no quorum on " + target.node.name);
}

constexpr std::array kParams{kDrbdResource};

}  // namespace
}  // namespace drbd_quorum_loss

const FaultType kDrbdQuorumLoss{
    "drbd.quorum-loss",
    "cut a node's DRBD off from every member of its quorum",
    drbd_quorum_loss::kParams,
    "DRBD 9 (the kernel module; 8.4 knows no quorum) with quorum on, and not 1; connected and "
    "UpToDate, runs as its file says; a Primary with on-no-quorum io-error loses its file system "
    "until that is mounted again: have an operator's step for it",
    "DRBD says quorum:no, no TCP connection of the resource stands, and with on-no-quorum "
    "suspend-io the I/O of a Primary is suspended",
    "connected again; proven when every disk is UpToDate, quorum is back, no I/O is suspended or "
    "failed, and no file system on it has become read-only",
    false,
    drbd_quorum_loss::plan,
    Takes::copy};

}  // namespace ernstfall
