// resource.memory: a process takes memory until a level is reached, or until the OOM killer acts.
#include <array>

#include "harness/faults/fault.h"
#include "harness/faults/node_script.h"
#include "harness/faults/resource_hog.h"

namespace ernstfall {

extern const FaultType kResourceMemory;

namespace resource_memory {
namespace {

// $1 pressure|oom; $2 percent of MemTotal that shall not be available
constexpr std::string_view kFunctions = R"sh(
used() { awk '/^MemTotal:/ {t = $2} /^MemAvailable:/ {a = $2} END {printf "%d", 100 * (t - a) / t}' /proc/meminfo; }
oom_kills() { awk '$1 == "oom_kill" {print $2}' /proc/vmstat; }
)sh";

constexpr std::string_view kReady = R"sh(
need systemd-run systemd
need perl perl-base
if [ "$1" = oom ]; then
  [ -n "$(oom_kills)" ] || no "this kernel does not count what its OOM killer does"
  [ "$(cat /proc/sys/vm/panic_on_oom)" = 0 ] || no "vm.panic_on_oom is set: the node would go down instead"
else
  [ "$(used)" -lt "$2" ] || no "$(used) % of the memory are in use already"
fi
)sh";

// Follows what others take and give back; mmap'ed pieces, so that what is let go is free at once.
// For the OOM killer all at once, and once only: the slower memory runs out, the longer the node
// does nothing but read its programs' pages again, and nobody gets in to undo it.
constexpr std::string_view kApply = R"sh(
oom_kills >"$keep/oom-kills"
cat >"$keep/hog" <<'EOF'
my ($mode, $to) = @ARGV;
my @held;
my $piece = 1 << 20;
sub kb {
  my %kb;
  open(my $f, "<", "/proc/meminfo") or die;
  while (<$f>) { $kb{$1} = $2 if /^(\w+):\s+(\d+)/ }
  return %kb;
}
if ($mode eq "oom") {
  my %kb = kb();
  my $most = int($kb{MemTotal} * 0.9) * 1024;
  push @held, "e" x $most;
  push @held, "e" x $piece while 1;
}
while (1) {
  my %kb = kb();
  my $more = int(($kb{MemAvailable} - $kb{MemTotal} * (100 - $to) / 100) / 1024);
  $more = 64 if $more > 64;
  if ($more > 0) { push @held, "e" x $piece for 1 .. $more }
  elsif ($more < -4) { for (1 .. -$more) { pop @held } }
  select undef, undef, undef, 0.1;
}
EOF
start_hog Environment=MALLOC_MMAP_THRESHOLD_=131072 -- perl "$keep/hog" "$1" "$2"
)sh";

constexpr std::string_view kConfirm = R"sh(
if [ "$1" = oom ]; then
  kills=$(($(oom_kills) - $(cat "$keep/oom-kills")))
  [ $kills -gt 0 ] || no "the OOM killer has killed nothing"
  say "the OOM killer has killed $kills times, last: $(journalctl -q -k -o cat -n 400 --no-pager | grep -o 'Killed process [0-9]* ([^)]*)' | tail -n 1)"
else
  hog_runs
  [ "$(used)" -ge $(($2 - 3)) ] || no "$(used) % of the memory are in use"
  say "$(used) % of the memory are in use"
fi
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const ParamValue mode, param_of(kResourceMemory, step, "mode"));
  ERNSTFALL_TRY(const ParamValue to, param_of(kResourceMemory, step, "to"));
  const bool oom = mode.text == "oom";
  if (!oom && mode.text != "pressure")
    return fail(Errc::usage, "resource.memory: mode is \"{}\"; expected pressure or oom",
                mode.text);
  if (oom && step.params.count("to") != 0)
    return fail(Errc::usage, "resource.memory: \"to\" has no meaning with mode: oom");
  if (to.number < 1 || to.number > 98)
    return fail(Errc::usage, "resource.memory: to is \"{}\"; expected 1% to 98%; beyond: mode: oom",
                to.text);
  const auto with_functions = [](std::string_view body) {
    return with_hog(std::string(kFunctions) + std::string(body));
  };
  const std::string ready = with_functions(kReady);
  const std::string apply = with_functions(kApply);
  const std::string confirm = with_functions(kConfirm);
  const std::string undo = with_functions("stop_hog");
  const std::string undone = with_functions("hog_gone\nsay \"$(used) % of the memory are in use\"");
  return plan_scripts(target, {ready, apply, confirm, undo, undone},
                      {mode.text, fmt::format("{:.0f}", to.number)},
                      oom ? "take memory until the OOM killer acts, once"
                          : fmt::format("take memory until {} of it are in use", to.text),
                      oom ? "the OOM killer has acted" : "memory is scarce");
}

constexpr std::array kParams{
    ParamSpec{"to", ParamValue::Kind::percent, "90%", false,
              "how much of MemTotal shall not be available; others' ups and downs are followed"},
    ParamSpec{"mode", ParamValue::Kind::text, "pressure", false,
              "pressure (up to a level) or oom (once, until the OOM killer acts)"}};

}  // namespace
}  // namespace resource_memory

const FaultType kResourceMemory{"resource.memory",
                                "take a node's memory, up to a level or until the OOM killer acts",
                                resource_memory::kParams,
                                "perl-base on the node; less memory in use than intended",
                                "MemAvailable; for mode: oom the kernel's count of what it killed",
                                "the fault's own unit is stopped; proven by its absence",
                                false,
                                resource_memory::plan};

}  // namespace ernstfall
