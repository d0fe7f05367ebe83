// icmp_socket: packets, filters, and the queue of ICMP errors.
#include "probes/icmp_socket.h"

#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <netdb.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/random.h>

#include <cerrno>
#include <cstring>

namespace ernstfall {
namespace {

constexpr std::size_t kCookieAt = 8;
constexpr std::size_t kSerialAt = 16;

std::uint8_t request_type(int family) {
  return family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
}
std::uint8_t reply_type(int family) {
  return family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
}

// RFC 1071. The kernel does it for IPv6 and for ping sockets.
std::uint16_t checksum(std::span<const char> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    std::uint16_t word = 0;
    std::memcpy(&word, bytes.data() + i, 2);
    sum += word;
  }
  while (sum >> 16U != 0) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum & 0xFFFFU);
}

// A raw socket hears every ICMP message of this machine; only echo replies are of interest.
void hear_only_replies(int fd, int family) {
  if (family == AF_INET) {
    icmp_filter filter{};
    filter.data = ~(1U << static_cast<unsigned>(ICMP_ECHOREPLY));
    (void)::setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof filter);
    return;
  }
  icmp6_filter filter{};
  ICMP6_FILTER_SETBLOCKALL(&filter);
  ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
  (void)::setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter);
}

const sock_extended_err* icmp_error_of(msghdr& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    const bool v4 = part->cmsg_level == SOL_IP && part->cmsg_type == IP_RECVERR;
    const bool v6 = part->cmsg_level == SOL_IPV6 && part->cmsg_type == IPV6_RECVERR;
    if (!v4 && !v6) continue;
    const auto* error = reinterpret_cast<const sock_extended_err*>(CMSG_DATA(part));
    if (error->ee_origin == SO_EE_ORIGIN_ICMP || error->ee_origin == SO_EE_ORIGIN_ICMP6)
      return error;
  }
  return nullptr;
}

}  // namespace

bool SocketAddress::same_host(const SocketAddress& other) const {
  if (family() != other.family()) return false;
  if (family() == AF_INET)
    return reinterpret_cast<const sockaddr_in&>(storage).sin_addr.s_addr ==
           reinterpret_cast<const sockaddr_in&>(other.storage).sin_addr.s_addr;
  return std::memcmp(&reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr,
                     &reinterpret_cast<const sockaddr_in6&>(other.storage).sin6_addr,
                     sizeof(in6_addr)) == 0;
}

std::string SocketAddress::literal() const {
  char host[NI_MAXHOST] = {};
  if (::getnameinfo(get(), size, host, sizeof host, nullptr, 0, NI_NUMERICHOST) != 0) return {};
  return host;
}

IcmpSocket::IcmpSocket(Fd fd, int family, bool raw)
    : fd_(std::move(fd)), family_(family), raw_(raw) {
  // Random, so that two runs on one machine do not answer each other.
  if (::getrandom(&cookie_, sizeof cookie_, 0) != sizeof cookie_) cookie_ = 0x45524E5354ULL;
  std::memcpy(&id_, &cookie_, sizeof id_);
}

std::optional<IcmpSocket> IcmpSocket::open(int family) {
  const int protocol =
      family == AF_INET ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6);
  bool raw = false;
  Fd fd(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!fd.valid()) {
    raw = true;
    fd = Fd(::socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  }
  if (!fd.valid()) return std::nullopt;
  if (raw) hear_only_replies(fd.get(), family);
  const int on = 1;
  if (family == AF_INET)
    (void)::setsockopt(fd.get(), SOL_IP, IP_RECVERR, &on, sizeof on);
  else
    (void)::setsockopt(fd.get(), SOL_IPV6, IPV6_RECVERR, &on, sizeof on);
  return IcmpSocket(std::move(fd), family, raw);
}

std::array<char, IcmpSocket::kPacketBytes> IcmpSocket::packet(std::uint64_t serial) const {
  std::array<char, kPacketBytes> bytes{};
  icmphdr header{};  // ICMPv6 has the same layout
  header.type = request_type(family_);
  header.un.echo.id = id_;
  header.un.echo.sequence = htons(static_cast<std::uint16_t>(serial & 0xFFFFU));
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + kCookieAt, &cookie_, sizeof cookie_);
  std::memcpy(bytes.data() + kSerialAt, &serial, sizeof serial);
  if (family_ == AF_INET) {
    header.checksum = checksum(bytes);
    std::memcpy(bytes.data(), &header, sizeof header);
  }
  return bytes;
}

std::optional<std::uint64_t> IcmpSocket::recognise(std::span<const char> bytes,
                                                   std::uint8_t type) const {
  if (bytes.size() < kPacketBytes) return std::nullopt;
  icmphdr header{};
  std::uint64_t cookie = 0;
  std::uint64_t serial = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  std::memcpy(&cookie, bytes.data() + kCookieAt, sizeof cookie);
  std::memcpy(&serial, bytes.data() + kSerialAt, sizeof serial);
  if (header.type != type || cookie != cookie_) return std::nullopt;
  if (raw_ && header.un.echo.id != id_) return std::nullopt;
  return serial;
}

int IcmpSocket::send(const SocketAddress& to, std::uint64_t serial,
                     std::vector<IcmpAnswer>& answers) {
  const auto bytes = packet(serial);
  const auto put = [&] {
    return ::sendto(fd_.get(), bytes.data(), bytes.size(), 0, to.get(), to.size) < 0 ? errno : 0;
  };
  if (put() == 0) return 0;
  // An ICMP error about another host may be pending on the socket and fail this send: take it
  // first.
  receive_errors(answers);
  int pending = 0;
  socklen_t size = sizeof pending;
  (void)::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &pending, &size);
  return put();
}

void IcmpSocket::receive(std::vector<IcmpAnswer>& answers) {
  receive_errors(answers);
  std::array<char, 2048> buffer{};
  while (true) {
    IcmpAnswer answer;
    answer.from.size = sizeof answer.from.storage;
    const ssize_t got =
        ::recvfrom(fd_.get(), buffer.data(), buffer.size(), 0,
                   reinterpret_cast<sockaddr*>(&answer.from.storage), &answer.from.size);
    if (got < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      // An ICMP error came in between. Anything else would come again and again.
      if (errno != EINTR && errno != EHOSTUNREACH && errno != ENETUNREACH && errno != ECONNREFUSED)
        return;
      receive_errors(answers);
      continue;
    }
    std::span<const char> bytes(buffer.data(), static_cast<std::size_t>(got));
    if (raw_ && family_ == AF_INET) {  // these come with their IP header
      const std::size_t header =
          bytes.empty() ? 0 : (static_cast<unsigned char>(bytes[0]) & 0xFU) * 4U;
      if (header < sizeof(iphdr) || header > bytes.size()) continue;
      bytes = bytes.subspan(header);
    }
    if (const auto serial = recognise(bytes, reply_type(family_))) {
      answer.serial = *serial;
      answers.push_back(answer);
    }
  }
}

void IcmpSocket::receive_errors(std::vector<IcmpAnswer>& answers) {
  while (true) {
    std::array<char, 2048> buffer{};
    alignas(cmsghdr) std::array<char, 512> control{};
    iovec part{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(fd_.get(), &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (got < 0) return;
    const sock_extended_err* error = icmp_error_of(message);
    if (error == nullptr) continue;
    // The packet that the error is about comes back with it, from its ICMP header on.
    const auto serial =
        recognise({buffer.data(), static_cast<std::size_t>(got)}, request_type(family_));
    if (!serial) continue;
    IcmpAnswer answer{*serial, {}, static_cast<int>(error->ee_errno)};
    const sockaddr* offender = SO_EE_OFFENDER(error);
    answer.from.size = family_ == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    std::memcpy(&answer.from.storage, offender, answer.from.size);
    answers.push_back(answer);
  }
}

}  // namespace ernstfall
