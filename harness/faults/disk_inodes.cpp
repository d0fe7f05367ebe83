// disk.inodes: empty files use up what a file system has of inodes.
#include <array>

#include "harness/faults/disk_mount.h"

namespace ernstfall {

extern const FaultType kDiskInodes;

namespace disk_inodes {
namespace {

// $1 mount; $2 inodes that shall be left
constexpr std::string_view kReady = R"sh(
mount_ready
mount_writable
need perl perl-base
free=$(inodes_free)
[ "$(stat -f -c %c "$mount")" -gt 0 ] || no "$mount ($fstype) has no fixed number of inodes"
[ "$free" -gt $(($2 + 8)) ] || no "$mount has $free inodes left already, and $2 shall be: it is left as it is"
[ $((free - $2)) -le 1000000 ] || no "$((free - $2)) files would have to be made; at most 1000000 are"
[ "$(space_free)" -gt $(((free - $2) * 64)) ] || no "$mount has not the space for the names of $((free - $2)) files"
)sh";

// The loop asks again at its end, because others make and remove files meanwhile.
constexpr std::string_view kApply = R"sh(
true >>"$keep/lock"
folder=$mount/.ernstfall-$token
mkdir -m 700 "$folder" || no "$folder cannot be made"
round=0
while more=$(($(inodes_free) - $2)); [ "$more" -gt 0 ] && [ $round -lt 5 ]; do
  perl -e 'my ($folder, $round, $n) = @ARGV;
    for my $i (1 .. $n) { my $f; open($f, ">", "$folder/$round.$i") or exit 1; close $f }' "$folder" $round "$more"
  round=$((round + 1))
done
[ "$(inodes_free)" -le $(($2 + 8)) ] || no "$(inodes_free) inodes are still free"
)sh";

constexpr std::string_view kConfirm = R"sh(
free=$(inodes_free)
[ "$free" -le $(($2 + 8)) ] || no "$free inodes are free, more than $2"
if [ "$free" -ge 1000 ]; then say "statfs: $free inodes free"; exit 0; fi
# One file more than there should be inodes for.
why=$(perl -e 'my ($at, $n) = @ARGV;
  for my $i (1 .. $n) { my $f; open($f, ">", "$at.$i") or do { print "$!"; last }; close $f }
  unlink "$at.$_" for 1 .. $n' "$mount/.ernstfall-$token.probe" $((free + 9)))
[ -n "$why" ] || no "$((free + 9)) more files could be made"
case $why in
  *'No space left'*) say "statfs: $free inodes free; a new file beyond them: $why" ;;
  *) no "a new file fails, but otherwise: $why" ;;
esac
)sh";

constexpr std::string_view kUndo = R"sh(
rm -rf --one-file-system "$mount/.ernstfall-$token" "$mount/.ernstfall-$token.probe".*
[ ! -e "$mount/.ernstfall-$token" ] || no "$mount/.ernstfall-$token cannot be removed"
)sh";

constexpr std::string_view kUndone = R"sh(
for f in "$mount/.ernstfall-$token" "$mount/.ernstfall-$token.probe".*; do
  [ ! -e "$f" ] || no "$f is still there"
done
say "$(inodes_free) inodes free"
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const std::string mount, disk_mount(kDiskInodes, step));
  ERNSTFALL_TRY(const ParamValue leave, param_of(kDiskInodes, step, "leave"));
  if (leave.number < 0 || leave.number > 1e9)
    return fail(Errc::usage, "disk.inodes: leave is {}; expected 0 to 1000000000", leave.text);
  const std::string undo = std::string(kMountAwaited) + std::string(kUndo);
  const std::string undone = std::string(kMountAwaited) + std::string(kUndone);
  FaultPlan plan =
      plan_scripts(target, {kReady, kApply, kConfirm, undo, undone, true, {kMountFunctions}},
                   {mount, leave.text},
                   fmt::format("use up the inodes of {} until {} are left", mount, leave.text),
                   mount + " has no more inodes than intended");
  std::get<ScriptAction>(plan.apply.front()).timeout = std::chrono::minutes(5);
  std::get<ScriptAction>(plan.undo.front()).timeout = std::chrono::minutes(5);
  return plan;
}

constexpr std::array kParams{kDiskMount, ParamSpec{"leave", ParamValue::Kind::integer, "0", false,
                                                   "how many inodes shall be left"}};

}  // namespace
}  // namespace disk_inodes

const FaultType kDiskInodes{
    "disk.inodes",
    "use up the inodes of a file system with empty files",
    disk_inodes::kParams,
    "a mounted file system on a block device with a fixed number of inodes, of which at most a "
    "million have to be used up",
    "statfs, and a new file that cannot be made when fewer than 1000 are left",
    "the fault's own folder is removed, also after a reboot; proven by its absence",
    false,
    disk_inodes::plan};

}  // namespace ernstfall
