// reach_engine: one epoll thread for echo requests, connections and their deadlines.
#include "probes/reach_engine.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <vector>

#include "harness/core/files.h"
#include "harness/core/text.h"
#include "harness/core/units.h"
#include "harness/process/stop_fd.h"
#include "probes/icmp_socket.h"

namespace ernstfall {
namespace {

using Kind = ReachRequest::Kind;

// What epoll reports for the descriptors that are not a connection; those are serial numbers.
constexpr std::uint64_t kWakeTag = 0;
constexpr std::uint64_t kIcmp4Tag = 1;
constexpr std::uint64_t kIcmp6Tag = 2;
constexpr std::uint64_t kFirstSerial = 16;

// RFC 4253 lets a server say something else first.
constexpr std::size_t kMaxGreetingBytes = 8192;
constexpr std::size_t kMaxGreetingShown = 80;

std::string errno_text(int error) {
  return std::error_code(error, std::generic_category()).message();
}

// Errors that say something about this machine and nothing about the other one.
bool is_own_fault(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EAGAIN:
    case EPERM:
    case EACCES:
    case EAFNOSUPPORT:
    case EADDRNOTAVAIL:
    case ECANCELED:
      return true;
    default:
      return false;
  }
}

Result<SocketAddress> look_up(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return fail(Errc::usage, "\"{}\" is no address: {}", host, ::gai_strerror(error));
  SocketAddress address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  ::freeaddrinfo(found);
  return address;
}

// The greeting's line, once it is complete enough to know.
std::optional<std::string> ssh_greeting(const std::string& heard) {
  std::size_t at = 0;
  while (at < heard.size()) {
    const std::size_t end = heard.find('\n', at);
    if (heard.compare(at, 4, "SSH-") == 0)
      return std::string(trim(std::string_view(heard).substr(at, end - at)));
    if (end == std::string::npos) return std::nullopt;
    at = end + 1;
  }
  return std::nullopt;
}

struct Flight {
  ReachRequest request;
  ReachEngine::Done done;
  SocketAddress to;
  ReachResponse response;
  SteadyTime deadline;
  Fd connection;
  bool connected = false;
  std::string heard;
};

class Engine final : public ReachEngine {
 public:
  Engine(const RunClock& clock, Fd epoll)
      : clock_(clock),
        epoll_(std::move(epoll)),
        icmp4_(IcmpSocket::open(AF_INET)),
        icmp6_(IcmpSocket::open(AF_INET6)) {}

  Status begin() {
    if (!watch(wake_.get(), kWakeTag, EPOLLIN) ||
        (icmp4_ && !watch(icmp4_->fd(), kIcmp4Tag, EPOLLIN)) ||
        (icmp6_ && !watch(icmp6_->fd(), kIcmp6Tag, EPOLLIN)))
      return fail(Errc::io, "cannot watch sockets: {}", errno_text(errno));
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::system_error& error) {
      return fail(Errc::io, "no thread for the reach engine: {}", error.what());
    }
    return {};
  }

  ~Engine() override {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.wake();
    if (thread_.joinable()) thread_.join();
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  bool can_icmp() const override { return icmp4_ || icmp6_; }

  bool submit(ReachRequest request, Done done) override {
    {
      const std::lock_guard lock(mutex_);
      if (ending_ || accepted_ >= kMaxInFlight) return false;
      ++accepted_;
      queue_.emplace_back(std::move(request), std::move(done));
    }
    wake_.wake();
    return true;
  }

 private:
  void run() {
    std::array<epoll_event, 64> events{};
    while (true) {
      std::vector<std::pair<ReachRequest, Done>> fresh;
      bool ending = false;
      {
        const std::lock_guard lock(mutex_);
        fresh.swap(queue_);
        ending = ending_;
      }
      for (auto& [request, done] : fresh) begin_flight(std::move(request), std::move(done));
      if (ending) break;
      int wait_ms =
          deadlines_.empty() ? -1 : Deadline::at(deadlines_.begin()->first).remaining_ms();
      // Every answer that is here before any deadline: after a stall of this machine, what came in
      // time must not be called late.
      std::size_t count = events.size();
      for (; count == events.size(); wait_ms = 0) {
        const int ready =
            ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms);
        count = ready > 0 ? static_cast<std::size_t>(ready) : 0;
        for (std::size_t i = 0; i < count; ++i) handle(events[i]);
      }
      end_overdue();
    }
    while (!flights_.empty()) finish_with(flights_.begin()->first, ECANCELED, "this run is ending");
  }

  void handle(const epoll_event& event) {
    switch (event.data.u64) {
      case kWakeTag:
        return wake_.clear();
      case kIcmp4Tag:
        icmp4_->receive(answers_);
        return take_answers();
      case kIcmp6Tag:
        icmp6_->receive(answers_);
        return take_answers();
      default:
        return advance(event.data.u64);
    }
  }

  bool watch(int fd, std::uint64_t tag, std::uint32_t what, int operation = EPOLL_CTL_ADD) {
    epoll_event event{};
    event.events = what;
    event.data.u64 = tag;
    return ::epoll_ctl(epoll_.get(), operation, fd, &event) == 0;
  }

  // --- begin ------------------------------------------------------------------------------------

  void begin_flight(ReachRequest request, Done done) {
    const std::uint64_t serial = next_serial_++;
    Flight& flight = flights_[serial];
    flight.request = std::move(request);
    flight.done = std::move(done);
    const SteadyTime now = std::chrono::steady_clock::now();
    flight.response.started = clock_.at(now);
    flight.deadline = now + flight.request.timeout;
    deadlines_.emplace(flight.deadline, serial);
    const auto to = address_of(flight.request);
    if (!to) return finish_with(serial, EAFNOSUPPORT, to.error().what);
    flight.to = *to;
    if (flight.request.kind == Kind::icmp)
      send_echo(serial, flight);
    else
      begin_connection(serial, flight);
  }

  // Names are looked up once: a name server that is slow must not make a node look slow.
  Result<SocketAddress> address_of(const ReachRequest& request) {
    // A raw IPv6 socket refuses addresses with a port.
    const std::uint16_t port = request.kind == Kind::icmp ? std::uint16_t{0} : request.port;
    const auto key = std::pair(request.address, port);
    if (const auto known = addresses_.find(key); known != addresses_.end()) return known->second;
    ERNSTFALL_TRY(const SocketAddress address, look_up(request.address, port));
    if (addresses_.size() < kMaxInFlight) addresses_.emplace(key, address);
    return address;
  }

  void send_echo(std::uint64_t serial, Flight& flight) {
    std::optional<IcmpSocket>& socket = flight.to.family() == AF_INET ? icmp4_ : icmp6_;
    if (!socket) return finish_with(serial, EACCES, "this process may not send ICMP echo requests");
    const int error = socket->send(flight.to, serial, answers_);
    if (error != 0) finish_with(serial, error, errno_text(error));
    take_answers();
  }

  void begin_connection(std::uint64_t serial, Flight& flight) {
    flight.connection =
        Fd(::socket(flight.to.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!flight.connection.valid()) return finish_with(serial, errno, errno_text(errno));
    const bool at_once = ::connect(flight.connection.get(), flight.to.get(), flight.to.size) == 0;
    if (!at_once && errno != EINPROGRESS) return finish_with(serial, errno, errno_text(errno));
    if (!watch(flight.connection.get(), serial, EPOLLOUT))
      return finish_with(serial, ENOMEM, errno_text(errno));
  }

  // --- go on ------------------------------------------------------------------------------------

  void take_answers() {
    std::vector<IcmpAnswer> answers;
    answers.swap(answers_);
    for (const IcmpAnswer& answer : answers) {
      const auto it = flights_.find(answer.serial);
      if (it == flights_.end()) continue;  // late: its timeout was reported
      const bool from_itself = answer.from.same_host(it->second.to);
      if (answer.error_number == 0) {
        if (from_itself) finish_answered(answer.serial, "echo reply");
        continue;
      }
      it->second.response.refused = from_itself;
      finish_with(
          answer.serial, answer.error_number,
          fmt::format("{}, says {}", errno_text(answer.error_number), answer.from.literal()));
    }
  }

  void advance(std::uint64_t serial) {
    const auto it = flights_.find(serial);
    if (it == flights_.end()) return;
    Flight& flight = it->second;
    if (flight.connected) return read_greeting(serial, flight);
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(flight.connection.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0)
      error = errno;
    if (error != 0) return finish_with(serial, error, errno_text(error));
    flight.connected = true;
    if (flight.request.kind == Kind::tcp) return finish_answered(serial, "connection accepted");
    if (!watch(flight.connection.get(), serial, EPOLLIN, EPOLL_CTL_MOD))
      finish_with(serial, ENOMEM, errno_text(errno));
  }

  void read_greeting(std::uint64_t serial, Flight& flight) {
    std::array<char, 512> buffer{};
    const ssize_t got = ::recv(flight.connection.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got < 0) return finish_with(serial, errno, errno_text(errno) + " before an SSH greeting");
    if (got == 0) return finish_with(serial, 0, "closed the connection without an SSH greeting");
    flight.heard.append(buffer.data(), static_cast<std::size_t>(got));
    if (const auto greeting = ssh_greeting(flight.heard))
      return finish_answered(serial, elide(*greeting, kMaxGreetingShown));
    if (flight.heard.size() >= kMaxGreetingBytes) finish_with(serial, 0, "talks, but not SSH");
  }

  void end_overdue() {
    const SteadyTime now = std::chrono::steady_clock::now();
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
      const std::uint64_t serial = deadlines_.begin()->second;
      Flight& flight = flights_.at(serial);
      flight.response.timed_out = true;
      const std::string within = format_duration(flight.request.timeout);
      finish_with(serial, 0,
                  flight.connected ? "connected, but no SSH greeting within " + within
                                   : "no answer within " + within);
    }
  }

  // --- end --------------------------------------------------------------------------------------

  void finish_answered(std::uint64_t serial, std::string detail) {
    flights_.at(serial).response.answered = true;
    finish_with(serial, 0, std::move(detail));
  }

  void finish_with(std::uint64_t serial, int error, std::string detail) {
    auto node = flights_.extract(serial);
    Flight& flight = node.mapped();
    deadlines_.erase({flight.deadline, serial});
    flight.connection.reset();
    ReachResponse& response = flight.response;
    response.ended = clock_.now();
    response.error_number = error;
    if (error == ECONNREFUSED && flight.request.kind != Kind::icmp) response.refused = true;
    response.own_fault = is_own_fault(error);
    response.detail = std::move(detail);
    flight.done(response);
    const std::lock_guard lock(mutex_);
    --accepted_;
  }

  const RunClock clock_;
  Fd epoll_;
  WakeFd wake_;

  // The engine thread's own:
  std::optional<IcmpSocket> icmp4_;
  std::optional<IcmpSocket> icmp6_;
  std::uint64_t next_serial_ = kFirstSerial;
  std::unordered_map<std::uint64_t, Flight> flights_;
  std::set<std::pair<SteadyTime, std::uint64_t>> deadlines_;  // one for each flight
  std::vector<IcmpAnswer> answers_;
  std::map<std::pair<std::string, std::uint16_t>, SocketAddress> addresses_;

  std::mutex mutex_;
  bool ending_ = false;
  std::size_t accepted_ = 0;  // queued or in flight
  std::vector<std::pair<ReachRequest, Done>> queue_;
  std::thread thread_;
};

}  // namespace

Result<std::string> resolve_to_literal(const std::string& host) {
  ERNSTFALL_TRY(const SocketAddress address, look_up(host, 0));
  return address.literal();
}

Result<std::unique_ptr<ReachEngine>> ReachEngine::start(const RunClock& clock) {
  Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return fail(Errc::io, "no epoll descriptor: {}", errno_text(errno));
  auto engine = std::make_unique<Engine>(clock, std::move(epoll));
  ERNSTFALL_CHECK(engine->begin());
  return engine;
}

}  // namespace ernstfall
