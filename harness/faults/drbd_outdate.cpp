// drbd.outdate: a Secondary knows that its data is old, and refuses to be promoted.
#include <array>

#include "harness/faults/drbd_script.h"

namespace ernstfall {

extern const FaultType kDrbdOutdate;

namespace drbd_outdate {
namespace {

constexpr std::string_view kReady = R"sh(
[ "$(values resource role)" = Secondary ] || no "$res is $(values resource role) here; only a Secondary can be outdated"
case $(values connection role) in *Primary*) ;; *) no "no peer of $res is Primary: nobody would say afterwards whose data is right" ;; esac
)sh";

constexpr std::string_view kApply = R"sh(
remember
begin
drbdadm disconnect "$res" && drbdadm outdate "$res" || no "$res cannot be outdated"
)sh";

// A promotion is tried only when DRBD says by itself that it must refuse.
constexpr std::string_view kConfirm = R"sh(
for d in $(values device disk); do
  [ "$d" = Outdated ] || no "the disk of $res is $d"
done
n=$(links)
[ "$n" = 0 ] || no "$n TCP connections of $res still stand"
if drbdadm primary "$res" >"$keep/primary" 2>&1; then
  drbdadm secondary "$res"
  no "$res could be promoted"
fi
why=$(grep 'State change failed' "$keep/primary") || no "$res was not promoted, but for another reason: $(tail -n 1 "$keep/primary")"
say "$res is Outdated, and refuses: ${why#*: }"
)sh";

constexpr std::string_view kUndo = "put_back\n";
constexpr std::string_view kUndone = "is_whole\n";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const std::string res, drbd_resource(kDrbdOutdate, target, step));
  return plan_drbd_scripts(target, res, {kReady, kApply, kConfirm, kUndo, kUndone}, {},
                           "cut " + res + " off and outdate it on " + target.node.name,
                           res + " refuses to become Primary");
}

constexpr std::array kParams{kDrbdResource};

}  // namespace
}  // namespace drbd_outdate

const FaultType kDrbdOutdate{
    "drbd.outdate",
    "disconnect a Secondary and mark its data as outdated",
    drbd_outdate::kParams,
    "the node is Secondary and its peer Primary; connected and UpToDate, runs as its file says",
    "the disk is Outdated, and a promotion without force is refused",
    "connected again; proven when every disk is UpToDate again, after the resync",
    false,
    drbd_outdate::plan,
    Takes::copy};

}  // namespace ernstfall
