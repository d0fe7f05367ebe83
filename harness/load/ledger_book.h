// ledger_book: the steps of a ledger's entries; each is in the history before anything follows
// from it. Thread-safe, and outlives its ledger as long as answers may come.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "harness/history/history.h"
#include "harness/load/group_sync.h"
#include "probes/http_engine.h"

namespace ernstfall {

// What the answer to a PUT says about its file. Pure.
LedgerStep step_of_answer(const HttpResponse& response);

class LedgerBook {
 public:
  LedgerBook(HistoryWriter& history, SourceId source, std::size_t max_in_flight)
      : history_(history), source_(source), max_in_flight_(max_in_flight), sync_(history) {}

  Status start() { return sync_.start(); }

  // The next number, with `invoked` in the history. Errc::refused: too many are in flight;
  // Errc::io: the history takes no more, and a write that is not recorded must not be sent.
  Result<std::uint64_t> begin();
  void end(std::uint64_t seq, LedgerStep step, TimeNs at, std::int32_t code, std::string detail);
  // A slot without a write.
  void missed(TimeNs slot, std::string_view why);

  // False when the deadline passed first.
  bool wait_until_idle(Deadline deadline);
  // Flushes, and ends the flushing. The first error that a record met.
  Status close();

  // Neither refused nor without hope: what the audit has to read.
  struct Entry {
    std::uint64_t seq = 0;
    bool acknowledged = false;
  };
  std::vector<Entry> entries_to_audit() const;  // acknowledged ones first

 private:
  Status append(const LedgerRecord& record);

  HistoryWriter& history_;
  const SourceId source_;
  const std::size_t max_in_flight_;
  GroupSync sync_;
  mutable std::mutex mutex_;
  std::condition_variable settled_;
  std::size_t in_flight_ = 0;
  std::vector<LedgerStep> steps_;  // index = seq
  std::optional<Error> error_;
};

}  // namespace ernstfall
