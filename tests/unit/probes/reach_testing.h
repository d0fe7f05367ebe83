// reach_testing: addresses on loopback that refuse, accept, keep silent or greet.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <future>
#include <string>
#include <thread>
#include <vector>

#include "harness/core/files.h"
#include "probes/reach_engine.h"

namespace ernstfall::testing_support {

// Owns a TCP port of 127.0.0.1; refuses connections until listen().
class LoopbackPort {
 public:
  LoopbackPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback(0);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  std::uint16_t port() const { return port_; }

  LoopbackPort& listen(int backlog = 64) {
    EXPECT_EQ(::listen(socket_.get(), backlog), 0);
    return *this;
  }
  // The kernel drops whoever comes once the backlog is full: like a host that is not there.
  LoopbackPort& listen_with_full_backlog() {
    listen(0);
    for (int i = 0; i < 4; ++i) {
      Fd filler(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      const sockaddr_in address = loopback(port_);
      (void)::connect(filler.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
      fillers_.push_back(std::move(filler));
    }
    return *this;
  }
  // Says `pieces` to whoever comes and hangs up. The pauses only make separate packets likely.
  LoopbackPort& greet(std::vector<std::string> pieces) {
    listen();
    greeter_ = std::jthread([this, pieces = std::move(pieces)](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        pollfd waiting{socket_.get(), POLLIN, 0};
        if (::poll(&waiting, 1, 20) <= 0) continue;
        const Fd peer(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        for (const std::string& piece : pieces) {
          (void)::send(peer.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
      }
    });
    return *this;
  }

  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

 private:
  Fd socket_;
  std::uint16_t port_ = 0;
  std::vector<Fd> fillers_;
  std::jthread greeter_;
};

inline ReachResponse ask(ReachEngine& engine, ReachRequest request) {
  std::promise<ReachResponse> promise;
  EXPECT_TRUE(engine.submit(std::move(request),
                            [&](const ReachResponse& answer) { promise.set_value(answer); }));
  return promise.get_future().get();
}

}  // namespace ernstfall::testing_support
