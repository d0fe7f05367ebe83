// ssh2_session: socket, handshake, host key and login.
#include "harness/remote/ssh2_session.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <system_error>

#include "harness/remote/ssh2_diagnosis.h"
#include "harness/remote/ssh2_known_hosts.h"
#include "harness/remote/ssh_key_file.h"

namespace ernstfall {
namespace {

constexpr std::size_t kFirstBytes = 32768;
constexpr int kSilencePeriods = 3;  // sign-of-life periods until a node counts as gone
constexpr int kMaxFreeAttempts = 1000;
constexpr std::string_view kUseOpenssh = "use `transport: openssh` for this node";

std::string errno_text(int number) {
  return std::generic_category().message(number);
}

void set_option(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

// The kernel notices a node that is gone also while nothing of SSH is on its way.
void set_socket_options(int fd, Nanos keepalive) {
  const auto period_ms = static_cast<int>(std::chrono::duration_cast<Millis>(keepalive).count());
  const int period_s = std::max(1, period_ms / 1000);
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, period_s);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, period_s);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kSilencePeriods - 1);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, period_ms * kSilencePeriods);
}

std::vector<std::string> supported(LIBSSH2_SESSION* session, int method) {
  const char** names = nullptr;
  const int count = libssh2_session_supported_algs(session, method, &names);
  std::vector<std::string> list;
  for (int i = 0; i < count; ++i) list.emplace_back(names[i]);
  if (count > 0) libssh2_free(session, names);
  return list;
}

}  // namespace

Ssh2Session::Ssh2Session(const SshAccess& access) : access_(access) {
  static std::once_flag once;
  std::call_once(once, [] { libssh2_init(0); });
}

Status Ssh2Session::start() {
  close();
  connect_deadline_ = Deadline::after(access_.connect_timeout);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int rc =
      ::getaddrinfo(access_.host.c_str(), std::to_string(access_.port).c_str(), &hints, &found);
  if (rc != 0) return fail(Errc::unreachable, "cannot look up the host name: {}", gai_strerror(rc));
  addresses_.clear();
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next)
    addresses_.push_back(
        {std::string(reinterpret_cast<const char*>(entry->ai_addr), entry->ai_addrlen),
         entry->ai_family});
  ::freeaddrinfo(found);
  return connect_next();
}

// Takes the first address off the list; tries the next when it fails at once.
Status Ssh2Session::connect_next() {
  int error = ENETUNREACH;
  while (!addresses_.empty()) {
    const Address address = addresses_.front();
    addresses_.erase(addresses_.begin());
    fd_ = Fd(::socket(address.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd_.valid()) {
      set_socket_options(fd_.get(), access_.keepalive);
      if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(address.bytes.data()),
                    static_cast<socklen_t>(address.bytes.size())) == 0 ||
          errno == EINPROGRESS) {
        phase_ = Phase::connecting;
        return {};
      }
    }
    error = errno;
  }
  close();
  return fail(Errc::unreachable, "cannot connect: {}", errno_text(error));
}

Result<bool> Ssh2Session::advance() {
  if (!ready() && connect_deadline_.expired()) {
    const bool connected = phase_ != Phase::connecting;
    close();
    return fail(Errc::unreachable, "no {} within {} ms",
                connected ? "completed SSH login" : "connection",
                std::chrono::duration_cast<Millis>(access_.connect_timeout).count());
  }
  Result<bool> result = true;
  switch (phase_) {
    case Phase::idle:
      result = fail(Errc::internal, "advance() before start()");
      break;
    case Phase::connecting:
      result = connecting();
      break;
    case Phase::handshake:
      result = handshake();
      break;
    case Phase::login:
      result = login();
      break;
    case Phase::ready:
      break;
  }
  if (!result) close();
  return result;
}

Result<bool> Ssh2Session::connecting() {
  pollfd entry{fd_.get(), POLLOUT, 0};
  if (::poll(&entry, 1, 0) <= 0) return false;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    if (addresses_.empty()) return fail(Errc::unreachable, "cannot connect: {}", errno_text(error));
    ERNSTFALL_CHECK(connect_next());
    return false;
  }
  ERNSTFALL_CHECK(begin_handshake());
  return handshake();
}

Status Ssh2Session::begin_handshake() {
  session_ = libssh2_session_init_ex(nullptr, nullptr, nullptr, this);
  if (session_ == nullptr) return fail(Errc::internal, "libssh2: out of memory");
  libssh2_session_set_blocking(session_, 0);
  libssh2_session_callback_set(session_, LIBSSH2_CALLBACK_SEND, reinterpret_cast<void*>(&on_send));
  libssh2_session_callback_set(session_, LIBSSH2_CALLBACK_RECV,
                               reinterpret_cast<void*>(&on_receive));
  libssh2_keepalive_config(session_, 1, 2);
  ERNSTFALL_TRY(const KnownHosts hosts, KnownHosts::load(session_, access_.known_hosts_file));
  host_key_types_ = hosts.known_types(access_.host, access_.port);
  if (!host_key_types_.empty())
    libssh2_session_method_pref(session_, LIBSSH2_METHOD_HOSTKEY,
                                join(host_key_types_, ",").c_str());
  else
    host_key_types_ = supported(session_, LIBSSH2_METHOD_HOSTKEY);
  phase_ = Phase::handshake;
  last_receive_ = last_ping_ = std::chrono::steady_clock::now();
  return {};
}

Result<bool> Ssh2Session::handshake() {
  const int rc = libssh2_session_handshake(session_, fd_.get());
  if (rc == LIBSSH2_ERROR_EAGAIN) return false;
  if (rc != 0) return handshake_error();
  ERNSTFALL_TRY(const KnownHosts hosts, KnownHosts::load(session_, access_.known_hosts_file));
  ERNSTFALL_CHECK(hosts.check(session_, access_.host, access_.port));
  phase_ = Phase::login;
  return login();
}

tl::unexpected<Error> Ssh2Session::handshake_error() {
  const std::string library = "libssh2 " LIBSSH2_VERSION;
  if (const auto server = parse_server_offer(first_bytes_)) {
    const SshAlgorithms ours{supported(session_, LIBSSH2_METHOD_KEX), host_key_types_,
                             supported(session_, LIBSSH2_METHOD_CRYPT_CS),
                             supported(session_, LIBSSH2_METHOD_MAC_CS)};
    const std::string missing = missing_algorithms(*server, ours, library);
    if (!missing.empty()) return fail(Errc::unsupported, "{}; {}", missing, kUseOpenssh);
    return fail(Errc::unreachable, "SSH handshake failed: {}", last_error());
  }
  if (first_bytes_.empty())
    return fail(Errc::unreachable, "the node closed the connection without a word of SSH");
  if (first_bytes_.find("SSH-") == std::string::npos)
    return fail(Errc::protocol, "no SSH server answers on this port");
  return fail(Errc::unreachable, "the node broke off the SSH handshake: {}", last_error());
}

Result<bool> Ssh2Session::login() {
  const int rc = libssh2_userauth_publickey_fromfile_ex(
      session_, access_.user.data(), static_cast<unsigned>(access_.user.size()), nullptr,
      access_.identity_file.c_str(), nullptr);
  if (rc == LIBSSH2_ERROR_EAGAIN) return false;
  if (rc != 0) return login_error(rc);
  phase_ = Phase::ready;
  first_bytes_ = {};
  return true;
}

tl::unexpected<Error> Ssh2Session::login_error(int code) {
  if (code == LIBSSH2_ERROR_SOCKET_DISCONNECT || code == LIBSSH2_ERROR_SOCKET_RECV ||
      code == LIBSSH2_ERROR_SOCKET_SEND)
    return fail(Errc::unreachable, "the node broke off the SSH login: {}", last_error());
  const SshKeyInfo key =
      classify_private_key(read_file(access_.identity_file).value_or(std::string()));
  if (key.encrypted)
    return fail(Errc::auth,
                "the private key {} has a passphrase, which cannot be asked for; {} "
                "with an agent, or a key without one",
                access_.identity_file, kUseOpenssh);
  if (key.type == "ssh-rsa")
    return fail(Errc::auth,
                "the node refused user {} with the RSA key {}: libssh2 {} can only sign with "
                "SHA-1, which OpenSSH 8.8 and later refuse; use an ed25519 or ecdsa key, or {}",
                access_.user, access_.identity_file, LIBSSH2_VERSION, kUseOpenssh);
  return fail(Errc::auth, "the node refused user {} with the key {}: {}", access_.user,
              access_.identity_file, last_error());
}

Status Ssh2Session::flush() {
  if (phase_ == Phase::connecting) return {};
  while (!out_.empty()) {
    const ssize_t put = ::send(fd_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
    if (put >= 0) {
      out_.erase(0, static_cast<std::size_t>(put));
    } else if (errno == EAGAIN) {
      return {};
    } else if (errno != EINTR) {
      return fail(Errc::unreachable, "connection lost: {}", errno_text(errno));
    }
  }
  return {};
}

ssize_t Ssh2Session::on_send(libssh2_socket_t /*fd*/, const void* buffer, size_t size,
                             int /*flags*/, void** abstract) {
  auto* self = static_cast<Ssh2Session*>(*abstract);
  if (!self->fd_.valid()) return -ECONNRESET;
  self->out_.append(static_cast<const char*>(buffer), size);
  return static_cast<ssize_t>(size);
}

ssize_t Ssh2Session::on_receive(libssh2_socket_t /*fd*/, void* buffer, size_t size, int /*flags*/,
                                void** abstract) {
  auto* self = static_cast<Ssh2Session*>(*abstract);
  if (!self->fd_.valid()) return 0;  // makes libssh2 give up instead of asking to be called again
  const ssize_t got = ::recv(self->fd_.get(), buffer, size, 0);
  if (got < 0) return -errno;
  if (got > 0) self->last_receive_ = std::chrono::steady_clock::now();
  if (self->phase_ == Phase::handshake && self->first_bytes_.size() < kFirstBytes)
    self->first_bytes_.append(static_cast<const char*>(buffer), static_cast<std::size_t>(got));
  return got;
}

void Ssh2Session::close() {
  if (session_ != nullptr) {
    if (ready()) {
      libssh2_session_disconnect_ex(session_, SSH_DISCONNECT_BY_APPLICATION, "done", "");
      static_cast<void>(flush());
    }
    fd_.reset();
    for (int i = 0; i < kMaxFreeAttempts; ++i)
      if (libssh2_session_free(session_) != LIBSSH2_ERROR_EAGAIN) break;
    session_ = nullptr;
  }
  fd_.reset();
  out_.clear();
  first_bytes_.clear();
  phase_ = Phase::idle;
}

bool Ssh2Session::lost() const {
  pollfd entry{fd_.get(), POLLRDHUP, 0};
  return ::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

Status Ssh2Session::keep_alive() {
  const SteadyTime now = std::chrono::steady_clock::now();
  if (now - last_receive_ >= access_.keepalive * kSilencePeriods)
    return fail(Errc::unreachable, "no sign of life for {} ms",
                std::chrono::duration_cast<Millis>(now - last_receive_).count());
  if (now - last_receive_ < access_.keepalive || now - last_ping_ < access_.keepalive) return {};
  int seconds_to_next = 0;
  libssh2_keepalive_send(session_, &seconds_to_next);
  last_ping_ = now;
  return {};
}

std::string Ssh2Session::last_error() const {
  char* text = nullptr;
  libssh2_session_last_error(session_, &text, nullptr, 0);
  return text != nullptr && *text != '\0' ? std::string(text) : "no reason given";
}

}  // namespace ernstfall
