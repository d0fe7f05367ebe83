// disk_mapper: tables are loaded beside the live one and swapped by one resume, so that there is no
// moment at which we could die and leave the device suspended.
#include "harness/faults/disk_mapper.h"

namespace ernstfall {
namespace {

// $1 device; $2 target, or "suspend"; $3 module; $4... of the fault
// Nothing here reads or syncs the device without a time limit: it may hang.
constexpr std::string_view kMapperFunctions = R"sh(
device=$1 target=$2 module=$3
dm() { timeout 20 dmsetup --noudevsync "$@"; }
field() { dm info -c --noheadings -o "$1" "$name" 2>/dev/null | tr -d ' '; }
find_name() { name=$(dm info -c --noheadings -o name "$device" 2>/dev/null); [ -n "$name" ]; }
# One block from a place that is not always the same, past every cache.
read_once() { # SECONDS
  sectors=$(cat "/sys/dev/block/$(field major):$(field minor)/size")
  timeout -s KILL "$1" dd if="/dev/mapper/$name" of=/dev/null bs=4096 count=1 iflag=direct \
    skip=$(($(date +%s%N) / 1000 % (sectors / 8))) 2>&1
}
drbd_on_it() { # the resources of DRBD whose data is on the device
  drbd_disks | while read -r r d; do
    [ "$(stat -L -c %t:%T "$d" 2>/dev/null)" != "$(stat -L -c %t:%T "$device")" ] || echo "$r"
  done
}
)sh";

// What the node itself cannot do without must not be on the device: then our undo could not either.
constexpr std::string_view kMapperReady = R"sh(
need dmsetup dmsetup
need findmnt util-linux
need lsblk util-linux
need timeout coreutils
[ -b "$device" ] || no "$device is not a block device"
find_name || no "$device is not a device-mapper device: its table cannot be changed while it is in use"
[ "$(field suspended)" = Active ] || no "$device is suspended already"
[ "$(field tables_loaded)" != Both ] && [ "$(field tables_loaded)" != Inactive ] || no "$device has a second table loaded: somebody is changing it"
strange=$(dm table "$name" | awk '$3 != "linear" {print $3; exit}')
[ -z "$strange" ] || no "$device has a table of kind \"$strange\": only linear ones can be wrapped"
[ "$target" = suspend ] || dmsetup targets | grep -q "^$target " || modprobe -qn "$module" || no "this kernel has no $module"
part=$(node_part_on "$(field major):$(field minor)")
[ -z "$part" ] || no "$part of the node is on $device"
for r in $(drbd_on_it); do
  [ "$(drbd_disk "$r")" = UpToDate ] || no "$device is the disk of DRBD's $r, and that is $(drbd_disk "$r") already"
done
)sh";

constexpr std::string_view kMapperApply = R"sh(
find_name || no "$device is not a device-mapper device"
drbd_on_it >"$keep/drbd"
dm table "$name" >"$keep/table.new" && [ -s "$keep/table.new" ] || no "the table of $name cannot be read"
echo "$name" >"$keep/name"
mv "$keep/table.new" "$keep/table"
if [ "$target" = suspend ]; then
  dm suspend --noflush --nolockfs "$name" || no "dmsetup does not suspend $name"
else
  [ -z "$module" ] || modprobe "$module" 2>/dev/null
  shift 3
  awk -v target="$target" -v args="$*" '{
    place = $4 " " $5; line = args; gsub("@", place, line); print $1, $2, target, line}' "$keep/table" >"$keep/wrapped"
  dm load "$name" "$keep/wrapped" || no "dmsetup does not take the table: $(head -n 1 "$keep/wrapped")"
  dm resume --noflush --nolockfs "$name" || no "dmsetup does not swap the tables of $name"
fi
)sh";

constexpr std::string_view kMapperUndo = R"sh(
[ -s "$keep/table" ] || exit 0
name=$(cat "$keep/name")
dm info "$name" >/dev/null 2>&1 || exit 0
if [ "$(dm table "$name")" != "$(cat "$keep/table")" ]; then
  dm load "$name" "$keep/table" || no "dmsetup does not take the old table of $name"
fi
case $(field suspended)$(field tables_loaded) in
  Suspended*|*Both|*Inactive) dm resume --nolockfs "$name" || no "dmsetup does not resume $name" ;;
esac
drbd_attach
)sh";

constexpr std::string_view kMapperUndone = R"sh(
if [ ! -s "$keep/table" ]; then say "no change is noted that would have to be taken back"; exit 0; fi
name=$(cat "$keep/name")
if ! dm info "$name" >/dev/null 2>&1; then say "$name is gone"; exit 0; fi
[ "$(field suspended)" = Active ] || no "$name is suspended"
[ "$(dm table "$name")" = "$(cat "$keep/table")" ] || no "the table of $name is: $(dm table "$name" | head -n 1)"
case $(field tables_loaded) in *Both*|*Inactive*) no "$name has a second table loaded" ;; esac
drbd_attached
why=$(read_once 10) || no "a block cannot be read from $name within 10 s: $(echo "$why" | tail -n 1)"
say "$name has the table of before, and a block can be read"
)sh";

}  // namespace

// DRBD drops a disk that has failed. It notices some time after the last error, so it is asked
// until two answers are good.
const std::string_view kDrbdDisks = R"sh(
drbd_disk() { timeout 10 drbdadm dstate "$1" 2>/dev/null | head -n 1 | cut -d / -f 1; }
drbd_disks() {
  command -v drbdadm >/dev/null 2>&1 || return 0
  for r in $(timeout 10 drbdadm sh-resources 2>/dev/null); do
    for d in $(timeout 10 drbdadm sh-ll-dev "$r" 2>/dev/null); do echo "$r $d"; done
  done
}
drbd_attach() {
  for r in $(cat "$keep/drbd" 2>/dev/null); do
    good=0 i=0
    while [ $good -lt 2 ] && [ $i -lt 20 ]; do
      case $(drbd_disk "$r") in
        Diskless) good=0; timeout 30 drbdadm attach "$r" >/dev/null 2>&1 ;;
        ''|Failed|Attaching|Negotiating|Detaching) good=0 ;;
        *) good=$((good + 1)) ;;
      esac
      i=$((i + 1)); sleep 1
    done
  done
}
drbd_attached() {
  for r in $(cat "$keep/drbd" 2>/dev/null); do
    case $(drbd_disk "$r") in ''|Diskless|Failed|Detaching) no "the disk of DRBD's $r is $(drbd_disk "$r")" ;; esac
  done
}
)sh";

const std::string_view kNodeParts = R"sh(
node_part_on() {
  for at in / /usr /etc /var /var/lib /var/log /run /tmp swap; do
    if [ $at = swap ]; then below=$(awk 'NR > 1 && $1 ~ "^/dev/" {print $1}' /proc/swaps)
    else below=$(findmnt -nvo SOURCE "$at" 2>/dev/null); fi
    for d in $below; do
      [ -b "$d" ] || continue
      ! lsblk -nrso MAJ:MIN "$d" 2>/dev/null | tr -d ' ' | grep -qx "$1" || { echo "$at"; return 0; }
    done
  done
}
)sh";

Result<std::string> disk_device(const FaultType& type, const FaultStep& step) {
  ERNSTFALL_TRY(const ParamValue device, param_of(type, step, "device"));
  const std::string& path = device.text;
  bool plain = path.rfind("/dev/", 0) == 0 && path.size() > 5 && path.back() != '/';
  for (const std::string& part : split(path, '/')) plain = plain && part != "." && part != "..";
  for (const char c : path) plain = plain && static_cast<unsigned char>(c) > ' ';
  if (!plain)
    return fail(Errc::usage, "{}: device is \"{}\"; expected a path below /dev", type.name, path);
  return path;
}

FaultPlan plan_disk_mapper(const FaultTarget& target, const std::string& device,
                           const DiskMapper& mapper) {
  Argv args{device, mapper.target.empty() ? "suspend" : std::string(mapper.target),
            std::string(mapper.module)};
  args.insert(args.end(), mapper.args.begin(), mapper.args.end());
  return plan_scripts(target,
                      {kMapperReady,
                       kMapperApply,
                       mapper.confirm,
                       kMapperUndo,
                       kMapperUndone,
                       false,
                       {kDrbdDisks, kMapperFunctions},
                       {kNodeParts}},
                      args, mapper.intended, mapper.effect);
}

}  // namespace ernstfall
