// drbd.disconnect: replication stops by command, as after a failed authentication or by a slip of
// the hand.
#include <array>

#include "harness/faults/drbd_script.h"

namespace ernstfall {

extern const FaultType kDrbdDisconnect;

namespace drbd_disconnect {
namespace {

constexpr std::string_view kReady;

constexpr std::string_view kApply = R"sh(
remember
begin
drbdadm disconnect "$res" || no "$res does not disconnect"
)sh";

constexpr std::string_view kConfirm = R"sh(
for c in $(values connection connection); do
  [ "$c" = StandAlone ] || no "a connection of $res is $c"
done
n=$(links)
[ "$n" = 0 ] || no "$n TCP connections of $res still stand"
say "$res is StandAlone, and it has no TCP connection"
)sh";

constexpr std::string_view kUndo = "put_back\n";
constexpr std::string_view kUndone = "is_whole\n";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const std::string res, drbd_resource(kDrbdDisconnect, target, step));
  return plan_drbd_scripts(target, res, {kReady, kApply, kConfirm, kUndo, kUndone}, {},
                           "disconnect " + res + " on " + target.node.name,
                           res + " is cut from its peers");
}

constexpr std::array kParams{kDrbdResource};

}  // namespace
}  // namespace drbd_disconnect

const FaultType kDrbdDisconnect{
    "drbd.disconnect",
    "disconnect a DRBD resource from its peers by command",
    drbd_disconnect::kParams,
    "the resource is connected and UpToDate, and runs as its file says",
    "the connection is StandAlone, and no TCP connection of the resource stands",
    "connected again; proven when every disk is UpToDate again, after the resync",
    false,
    drbd_disconnect::plan};

}  // namespace ernstfall
