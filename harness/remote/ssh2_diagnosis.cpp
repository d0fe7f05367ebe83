// ssh2_diagnosis: parsing of SSH_MSG_KEXINIT (RFC 4253, sections 4.2, 6 and 7.1).
#include "harness/remote/ssh2_diagnosis.h"

#include <fmt/core.h>

#include <algorithm>
#include <span>

namespace ernstfall {
namespace {

constexpr unsigned char kMsgKexInit = 20;
constexpr std::size_t kCookieBytes = 16;
constexpr std::size_t kHeaderBytes = 5;  // packet length, padding length
constexpr std::size_t kNameListBytes = 300;

std::size_t read_u32(std::string_view bytes) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8U | static_cast<unsigned char>(bytes[i]);
  return value;
}

// A server may send other lines before the one that begins with "SSH-".
std::optional<std::string_view> after_banner(std::string_view bytes) {
  while (true) {
    const std::size_t newline = bytes.find('\n');
    if (newline == std::string_view::npos) return std::nullopt;
    const bool is_banner = bytes.substr(0, 4) == "SSH-";
    bytes.remove_prefix(newline + 1);
    if (is_banner) return bytes;
  }
}

bool common(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& name) {
    return std::find(b.begin(), b.end(), name) != b.end();
  });
}

}  // namespace

std::optional<SshAlgorithms> parse_server_offer(std::string_view bytes) {
  const auto packet = after_banner(bytes);
  if (!packet || packet->size() < kHeaderBytes + 1 + kCookieBytes) return std::nullopt;
  if (static_cast<unsigned char>((*packet)[kHeaderBytes]) != kMsgKexInit) return std::nullopt;
  std::string_view rest = packet->substr(kHeaderBytes + 1 + kCookieBytes);
  std::array<std::vector<std::string>, 6> lists;  // kex, host key, ciphers c2s s2c, macs c2s s2c
  for (std::vector<std::string>& list : lists) {
    if (rest.size() < 4) return std::nullopt;
    const std::size_t size = read_u32(rest);
    if (rest.size() - 4 < size) return std::nullopt;
    list = split(rest.substr(4, size), ',');
    rest.remove_prefix(4 + size);
  }
  return SshAlgorithms{lists[0], lists[1], lists[2], lists[4]};
}

std::string missing_algorithms(const SshAlgorithms& server, const SshAlgorithms& ours,
                               std::string_view library) {
  std::string text;
  const auto compare = [&](std::string_view kind, const std::vector<std::string>& theirs,
                           const std::vector<std::string>& known) {
    if (common(theirs, known)) return;
    text += fmt::format("{}no common {}: the node offers {}; {} knows {}", text.empty() ? "" : "; ",
                        kind, elide(join(theirs, ", "), kNameListBytes), library,
                        elide(join(known, ", "), kNameListBytes));
  };
  compare("key exchange", server.key_exchange, ours.key_exchange);
  compare("host key type", server.host_key, ours.host_key);
  compare("cipher", server.cipher, ours.cipher);
  compare("MAC", server.mac, ours.mac);
  return text;
}

}  // namespace ernstfall
