// openssh_error: sorts the ssh client's messages into our error codes.
#include "harness/remote/openssh_error.h"

#include <array>

namespace ernstfall {
namespace {

struct Pattern {
  std::string_view text;
  Errc code;
};

// The first that occurs wins: a host key failure also ends with other messages.
constexpr std::array<Pattern, 7> kPatterns{
    {{"REMOTE HOST IDENTIFICATION HAS CHANGED", Errc::host_key},
     {"Host key verification failed", Errc::host_key},
     {"Unable to negotiate", Errc::unsupported},
     {"Permission denied", Errc::auth},
     {"Too many authentication failures", Errc::auth},
     {"Bad configuration option", Errc::usage},
     {"terminating, 1 bad configuration", Errc::usage}}};

// Its last message, without the frame of at signs around some.
std::string last_message(std::string_view messages) {
  std::string last;
  for (const std::string& line : split(messages, '\n')) {
    const std::string_view text = trim(line);
    if (!text.empty() && text.front() != '@') last = text;
  }
  return last.empty() ? "the connection was lost" : elide(last, 300);
}

}  // namespace

Error openssh_error(std::string_view messages, const std::string& where, const SshAccess& access) {
  Error error{Errc::unreachable, "ssh: " + last_message(messages), where};
  for (const Pattern& pattern : kPatterns) {
    if (messages.find(pattern.text) == std::string_view::npos) continue;
    error.code = pattern.code;
    break;
  }
  if (error.code != Errc::host_key) return error;
  const std::string file =
      access.known_hosts_file.empty() ? "~/.ssh/known_hosts" : access.known_hosts_file;
  const std::string hint = fmt::format("compare its fingerprint, then: ssh-keyscan -p {} {} >> {}",
                                       access.port, access.host, file);
  if (messages.find("HAS CHANGED") != std::string_view::npos)
    error.what = fmt::format(
        "its host key is not the one in {}: another machine answers there, or it was installed "
        "anew (then remove the old line and {})",
        file, hint);
  else
    error.what = fmt::format("its host key is not known; {}", hint);
  return error;
}

}  // namespace ernstfall
