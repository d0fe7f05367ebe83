// ledger_audit: reads the entries of a ledger back, and records what it finds.
//
//   200, same bytes        found         asked no more
//   200, other bytes       wrong         recorded, and asked once more: the last record counts
//   404, 410               lost          likewise
//   425                    asked again; stuck at the deadline
//   500 and its like       asked again; unreadable at the deadline, after kMinBrokenAnswers of them
//   no answer, 502-504,    the service is away, and nothing is known about the file: one entry is
//   401 and anything else  asked now and then until one is answered
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/history/history.h"
#include "harness/load/ledger_book.h"
#include "probes/http_engine.h"

namespace ernstfall {

enum class AuditAnswer { found, lost, wrong, processing, broken, away };
// Pure.
AuditAnswer audit_answer(const HttpResponse& response, std::string_view expected_body);

struct LedgerAudit {
  // Few: users and probes still want their answers meanwhile.
  static constexpr std::size_t kMaxInFlight = 2;
  static constexpr int kMinBrokenAnswers = 3;

  HistoryWriter& history;
  HttpEngine& http;
  SourceId source = 0;
  Nanos timeout{};
  std::function<HttpRequest(std::uint64_t seq)> request;
  std::function<std::string(std::uint64_t seq)> body;

  // Between two questions. An entry that is not readable yet is asked less and less often.
  Nanos second_look = std::chrono::seconds(1);
  Nanos away_pause = std::chrono::milliseconds(500);
  Nanos first_pause = std::chrono::milliseconds(250);
  Nanos longest_pause = std::chrono::seconds(4);

  // Errc::timeout when acknowledged entries are left without a word on them.
  Status run(const std::vector<LedgerBook::Entry>& entries, Deadline deadline,
             const std::stop_token& stop) const;
};

}  // namespace ernstfall
