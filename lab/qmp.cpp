// qmp: JSON lines over a unix socket.
#include "lab/qmp.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "harness/core/text.h"

namespace ernstfall {

using nlohmann::json;

namespace {

constexpr int kStopCheckMs = 100;
constexpr std::size_t kMaxMessageBytes = 4U << 20U;

Result<Fd> connect_once(const std::filesystem::path& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = socket.string();
  if (path.size() >= sizeof(address.sun_path))
    return fail_at(Errc::usage, path, "the path of a socket must be shorter than {} bytes",
                   sizeof(address.sun_path));
  std::copy(path.begin(), path.end(), address.sun_path);
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid() ||
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return fail_at(Errc::unreachable, path, "the monitor does not answer: {}",
                   std::generic_category().message(errno));
  return fd;
}

}  // namespace

Result<Qmp> Qmp::connect(const std::filesystem::path& socket, const std::function<bool()>& alive,
                         Deadline deadline, const std::stop_token& stop) {
  while (true) {
    auto fd = connect_once(socket);
    if (fd) {
      Qmp qmp(std::move(*fd), socket.string());
      ERNSTFALL_CHECK(qmp.next_message(deadline, stop));  // the greeting
      ERNSTFALL_CHECK(qmp.execute("qmp_capabilities", json::object(), deadline, stop));
      return qmp;
    }
    if (fd.error().code == Errc::usage || !alive() || deadline.expired())
      return tl::unexpected(fd.error());
    if (!sleep_until(deadline.at_most(std::chrono::milliseconds(20)), stop))
      return fail_at(Errc::cancelled, socket.string(), "stopped");
  }
}

Result<json> Qmp::next_message(Deadline deadline, const std::stop_token& stop) {
  while (true) {
    if (const std::size_t end = buffer_.find('\n'); end != std::string::npos) {
      const std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      json message = json::parse(line, nullptr, false);
      if (message.is_discarded()) return fail_at(Errc::protocol, where_, "not JSON: {}", line);
      return message;
    }
    if (stop.stop_requested()) return fail_at(Errc::cancelled, where_, "stopped");
    if (deadline.expired()) return fail_at(Errc::timeout, where_, "the monitor does not answer");
    pollfd wait{fd_.get(), POLLIN, 0};
    if (::poll(&wait, 1, std::min(kStopCheckMs, deadline.remaining_ms())) <= 0) continue;
    std::array<char, 4096> bytes{};
    const ssize_t got = ::read(fd_.get(), bytes.data(), bytes.size());
    if (got <= 0) return fail_at(Errc::unreachable, where_, "the virtual machine went away");
    buffer_.append(bytes.data(), static_cast<std::size_t>(got));
    if (buffer_.size() > kMaxMessageBytes)
      return fail_at(Errc::protocol, where_, "a message of more than {} bytes", kMaxMessageBytes);
  }
}

Result<std::string> Qmp::execute(const std::string& command, const json& arguments,
                                 Deadline deadline, const std::stop_token& stop) {
  json request{{"execute", command}};
  if (!arguments.empty()) request["arguments"] = arguments;
  const std::string line = request.dump() + "\n";
  if (::send(fd_.get(), line.data(), line.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(line.size()))
    return fail_at(Errc::unreachable, where_, "the virtual machine went away");
  while (true) {
    ERNSTFALL_TRY(const json message, next_message(deadline, stop));
    if (message.contains("event")) continue;
    if (message.contains("error"))
      return fail_at(Errc::refused, where_, "{}: {}", command,
                     message["error"].value("desc", "unknown error"));
    if (message.contains("return")) return message["return"].dump();
  }
}

Status Qmp::human(const std::string& line, Deadline deadline, const std::stop_token& stop) {
  ERNSTFALL_TRY(const std::string answer,
                execute("human-monitor-command", {{"command-line", line}}, deadline, stop));
  const std::string text = json::parse(answer).get<std::string>();
  if (trim(text).empty()) return {};
  return fail_at(Errc::refused, where_, "{}: {}", line, trim(text));
}

}  // namespace ernstfall
