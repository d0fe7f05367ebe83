// net_scope: which packets a network fault is about: between which nodes, on which ports, which
// way.
//
// Every network fault takes the same three parameters, kNetScopeParams, and its own behind them.
// Our own SSH connection is exempt from all of them: it is the first rule that they write.
#pragma once

#include <array>
#include <string>

#include "harness/faults/fault.h"

namespace ernstfall {

struct NetScope {
  std::string control;    // our own address as the node sees it, or "none"
  std::string ssh_port;   // of the node
  std::string direction;  // in | out | both, as seen from the node
  std::string peers;      // addresses, separated by spaces, or "any"
  std::string ports;      // "7789,7790-7799", or "any"
  std::string words;      // "between prod and mirror, ports 7789"
  // The first five, in that order: the first arguments of every network script.
  Argv args() const { return {control, ssh_port, direction, peers, ports}; }
};

inline constexpr ParamSpec kNetFrom{
    "from", ParamValue::Kind::text, "*", false,
    "the other side: nodes and role:ROLE, separated by commas, or \"*\" for everyone"};
inline constexpr ParamSpec kNetPorts{
    "ports", ParamValue::Kind::text, "any", false,
    "only packets from or to these TCP and UDP ports: 7789 or 6443,10250-10260"};
inline constexpr ParamSpec kNetDirection{"direction", ParamValue::Kind::text, "both", false,
                                         "in, out or both, as seen from the node"};

// Errc::usage for words that mean nothing; for a node that is its own peer; for an address of the
// cluster file that is a name (packets have numbers).
Result<NetScope> net_scope(const FaultType& type, const FaultTarget& target, const FaultStep& step);

}  // namespace ernstfall
