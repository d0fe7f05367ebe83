// resource.memory: a process takes memory until a level is reached, and follows it; or until the
// kernel's OOM killer kills (resource_oom).
#include <array>

#include "harness/faults/fault.h"
#include "harness/faults/node_script.h"
#include "harness/faults/resource_hog.h"
#include "harness/faults/resource_oom.h"

namespace ernstfall {

extern const FaultType kResourceMemory;

namespace resource_memory {
namespace {

// $1 percent of MemTotal that shall not be available
constexpr std::string_view kFunctions = R"sh(
used() { awk '/^MemTotal:/ {t = $2} /^MemAvailable:/ {a = $2} END {printf "%d", 100 * (t - a) / t}' /proc/meminfo; }
)sh";

constexpr std::string_view kReady = R"sh(
need systemd-run systemd
need perl perl-base
[ "$(used)" -lt "$1" ] || no "$(used) % of the memory are in use already"
)sh";

// mmap'ed pieces, so that what is let go is free at once.
constexpr std::string_view kApply = R"sh(
cat >"$keep/hog" <<'EOF'
my $to = shift;
my @held;
my $piece = 1 << 20;
sub kb {
  my %kb;
  open(my $f, "<", "/proc/meminfo") or die;
  while (<$f>) { $kb{$1} = $2 if /^(\w+):\s+(\d+)/ }
  return %kb;
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
start_hog Environment=MALLOC_MMAP_THRESHOLD_=131072 -- perl "$keep/hog" "$1"
)sh";

constexpr std::string_view kConfirm = R"sh(
hog_runs
[ "$(used)" -ge $(($1 - 3)) ] || no "$(used) % of the memory are in use"
say "$(used) % of the memory are in use"
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const ParamValue until, param_of(kResourceMemory, step, "until"));
  if (until.text == "oom") return plan_out_of_memory(kResourceMemory, target, step);
  if (until.text != "level")
    return fail(Errc::usage, "resource.memory: until is \"{}\"; expected level or oom", until.text);
  if (step.params.count("unit") != 0)
    return fail(Errc::usage, "resource.memory: unit goes with \"until: oom\" only");
  ERNSTFALL_TRY(const ParamValue to, param_of(kResourceMemory, step, "to"));
  if (to.number < 1 || to.number > 98)
    return fail(Errc::usage, "resource.memory: to is \"{}\"; expected 1% to 98%", to.text);
  return plan_scripts(target,
                      {kReady,
                       kApply,
                       kConfirm,
                       "stop_hog",
                       "hog_gone\nsay \"$(used) % of the memory are in use\"",
                       false,
                       {kHogFunctions, kFunctions}},
                      {fmt::format("{:.0f}", to.number)},
                      fmt::format("take memory until {} of it are in use", to.text),
                      "memory is scarce");
}

constexpr std::array kParams{
    ParamSpec{"to", ParamValue::Kind::percent, "90%", false,
              "how much of MemTotal shall not be available; others' ups and downs are followed"},
    ParamSpec{"until", ParamValue::Kind::text, "level", false,
              "level, or oom: until the kernel's OOM killer kills somebody"},
    ParamSpec{
        "unit", ParamValue::Kind::text, "", false,
        "with until: oom, the service in which memory runs out: its limit is lowered to 64 KiB; "
        "without it, the whole node"}};

}  // namespace
}  // namespace resource_memory

const FaultType kResourceMemory{
    "resource.memory",
    "take a node's memory up to a level, or until the OOM killer kills",
    resource_memory::kParams,
    "perl-base on the node; less memory in use than intended; until: oom: no vm.panic_on_oom, and "
    "nobody who kills before the kernel (systemd-oomd, earlyoom); with unit: an active service "
    "that uses 1 MiB or more",
    "MemAvailable; until: oom: the kernel's count of OOM kills, and that not our own process was "
    "killed; with unit: the count of the service's slice, and that processes of it are gone",
    "the fault's own unit is stopped, a service's limits are put back, and services that ran "
    "before run again; proven by each of these",
    false,
    resource_memory::plan};

}  // namespace ernstfall
