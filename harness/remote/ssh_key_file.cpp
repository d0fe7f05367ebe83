// ssh_key_file: reads the unencrypted head of OpenSSH and PEM private keys.
#include "harness/remote/ssh_key_file.h"

#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "harness/core/files.h"
#include "harness/core/text.h"

namespace ernstfall {
namespace {

constexpr std::string_view kMagic("openssh-key-v1\0", 15);
constexpr std::size_t kMaxKeyBytes = 1U << 16U;

std::string decode_base64(std::string_view armoured) {
  std::string compact;
  for (const char c : armoured)
    if (c != '\n' && c != '\r' && c != ' ') compact += c;
  compact.resize(compact.size() / 4 * 4);
  std::string bytes(compact.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(compact.data()),
                                   static_cast<int>(compact.size()));
  bytes.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return bytes;
}

// SSH's length-prefixed string at the front of `bytes`, which is shortened by it.
std::optional<std::string_view> take_string(std::string_view& bytes) {
  if (bytes.size() < 4) return std::nullopt;
  std::size_t size = 0;
  for (int i = 0; i < 4; ++i) size = size << 8U | static_cast<unsigned char>(bytes[i]);
  if (bytes.size() - 4 < size) return std::nullopt;
  const std::string_view value = bytes.substr(4, size);
  bytes.remove_prefix(4 + size);
  return value;
}

SshKeyInfo classify_openssh(std::string_view armoured) {
  const std::string decoded = decode_base64(armoured);
  std::string_view rest = decoded;
  if (rest.substr(0, kMagic.size()) != kMagic) return {};
  rest.remove_prefix(kMagic.size());
  const auto cipher = take_string(rest);
  take_string(rest);  // key derivation
  take_string(rest);  // its options
  if (!cipher || rest.size() < 4) return {};
  rest.remove_prefix(4);  // number of keys
  SshKeyInfo info{"", *cipher != "none"};
  if (auto public_key = take_string(rest))
    if (const auto type = take_string(*public_key)) info.type = *type;
  return info;
}

}  // namespace

SshKeyInfo classify_private_key(std::string_view content) {
  static constexpr std::string_view kBegin = "-----BEGIN ";
  static constexpr std::string_view kDashes = "-----";
  const std::size_t begin = content.find(kBegin);
  if (begin == std::string_view::npos) return {};
  const std::string_view after = content.substr(begin + kBegin.size());
  const std::string_view label = after.substr(0, after.find(kDashes));
  if (label == "OPENSSH PRIVATE KEY") {
    const std::string_view body = after.substr(std::min(after.size(), label.size() + 5));
    return classify_openssh(body.substr(0, body.find(kDashes)));
  }
  SshKeyInfo info;
  if (label == "RSA PRIVATE KEY") info.type = "ssh-rsa";
  if (label == "EC PRIVATE KEY") info.type = "ecdsa";
  if (label == "DSA PRIVATE KEY") info.type = "ssh-dss";
  info.encrypted = label.substr(0, 9) == "ENCRYPTED" ||
                   after.find("Proc-Type: 4,ENCRYPTED") != std::string_view::npos;
  return info;
}

Status check_private_key_file(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode))
    return fail_at(Errc::usage, path, "there is no such private key file");
  if (::access(path.c_str(), R_OK) != 0)
    return fail_at(Errc::usage, path, "the private key file cannot be read");
  if ((info.st_mode & 077U) != 0)
    return fail_at(Errc::usage, path,
                   "the private key can be read by others (mode {:04o}); run chmod 600 on it",
                   info.st_mode & 07777U);
  const Result<std::string> content = read_file(path, kMaxKeyBytes);
  if (!content) return tl::unexpected(content.error());
  if (content->find("PRIVATE KEY-----") == std::string::npos)
    return fail_at(Errc::usage, path, "not a private key");
  return {};
}

}  // namespace ernstfall
