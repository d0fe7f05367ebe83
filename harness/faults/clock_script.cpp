// clock_script: clock_gettime and adjtimex through perl's syscall(), as every Debian has it.
#include "harness/faults/clock_script.h"

namespace ernstfall {
namespace clock_script {
namespace {

// Steps by adjtimex and not by "set to": exact, however slow this machine is. In microseconds, as
// nanoseconds would leave a flag of their own in the kernel's state.
constexpr std::string_view kLines = R"sh(
clock() {
  perl -e '
    use strict; use integer;
    my ($keep, $what, $value) = @ARGV;
    my $machine = `uname -m`; chomp $machine;
    my ($gettime, $adjtimex) = @{{x86_64 => [228, 159], aarch64 => [113, 171]}->{$machine} || []};
    defined $adjtimex or do { print STDERR "how clocks are set on $machine is not known\n"; exit 1 };
    my $timex = "I x4 q4 i x4 q3 q2 q q2 i x4 q5 i x44";
    sub adjust {
      my ($modes, $us, $tick) = @_;
      my $seconds = $us / 1000000; $us -= $seconds * 1000000;
      if ($us < 0) { $us += 1000000; $seconds -= 1 }
      my $buffer = pack($timex, $modes, (0) x 8, $seconds, $us, $tick, (0) x 9);
      syscall($adjtimex, $buffer) >= 0 or do { print STDERR "adjtimex: $!\n"; exit 1 };
      return (unpack($timex, $buffer))[11, 2];
    }
    sub gettime {
      my $buffer = pack("q2", 0, 0);
      syscall($gettime, $_[0] + 0, $buffer) == 0 or do { print STDERR "clock_gettime: $!\n"; exit 1 };
      my ($seconds, $ns) = unpack("q2", $buffer);
      return $seconds * 1000000000 + $ns;
    }
    sub now { # the two clocks at one moment: the shortest of some tries
      my ($best, $real, $raw);
      for (1 .. 9) {
        my $from = gettime(4); my $at = gettime(0); my $to = gettime(4);
        ($best, $real, $raw) = ($to - $from, $at, ($from + $to) / 2) if !defined $best || $to - $from < $best;
      }
      return ($real, $raw);
    }
    if ($what eq "now") { print join(" ", now(), adjust(0, 0, 0)), "\n" }
    elsif ($what eq "step") { adjust(0x100, $value, 0) }
    elsif ($what eq "tick") { adjust(0x4000, 0, $value) }
    elsif ($what eq "rate") {
      my ($real, $raw) = now(); sleep $value; my ($real2, $raw2) = now();
      print((($real2 - $real) - ($raw2 - $raw)) / (($raw2 - $raw) / 1000000), "\n");
    } elsif ($what eq "owed") {
      open(my $file, "<", "$keep/clock") or do { print STDERR "the clock of before is not known\n"; exit 1 };
      my ($real, $raw, $tick, $frequency) = split " ", <$file>;
      my ($real2, $raw2) = now();
      my $ppm16 = ($tick - 10000) * 100 * 65536 + $frequency;
      my $drift = ($raw2 - $raw) / 1000 * $ppm16 / 65536 / 1000;
      print((($real2 - $real) - ($raw2 - $raw) - $drift) / 1000, "\n");
    }' "$keep" "$@"
}
remember() {
  [ ! -e "$keep/clock" ] || return 0
  clock now >"$keep/clock.new" && [ -s "$keep/clock.new" ] || no "the clock cannot be read"
  cut -d' ' -f1 /proc/uptime >"$keep/uptime"
  mv "$keep/clock.new" "$keep/clock"
}
size_of() { printf '%s\n' "${1#-}"; }
)sh";

constexpr std::string_view kReady = R"sh(
need perl perl-base
[ "$(clock now | wc -w)" = 4 ] || no "the clock cannot be read"
)sh";

}  // namespace
}  // namespace clock_script

FaultPlan plan_clock_scripts(const FaultTarget& target, const NodeScripts& scripts, Argv args,
                             std::string intended, std::string effect) {
  NodeScripts with_lines = scripts;
  with_lines.lines.insert(with_lines.lines.begin(), clock_script::kLines);
  with_lines.ready_lines.insert(with_lines.ready_lines.begin(), clock_script::kReady);
  return plan_scripts(target, with_lines, std::move(args), std::move(intended), std::move(effect));
}

}  // namespace ernstfall
