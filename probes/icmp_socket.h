// icmp_socket: sends ICMP echo requests of one address family and recognises what answers them.
//
// A ping socket (SOCK_DGRAM) where net.ipv4.ping_group_range allows it, else a raw socket. Each
// request carries a random cookie and its serial number, so that another program's ping, or a late
// answer to an earlier request, is never taken for an answer.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/core/files.h"

namespace ernstfall {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  bool same_host(const SocketAddress& other) const;  // ports and scopes aside
  std::string literal() const;
};

struct IcmpAnswer {
  std::uint64_t serial = 0;
  SocketAddress from;    // who sent it: the host itself, or a router on the way
  int error_number = 0;  // 0: an echo reply; else an ICMP error, as errno
};

class IcmpSocket {
 public:
  // nullopt: this process may not, or there is no such address family here.
  static std::optional<IcmpSocket> open(int family);

  int fd() const { return fd_.get(); }
  // 0, or errno. Answers that were waiting may be added to `answers`.
  int send(const SocketAddress& to, std::uint64_t serial, std::vector<IcmpAnswer>& answers);
  // Everything that has arrived.
  void receive(std::vector<IcmpAnswer>& answers);

 private:
  static constexpr std::size_t kPacketBytes = 24;  // header, cookie, serial

  IcmpSocket(Fd fd, int family, bool raw);
  std::array<char, kPacketBytes> packet(std::uint64_t serial) const;
  // The serial number, when these bytes are a packet of ours with that type.
  std::optional<std::uint64_t> recognise(std::span<const char> bytes, std::uint8_t type) const;
  void receive_errors(std::vector<IcmpAnswer>& answers);

  Fd fd_;
  int family_;
  bool raw_;
  std::uint16_t id_ = 0;  // a ping socket's is the kernel's business
  std::uint64_t cookie_ = 0;
};

}  // namespace ernstfall
