// sweep: the script that knows all our marks, and what it says.
#include "harness/run/sweep.h"

namespace ernstfall {
namespace {

constexpr std::string_view kSweepScript =
    R"sh(export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
did() { printf 'done %s\n' "$*"; }
could_not() { printf 'problem %s\n' "$*"; }
for keep in /run/ernstfall/* /var/lib/ernstfall/*; do
  [ -d "$keep" ] || continue
  token=${keep##*/}
  if [ -f "$keep/fire" ]; then
    if sh "$keep/fire" </dev/null >/dev/null 2>&1; then did "fault $token undone"; else could_not "the undo of fault $token failed ($keep)"; fi
  else
    # Arming was interrupted: nothing had been applied yet.
    systemctl stop "ernstfall-$token.timer" 2>/dev/null
    rm -rf "$keep" && did "what was left of arming fault $token removed"
  fi
done
rmdir /run/ernstfall /var/lib/ernstfall 2>/dev/null
for unit in $(systemctl list-units 'ernstfall-*' --all --plain --no-legend --no-pager 2>/dev/null | awk '{print $1}'); do
  # A dead-man that still waits has its files, and so was fired above; this one can do nothing any more.
  systemctl stop "$unit" 2>/dev/null; systemctl reset-failed "$unit" 2>/dev/null
  did "unit $unit stopped"
done
for unit in /etc/systemd/system/ernstfall-*; do
  [ -e "$unit" ] || continue
  rm -f "/etc/systemd/system/multi-user.target.wants/${unit##*/}" "$unit" && did "$unit removed"
done
if command -v nft >/dev/null 2>&1; then
  nft list tables 2>/dev/null | awk '$3 ~ /^ernstfall_/ {print $2, $3}' | while read -r family table; do
    if nft delete table "$family" "$table"; then did "nft table $table deleted"; else could_not "nft table $table"; fi
  done
fi
for link in $(ip -o link show 2>/dev/null | sed -n 's/^[0-9]*: \(ef[0-9a-f]\{8\}[io]\)[:@].*/\1/p'); do
  tc qdisc show 2>/dev/null | awk '$2 == "clsact" {print $5}' | while read -r dev; do
    for side in ingress egress; do
      tc filter show dev "$dev" $side 2>/dev/null | awk -v l="$link" '$1 == "filter" {for (i = 1; i < NF; i++) if ($i == "pref") pref = $(i + 1)} index($0, "device " l) {print pref}' |
        sort -u | while read -r pref; do tc filter del dev "$dev" $side pref "$pref" && did "filter $pref on $dev deleted"; done
    done
  done
  if ip link del "$link"; then did "link $link deleted"; else could_not "link $link"; fi
done
awk '$1 ~ "^/dev/" {print $2}' /proc/mounts | sort -u | while read -r mount; do
  for file in "$mount"/.ernstfall-*; do
    [ -e "$file" ] || continue
    if rm -rf "$file"; then did "$file removed"; else could_not "$file"; fi
  done
done
exit 0
)sh";

}  // namespace

Result<SweepResult> sweep_marks(Remote& remote, Deadline deadline, const std::stop_token& stop) {
  ERNSTFALL_TRY(const ExecResult result, exec_script(remote, kSweepScript, {}, deadline, stop));
  if (!result.ok()) return fail(Errc::protocol, "the marks cannot be swept: {}", result.summary());
  SweepResult swept;
  for (const std::string& line : split(result.out, '\n')) {
    if (line.rfind("done ", 0) == 0) swept.done.push_back(line.substr(5));
    if (line.rfind("problem ", 0) == 0) swept.problems.push_back(line.substr(8));
  }
  return swept;
}

}  // namespace ernstfall
