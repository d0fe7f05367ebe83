// history_reader: reads segments up to the last whole record.
#include <algorithm>
#include <cstring>

#include "harness/core/files.h"
#include "harness/core/hash.h"
#include "harness/history/codec.h"
#include "harness/history/segment.h"

namespace ernstfall {
namespace {

bool all_zeroes(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

bool is_header(std::string_view body) {
  return body[0] == static_cast<char>(codec::Kind::header);
}

// Empty, or what is wrong with the first record of a file.
std::string read_header(History& history, std::string_view body, bool is_first) {
  History aside;
  if (!is_header(body) || !codec::decode_into(aside, body)) return "is no header";
  if (is_first) history.header = aside.header;
  if (aside.header.run_id == history.header.run_id) return {};
  return fmt::format("belongs to the run {}", aside.header.run_id);
}

std::string read_record(History& history, std::string_view body) {
  return !is_header(body) && codec::decode_into(history, body) ? "" : "cannot be understood";
}

// What is wrong at the first record that is not whole; empty at a clean end: the end of the file,
// or the zeroes that were allocated and not used.
std::string read_segment(History& history, std::string_view bytes, bool is_first) {
  if (bytes.empty()) return "it is empty";
  const bool may_have_unused = bytes.size() % Segment::kGrowBytes == 0;
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::string_view rest = bytes.substr(at);
    if (may_have_unused && all_zeroes(rest.substr(0, Segment::kFrameBytes)))
      return all_zeroes(rest) ? "" : fmt::format("no record at byte {}", at);
    if (rest.size() < Segment::kFrameBytes)
      return fmt::format("cut inside a record at byte {}", at);
    std::uint32_t length = 0;
    std::uint32_t crc = 0;
    std::memcpy(&length, rest.data(), 4);
    std::memcpy(&crc, rest.data() + 4, 4);
    if (length == 0) return fmt::format("no record at byte {}", at);
    if (length > codec::kMaxBodyBytes || length > rest.size() - Segment::kFrameBytes)
      return fmt::format("cut inside a record at byte {}", at);
    const std::string_view body = rest.substr(Segment::kFrameBytes, length);
    if (crc32c(body.data(), body.size()) != crc)
      return fmt::format("a record at byte {} does not match its checksum", at);
    const std::string problem =
        at == 0 ? read_header(history, body, is_first) : read_record(history, body);
    if (!problem.empty()) return fmt::format("the record at byte {} {}", at, problem);
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
  history.header.format_version = 0;  // until a header was read
  for (std::size_t i = 0; i < files.size() && history.damage.empty(); ++i) {
    const std::string expected = fmt::format("{:06}.efh", i + 1);
    if (files[i].filename() != expected) {
      history.damage = fmt::format("{} is missing", expected);
      break;
    }
    ERNSTFALL_TRY(const std::string bytes, read_file(files[i], Segment::kMaxBytes));
    const std::string damage = read_segment(history, bytes, i == 0);
    if (!damage.empty()) history.damage = fmt::format("{}: {}", expected, damage);
  }
  history.truncated = !history.damage.empty();
  if (history.header.format_version == 0)
    return fail_at(Errc::corrupt, folder.string(), "no record of the history can be read");
  if (history.header.format_version != 1)
    return fail_at(Errc::unsupported, folder.string(), "history format {}; this program reads 1",
                   history.header.format_version);
  return history;
}

}  // namespace ernstfall
