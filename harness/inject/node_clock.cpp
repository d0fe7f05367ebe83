// node_clock: a shell that says the time for each line that it gets, between two readings of our
// own clock.
#include "harness/inject/node_clock.h"

#include <algorithm>
#include <charconv>

namespace ernstfall {
namespace {

// bash tells the time without a process. Each answer begins with its question's number: one that
// comes too late must not be taken for the next one's.
constexpr std::string_view kShell = R"sh(LC_ALL=C; export LC_ALL
if bash -c '[ -n "$EPOCHREALTIME" ]' 2>/dev/null; then
  exec bash -c 'while read -r number; do echo "$number $EPOCHREALTIME"; done'
fi
while read -r number; do echo "$number $(date +%s.%N)"; done)sh";

// bash leaves out what is below a microsecond: up to this much later than it says.
constexpr Nanos kTruncated = std::chrono::microseconds(1);

// Errors after which a command would fare no better.
bool is_silence(Errc code) {
  return code == Errc::unreachable || code == Errc::timeout || code == Errc::cancelled ||
         code == Errc::auth || code == Errc::host_key;
}

bool parse_whole(std::string_view digits, std::int64_t& value) {
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return ec == std::errc() && end == digits.data() + digits.size() && value >= 0;
}

// "1795403525.123456", with up to nine digits behind the point.
Result<std::int64_t> parse_time(std::string_view text, const Remote& remote) {
  constexpr std::size_t kDigits = 9;
  const std::size_t point = text.find('.');
  std::int64_t whole = 0;
  std::int64_t fraction = 0;
  std::string behind(point == std::string_view::npos ? "" : text.substr(point + 1));
  const bool has_room = !behind.empty() && behind.size() <= kDigits;
  behind.resize(kDigits, '0');
  constexpr std::int64_t kSecondsMax = 9'000'000'000;  // times 1e9 is within 64 bits
  if (!has_room || !parse_whole(text.substr(0, point), whole) || !parse_whole(behind, fraction) ||
      whole > kSecondsMax)
    return fail_at(Errc::protocol, remote.describe(), "asked for its time, it printed \"{}\"",
                   elide(text, 40));
  return whole * kNsPerSecond + fraction;
}

}  // namespace

Status NodeClockReader::open(Deadline deadline, const std::stop_token& stop) {
  RemoteCommand command{.argv = {"sh", "-c", std::string(kShell)}};
  command.keep_stdin = true;
  ERNSTFALL_TRY(shell_, remote_.stream(command, deadline, stop));
  return {};
}

Result<ClockReading> NodeClockReader::ask_shell(Deadline deadline, const std::stop_token& stop) {
  const std::string number = std::to_string(++number_) + " ";
  ClockReading reading;
  reading.asked = std::chrono::steady_clock::now();
  ERNSTFALL_CHECK(shell_->write(number + "\n"));
  while (true) {
    ERNSTFALL_TRY(const std::optional<std::string> line, shell_->next_line(deadline, stop));
    reading.answered = std::chrono::steady_clock::now();
    if (!line) return fail_at(Errc::io, remote_.describe(), "the shell ended");
    if (line->rfind(number, 0) != 0) continue;
    ERNSTFALL_TRY(reading.node_ns, parse_time(trim(line->substr(number.size())), remote_));
    reading.asked -= kTruncated;
    return reading;
  }
}

Result<ClockReading> NodeClockReader::ask_command(Deadline deadline, const std::stop_token& stop) {
  ClockReading reading;
  reading.asked = std::chrono::steady_clock::now();
  ERNSTFALL_TRY(const std::string out, exec_ok(remote_, {"date", "+%s.%N"}, deadline, stop));
  reading.answered = std::chrono::steady_clock::now();
  ERNSTFALL_TRY(reading.node_ns, parse_time(trim(out), remote_));
  return reading;
}

Result<ClockReading> NodeClockReader::ask(Deadline deadline, const std::stop_token& stop) {
  if (by_command_) return ask_command(deadline, stop);
  const bool kept = shell_ != nullptr;
  if (!kept) {
    if (const Status opened = open(deadline, stop); !opened) {
      if (is_silence(opened.error().code)) return tl::unexpected(opened.error());
      by_command_ = true;
      return ask_command(deadline, stop);
    }
  }
  Result<ClockReading> reading = ask_shell(deadline, stop);
  if (reading) return reading;
  shell_.reset();
  const Errc code = reading.error().code;
  // The connection of a shell that was kept may have been lost long ago.
  if (kept && (code == Errc::unreachable || code == Errc::io)) return ask(deadline, stop);
  if (code != Errc::io) return reading;
  by_command_ = true;
  return ask_command(deadline, stop);
}

Result<ClockReading> NodeClockReader::ask_best(int questions, Deadline deadline,
                                               const std::stop_token& stop) {
  ERNSTFALL_TRY(ClockReading best, ask(deadline, stop));
  for (int question = 1; question < questions; ++question) {
    const Result<ClockReading> reading = ask(deadline, stop);
    if (!reading) break;
    if (reading->round_trip() < best.round_trip()) best = *reading;
  }
  return best;
}

Result<NodeClock> measure_node_clock(Remote& remote, int questions, Deadline deadline,
                                     const std::stop_token& stop) {
  const auto ns = [](SteadyTime time) {
    return std::chrono::duration_cast<Nanos>(time.time_since_epoch()).count();
  };
  NodeClockReader reader(remote);
  NodeClock clock;
  const SteadyTime began = std::chrono::steady_clock::now();
  for (int question = 0; question < questions; ++question) {
    ERNSTFALL_TRY(const ClockReading reading, reader.ask(deadline, stop));
    const bool first = question == 0;
    if (first) clock.command_time = reading.answered - began;
    const std::int64_t min_ns = reading.node_ns - ns(reading.answered);
    const std::int64_t max_ns = reading.node_ns - ns(reading.asked);
    clock.ahead_min_ns = first ? min_ns : std::max(clock.ahead_min_ns, min_ns);
    clock.ahead_max_ns = first ? max_ns : std::min(clock.ahead_max_ns, max_ns);
    if (clock.ahead_min_ns > clock.ahead_max_ns)
      return fail_at(Errc::protocol, remote.describe(), "the clock was set between two questions");
  }
  return clock;
}

}  // namespace ernstfall
