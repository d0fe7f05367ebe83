// disk.read-only: a file system is remounted read-only, as the kernel does after errors.
#include <array>

#include "harness/faults/disk_mount.h"

namespace ernstfall {

extern const FaultType kDiskReadOnly;

namespace disk_read_only {
namespace {

// $1 mount
// The kernel refuses while something is open for writing; better said before than after.
constexpr std::string_view kReady = R"sh(
mount_ready
mount_writable
need perl perl-base
device=$(stat -c %d "$mount")
writer=$(perl -e 'my $device = shift;
  for my $fd (glob "/proc/[0-9]*/fd/*") {
    my @s = stat $fd or next;
    next unless $s[0] == $device && -f _;
    my ($pid, $n) = $fd =~ m{/proc/(\d+)/fd/(\d+)};
    open(my $info, "<", "/proc/$pid/fdinfo/$n") or next;
    my ($flags) = join("", <$info>) =~ /^flags:\s*(\d+)/m or next;
    next unless oct($flags) & 3;
    open(my $comm, "<", "/proc/$pid/comm") or next;
    chomp(my $name = <$comm>);
    print "$name (pid $pid) has ", readlink($fd), " open for writing";
    exit;
  }' "$device")
[ -z "$writer" ] || no "$writer: the kernel would refuse to make $mount read-only"
)sh";

constexpr std::string_view kApply = R"sh(
line_of_mount >"$keep/line.new" && mv "$keep/line.new" "$keep/line"
source=$(awk '{print $1}' "$keep/line")
timeout 30 mount -n -o remount,ro "$source" "$mount" || no "the kernel does not make $mount read-only"
)sh";

constexpr std::string_view kConfirm = R"sh(
why=$({ true >"$mount/.ernstfall-$token.probe"; } 2>&1)
if [ -e "$mount/.ernstfall-$token.probe" ]; then
  rm -f "$mount/.ernstfall-$token.probe"
  no "a file could be made in $mount"
fi
case $why in
  *'Read-only file system'*) say "a new file in $mount: read-only file system" ;;
  *) no "a new file fails, but otherwise: $why" ;;
esac
)sh";

// -n, and with the source: neither /etc/fstab nor what mount(8) has noted has a say in it.
constexpr std::string_view kUndo = R"sh(
[ -s "$keep/line" ] || exit 0
now=$(line_of_mount)
[ -n "$now" ] || exit 0
rm -f "$mount/.ernstfall-$token.probe" 2>/dev/null
[ "$now" != "$(cat "$keep/line")" ] || exit 0
source=$(awk '{print $1}' "$keep/line")
options=$(awk '{print $4}' "$keep/line")
# Mounted anew from elsewhere meanwhile: that is not ours.
[ "$source" = "$(echo "$now" | awk '{print $1}')" ] || exit 0
timeout 30 mount -n -o "remount,$options" "$source" "$mount" ||
  timeout 30 mount -n -o remount,rw "$source" "$mount" || no "$mount cannot be made writable again"
)sh";

constexpr std::string_view kUndone = R"sh(
if [ ! -s "$keep/line" ]; then say "no change is noted that would have to be taken back"; exit 0; fi
now=$(line_of_mount)
if [ -z "$now" ]; then say "$mount is not mounted any more"; exit 0; fi
was=$(cat "$keep/line")
[ "$(echo "$now" | awk '{print $1}')" = "$(echo "$was" | awk '{print $1}')" ] || { say "something else is mounted there"; exit 0; }
[ "$now" = "$was" ] || no "it was \"$was\", and is \"$now\""
true >"$mount/.ernstfall-$token.probe" || no "a file cannot be made in $mount"
rm -f "$mount/.ernstfall-$token.probe"
say "the same options as before, and a new file can be made"
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const std::string mount, disk_mount(kDiskReadOnly, step));
  return plan_scripts(target, {kReady, kApply, kConfirm, kUndo, kUndone, false, {kMountFunctions}},
                      {mount}, "make " + mount + " read-only", mount + " takes no write");
}

constexpr std::array kParams{kDiskMount};

}  // namespace
}  // namespace disk_read_only

const FaultType kDiskReadOnly{
    "disk.read-only",
    "make a mounted file system read-only",
    disk_read_only::kParams,
    "a writable file system on a block device where no file is open for writing",
    "a new file cannot be made: EROFS",
    "remounted with exactly the options of before; proven by them and by a new file",
    false,
    disk_read_only::plan};

}  // namespace ernstfall
