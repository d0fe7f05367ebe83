// reach_engine: asks many addresses at once whether they are there: ICMP echo where this process
// may, else a TCP connection, on one thread of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "harness/core/clock.h"
#include "harness/core/result.h"

namespace ernstfall {

struct ReachRequest {
  enum class Kind {
    icmp,       // echo request; answered = echo reply
    tcp,        // connect; answered = accepted
    ssh_banner  // connect and read "SSH-": the daemon answers, not only the kernel
  };
  Kind kind = Kind::tcp;
  std::string address;  // IPv4 or IPv6 literal, or a name that resolves at once (/etc/hosts)
  std::uint16_t port = 22;
  Nanos timeout = std::chrono::seconds(1);
};

struct ReachResponse {
  TimeNs started = 0;
  TimeNs ended = 0;
  bool answered = false;
  // An active "no" of the address itself (RST, ICMP error): its kernel lives. What a router says,
  // or our own kernel when nobody answers ARP, is an error and not this.
  bool refused = false;
  bool timed_out = false;
  bool own_fault = false;  // this machine could not ask: says nothing about the other one
  int error_number = 0;    // errno; 0 when there was none
  std::string detail;      // in words
};

// The address as a literal. May wait for a name server. Errc::usage.
Result<std::string> resolve_to_literal(const std::string& host);

class ReachEngine {
 public:
  using Done = std::function<void(const ReachResponse&)>;

  static Result<std::unique_ptr<ReachEngine>> start(const RunClock& clock);
  // Ends what is in flight; every `done` that was accepted is called before this returns.
  virtual ~ReachEngine() = default;

  // Whether this process may send ICMP echo requests (ping socket or raw socket).
  virtual bool can_icmp() const = 0;
  // Returns at once; `done` is called exactly once, on the engine's thread. false: not accepted.
  virtual bool submit(ReachRequest request, Done done) = 0;

  static constexpr std::size_t kMaxInFlight = 4096;
};

}  // namespace ernstfall
