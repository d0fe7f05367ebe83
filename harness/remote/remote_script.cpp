// remote_script: wrapping of commands and parsing of their end.
#include "harness/remote/remote_script.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <random>

namespace ernstfall {
namespace {

constexpr std::size_t kMaxStatusDigits = 4;
constexpr int kSignalBase = 128;
constexpr int kMaxSignal = 64;

}  // namespace

std::string random_token() {
  std::random_device random;
  return fmt::format("ernstfall-end-{:08x}{:08x}{:08x}", random(), random(), random());
}

std::string exec_line(const Argv& argv, const std::string& token) {
  Argv wrapped{"sh", "-c",
               R"("$@"; s=$?; printf '\n%s %s\n' "$0" "$s"; printf '\n%s %s\n' "$0" "$s" >&2)",
               token};
  wrapped.insert(wrapped.end(), argv.begin(), argv.end());
  return shell_quote(wrapped);
}

std::string stream_line(const Argv& argv) {
  Argv wrapped{"sh", "-c", R"(echo "$$"; exec "$@")", "sh"};
  wrapped.insert(wrapped.end(), argv.begin(), argv.end());
  return shell_quote(wrapped);
}

Argv terminate_argv(const std::string& pid) {
  return {"sh", "-c", R"(kill -s TERM -- "-$1" 2>/dev/null || kill -s TERM "$1")", "sh", pid};
}

void MarkedOutput::keep(std::string_view bytes) {
  const std::size_t room = max_bytes_ - std::min(max_bytes_, text_.size());
  if (bytes.size() > room) truncated_ = true;
  text_.append(bytes.substr(0, room));
}

void MarkedOutput::feed(std::string_view bytes) {
  if (complete()) return;  // a grandchild goes on writing
  pending_.append(bytes);
  const std::size_t begin = pending_.find(marker_);
  if (begin == std::string::npos) {
    const std::size_t hold = std::min(pending_.size(), marker_.size() - 1);
    keep(std::string_view(pending_).substr(0, pending_.size() - hold));
    pending_.erase(0, pending_.size() - hold);
    return;
  }
  const std::size_t digits = begin + marker_.size();
  const std::size_t newline = pending_.find('\n', digits);
  if (newline == std::string::npos && pending_.size() <= digits + kMaxStatusDigits) return;
  int status = -1;
  std::from_chars(pending_.data() + digits, pending_.data() + pending_.size(), status);
  keep(std::string_view(pending_).substr(0, begin));
  pending_.clear();
  status_ = status;
}

void MarkedOutput::end() {
  keep(pending_);
  pending_.clear();
}

std::string signal_name(int number) {
  const char* name = ::sigabbrev_np(number);
  return name != nullptr ? std::string(name) : fmt::format("{}", number);
}

ExecResult make_exec_result(MarkedOutput& out, MarkedOutput& err) {
  ExecResult result;
  result.exit_code = out.status().value_or(err.status().value_or(-1));
  if (result.exit_code > kSignalBase && result.exit_code <= kSignalBase + kMaxSignal)
    result.signal = signal_name(result.exit_code - kSignalBase);
  result.truncated = out.truncated() || err.truncated();
  result.out = out.take();
  result.err = err.take();
  return result;
}

}  // namespace ernstfall
