// resource.cpu: processes that compute keep the processors busy.
#include <array>

#include "harness/faults/fault.h"
#include "harness/faults/node_script.h"
#include "harness/faults/resource_hog.h"

namespace ernstfall {

extern const FaultType kResourceCpu;

namespace resource_cpu {
namespace {

// $1 percent of one processor that each worker takes; $2 workers, 0: as many as processors
constexpr std::string_view kReady = R"sh(
need systemd-run systemd
need stress-ng stress-ng
)sh";

constexpr std::string_view kApply = R"sh(
start_hog -- stress-ng --quiet --no-oom-adjust --cpu "$2" --cpu-load "$1" --cpu-method matrixprod
)sh";

// Time of all processors in which they were not idle. A quarter less than intended is still the
// fault: others want their share too, and the load is made of slices of time.
constexpr std::string_view kConfirm = R"sh(
hog_runs
busy=$(average 2 /proc/stat '$1 == "cpu" {t = 0; for (i = 2; i <= 9; i++) t += $i; idle = $5 + $6
  if (NR == FNR) {t0 = t; i0 = idle} else printf "%d", 100 - 100 * (idle - i0) / (t - t0)}')
processors=$(nproc)
workers=$2
[ "$workers" != 0 ] && [ "$workers" -lt "$processors" ] || workers=$processors
[ $((busy * 4 * processors)) -ge $((3 * $1 * workers)) ] || no "the $processors processors are busy for $busy % of the time only"
say "the $processors processors are busy for $busy % of the time"
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const ParamValue load, param_of(kResourceCpu, step, "load"));
  ERNSTFALL_TRY(const ParamValue workers, param_of(kResourceCpu, step, "workers"));
  if (load.number < 1)
    return fail(Errc::usage, "resource.cpu: load is \"{}\"; expected 1% to 100%", load.text);
  if (workers.number < 0 || workers.number > 1024)
    return fail(Errc::usage, "resource.cpu: workers is {}; expected 0 to 1024", workers.text);
  const std::string who =
      workers.number == 0 ? "all processors" : fmt::format("{} processors", workers.text);
  return plan_scripts(target,
                      {kReady,
                       kApply,
                       kConfirm,
                       "stop_hog",
                       "hog_gone\nsay 'nothing of ours computes'",
                       false,
                       {kHogFunctions}},
                      {fmt::format("{:.0f}", load.number), workers.text},
                      fmt::format("keep {} busy for {} of the time", who, load.text),
                      "processors are busy");
}

constexpr std::array kParams{
    ParamSpec{"load", ParamValue::Kind::percent, "100%", false, "how busy each worker is"},
    ParamSpec{"workers", ParamValue::Kind::integer, "0", false,
              "how many compute; 0: one for each processor"}};

}  // namespace
}  // namespace resource_cpu

const FaultType kResourceCpu{"resource.cpu",
                             "keep a node's processors busy",
                             resource_cpu::kParams,
                             "stress-ng on the node",
                             "/proc/stat: share of the time that is not idle, over 2 s",
                             "the fault's own unit is stopped; proven by its absence",
                             false,
                             resource_cpu::plan};

}  // namespace ernstfall
