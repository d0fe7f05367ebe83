// ssh2_diagnosis: why an SSH handshake failed, from the first bytes the server sent in clear text.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/text.h"

namespace ernstfall {

struct SshAlgorithms {
  std::vector<std::string> key_exchange, host_key, cipher, mac;
};

// The lists of the server's SSH_MSG_KEXINIT; nullopt when `bytes` holds no whole one.
std::optional<SshAlgorithms> parse_server_offer(std::string_view bytes);

// "no common cipher: the node offers a, b; libssh2 1.10.0 knows c, d", or empty when each kind has
// a common algorithm.
std::string missing_algorithms(const SshAlgorithms& server, const SshAlgorithms& ours,
                               std::string_view library);

}  // namespace ernstfall
