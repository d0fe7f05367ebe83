// drbd.corrupt: bytes on a Secondary's disk change below DRBD, which notices nothing: bit rot, or a
// disk that lies. A verify finds it; a failover serves it.
#include <array>

#include "harness/faults/drbd_script.h"

namespace ernstfall {

extern const FaultType kDrbdCorrupt;

namespace drbd_corrupt {
namespace {

constexpr std::string_view kReady = R"sh(
need dd coreutils
[ "$(values resource role)" = Secondary ] || no "$res is $(values resource role) here; only a Secondary's disk can be corrupted: what a file system holds in memory cannot be put back"
)sh";

constexpr std::string_view kDiskLines = R"sh(
block() { dd if="$disk" bs=4096 skip="$1" count=1 iflag=direct status=none; }
put_block() { dd of="$disk" bs=4096 seek="$1" count=1 oflag=direct conv=notrunc,fsync status=none; }
wrong_sectors() { # how many sectors are as we left them
  n=0
  while read -r b; do
    block "$b" | perl -e '
      my ($file, $n) = @ARGV; local $/;
      open(my $f, "<", $file) or exit 1; seek($f, $n * 4096, 0); read($f, my $wrong, 4096);
      my $now = <STDIN>; my $same = 0;
      for (0 .. 7) { ++$same if substr($now, $_ * 512, 512) eq substr($wrong, $_ * 512, 512) }
      print "$same\n"' "$keep/after" "$n"
    n=$((n + 1))
  done <"$keep/blocks" | awk '{n += $1} END {print n + 0}'
}
let_go() { # while we write, nobody else does: DRBD notes what it misses and resyncs that alone
  case $(values device disk) in
    ''|Diskless) ;;
    *) drbdadm detach "$res" || no "$res does not let go of its disk" ;;
  esac
  free_disk "$disk" || no "someone holds $disk"
}
)sh";

// $2: how many blocks of 4 KiB, spread over the disk's data. Each bit of them is inverted.
constexpr std::string_view kApply = R"sh(
remember
begin
disk=$(head -n 1 "$keep/disks")
dev=$(drbdadm sh-dev "$res" | head -n 1)
each=$(($(cat "/sys/class/block/${dev##*/}/size") / 8 / $2))
[ "$each" -ge 1 ] || no "$dev has fewer than $2 blocks"
i=0
while [ "$i" -lt "$2" ]; do
  echo $((i * each + each / 2)); i=$((i + 1))
done >"$keep/blocks"
let_go
while read -r b; do block "$b" || no "block $b of $disk cannot be read"; done <"$keep/blocks" >"$keep/before.new"
[ "$(stat -c %s "$keep/before.new")" = $(($2 * 4096)) ] || no "not every block could be read"
perl -e 'local $/; my $all = <STDIN>; print ~$all' <"$keep/before.new" >"$keep/after"
sync "$keep/before.new" "$keep/after" "$keep/blocks"
mv "$keep/before.new" "$keep/before" && sync "$keep"
i=0
while read -r b; do
  dd if="$keep/after" bs=4096 skip="$i" count=1 status=none >"$keep/wrong" && put_block "$b" <"$keep/wrong" ||
    no "block $b of $disk cannot be written"
  i=$((i + 1))
done <"$keep/blocks"
put_back
)sh";

constexpr std::string_view kConfirm = R"sh(
[ -e "$keep/before" ] || no "the blocks of before are not known"
disk=$(head -n 1 "$keep/disks")
n=$(wrong_sectors)
[ "$n" -gt 0 ] || no "no sector of $disk is corrupted"
t=$(trouble)
[ -z "$t" ] || no "$res: $t"
say "$n sectors of $disk are not what they were, and DRBD says UpToDate"
)sh";

// Sector by sector: what was written since, by replication or after a verify, is right and stays.
constexpr std::string_view kUndo = R"sh(
[ -e "$keep/was" ] || exit 0
disk=$(head -n 1 "$keep/disks")
if [ -e "$keep/before" ] && [ ! -e "$keep/restored" ]; then
  [ "$(values resource role)" != Primary ] || no "$res is Primary here: demote it first, its file system has our corrupted blocks in memory"
  let_go
  i=0
  while read -r b; do
    block "$b" >"$keep/now" || no "block $b of $disk cannot be read"
    perl -e '
      my ($keep, $i) = @ARGV; my %is;
      for my $name ("before", "after", "now") {
        open(my $f, "<", "$keep/$name") or exit 1; seek($f, $name eq "now" ? 0 : $i * 4096, 0);
        read($f, $is{$name}, 4096) == 4096 or exit 1 }
      for my $at (map { 512 * $_ } 0 .. 7) {
        my ($was, $wrong, $now) = map { substr($is{$_}, $at, 512) } ("before", "after", "now");
        print $now eq $wrong ? $was : $now }' "$keep" "$i" >"$keep/right" || no "what block $b was is not known"
    cmp -s "$keep/now" "$keep/right" || put_block "$b" <"$keep/right" || no "block $b of $disk cannot be written"
    i=$((i + 1))
  done <"$keep/blocks"
  [ "$(wrong_sectors)" = 0 ] || no "$disk still has corrupted sectors"
  touch "$keep/restored" && sync "$keep/restored"
fi
put_back
)sh";

constexpr std::string_view kUndone = R"sh(
if [ -e "$keep/before" ]; then
  disk=$(head -n 1 "$keep/disks")
  n=$(wrong_sectors)
  [ "$n" = 0 ] || no "$n sectors of $disk are still corrupted"
fi
is_whole
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const std::string res, drbd_resource(kDrbdCorrupt, target, step));
  ERNSTFALL_TRY(const ParamValue blocks, param_of(kDrbdCorrupt, step, "blocks"));
  if (blocks.number < 1 || blocks.number > 256)
    return fail(Errc::usage, "drbd.corrupt: blocks is {}; expected 1 to 256", blocks.text);
  const std::string lines(kDiskLines);
  const auto with_lines = [&](std::string_view body) { return lines + std::string(body); };
  const std::string apply = with_lines(kApply);
  const std::string confirm = with_lines(kConfirm);
  const std::string undo = with_lines(kUndo);
  const std::string undone = with_lines(kUndone);
  return plan_drbd_scripts(
      target, res, {kReady, apply, confirm, undo, undone, true}, {blocks.text},
      fmt::format("invert {} blocks of 4 KiB below {} on {}", blocks.text, res, target.node.name),
      "blocks below " + res + " are corrupted");
}

constexpr std::array kParams{kDrbdResource,
                             ParamSpec{"blocks", ParamValue::Kind::integer, "16", false,
                                       "how many blocks of 4 KiB, spread over the disk, 1 to 256"}};

}  // namespace
}  // namespace drbd_corrupt

const FaultType kDrbdCorrupt{
    "drbd.corrupt",
    "corrupt blocks of a Secondary's disk below DRBD",
    drbd_corrupt::kParams,
    "a disposable cluster; the node is Secondary; the resource is connected and UpToDate",
    "the blocks are read from the disk, around every cache, and DRBD still says UpToDate",
    "each sector that is still corrupted gets its bytes back, while DRBD has let go of the disk;"
    " proven by reading them, and by disks that are UpToDate",
    false,
    drbd_corrupt::plan,
    Takes::copy,
    true};

}  // namespace ernstfall
