// net_filter: the faults that make packets vanish, as rules in an nft table of their own.
#pragma once

#include "harness/faults/net_scope.h"

namespace ernstfall {

struct NetFilter {
  bool reject = false;    // answer with a reset or an ICMP error instead of silence
  int longer_than = 0;    // only packets longer than this, in bytes with IP header; 0: all
  bool loopback = false;  // also packets of the node to itself (a local DNS resolver)
  Nanos down{};  // flapping: dropped for `down`, then let through for `up`; 0: all the time
  Nanos up{};
  bool answers = false;  // refused unless everyone asked answers on the ports before
};

// What FaultType says of each of them.
inline constexpr std::string_view kNetFilterNeeds = "nftables and iputils-ping on the node";
inline constexpr std::string_view kNetFilterUndoneBy =
    "the fault's own nft table is deleted; proven by its absence";

FaultPlan plan_net_filter(const FaultTarget& target, const NetScope& scope,
                          const NetFilter& filter);

}  // namespace ernstfall
