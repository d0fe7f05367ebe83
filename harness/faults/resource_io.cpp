// resource.io: processes read and write past the cache and keep a file system's device busy.
#include <array>

#include "harness/faults/disk_mount.h"
#include "harness/faults/resource_hog.h"

namespace ernstfall {

extern const FaultType kResourceIo;

namespace resource_io {
namespace {

// $1 mount; $2 workers; $3 bytes of each worker's file
constexpr std::string_view kReady = R"sh(
mount_ready
mount_writable
need systemd-run systemd
need stress-ng stress-ng
[ "$(space_free)" -gt $(($2 * $3 / 10 * 12 + 4194304)) ] || no "$mount has not the space for $2 files of $3 bytes"
)sh";

constexpr std::string_view kApply = R"sh(
true >>"$keep/lock"
mkdir -m 700 "$mount/.ernstfall-$token" || no "$mount/.ernstfall-$token cannot be made"
start_hog -- stress-ng --quiet --no-oom-adjust --hdd "$2" --hdd-bytes "$3" --hdd-opts direct,wr-seq,rd-rnd \
  --temp-path "$mount/.ernstfall-$token"
)sh";

// Milliseconds of the last 2 s in which the device had something to do.
constexpr std::string_view kConfirm = R"sh(
hog_runs
source=$(line_of_mount | awk '{print $1}')
stat=/sys/dev/block/$((0x$(stat -L -c %t "$source"))):$((0x$(stat -L -c %T "$source")))/stat
busy=$(average 2 "$stat" '{if (NR == FNR) {b = $10; n = $1 + $5} else print int(($10 - b) / 20), $1 + $5 - n}')
[ "${busy#* }" -gt 10 ] || no "$source had only ${busy#* } reads and writes in 2 s"
[ "${busy% *}" -ge 50 ] || no "$source is busy for ${busy% *} % of the time"
say "$source is busy for ${busy% *} % of the time; ${busy#* } reads and writes in 2 s"
)sh";

constexpr std::string_view kUndo = R"sh(
stop_hog
mountpoint -q "$mount" || no "$mount is not mounted: what the fault left there cannot be reached"
rm -rf --one-file-system "$mount/.ernstfall-$token"
[ ! -e "$mount/.ernstfall-$token" ] || no "$mount/.ernstfall-$token cannot be removed"
)sh";

constexpr std::string_view kUndone = R"sh(
hog_gone
mountpoint -q "$mount" || no "$mount is not mounted: what the fault left there cannot be reached"
[ ! -e "$mount/.ernstfall-$token" ] || no "$mount/.ernstfall-$token is still there"
say "nothing of ours reads or writes, and no file is left"
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const std::string mount, disk_mount(kResourceIo, step));
  ERNSTFALL_TRY(const ParamValue workers, param_of(kResourceIo, step, "workers"));
  ERNSTFALL_TRY(const ParamValue size, param_of(kResourceIo, step, "size"));
  if (workers.number < 1 || workers.number > 256)
    return fail(Errc::usage, "resource.io: workers is {}; expected 1 to 256", workers.text);
  if (size.number < 1 << 20 || size.number > 1e12)
    return fail(Errc::usage, "resource.io: size is \"{}\"; expected 1MiB to 1000GB", size.text);
  return plan_scripts(
      target, {kReady, kApply, kConfirm, kUndo, kUndone, true, {kMountFunctions, kHogFunctions}},
      {mount, workers.text, fmt::format("{:.0f}", size.number)},
      fmt::format("let {} processes read and write {} without a pause", workers.text, mount),
      "the device of " + mount + " is busy");
}

constexpr std::array kParams{
    kDiskMount,
    ParamSpec{"workers", ParamValue::Kind::integer, "2", false, "how many read and write"},
    ParamSpec{"size", ParamValue::Kind::bytes, "64MiB", false, "of each one's file"}};

}  // namespace
}  // namespace resource_io

const FaultType kResourceIo{
    "resource.io",
    "keep the device of a file system busy with reads and writes",
    resource_io::kParams,
    "stress-ng on the node; a mounted file system on a block device with space for the files",
    "the kernel's count of the time in which the device has something to do, over 2 s",
    "the fault's own unit is stopped and its folder removed, also after a reboot; proven by their "
    "absence",
    false,
    resource_io::plan};

}  // namespace ernstfall
