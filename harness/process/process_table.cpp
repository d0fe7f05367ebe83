// process_table: tells a process from a later one that was given the same pid.
#include <charconv>

#include "harness/core/files.h"
#include "harness/process/process.h"

namespace ernstfall {
namespace {

constexpr std::size_t kStateField = 3;
constexpr std::size_t kThreadsField = 20;
constexpr std::size_t kStartField = 22;

struct StatLine {
  char state = '?';
  std::uint64_t threads = 0;
  std::uint64_t start_ticks = 0;
};

Result<StatLine> read_stat(int pid) {
  const std::string path = fmt::format("/proc/{}/stat", pid);
  ERNSTFALL_TRY(const std::string text, read_file(path, 1U << 16U));
  // Field 2 is the program's name in parentheses and may itself hold spaces and parentheses.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= text.size())
    return fail_at(Errc::protocol, path, "not in the known form");
  const std::vector<std::string> fields = split(trim(text.substr(name_end + 2)), ' ');
  if (fields.size() <= kStartField - kStateField || fields[0].empty())
    return fail_at(Errc::protocol, path, "not in the known form");
  StatLine line;
  line.state = fields[0][0];
  for (const auto& [field, value] :
       {std::pair{kThreadsField, &line.threads}, std::pair{kStartField, &line.start_ticks}}) {
    const std::string& digits = fields[field - kStateField];
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), *value);
    if (ec != std::errc() || end != digits.data() + digits.size())
      return fail_at(Errc::protocol, path, "not in the known form");
  }
  return line;
}

}  // namespace

Result<std::uint64_t> process_start_ticks(int pid) {
  ERNSTFALL_TRY(const StatLine line, read_stat(pid));
  return line.start_ticks;
}

bool process_alive(int pid, std::uint64_t start_ticks) {
  const Result<StatLine> line = read_stat(pid);
  if (!line || line->start_ticks != start_ticks || line->state == 'X') return false;
  // A zombie has ended; only its parent has not looked yet. But a first thread that ended looks
  // like one while other threads still hold the process's files, locks and network devices.
  return line->state != 'Z' || line->threads > 1;
}

}  // namespace ernstfall
