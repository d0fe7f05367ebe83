// resource_hog: a transient service; its control group is what keeps its processes together.
#include "harness/faults/resource_hog.h"

namespace ernstfall {
// SIGKILL: a hog has nothing to tidy up that the undo does not.
const std::string_view kHogFunctions = R"sh(
start_hog() {
  properties=
  while [ "$1" != -- ]; do properties="$properties --property=$1"; shift; done
  shift
  systemd-run --quiet --collect --unit="$mark-hog" --description="ernstfall: fault $token" --property=OOMScoreAdjust=1000 \
    --property=MemorySwapMax=0 --property=KillSignal=SIGKILL --property=TimeoutStopSec=10 $properties -- "$@" ||
    no "systemd-run does not start $1"
}
hog_runs() { [ "$(systemctl show -p ActiveState --value "$mark-hog.service")" = active ] || no "what should use it up has ended: $(journalctl -q -u "$mark-hog.service" -o cat -n 1 --no-pager)"; }
stop_hog() {
  systemctl stop "$mark-hog.service" 2>/dev/null
  systemctl reset-failed "$mark-hog.service" 2>/dev/null
  return 0
}
hog_gone() {
  [ "$(systemctl show -p ActiveState --value "$mark-hog.service")" = inactive ] || no "$mark-hog.service is still there"
  [ -z "$(find /sys/fs/cgroup -name "$mark-hog.service" 2>/dev/null)" ] || no "processes of $mark-hog.service are still there"
}
average() {
  cat "$2" >"/run/$mark-1"; sleep "$1"; cat "$2" >"/run/$mark-2"
  awk "$3" "/run/$mark-1" "/run/$mark-2"
  rm -f "/run/$mark-1" "/run/$mark-2"
}
)sh";

}  // namespace ernstfall
