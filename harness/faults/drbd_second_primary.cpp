// drbd_second_primary: a Secondary is cut off and promoted while its peer is Primary: from then on
// there are two histories. The way back throws away that of the node which is named, and no other.
#include "harness/faults/drbd_script.h"

namespace ernstfall {
namespace drbd_second_primary {
namespace {

constexpr std::string_view kReady = R"sh(
[ "$(values resource role)" = Secondary ] || no "$res is $(values resource role) here; name the Secondary: what is written there is thrown away afterwards"
case $(values connection role) in *Primary*) ;; *) no "the peer of $res is not Primary: there would be no second one" ;; esac
)sh";

// $2: yes when the data is outdated first, so that only force helps. A write, of what is there
// already, is what makes the two histories differ for DRBD.
constexpr std::string_view kApply = R"sh(
remember
begin
drbdadm disconnect "$res" || no "$res does not disconnect"
touch "$keep/promoted" && sync "$keep/promoted"
if [ "$2" = yes ]; then
  drbdadm outdate "$res" || no "$res cannot be outdated"
  ! drbdadm primary "$res" >/dev/null 2>&1 || no "$res could be promoted without force"
  drbdadm primary --force "$res" || no "$res cannot be promoted by force"
else
  drbdadm primary "$res" || no "$res cannot be promoted"
fi
dev=$(drbdadm sh-dev "$res" | head -n 1)
dd if="$dev" of="$keep/block" bs=4096 count=1 iflag=direct status=none &&
  dd if="$keep/block" of="$dev" bs=4096 count=1 oflag=direct conv=notrunc,fsync status=none ||
  no "$dev cannot be written"
)sh";

constexpr std::string_view kConfirm = R"sh(
[ "$(values resource role)" = Primary ] || no "$res is $(values resource role) here"
n=$(links)
[ "$n" = 0 ] || no "$n TCP connections of $res still stand"
dev=$(drbdadm sh-dev "$res" | head -n 1)
[ -s "$keep/block" ] || no "nothing was written here yet"
dd if="$keep/block" of="$dev" bs=4096 count=1 oflag=direct conv=notrunc,fsync status=none || no "$dev cannot be written"
say "$res is Primary and cut off, and $dev takes writes"
)sh";

constexpr std::string_view kPeerIsPrimary = R"sh(
[ "$(values resource role)" = Primary ] || no "$res is $(values resource role)"
case $(values connection connection) in *Connected*) no "$res is connected" ;; esac
say "$res is Primary and alone"
)sh";

constexpr std::string_view kUndo = R"sh(
[ -e "$keep/was" ] || exit 0
if [ -e "$keep/promoted" ]; then
  if [ "$(values resource role)" = Primary ]; then
    drbdadm secondary "$res" || no "$res is in use here; what uses it has to end first"
  fi
  case $(values connection connection) in
    Connected) ;;
    StandAlone|'') drbdadm connect --discard-my-data "$res" || no "$res does not connect" ;;
    *) drbdadm disconnect "$res" && drbdadm connect --discard-my-data "$res" || no "$res does not connect again" ;;
  esac
fi
[ -e "$keep/promoted" ] || put_back
)sh";

// The other side gives up when both meet without the word who discards: after a reboot of this
// node.
constexpr std::string_view kPeerUndo = R"sh(
[ "$(values connection connection)" = StandAlone ] || exit 0
drbdadm connect "$res" || no "$res does not connect"
)sh";

constexpr std::string_view kUndone = R"sh(
[ "$(values resource role)" = Secondary ] || no "$res is $(values resource role) here"
is_whole
)sh";

}  // namespace
}  // namespace drbd_second_primary

Result<FaultPlan> plan_second_primary(const FaultType& type, const FaultTarget& target,
                                      const FaultStep& step, bool force) {
  ERNSTFALL_TRY(const std::string res, drbd_resource(type, target, step));
  const auto& drbd = target.cluster->drbd;
  if (!drbd || drbd->resource != res || drbd->nodes.size() != 2)
    return fail_at(Errc::refused, target.node.name,
                   "{}: only for the cluster file's own resource on two nodes", type.name);
  const std::string& node = target.node.name;
  const std::string& peer = drbd->nodes[drbd->nodes[0] == node ? 1 : 0];
  FaultPlan plan = plan_drbd_scripts(
      target, res,
      {drbd_second_primary::kReady, drbd_second_primary::kApply, drbd_second_primary::kConfirm,
       drbd_second_primary::kUndo, drbd_second_primary::kUndone},
      {force ? "yes" : "no"},
      fmt::format("cut {} off on {} and make it Primary there too{}", res, node,
                  force ? ", by force on outdated data" : ""),
      res + " is Primary, cut off from " + peer);
  plan.confirm.emplace_back(ScriptSees{res + " is Primary too",
                                       peer,
                                       target.token,
                                       drbd_script_text(drbd_second_primary::kPeerIsPrimary),
                                       {res}});
  plan.undo.emplace_back(ScriptAction{
      "undo", peer, target.token, drbd_script_text(drbd_second_primary::kPeerUndo), {res}});
  return plan;
}

}  // namespace ernstfall
