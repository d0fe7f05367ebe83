// disk.thin-full: an LVM thin pool has no block left: every volume in it that needs a new one gets
// an error, or waits.
//
// A thin volume of ours takes all free blocks. It outlives a reboot, so that the undo does too.
// Filling the pool must not fill its metadata: a pool whose metadata is full becomes read-only and
// has to be repaired off-line. What is free there is counted first.
#include <algorithm>
#include <array>

#include "harness/faults/disk_mapper.h"

namespace ernstfall {

extern const FaultType kDiskThinFull;

namespace disk_thin_full {
namespace {

// $1 a pool or a volume (vg0/pool, /dev/vg0/data), or a mount point; $2 bytes that may be written
// The kernel's line of a pool: start, length, thin-pool, transaction, used/all of metadata (4 KiB
// blocks), used/all of data, -, mode, discards, what happens when full, needs_check.
constexpr std::string_view kFunctions = R"sh(
export LVM_SUPPRESS_FD_WARNINGS=1
lvm_says() { timeout 60 "$@" --noheadings --nosuffix --units b 2>/dev/null; }
lvm_why() { timeout 60 "$@" 2>&1 >/dev/null | tail -n 1 | sed 's/^ *//'; }
of_pool() { lvm_says lvs -o "$1" "$vg/$pool" | tr -d ' []'; }
dm_name() { printf '%s-%s' "$(echo "$1" | sed 's/-/--/g')" "$(echo "$2" | sed 's/-/--/g')"; }
know_pool() { # VG/POOL
  vg=${1%%/*} pool=${1#*/} base=$(dm_name "${1%%/*}" "${1#*/}")
}
find_pool() { # of a pool, a volume in it, or a mount point
  what=$1
  case $1 in
    /dev/*) ;;
    /*) what=$(awk -v at="$1" '$2 == at {s = $1} END {print s}' /proc/mounts)
      [ -n "$what" ] || no "nothing is mounted on $1" ;;
  esac
  line=$(lvm_says lvs --separator ' ' -o vg_name,lv_name,segtype,pool_lv "$what") || no "$what is no volume of LVM: $(lvm_why lvs "$what")"
  set -- $(echo "$line" | head -n 1 | tr -d '[]')
  case $3 in
    thin-pool) know_pool "$1/$2" ;;
    thin) know_pool "$1/$4" ;;
    *) no "$what is a $3 volume, not a thin pool or in one" ;;
  esac
}
mapped() { # the name under which the kernel has the pool: with thin volumes in it, LVM adds a layer
  for n in "$base-tpool" "$base"; do
    [ -z "$(timeout 20 dmsetup status --target thin-pool "$n" 2>/dev/null)" ] || { echo "$n"; return 0; }
  done
  return 1
}
pool_line() { n=$(mapped) && timeout 20 dmsetup status --target thin-pool "$n"; }
data_free() { pool_line | awk 'split($6, b, "/") == 2 {printf "%.0f", b[2] - b[1]}'; }
data_all() { pool_line | awk 'split($6, b, "/") == 2 {printf "%.0f", b[2]}'; }
block_bytes() { timeout 20 dmsetup table "$(mapped)" | awk '$3 == "thin-pool" {printf "%.0f", $6 * 512}'; }
pool_mode() { pool_line | awk '{print (NF < 8 ? tolower($4) : $8)}'; }
drbd_in_it() { # the resources of DRBD whose data is in the pool
  drbd_disks | while read -r r d; do
    [ "$(lvm_says lvs --separator / -o vg_name,pool_lv "$d" </dev/null | tr -d ' []')" != "$vg/$pool" ] || echo "$r"
  done | sort -u
}
marked() { # the volume groups that have a volume of this fault
  list=$(lvm_says lvs -o vg_name -S "lv_name=$mark") || no "lvs cannot be asked: $(lvm_why lvs)"
  echo "$list" | tr -d ' '
}
)sh";

constexpr std::string_view kReady = R"sh(
for t in lvs lvcreate lvremove vgs lvmconfig; do need $t lvm2; done
need dmsetup dmsetup
need findmnt util-linux
need lsblk util-linux
need blkdiscard util-linux
find_pool "$1"
mapped >/dev/null || no "the thin pool $vg/$pool is not active"
[ "$(mapped)" = "$base-tpool" ] || no "no volume in the thin pool $vg/$pool is active: nobody would notice"
[ "$(pool_mode)" = rw ] || no "the thin pool $vg/$pool is $(pool_mode) already"
case $(pool_line) in *needs_check*) no "the thin pool $vg/$pool needs a repair" ;; esac
old=$(lvm_says lvs -o lv_name -S "vg_name=$vg && lv_name=~^ernstfall-" | tr -d ' ')
[ -z "$old" ] || no "a volume of an earlier fault is in $vg: ernstfall heal removes it"
on=$(timeout 20 dmsetup info -c --noheadings -o major,minor --separator : "$(mapped)" | tr -d ' ')
part=$(node_part_on "$on")
[ -z "$part" ] || no "$part of the node is in the thin pool $vg/$pool: our undo could not work either"
for r in $(drbd_in_it); do
  [ "$(drbd_disk "$r")" = UpToDate ] || no "the disk of DRBD's $r is in $vg/$pool, and it is $(drbd_disk "$r") already"
done
free=$(data_free) bytes=$(block_bytes)
[ "$free" -gt 0 ] || no "the thin pool $vg/$pool is full already"
[ "$((free * bytes))" -le "$2" ] || no "$((free * bytes)) bytes are free in $vg/$pool, more than $2: filling them would take long (max)"
room=$(pool_line | awk 'split($5, b, "/") == 2 {printf "%.0f", b[2] - b[1]}')
[ "$room" -gt $((free / 64 + 128)) ] || no "the metadata of $vg/$pool has $room blocks left, and filling the pool may take $((free / 64 + 128)): full, it would need a repair"
profile=$(of_pool lv_profile)
at=$(timeout 20 lvmconfig --type full ${profile:+--metadataprofile "$profile"} activation/thin_pool_autoextend_threshold 2>/dev/null | sed 's/.*=//')
spare=$(lvm_says vgs -o vg_free "$vg" | tr -d ' ')
case $at/$spare in /*|*/|*[!0-9/]*) no "whether LVM extends $vg/$pool by itself cannot be found out" ;; esac
if [ "$at" -lt 100 ] && [ "$spare" -gt 0 ] && [ "$(of_pool seg_monitor)" = monitored ]; then
  no "LVM extends $vg/$pool by itself from $at % on (thin_pool_autoextend_threshold; $spare bytes are free in $vg): it would not stay full"
fi
case $(pool_line) in
  *queue_if_no_space*)
    [ "$(cat /sys/module/dm_thin_pool/parameters/no_space_timeout 2>/dev/null)" != 0 ] ||
      no "whoever writes to a full pool waits for ever here (no_space_timeout is 0): the undo might wait with them" ;;
esac
)sh";

// What is unused of the volume's size serves the confirmation.
constexpr std::string_view kApply = R"sh(
find_pool "$1"
all=$(data_all) bytes=$(block_bytes)
[ "${all:-0}" -gt 0 ] && [ "${bytes:-0}" -gt 0 ] || no "the thin pool $vg/$pool cannot be asked"
echo "$all" >"$keep/all"
drbd_in_it >"$keep/drbd"
echo "$vg/$pool" >"$keep/pool.new"
mv "$keep/pool.new" "$keep/pool"
begin
timeout 120 lvcreate --yes --type thin --thinpool "$pool" --name "$mark" --virtualsize "$(((all + 2) * bytes))b" \
  --wipesignatures n --setactivationskip n --addtag ernstfall "$vg" >/dev/null 2>"$keep/why" ||
  no "lvcreate makes no volume in $vg/$pool: $(tail -n 1 "$keep/why")"
place=0 round=0
while more=$(data_free); [ "${more:-0}" -gt 0 ] && [ $round -lt 4 ]; do
  timeout -s KILL 540 dd if=/dev/zero of="/dev/mapper/$(dm_name "$vg" "$mark")" bs="$bytes" seek=$place count="$more" oflag=direct conv=notrunc 2>"$keep/why"
  place=$((place + more)) round=$((round + 1))
done
[ "$(data_free)" = 0 ] || no "$(data_free) blocks of $vg/$pool are still free: $(tail -n 1 "$keep/why")"
)sh";

// LVM and the kernel are asked apart. A write is tried where it fails at once: where writers wait,
// nobody could end ours.
constexpr std::string_view kConfirm = R"sh(
[ -s "$keep/pool" ] || no "no pool was filled"
know_pool "$(cat "$keep/pool")"
all=$(data_all)
[ "$all" = "$(cat "$keep/all")" ] || no "$vg/$pool has $all blocks now, not $(cat "$keep/all"): somebody, or LVM by itself, extended it"
[ "$(data_free)" = 0 ] || no "$(data_free) of $all blocks of $vg/$pool are free"
percent=$(of_pool data_percent)
echo "$percent" | awk '{exit !($1 >= 100)}' || no "lvs: $percent % of $vg/$pool are used"
case $(pool_line) in
  *error_if_no_space*)
    why=$(timeout -s KILL 30 dd if=/dev/zero of="/dev/mapper/$(dm_name "$vg" "$mark")" bs="$(block_bytes)" seek="$all" count=1 oflag=direct conv=notrunc 2>&1) &&
      no "a block more could be written"
    case $why in
      *'No space left'*|*'Input/output error'*) what=$(echo "$why" | head -n 1 | sed 's/.*: //') ;;
      *) no "a write fails, but otherwise: $why" ;;
    esac ;;
  *) what="writers wait" ;;
esac
say "lvs: $percent % used; $all of $all blocks are taken, pool $(pool_mode); a new block: $what"
)sh";

// A discard gives the blocks back at once, to those as well who wait for one and would keep the
// volume busy.
constexpr std::string_view kUndo = R"sh(
vgs=$(marked) || exit 1
for v in $vgs; do
  timeout 120 blkdiscard "/dev/mapper/$(dm_name "$v" "$mark")" 2>/dev/null
  timeout 120 lvremove --yes --force "$v/$mark" >/dev/null 2>&1 || no "$v/$mark cannot be removed: $(lvm_why lvremove --yes --force "$v/$mark")"
done
[ -s "$keep/pool" ] || exit 0
know_pool "$(cat "$keep/pool")"
held() { [ "$(timeout 20 dmsetup info -c --noheadings -o suspended "$(mapped)" 2>/dev/null | tr -d ' ')" = Suspended ]; }
# For moments that is LVM at work; longer, one that was interrupted.
i=0
while held && [ $i -lt 10 ]; do sleep 1; i=$((i + 1)); done
if held; then timeout 20 dmsetup resume "$(mapped)"; fi
drbd_attach
)sh";

// At boot the volume group may not be there yet: what is not seen then is not gone.
constexpr std::string_view kUndone = R"sh(
vgs=$(marked) || exit 1
[ -z "$vgs" ] || no "the volume $mark is still in" $vgs
if [ ! -s "$keep/pool" ]; then say "there is no volume of the fault"; exit 0; fi
know_pool "$(cat "$keep/pool")"
percent=$(of_pool data_percent)
[ -n "$percent" ] && mapped >/dev/null || no "the thin pool $vg/$pool is not there: what the fault left in it cannot be seen"
case $(pool_line) in *needs_check*) no "the thin pool $vg/$pool needs a repair: lvconvert --repair" ;; esac
if [ "$(data_free)" != 0 ] && [ "$(pool_mode)" != rw ]; then no "the thin pool $vg/$pool is $(pool_mode), with $(data_free) blocks free"; fi
[ "$(timeout 20 dmsetup info -c --noheadings -o suspended "$(mapped)" | tr -d ' ')" = Active ] || no "the thin pool $vg/$pool is suspended"
drbd_attached
say "$percent % of $vg/$pool are used, and it takes writes"
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const ParamValue pool, param_of(kDiskThinFull, step, "pool"));
  ERNSTFALL_TRY(const ParamValue max, param_of(kDiskThinFull, step, "max"));
  const std::string& name = pool.text;
  const bool path = name.rfind('/', 0) == 0;
  bool plain = !name.empty() && name.front() != '-' && name.back() != '/' &&
               (path || std::count(name.begin(), name.end(), '/') == 1);
  for (const std::string& part : split(path ? name.substr(1) : name, '/'))
    plain = plain && !part.empty() && part != "." && part != ".." && part.front() != '-';
  for (const char c : name)
    plain = plain && (std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                      std::string_view("/._+-").find(c) != std::string_view::npos);
  if (!plain)
    return fail(Errc::usage,
                "disk.thin-full: pool is \"{}\"; expected a volume (vg0/pool or /dev/vg0/data) or "
                "a mount point",
                name);
  if (max.number < 1)
    return fail(Errc::usage, "disk.thin-full: max is \"{}\"; expected at least 1B", max.text);
  FaultPlan plan = plan_scripts(
      target,
      {kReady, kApply, kConfirm, kUndo, kUndone, true, {kDrbdDisks, kFunctions}, {kNodeParts}},
      {name, fmt::format("{:.0f}", max.number)},
      "take every free block of the thin pool of " + name, "the thin pool of " + name + " is full");
  std::get<ScriptAction>(plan.apply.front()).timeout = std::chrono::minutes(10);
  return plan;
}

constexpr std::array kParams{
    ParamSpec{"pool", ParamValue::Kind::text, "", true,
              "the thin pool, a thin volume in it, or where one is mounted: vg0/pool, "
              "/dev/vg0/data, /srv/cloud"},
    ParamSpec{"max", ParamValue::Kind::bytes, "64GiB", false,
              "refused when more than this is free: all of it is written"}};

}  // namespace
}  // namespace disk_thin_full

const FaultType kDiskThinFull{
    "disk.thin-full",
    "fill an LVM thin pool: every volume in it that needs a new block gets none",
    disk_thin_full::kParams,
    "lvm2; an active thin pool with room in its metadata, none that the node itself lives on, and "
    "none that LVM would extend by itself (thin_pool_autoextend_threshold)",
    "lvs says 100 %, the kernel counts no free block of as many as before, and where a full pool "
    "answers with an error, a write gets it",
    "the fault's own volume is discarded and removed, also after a reboot; proven by its absence, "
    "and by a pool that takes writes; DRBD's disks in it are attached again",
    false,
    disk_thin_full::plan};

}  // namespace ernstfall
