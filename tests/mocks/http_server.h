// http_server: a small HTTP/1.1 server on loopback whose answers a test scripts, faults included.
//
//   HttpServer server([](const HttpServer::Received& r) { return HttpServer::Answer{200, "hello"};
//   }); get(server.url("/x")); const auto gone = server.go_away();   // connections end, new ones
//   are refused const auto back = server.come_back(); // same port
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/clock.h"
#include "tests/mocks/tls_identity.h"

namespace ernstfall::mocks {

class HttpServer {
 public:
  struct Received {
    std::string method;
    std::string target;
    std::vector<std::string> headers;  // "Name: value", as received
    std::string body;
    std::size_t connection = 0;  // 1, 2, ... in order of arrival
    std::string header(const std::string& lower_name) const;
  };
  struct Answer {
    enum class Fault {
      none,
      hang,     // nothing is sent until the server goes away
      close,    // the connection is closed in order, nothing is sent
      reset,    // the connection is reset, nothing is sent
      garbage,  // bytes that are no HTTP
      cut,      // the status and half of the body, then closed
    };
    int status = 200;
    std::string body = {};
    Nanos delay{};  // before the first byte of the answer
    std::vector<std::string> headers = {};
    Fault fault = Fault::none;
    bool keep_alive = false;
  };
  using Script = std::function<Answer(const Received&)>;

  struct Options {
    std::optional<TlsIdentity> tls;
    // Resets each connection right after it was accepted, before anything is read.
    bool reset_on_accept = false;
    // Resets a connection as soon as the header of a request is there, before its body is read.
    bool reset_after_header = false;
  };

  // A moment between two readings of the steady clock.
  struct Moment {
    SteadyTime not_before;
    SteadyTime not_after;
  };

  // Throws std::runtime_error when no port can be had.
  explicit HttpServer(Script script, Options options);
  explicit HttpServer(Script script) : HttpServer(std::move(script), Options()) {}
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;
  std::string url(const std::string& path = "/") const;  // http(s)://127.0.0.1:port/path

  // From `not_after` on no request is answered and every new connection is refused.
  Moment go_away();
  // From `not_after` on connections are accepted again, on the same port.
  Moment come_back();

  std::vector<Received> received() const;  // whole requests, in order
  std::size_t connections() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ernstfall::mocks
