// http_server: one thread that accepts, one per connection; blocking sockets that a shutdown wakes.
#include "tests/mocks/http_server.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <list>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "harness/core/files.h"
#include "harness/core/text.h"

namespace ernstfall::mocks {
namespace {

constexpr int kBacklog = 1024;
constexpr std::size_t kMaxHeaderBytes = 64U << 10U;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// The caller may have to try again: the port of a connection that just ended can be busy.
Fd bound_socket(int port) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int one = 1;
  const sockaddr_in address = loopback(port);
  if (!fd.valid() || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::system_error(errno, std::generic_category(), "no port for the test's server");
  return fd;
}

int port_of(const Fd& fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::system_error(errno, std::generic_category(), "getsockname");
  return ntohs(address.sin_port);
}

void reset_on_close(int fd) {
  const linger now{1, 0};
  (void)::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

struct SslContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextDeleter>;

SslContext tls_context(const TlsIdentity& identity) {
  SslContext context(SSL_CTX_new(TLS_server_method()));
  const auto bio_of = [](const std::string& pem) {
    return std::unique_ptr<BIO, decltype(&BIO_free)>(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  };
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(bio_of(identity.certificate_pem).get(), nullptr, nullptr, nullptr),
      X509_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(bio_of(identity.key_pem).get(), nullptr, nullptr, nullptr),
      EVP_PKEY_free);
  if (!context || SSL_CTX_use_certificate(context.get(), certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1)
    throw std::runtime_error("OpenSSL: no server context");
  return context;
}

// Bytes of one connection, with or without TLS.
class Stream {
 public:
  Stream(int fd, SSL_CTX* context) : fd_(fd) {
    if (context == nullptr) return;
    ssl_.reset(SSL_new(context));
    ok_ = ssl_ && SSL_set_fd(ssl_.get(), fd) == 1 && SSL_accept(ssl_.get()) == 1;
  }
  bool ok() const { return ok_; }

  // Reads some more; false at the end.
  bool read_more(std::string& buffer) {
    char chunk[16384];
    const auto got =
        ssl_ ? SSL_read(ssl_.get(), chunk, sizeof chunk) : ::recv(fd_, chunk, sizeof chunk, 0);
    if (got <= 0) return false;
    buffer.append(chunk, static_cast<std::size_t>(got));
    return true;
  }

  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::string_view part = bytes.substr(0, 1U << 20U);
      const auto sent = ssl_ ? SSL_write(ssl_.get(), part.data(), static_cast<int>(part.size()))
                             : ::send(fd_, part.data(), part.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  void end() {
    if (ssl_) (void)SSL_shutdown(ssl_.get());
  }

 private:
  const int fd_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
  bool ok_ = true;
};

HttpServer::Received parse_header(std::string_view text) {
  HttpServer::Received request;
  std::vector<std::string> lines = split(text, '\n');
  const std::vector<std::string> words = split(trim(lines.front()), ' ');
  request.method = words[0];
  if (words.size() > 1) request.target = words[1];
  for (std::size_t i = 1; i < lines.size(); ++i)
    if (const auto line = trim(lines[i]); !line.empty()) request.headers.emplace_back(line);
  return request;
}

std::string head_of(const HttpServer::Answer& answer) {
  std::string head = fmt::format("HTTP/1.1 {} Scripted\r\nContent-Length: {}\r\n", answer.status,
                                 answer.body.size());
  for (const std::string& header : answer.headers) head += header + "\r\n";
  if (!answer.keep_alive) head += "Connection: close\r\n";
  return head + "\r\n";
}

}  // namespace

std::string HttpServer::Received::header(const std::string& lower_name) const {
  for (const std::string& line : headers) {
    const std::size_t colon = line.find(':');
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (name == lower_name) return std::string(trim(std::string_view(line).substr(colon + 1)));
  }
  return {};
}

class HttpServer::Impl {
 public:
  Impl(Script script, Options options)
      : script_(std::move(script)), options_(std::move(options)), reserved_(bound_socket(0)) {
    if (options_.tls) tls_ = tls_context(*options_.tls);
    port_ = port_of(reserved_);
    (void)come_back();
  }
  ~Impl() { (void)go_away(); }

  Moment come_back() {
    Moment moment{std::chrono::steady_clock::now(), {}};
    if (listener_.valid()) return {moment.not_before, moment.not_before};
    Fd fd = bound_socket(port_);
    {
      const std::lock_guard lock(mutex_);
      away_ = false;
    }
    // Read again: what came before is not yet the return.
    moment.not_before = std::chrono::steady_clock::now();
    if (::listen(fd.get(), kBacklog) != 0)
      throw std::system_error(errno, std::generic_category(), "listen");
    moment.not_after = std::chrono::steady_clock::now();
    listener_ = std::move(fd);
    acceptor_ = std::thread([this] { accept_all(); });
    return moment;
  }

  Moment go_away() {
    Moment moment{std::chrono::steady_clock::now(), {}};
    if (!listener_.valid()) return {moment.not_before, moment.not_before};
    (void)::shutdown(listener_.get(), SHUT_RDWR);  // ends listening; accept() returns
    {
      const std::lock_guard lock(mutex_);
      away_ = true;
      for (const Connection& connection : connections_)
        if (connection.fd >= 0) (void)::shutdown(connection.fd, SHUT_RDWR);
    }
    moment.not_after = std::chrono::steady_clock::now();
    changed_.notify_all();
    acceptor_.join();
    for (Connection& connection : connections_) connection.thread.join();
    connections_.clear();
    listener_.reset();
    return moment;
  }

  int port() const { return port_; }
  bool is_tls() const { return options_.tls.has_value(); }
  std::vector<Received> received() const {
    const std::lock_guard lock(mutex_);
    return received_;
  }
  std::size_t connections() const {
    const std::lock_guard lock(mutex_);
    return accepted_;
  }

 private:
  struct Connection {
    int fd = -1;  // -1: closed
    std::size_t number = 0;
    bool done = false;
    std::thread thread;
  };

  void accept_all() {
    block_sigpipe();
    while (true) {
      const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
      if (fd < 0) return;
      reap();
      const std::lock_guard lock(mutex_);
      if (away_ || options_.reset_on_accept) {
        ++accepted_;
        reset_on_close(fd);
        (void)::close(fd);
        continue;
      }
      Connection& connection = connections_.emplace_back();
      connection.fd = fd;
      connection.number = ++accepted_;
      connection.thread = std::thread([this, &connection] { serve(connection); });
    }
  }

  // Only the acceptor adds and removes while it runs.
  void reap() {
    std::list<Connection> finished;
    {
      const std::lock_guard lock(mutex_);
      for (auto it = connections_.begin(); it != connections_.end();) {
        const auto next = std::next(it);
        if (it->done) finished.splice(finished.end(), connections_, it);
        it = next;
      }
    }
    for (Connection& connection : finished) connection.thread.join();
  }

  void serve(Connection& connection) {
    block_sigpipe();
    const int fd = connection.fd;
    {
      Stream stream(fd, tls_.get());
      std::string buffer;
      while (stream.ok() && serve_one(stream, fd, connection.number, buffer)) {
      }
      stream.end();
    }
    const std::lock_guard lock(mutex_);
    connection.fd = -1;
    (void)::close(fd);
    connection.done = true;
  }

  // false: the connection ends.
  bool serve_one(Stream& stream, int fd, std::size_t number, std::string& buffer) {
    std::size_t end = 0;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos)
      if (buffer.size() > kMaxHeaderBytes || !stream.read_more(buffer)) return false;
    Received request = parse_header(std::string_view(buffer).substr(0, end));
    request.connection = number;
    buffer.erase(0, end + 4);
    if (options_.reset_after_header) {
      reset_on_close(fd);
      return false;
    }
    if (request.header("expect") == "100-continue" &&
        !stream.write("HTTP/1.1 100 Continue\r\n\r\n"))
      return false;
    const std::string length = request.header("content-length");
    const std::size_t size = length.empty() ? 0 : std::stoul(length);
    while (buffer.size() < size)
      if (!stream.read_more(buffer)) return false;
    request.body = buffer.substr(0, size);
    buffer.erase(0, size);
    {
      const std::lock_guard lock(mutex_);
      received_.push_back(request);
    }
    return answer(stream, fd, script_(request), request.method == "HEAD");
  }

  bool answer(Stream& stream, int fd, const Answer& answer, bool head_only) {
    using Fault = Answer::Fault;
    {
      std::unique_lock lock(mutex_);
      if (answer.fault == Fault::hang)
        changed_.wait(lock, [this] { return away_; });
      else if (answer.delay > Nanos::zero())
        (void)changed_.wait_for(lock, answer.delay, [this] { return away_; });
      if (away_) return false;
    }
    switch (answer.fault) {
      case Fault::reset:
        reset_on_close(fd);
        return false;
      case Fault::garbage:
        (void)stream.write("\x01\x02 this is no HTTP\r\n\r\n");
        return false;
      case Fault::cut:
        (void)stream.write(head_of(answer) + answer.body.substr(0, answer.body.size() / 2));
        return false;
      case Fault::hang:
      case Fault::close:
        return false;
      case Fault::none:
        break;
    }
    return stream.write(head_of(answer) + (head_only ? "" : answer.body)) && answer.keep_alive;
  }

  static void block_sigpipe() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &set, nullptr);
  }

  const Script script_;
  const Options options_;
  SslContext tls_;
  // Holds the port for ever: else a client's own port could become this one while we are away, and
  // the client would be connected to itself.
  const Fd reserved_;
  int port_ = 0;
  Fd listener_;
  std::thread acceptor_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool away_ = true;
  std::list<Connection> connections_;
  std::vector<Received> received_;
  std::size_t accepted_ = 0;
};

HttpServer::HttpServer(Script script, Options options)
    : impl_(std::make_unique<Impl>(std::move(script), std::move(options))) {}
HttpServer::~HttpServer() = default;
int HttpServer::port() const {
  return impl_->port();
}
std::string HttpServer::url(const std::string& path) const {
  return fmt::format("{}://127.0.0.1:{}{}", impl_->is_tls() ? "https" : "http", port(), path);
}
HttpServer::Moment HttpServer::go_away() {
  return impl_->go_away();
}
HttpServer::Moment HttpServer::come_back() {
  return impl_->come_back();
}
std::vector<HttpServer::Received> HttpServer::received() const {
  return impl_->received();
}
std::size_t HttpServer::connections() const {
  return impl_->connections();
}

}  // namespace ernstfall::mocks
