// ssh2_known_hosts: libssh2_knownhost_*, read line by line so that one odd line costs only itself.
#include "harness/remote/ssh2_known_hosts.h"

#include <array>

#include "harness/core/files.h"
#include "harness/core/text.h"

namespace ernstfall {
namespace {

struct KeyType {
  const char* name;
  int session_type;  // LIBSSH2_HOSTKEY_TYPE_*
  int mask;          // LIBSSH2_KNOWNHOST_KEY_*
};

constexpr std::array<KeyType, 5> kTypes{
    {{"ssh-ed25519", LIBSSH2_HOSTKEY_TYPE_ED25519, LIBSSH2_KNOWNHOST_KEY_ED25519},
     {"ecdsa-sha2-nistp256", LIBSSH2_HOSTKEY_TYPE_ECDSA_256, LIBSSH2_KNOWNHOST_KEY_ECDSA_256},
     {"ecdsa-sha2-nistp384", LIBSSH2_HOSTKEY_TYPE_ECDSA_384, LIBSSH2_KNOWNHOST_KEY_ECDSA_384},
     {"ecdsa-sha2-nistp521", LIBSSH2_HOSTKEY_TYPE_ECDSA_521, LIBSSH2_KNOWNHOST_KEY_ECDSA_521},
     {"ssh-rsa", LIBSSH2_HOSTKEY_TYPE_RSA, LIBSSH2_KNOWNHOST_KEY_SSHRSA}}};

constexpr int kPlainRaw = LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_RAW;

std::string keyscan_hint(const std::string& host, int port, const std::string& path) {
  return fmt::format("compare its fingerprint, then: ssh-keyscan -p {} {} >> {}", port, host, path);
}

}  // namespace

Result<KnownHosts> KnownHosts::load(LIBSSH2_SESSION* session, const std::string& path) {
  LIBSSH2_KNOWNHOSTS* raw = libssh2_knownhost_init(session);
  if (raw == nullptr) return fail(Errc::internal, "libssh2: out of memory");
  KnownHosts hosts(raw, path);
  ERNSTFALL_TRY(const std::string content, read_file(path));
  for (const std::string& line : split(content, '\n')) {
    const std::string_view text = trim(line);
    if (text.empty() || text.front() == '#' || text.front() == '@') continue;
    libssh2_knownhost_readline(raw, text.data(), text.size(), LIBSSH2_KNOWNHOST_FILE_OPENSSH);
  }
  return hosts;
}

std::vector<std::string> KnownHosts::known_types(const std::string& host, int port) const {
  static constexpr std::string_view kNoKey = "no key has these bytes";
  std::vector<std::string> names;
  for (const KeyType& type : kTypes)
    if (libssh2_knownhost_checkp(hosts_.get(), host.c_str(), port, kNoKey.data(), kNoKey.size(),
                                 kPlainRaw | type.mask,
                                 nullptr) == LIBSSH2_KNOWNHOST_CHECK_MISMATCH)
      names.emplace_back(type.name);
  return names;
}

Status KnownHosts::check(LIBSSH2_SESSION* session, const std::string& host, int port) const {
  std::size_t size = 0;
  int session_type = LIBSSH2_HOSTKEY_TYPE_UNKNOWN;
  const char* key = libssh2_session_hostkey(session, &size, &session_type);
  if (key == nullptr) return fail(Errc::host_key, "the node showed no host key");
  for (const KeyType& type : kTypes) {
    if (type.session_type != session_type) continue;
    switch (libssh2_knownhost_checkp(hosts_.get(), host.c_str(), port, key, size,
                                     kPlainRaw | type.mask, nullptr)) {
      case LIBSSH2_KNOWNHOST_CHECK_MATCH:
        return {};
      case LIBSSH2_KNOWNHOST_CHECK_MISMATCH:
        return fail(Errc::host_key,
                    "its {} host key is not the one in {}: another machine answers there, or it "
                    "was installed anew (then remove the old line and {})",
                    type.name, path_, keyscan_hint(host, port, path_));
      default:
        return fail(Errc::host_key, "its {} host key is not known; {}", type.name,
                    keyscan_hint(host, port, path_));
    }
  }
  return fail(Errc::host_key, "its host key is of a type that libssh2 {} does not know",
              LIBSSH2_VERSION);
}

}  // namespace ernstfall
