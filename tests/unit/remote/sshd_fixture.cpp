// sshd_fixture: writes keys and configuration, starts sshd and waits until it answers.
#include "tests/unit/remote/sshd_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace ernstfall {
namespace {

using namespace std::chrono_literals;

void must(const Argv& argv) {
  ProcessSpec spec;
  spec.argv = argv;
  const auto result = run_process_ok(spec, Deadline::after(30s), {});
  if (!result) throw std::runtime_error(to_string(result.error()));
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

int free_port() {
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

bool answers(int port) {
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::vector<int> children_of(int pid) {
  std::ifstream file(fmt::format("/proc/{0}/task/{0}/children", pid));
  std::vector<int> children;
  for (int child = 0; file >> child;) {
    children.push_back(child);
    for (const int below : children_of(child)) children.push_back(below);
  }
  return children;
}

// Made once: RSA keys take a while.
const std::filesystem::path& user_keys() {
  static const TempFolder folder;
  static const bool made = [] {
    for (const char* type : {"ed25519", "ecdsa", "rsa"})
      must({"ssh-keygen", "-q", "-t", type, "-N", "", "-f", (folder.path() / type).string()});
    return true;
  }();
  static_cast<void>(made);
  return folder.path();
}

std::string user_name() {
  return ::getpwuid(::getuid())->pw_name;
}

}  // namespace

Deadline soon() {
  return Deadline::after(20s);
}

TestSshd::TestSshd(const SshdOptions& options) {
  std::string config;
  std::string known_hosts;
  if (::getuid() == 0) std::filesystem::create_directories("/run/sshd");
  for (const std::string& type : options.host_key_types) {
    must({"ssh-keygen", "-q", "-t", type, "-N", "", "-f", file("host_" + type)});
    config += "HostKey " + file("host_" + type) + "\n";
  }
  config += "AuthorizedKeysFile " + file("authorized_keys") +
            "\nListenAddress 127.0.0.1\nStrictModes no\nUsePAM no\nPidFile none\n"
            "PermitRootLogin yes\nPasswordAuthentication no\nMaxStartups 200\n"
            // Keeps bash from reading the user's own start files, which can take a second.
            "SetEnv SHLVL=2\n" +
            options.extra_config;
  std::string authorized;
  for (const char* type : {"ed25519", "ecdsa", "rsa"})
    authorized += read_file(user_keys() / (std::string(type) + ".pub")).value();
  must_write(file("authorized_keys"), authorized, 0600);
  must_write(file("sshd_config"), config);
  for (int attempt = 0; attempt < 5 && !process_; ++attempt) {
    port_ = free_port();
    start();
  }
  if (!process_) throw std::runtime_error("sshd does not start");
  for (const std::string& type : options.host_key_types)
    known_hosts += known_hosts_line(fmt::format("[127.0.0.1]:{}", port_), type);
  must_write(file("known_hosts"), known_hosts);
}

void TestSshd::start() {
  ProcessSpec spec;
  spec.argv = {"/usr/sbin/sshd",     "-D", "-e", "-f", file("sshd_config"), "-p",
               std::to_string(port_)};
  process_ = LocalProcess::start(spec).value();
  const bool up = eventually([this] { return answers(port_) || !still_runs(process_->pid()); });
  if (!up || !still_runs(process_->pid())) process_.reset();
}

std::string TestSshd::known_hosts_line(const std::string& name, const std::string& type) const {
  return name + " " + read_file(file("host_" + type + ".pub")).value();
}

SshAccess TestSshd::access(Transport transport) const {
  SshAccess access;
  access.transport = transport;
  access.host = "127.0.0.1";
  access.port = port_;
  access.user = user_name();
  access.identity_file = user_key("ed25519");
  access.known_hosts_file = file("known_hosts");
  access.ssh_config_file = transport == Transport::openssh ? "/dev/null" : "";
  return access;
}

std::string TestSshd::user_key(const std::string& type) const {
  return (user_keys() / type).string();
}

std::vector<int> TestSshd::connections() const {
  return children_of(pid());
}

void TestSshd::signal_connections(int number) const {
  for (const int child : connections()) ::kill(child, number);
}

std::string transport_name(const ::testing::TestParamInfo<Transport>& info) {
  static constexpr const char* kNames[] = {"libssh2", "openssh", "local"};
  return kNames[static_cast<int>(info.param)];
}

void must_write(const std::string& path, std::string_view content, unsigned mode) {
  if (const Status written = write_file_atomic(path, content, mode); !written)
    throw std::runtime_error(to_string(written.error()));
}

std::unique_ptr<Remote> connect_to(const SshAccess& access) {
  auto remote = make_remote("node", access);
  if (!remote) throw std::runtime_error(to_string(remote.error()));
  return std::move(*remote);
}

Result<ExecResult> run(Remote& remote, const std::string& script, Deadline deadline) {
  return remote.exec({.argv = {"sh", "-c", script}}, deadline, {});
}

}  // namespace ernstfall
