// history: everything observed in a run, appended while it happens, on one monotonic axis.
//
// A history is a folder of files `NNNNNN.efh`: a header, then records framed as
//   u32 length of body | u32 CRC-32C of body | body (kind byte, fields, little-endian)
// written through a shared file mapping that is grown by allocation in advance: a record that
// append() returned from survives SIGKILL of this process, and a full disk is an error, never a
// crash. sync() also survives a power cut of this machine. Reading stops at the last whole record.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/core/clock.h"
#include "harness/core/result.h"

namespace ernstfall {

using SourceId = std::uint32_t;

// Who speaks: a probe, a load, a node's stream, or the run itself.
struct Source {
  SourceId id = 0;
  std::string name;      // unique: "webdav.write", "node.reach@prod", "drbd.state@mirror", "run"
  std::string kind;      // catalogue name: "webdav.write"; "run" for the run itself
  std::string node;      // node it is about; empty for the service as a whole
  TimeNs period_ns = 0;  // schedule; 0: not periodic
  TimeNs timeout_ns = 0;
};

enum class Outcome : std::uint8_t {
  ok,
  degraded,       // answered, but not as it should (slow, 425)
  failed,         // answered wrongly, or refused
  timeout,        // no answer within the timeout
  missed,         // the slot came, and we could not ask (our own fault): not evidence of anything
  indeterminate,  // a write that may or may not have happened
};
std::string_view outcome_name(Outcome outcome);
// ok and degraded count as available; missed counts as nothing.
constexpr bool is_available(Outcome o) {
  return o == Outcome::ok || o == Outcome::degraded;
}

struct Sample {
  SourceId source = 0;
  TimeNs scheduled = 0;  // latency counts from here
  TimeNs started = 0;
  TimeNs ended = 0;
  Outcome outcome = Outcome::missed;
  std::int32_t code = 0;  // HTTP status, curl error as negative number, 0 when it has none
  std::string detail;     // short, no secrets
};

// Something that happened at one moment. `kind` is one of kinds.h.
struct Event {
  SourceId source = 0;
  TimeNs at = 0;  // when we learnt of it
  std::string kind;
  std::string text;  // raw line or JSON object, as kinds.h says
};

// One step in the life of a ledger entry. Body and name follow from (run id, writer, seq).
enum class LedgerStep : std::uint8_t {
  invoked,        // about to be sent
  acknowledged,   // 201/204 received
  refused,        // surely not stored (connection refused before sending, 4xx)
  indeterminate,  // timeout, reset, 5xx: may be stored
  // audit at the end:
  found,       // body equals
  lost,        // 404
  unreadable,  // 5xx again and again
  stuck,       // 425 until the audit's deadline
  wrong,       // body differs (hash)
};
std::string_view ledger_step_name(LedgerStep step);

struct LedgerRecord {
  SourceId source = 0;
  std::uint64_t seq = 0;
  LedgerStep step = LedgerStep::invoked;
  TimeNs at = 0;
  std::int32_t code = 0;
  std::string detail;
};

struct HistoryHeader {
  std::string run_id;
  std::int64_t wall_base_unix_ns = 0;  // wall clock at the base of the axis
  std::uint32_t format_version = 1;
};

// Thread-safe. append() costs well under a microsecond; see tests/bench.
class HistoryWriter {
 public:
  static Result<std::unique_ptr<HistoryWriter>> create(const std::filesystem::path& folder,
                                                       const std::string& run_id,
                                                       const RunClock& clock);
  virtual ~HistoryWriter() = default;

  virtual const RunClock& clock() const = 0;
  virtual Result<SourceId> define_source(Source source) = 0;  // id is assigned; same name: same id
  virtual Status append(const Sample& sample) = 0;
  virtual Status append(const Event& event) = 0;
  virtual Status append(const LedgerRecord& record) = 0;
  virtual Status sync() = 0;   // msync: to the disk
  virtual Status close() = 0;  // sync, and cut the file to its length
};

// A whole history in memory. Vectors are in order of append.
struct History {
  HistoryHeader header;
  std::vector<Source> sources;  // index = id
  std::vector<Sample> samples;
  std::vector<Event> events;
  std::vector<LedgerRecord> ledger;
  bool truncated = false;  // the last file ended inside a record
  std::string damage;      // what was wrong and where; empty when nothing was

  const Source* find_source(std::string_view name) const;
};

// Errc::corrupt only when not even the header can be read; a cut tail sets `truncated`. A bad
// record in the middle ends the reading there, and `damage` says so.
Result<History> read_history(const std::filesystem::path& folder);

}  // namespace ernstfall
