// ssh2_session: one SSH connection by libssh2, never blocking; used by one thread only.
//
//   start() -> advance() ... true -> open channels with raw(), pump() after each round
//
// Outgoing bytes go into a buffer of ours and from there to the socket. So no libssh2 call ever
// ends half-way in a send: in libssh2 such a call must be repeated before any other, which several
// channels side by side cannot promise.
#pragma once

#include <libssh2.h>

#include <string>
#include <vector>

#include "harness/core/clock.h"
#include "harness/core/files.h"
#include "harness/remote/remote.h"

namespace ernstfall {

class Ssh2Session {
 public:
  explicit Ssh2Session(const SshAccess& access);
  Ssh2Session(const Ssh2Session&) = delete;
  Ssh2Session& operator=(const Ssh2Session&) = delete;
  ~Ssh2Session() { close(); }

  // Looks up the host and begins to connect; returns at once but for the name service.
  Status start();
  // One step further; true when logged in. An error has closed the session.
  Result<bool> advance();
  // Sends what is buffered, as far as the socket takes it.
  Status flush();
  void close();

  bool active() const { return fd_.valid(); }
  bool ready() const { return phase_ == Phase::ready; }
  LIBSSH2_SESSION* raw() const { return session_; }
  int fd() const { return fd_.get(); }
  // Room for data of channels; control messages are small and always accepted.
  bool can_buffer() const { return out_.size() < kMaxBuffered; }
  bool wants_write() const { return phase_ == Phase::connecting || !out_.empty(); }
  Deadline connect_deadline() const { return connect_deadline_; }
  // The other side has closed or the network gave up, though we have not read it yet.
  bool lost() const;

  SteadyTime last_receive() const { return last_receive_; }
  void forget_silence() { last_receive_ = std::chrono::steady_clock::now(); }
  // Asks for a sign of life when nothing came for a while; Errc::unreachable when none came.
  Status keep_alive();
  std::string last_error() const;

 private:
  static constexpr std::size_t kMaxBuffered = 256U << 10U;
  enum class Phase { idle, connecting, handshake, login, ready };

  Status connect_next();
  Status begin_handshake();
  Result<bool> connecting();
  Result<bool> handshake();
  Result<bool> login();
  tl::unexpected<Error> handshake_error();
  tl::unexpected<Error> login_error(int code);
  static ssize_t on_receive(libssh2_socket_t fd, void* buffer, size_t size, int flags,
                            void** abstract);
  static ssize_t on_send(libssh2_socket_t fd, const void* buffer, size_t size, int flags,
                         void** abstract);

  struct Address {
    std::string bytes;  // sockaddr
    int family;
  };

  const SshAccess access_;
  Phase phase_ = Phase::idle;
  std::vector<Address> addresses_;
  Fd fd_;
  LIBSSH2_SESSION* session_ = nullptr;
  Deadline connect_deadline_ = Deadline::after(Nanos::zero());
  std::string out_;
  std::string first_bytes_;  // of the server, for diagnosis
  std::vector<std::string> host_key_types_;
  SteadyTime last_receive_;
  SteadyTime last_ping_;
};

}  // namespace ernstfall
