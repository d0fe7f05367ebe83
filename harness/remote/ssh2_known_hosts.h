// ssh2_known_hosts: checks a host key against an OpenSSH known_hosts file.
#pragma once

#include <libssh2.h>

#include <memory>
#include <string>
#include <vector>

#include "harness/core/result.h"

namespace ernstfall {

class KnownHosts {
 public:
  // Plain and hashed names, and [host]:port. Lines libssh2 cannot use are passed over.
  static Result<KnownHosts> load(LIBSSH2_SESSION* session, const std::string& path);

  // Key types that are on file for the host, in the order we prefer them. A server has keys of
  // several types; asking for another one than is on file would look like a stranger.
  std::vector<std::string> known_types(const std::string& host, int port) const;

  // The key that the session was shown. Errc::host_key when it differs or is not on file.
  Status check(LIBSSH2_SESSION* session, const std::string& host, int port) const;

 private:
  struct Free {
    void operator()(LIBSSH2_KNOWNHOSTS* hosts) const { libssh2_knownhost_free(hosts); }
  };
  KnownHosts(LIBSSH2_KNOWNHOSTS* hosts, std::string path) : hosts_(hosts), path_(std::move(path)) {}

  std::unique_ptr<LIBSSH2_KNOWNHOSTS, Free> hosts_;
  std::string path_;
};

}  // namespace ernstfall
