// disk.fill: one file takes the space of a file system until a level is reached.
#include <array>
#include <cmath>

#include "harness/faults/disk_mount.h"

namespace ernstfall {

extern const FaultType kDiskFill;

namespace disk_fill {
namespace {

// $1 mount; $2 hundredths of a percent that shall be used, or "leave"; $3 bytes that shall be left
// Levels are those of df: of the space that ordinary users may fill. What the file system reserves
// for root stays.
constexpr std::string_view kLevel = R"sh(
if [ "$2" = leave ]; then leave=$3
else leave=$(( ($(space_used) + $(space_free)) / 10000 * (10000 - $2) )); fi
file=$mount/.ernstfall-$token
slack=$((leave / 50 + 1048576))
)sh";

constexpr std::string_view kReady = R"sh(
mount_ready
mount_writable
need fallocate util-linux
need setpriv util-linux
free=$(space_free)
[ "$free" -gt $((leave + slack)) ] ||
  no "$mount has $free bytes left already, and $leave shall be: nothing to fill, and it is left as it is"
)sh";

// The lock is there before the disk is full: the undo takes it. Then in rounds, because a file
// system needs some of the space for its own book-keeping.
constexpr std::string_view kApply = R"sh(
true >>"$keep/lock"
round=0
while more=$(($(space_free) - leave)); [ "$more" -gt 0 ] && [ $round -lt 6 ]; do
  size=$(stat -c %s "$file" 2>/dev/null || echo 0)
  if [ $round -gt 1 ] || ! fallocate -o "$size" -l "$more" "$file" 2>"$keep/why"; then
    dd if=/dev/zero bs=1M count="$more" iflag=count_bytes oflag=append conv=notrunc,fsync of="$file" 2>"$keep/why"
  fi
  round=$((round + 1))
done
[ -e "$file" ] || no "nothing could be written: $(cat "$keep/why")"
[ "$(space_free)" -le $((leave + slack)) ] || no "$(space_free) bytes are still free: $(cat "$keep/why")"
)sh";

// As somebody without root's privilege, who may not use what is reserved for root.
constexpr std::string_view kConfirm = R"sh(
[ -e "$file" ] || no "$file is not there"
free=$(space_free)
[ "$free" -le $((leave + slack)) ] || no "$free bytes are free, more than $leave"
if [ "$free" -ge 16777216 ]; then say "df: $free bytes available"; exit 0; fi
why=$({ setpriv --reuid 65534 --regid 65534 --clear-groups dd if=/dev/zero bs=64k count=$((free / 65536 + 64)) conv=fsync \
  >"$file.probe"; } 2>&1)
failed=$?
rm -f "$file.probe"
case $failed$why in
  0*) no "$((free + 4194304)) bytes could be written" ;;
  *'No space left'*) say "df: $free bytes available; a write beyond them: no space left on device" ;;
  *) no "a write fails, but otherwise: $why" ;;
esac
)sh";

constexpr std::string_view kUndo = R"sh(
rm -f "$mount/.ernstfall-$token" "$mount/.ernstfall-$token.probe"
[ ! -e "$mount/.ernstfall-$token" ] || no "$mount/.ernstfall-$token cannot be removed"
)sh";

constexpr std::string_view kUndone = R"sh(
for f in "$mount/.ernstfall-$token" "$mount/.ernstfall-$token.probe"; do
  [ ! -e "$f" ] || no "$f is still there"
done
say "$(space_free) bytes available"
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const std::string mount, disk_mount(kDiskFill, step));
  ERNSTFALL_TRY(const ParamValue to, param_of(kDiskFill, step, "to"));
  ERNSTFALL_TRY(const ParamValue leave, param_of(kDiskFill, step, "leave"));
  const bool by_rest = step.params.count("leave") != 0;
  if (by_rest && step.params.count("to") != 0)
    return fail(Errc::usage, "disk.fill: give \"to\" or \"leave\", not both");
  if (!by_rest && to.number < 1)
    return fail(Errc::usage, "disk.fill: to is \"{}\"; expected 1% to 100%", to.text);
  const Argv args{mount, by_rest ? "leave" : fmt::format("{:.0f}", to.number * 100),
                  fmt::format("{:.0f}", leave.number)};
  const std::string words = by_rest ? fmt::format("{} until {} are left", mount, leave.text)
                                    : fmt::format("{} to {}", mount, to.text);
  const auto levelled = [](std::string_view body) {
    return std::string(kLevel) + std::string(body);
  };
  const std::string ready = levelled(kReady);
  const std::string apply = levelled(kApply);
  const std::string confirm = levelled(kConfirm);
  const std::string undo = std::string(kMountAwaited) + std::string(kUndo);
  const std::string undone = std::string(kMountAwaited) + std::string(kUndone);
  FaultPlan plan =
      plan_scripts(target, {ready, apply, confirm, undo, undone, true, {kMountFunctions}}, args,
                   "fill " + words, mount + " is filled");
  // Where fallocate is not supported, zeros are written.
  std::get<ScriptAction>(plan.apply.front()).timeout = std::chrono::minutes(5);
  return plan;
}

constexpr std::array kParams{
    kDiskMount,
    ParamSpec{"to", ParamValue::Kind::percent, "100%", false,
              "how much shall be used, as df counts it; what is reserved for root stays free"},
    ParamSpec{"leave", ParamValue::Kind::bytes, "0B", false,
              "instead of \"to\": how many bytes shall be left for ordinary users"}};

}  // namespace
}  // namespace disk_fill

const FaultType kDiskFill{
    "disk.fill",
    "fill a file system",
    disk_fill::kParams,
    "a mounted file system on a block device that is not at the level yet",
    "statfs, and a write of an ordinary user that ends with ENOSPC when less than 16 MiB are left",
    "the fault's one file is removed, also after a reboot; proven by its absence",
    false,
    disk_fill::plan};

}  // namespace ernstfall
