// history_reader: reads segments up to the last whole record.
#include <algorithm>
#include <cstring>

#include "harness/core/files.h"
#include "harness/core/hash.h"
#include "harness/history/codec.h"
#include "harness/history/segment.h"

namespace ernstfall {
namespace {

// What is wrong at the first record that is not whole; empty at a clean end: the end of the file,
// or the zeroes that were allocated and not used.
std::string read_segment(History& history, std::string_view bytes, bool& any) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::string_view rest = bytes.substr(at);
    std::uint32_t length = 0;
    std::uint32_t crc = 0;
    if (rest.size() < Segment::kFrameBytes) {
      if (rest.find_first_not_of('\0') == std::string_view::npos) return {};
      return fmt::format("cut inside a record at byte {}", at);
    }
    std::memcpy(&length, rest.data(), 4);
    std::memcpy(&crc, rest.data() + 4, 4);
    if (length == 0) {
      if (rest.find_first_not_of('\0') == std::string_view::npos) return {};
      return fmt::format("no record at byte {}", at);
    }
    if (length > codec::kMaxBodyBytes || length > rest.size() - Segment::kFrameBytes)
      return fmt::format("cut inside a record at byte {}", at);
    const std::string_view body = rest.substr(Segment::kFrameBytes, length);
    if (crc32c(body.data(), body.size()) != crc)
      return fmt::format("a record at byte {} does not match its checksum", at);
    if (!codec::decode_into(history, body))
      return fmt::format("a record at byte {} cannot be understood", at);
    any = true;
    at += Segment::kFrameBytes + length;
  }
  return {};
}

}  // namespace

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok:
      return "ok";
    case Outcome::degraded:
      return "degraded";
    case Outcome::failed:
      return "failed";
    case Outcome::timeout:
      return "timeout";
    case Outcome::missed:
      return "missed";
    case Outcome::indeterminate:
      return "indeterminate";
  }
  return "missed";
}

std::string_view ledger_step_name(LedgerStep step) {
  switch (step) {
    case LedgerStep::invoked:
      return "invoked";
    case LedgerStep::acknowledged:
      return "acknowledged";
    case LedgerStep::refused:
      return "refused";
    case LedgerStep::indeterminate:
      return "indeterminate";
    case LedgerStep::found:
      return "found";
    case LedgerStep::lost:
      return "lost";
    case LedgerStep::unreadable:
      return "unreadable";
    case LedgerStep::stuck:
      return "stuck";
    case LedgerStep::wrong:
      return "wrong";
  }
  return "wrong";
}

const Source* History::find_source(std::string_view name) const {
  for (const Source& source : sources)
    if (source.name == name) return &source;
  return nullptr;
}

Result<History> read_history(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ec))
    if (entry.path().extension() == ".efh") files.push_back(entry.path());
  if (ec) return fail_at(Errc::io, folder.string(), "cannot read the history: {}", ec.message());
  if (files.empty()) return fail_at(Errc::corrupt, folder.string(), "there is no history here");
  std::sort(files.begin(), files.end());
  History history;
  bool any = false;
  for (const std::filesystem::path& file : files) {
    ERNSTFALL_TRY(const std::string bytes, read_file(file, Segment::kMaxBytes + 1));
    const std::string damage = read_segment(history, bytes, any);
    if (damage.empty()) continue;
    history.truncated = true;
    history.damage = file.filename().string() + ": " + damage;
    break;
  }
  if (!any) return fail_at(Errc::corrupt, folder.string(), "no record of the history can be read");
  if (history.header.format_version != 1)
    return fail_at(Errc::unsupported, folder.string(), "history format {}; this program reads 1",
                   history.header.format_version);
  return history;
}

}  // namespace ernstfall
