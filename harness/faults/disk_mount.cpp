// disk_mount: numbers come from statfs, and the mount from the kernel's own table.
#include "harness/faults/disk_mount.h"

namespace ernstfall {

// The last line of a mount point in the table is the one that is seen. Spaces there are \040.
const std::string_view kMountFunctions = R"sh(
mount=$1
line_of_mount() { awk -v at="$(printf '%s' "$mount" | sed 's/ /\\\\040/g')" '$2 == at {line = $0} END {print line}' /proc/mounts; }
mount_ready() {
  need mountpoint util-linux
  mountpoint -q "$mount" || no "$mount is not a mount point"
  line=$(line_of_mount)
  [ -n "$line" ] || no "$mount is not in /proc/mounts"
  source=$(echo "$line" | awk '{print $1}')
  fstype=$(echo "$line" | awk '{print $3}')
  options=$(echo "$line" | awk '{print $4}')
  [ -b "$source" ] || no "$mount is a $fstype of \"$source\", not a file system on a block device"
  [ -z "$(ls -d "$mount"/.ernstfall-* 2>/dev/null)" ] || no "a file of an earlier fault is in $mount: ernstfall heal removes it"
}
mount_writable() {
  case ",$options," in *,ro,*) no "$mount is mounted read-only" ;; esac
}
block_size() { stat -f -c %S "$mount"; }
space_free() { stat -f -c '%a %S' "$mount" | awk '{printf "%.0f", $1 * $2}'; } # what df calls available
space_used() { stat -f -c '%b %f %S' "$mount" | awk '{printf "%.0f", ($1 - $2) * $3}'; }
inodes_free() { stat -f -c %d "$mount"; }
)sh";

const std::string_view kMountAwaited = R"sh(
mountpoint -q "$mount" || no "$mount is not mounted: what the fault left there cannot be reached"
)sh";

Result<std::string> disk_mount(const FaultType& type, const FaultStep& step) {
  ERNSTFALL_TRY(const ParamValue mount, param_of(type, step, "mount"));
  const std::string path = mount.text;
  const bool whole = path.rfind('/', 0) == 0 && (path == "/" || path.back() != '/');
  bool plain = true;
  for (const std::string& part : split(path, '/')) plain = plain && part != "." && part != "..";
  for (const char c : path) plain = plain && static_cast<unsigned char>(c) >= ' ' && c != '\\';
  if (!whole || !plain)
    return fail(Errc::usage,
                "{}: mount is \"{}\"; expected an absolute path without a slash at its end",
                type.name, path);
  return path;
}

}  // namespace ernstfall
