// ssh_key_file: what kind of private key a file holds, without decrypting it.
#pragma once

#include <string>

#include "harness/core/result.h"

namespace ernstfall {

struct SshKeyInfo {
  std::string type;  // "ssh-ed25519", "ssh-rsa" ...; empty when the format does not say
  bool encrypted = false;
};

SshKeyInfo classify_private_key(std::string_view file_content);

// Exists, is readable, and nobody else may read it.
Status check_private_key_file(const std::string& path);

}  // namespace ernstfall
