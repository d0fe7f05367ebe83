// sshd_fixture: a real sshd of the test's own, on a loopback port that the kernel picked.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "harness/process/process.h"
#include "harness/remote/remote.h"
#include "tests/unit/process/process_testing.h"

namespace ernstfall {

struct SshdOptions {
  std::string extra_config = {};  // more lines of sshd_config
  std::vector<std::string> host_key_types = {"ed25519"};
};

// Own host keys, own user keys (ed25519, ecdsa, rsa, all authorized), own known_hosts.
class TestSshd {
 public:
  explicit TestSshd(const SshdOptions& options = {});
  TestSshd(const TestSshd&) = delete;
  TestSshd& operator=(const TestSshd&) = delete;

  SshAccess access(Transport transport = Transport::libssh2) const;
  std::string user_key(const std::string& type) const;  // path of the private key
  std::string file(const std::string& name) const { return (folder_.path() / name).string(); }
  int port() const { return port_; }
  int pid() const { return process_->pid(); }
  std::vector<int> connections() const;  // processes that serve a connection
  void signal_connections(int number) const;
  void stop() { process_.reset(); }
  void start();
  // host_key_line("ed25519") is a line for known_hosts.
  std::string known_hosts_line(const std::string& name, const std::string& type) const;

 private:
  TempFolder folder_;
  int port_ = 0;
  std::unique_ptr<LocalProcess> process_;
};

// For the names of parametrised tests.
std::string transport_name(const ::testing::TestParamInfo<Transport>& info);
void must_write(const std::string& path, std::string_view content, unsigned mode = 0644);
std::unique_ptr<Remote> connect_to(const SshAccess& access);
Deadline soon();
// Runs `script` in the node's shell.
Result<ExecResult> run(Remote& remote, const std::string& script, Deadline deadline = soon());

}  // namespace ernstfall
