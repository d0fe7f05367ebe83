// net_shape: the faults that make packets late, rare, double, slow, overtaken or damaged, by
// redirecting them through a device of our own. No queue that a node already has is touched.
#pragma once

#include "harness/faults/net_scope.h"

namespace ernstfall {

struct NetShape {
  enum class Kind { delay, loss, duplicate, throttle, reorder, corrupt };
  Kind kind = Kind::delay;
  std::string queue;  // words of `tc qdisc`: "netem limit 20000 delay 100000us"
  double amount = 0;  // what confirm compares with: microseconds, percent, or bits per second
  double jitter = 0;  // delay, and of what is overtaken: microseconds
  std::string words;  // "delay by 100ms", before "packets ..."
};

// A queue that holds more packets than any delay here piles up on the networks that this is for.
inline constexpr std::string_view kNetem = "netem limit 20000";

// What FaultType says of each of them.
inline constexpr std::string_view kNetShapeNeeds =
    "iproute2, iputils-ping and kmod on the node; ifb and netem or tbf in its kernel";
// Of those whose packets are read behind the queue.
inline constexpr std::string_view kNetWatchedNeeds =
    "iproute2, iputils-ping, kmod and perl-base on the node; ifb and netem in its kernel; peers "
    "that answer a ping, unless only what goes out is hit";
inline constexpr std::string_view kNetShapeUndoneBy =
    "the fault's own filters and device are removed by their mark, and what it had to add (clsact, "
    "the ifb module) if nobody else uses it";

FaultPlan plan_net_shape(const FaultTarget& target, const NetScope& scope, const NetShape& shape);

// A share of packets, in percent: Errc::usage unless above 0 and at most `max`.
Result<double> net_share(const FaultType& type, const FaultStep& step, double max = 100);

// What can be seen of packets that are overtaken or damaged: Errc::usage for a share that too few
// packets would show, and for ports of what comes in, which nobody can be asked to send.
Status net_can_be_watched(const FaultType& type, const NetScope& scope, double share);

inline constexpr ParamSpec kNetShare{"share", ParamValue::Kind::percent, "10%", false,
                                     "how many of the packets, at random"};

}  // namespace ernstfall
