// disk.hang: a device answers nothing, and returns no error either (dmsetup suspend).
#include <array>

#include "harness/faults/disk_mapper.h"

namespace ernstfall {

extern const FaultType kDiskHang;

namespace disk_hang {
namespace {

// The reader cannot be killed while the device hangs, so nobody waits for it. It ends when the
// device goes on.
constexpr std::string_view kConfirm = R"sh(
find_name || no "$device is not there"
dd if="/dev/mapper/$name" of=/dev/null bs=4096 count=1 iflag=direct >/dev/null 2>&1 &
reader=$!
sleep 2
state=$(awk '{print $3}' "/proc/$reader/stat" 2>/dev/null)
kill -9 $reader 2>/dev/null
[ "$state" = D ] || no "a read of $device does not hang"
say "a read has been hanging for 2 s"
)sh";

Result<FaultPlan> plan(const FaultTarget& target, const FaultStep& step) {
  ERNSTFALL_TRY(const std::string device, disk_device(kDiskHang, step));
  return plan_disk_mapper(target, device,
                          {"",
                           "",
                           kConfirm,
                           {},
                           "let " + device + " answer nothing",
                           "all I/O of " + device + " hangs"});
}

constexpr std::array kParams{kDiskDevice};

}  // namespace
}  // namespace disk_hang

const FaultType kDiskHang{
    "disk.hang",
    "let a device hang: neither answer nor error",
    disk_hang::kParams,
    "a device-mapper device with linear targets only, not one that the node itself lives on",
    "a direct read waits in the kernel",
    "the device is resumed; proven by its table and by a read",
    false,
    disk_hang::plan,
    Takes::copy};

}  // namespace ernstfall
