// ledger: unique files written through WebDAV at a fixed rate; every acknowledgement is in the
// history, outside the cluster, before anything else happens; all are read back and hashed at the
// end.
//
//   PUT <user's files>/ernstfall-<run id>/<writer>-<seq>   body follows from (run id, writer, seq)
//
// Open loop like a probe: a write that hangs delays no other. A timeout, a reset or a 5xx is
// indeterminate: the file may be there. Only an acknowledged file that is gone or differs is lost.
//
// Durability of the ledger itself: a step survives SIGKILL of this process as soon as it is
// appended, which is within microseconds of the answer; a power cut of this machine can take the
// steps of the last GroupSync::kWindow (100 ms) and one flush.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "harness/cluster/cluster.h"
#include "harness/history/history.h"
#include "harness/scenario/scenario.h"
#include "probes/http_engine.h"

namespace ernstfall {

extern const CatalogueEntry kLedgerWebdav;

// The body of one entry: header line with run, writer and seq, then padding that follows from them;
// exactly `size_bytes` long (at least 128). Pure.
std::string ledger_body(const std::string& run_id, const std::string& writer, std::uint64_t seq,
                        std::uint64_t size_bytes);

class Ledger {
 public:
  // Makes the folder; Errc::unreachable when the service does not let us. `writer` is the name of
  // the source, unique in the run. `history` must outlive `http`: an answer that comes after this
  // ledger is gone is still recorded.
  static Result<std::unique_ptr<Ledger>> start(HistoryWriter& history, HttpEngine& http,
                                               const Cluster& cluster, const std::string& run_id,
                                               const std::string& writer, const LoadSpec& spec,
                                               const std::stop_token& stop);
  virtual ~Ledger() = default;  // stops writing; no audit

  // No write is begun after this; waits for those in flight (at most their timeout).
  virtual void stop() = 0;
  // Reads back every entry that was acknowledged or may be there, and records what it found. 5xx,
  // 425 and no answer are asked again until the deadline; what has no answer by then stays
  // unaudited (nothing is recorded), so that the verdict is unknown and not pass; Errc::timeout
  // says how many those are.
  virtual Status audit(Deadline deadline, const std::stop_token& stop) = 0;
  // Deletes the folder, with everything that anybody put into it.
  virtual Status cleanup(Deadline deadline, const std::stop_token& stop) = 0;
};

}  // namespace ernstfall
