// disk.slow: every read or write of a device takes longer (dm-delay).
#include <array>

#include "harness/core/units.h"
#include "harness/faults/disk_mapper.h"

namespace ernstfall {

extern const FaultType kDiskSlow;

namespace disk_slow {
namespace {

// $5: milliseconds for a read, $7: for a write. For a write it looks at a flush, which is one to
// the device and changes nothing on it.
constexpr std::string_view kConfirm = R"sh(
find_name || no "$device is not there"
seconds_of() { echo "$1" | sed -n 's/.* copied, \([0-9.e-]*\) s.*/\1/p'; }
took() { # WHAT MILLISECONDS WHAT-DD-SAID
  s=$(seconds_of "$3")
  [ -n "$s" ] || no "$1 fails: $(echo "$3" | tail -n 1)"
  echo "$s $2" | awk '{exit !($1 * 1000 >= $2)}' || no "$1 took only $s s"
  seen="$seen${seen:+, }$1 took $s s"
}
seen=
[ "$5" = 0 ] || took "a read" "$5" "$(read_once 40)"
if [ "$7" != 0 ]; then
  [ "$(cat "/sys/dev/block/$(field major):$(field minor)/queue/write_cache")" = 'write back' ] || no "$device takes no flush: a write cannot be measured without writing"
  took "a flush" "$7" "$(timeout -s KILL 40 dd if=/dev/null conv=fsync 2>&1 1<"/dev/mapper/$name")"
fi
say "$seen"
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const std::string device, disk_device(kDiskSlow, step));
  ERNSTFALL_TRY(const ParamValue by, param_of(kDiskSlow, step, "by"));
  ERNSTFALL_TRY(const ParamValue io, param_of(kDiskSlow, step, "io"));
  const Nanos delay(static_cast<std::int64_t>(by.number));
  if (delay < std::chrono::milliseconds(1) || delay > std::chrono::seconds(10))
    return fail(Errc::usage, "disk.slow: by is \"{}\"; expected 1ms to 10s", by.text);
  if (io.text != "both" && io.text != "read" && io.text != "write")
    return fail(Errc::usage, "disk.slow: io is \"{}\"; expected both, read or write", io.text);
  const auto ms =
      std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(delay).count());
  const std::string read = io.text == "write" ? "0" : ms;
  const std::string write = io.text == "read" ? "0" : ms;
  const std::string what = io.text == "both" ? "read and write" : io.text;
  return plan_disk_mapper(
      target, device,
      {"delay",
       "dm-delay",
       kConfirm,
       {"@", read, "@", write},
       fmt::format("let every {} of {} take {} longer", what, device, format_duration(delay)),
       fmt::format("every {} of {} takes {} longer", what, device, format_duration(delay))});
}

constexpr std::array kParams{
    kDiskDevice,
    ParamSpec{"by", ParamValue::Kind::duration, "100ms", false, "how much longer each takes"},
    ParamSpec{"io", ParamValue::Kind::text, "both", false, "both, read or write"}};

}  // namespace
}  // namespace disk_slow

const FaultType kDiskSlow{"disk.slow",
                          "let every read or write of a device take longer",
                          disk_slow::kParams,
                          "a device-mapper device with linear targets only, not one that the node "
                          "itself lives on; dm-delay",
                          "a direct read and a flush are timed",
                          "the old table is loaded again; proven by it and by a read",
                          false,
                          disk_slow::plan};

}  // namespace ernstfall
