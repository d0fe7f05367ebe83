// tls_identity: a self-signed certificate and its key, made when a test needs them.
#pragma once

#include <string>

namespace ernstfall::mocks {

struct TlsIdentity {
  std::string certificate_pem;  // its own CA: to be pinned as such
  std::string key_pem;
};

// Valid from yesterday until tomorrow for 127.0.0.1 and `host`. Throws when OpenSSL fails.
TlsIdentity make_tls_identity(const std::string& host);

}  // namespace ernstfall::mocks
