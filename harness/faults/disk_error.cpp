// disk.error: reads and writes of a device fail, always or part of the time (dm-flakey).
#include <array>

#include "harness/faults/disk_mapper.h"

namespace ernstfall {

extern const FaultType kDiskError;

namespace disk_error {
namespace {

constexpr int kSecondsMax = 10;

// $5: seconds without errors, $6: seconds with them
constexpr std::string_view kConfirm = R"sh(
find_name || no "$device is not there"
reads=0 errors=0 end=$(($(date +%s) + $5 + $6 + 1))
while [ "$(date +%s)" -le $end ] && [ $errors -lt 3 ]; do
  reads=$((reads + 1))
  case $(read_once 10) in *'Input/output error'*) errors=$((errors + 1)) ;; esac
done
[ $errors -gt 0 ] || no "none of $reads reads failed"
say "$errors of $reads reads failed: input/output error"
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const std::string device, disk_device(kDiskError, step));
  const auto seconds = [&](std::string_view name, int least) -> Result<int> {
    ERNSTFALL_TRY(const ParamValue value, param_of(kDiskError, step, name));
    const Nanos duration(static_cast<std::int64_t>(value.number));
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(duration);
    if (whole != duration || whole.count() < least || whole.count() > kSecondsMax)
      return fail(Errc::usage, "disk.error: {} is \"{}\"; expected whole seconds, {}s to {}s", name,
                  value.text, least, kSecondsMax);
    return static_cast<int>(whole.count());
  };
  ERNSTFALL_TRY(const int good, seconds("good_for", 0));
  ERNSTFALL_TRY(const int bad, seconds("bad_for", 1));
  const std::string when =
      good == 0 ? std::string() : fmt::format(" for {} s of every {} s", bad, good + bad);
  return plan_disk_mapper(target, device,
                          {"flakey",
                           "dm-flakey",
                           kConfirm,
                           {"@", std::to_string(good), std::to_string(bad)},
                           fmt::format("let all I/O of {} fail{}", device, when),
                           fmt::format("I/O of {} fails{}", device, when)});
}

constexpr std::array kParams{
    kDiskDevice,
    ParamSpec{"good_for", ParamValue::Kind::duration, "0s", false,
              "how long the device works before it fails again: whole seconds; 0s: never"},
    ParamSpec{"bad_for", ParamValue::Kind::duration, "1s", false,
              "how long it fails: whole seconds"}};

}  // namespace
}  // namespace disk_error

const FaultType kDiskError{"disk.error",
                           "let reads and writes of a device fail, always or part of the time",
                           disk_error::kParams,
                           "a device-mapper device with linear targets only, not one that the node "
                           "itself lives on; dm-flakey",
                           "direct reads end with EIO",
                           "the old table is loaded again, and DRBD attached again where it "
                           "dropped the disk; proven by the "
                           "table, DRBD's state and a read",
                           false,
                           disk_error::plan,
                           Takes::copy};

}  // namespace ernstfall
