// http_judgement: what an answer over HTTP says about the service. Pure: no I/O, no clock.
//
//   completed   the status and the body decide, by the contract of each probe below
//   no answer   our own fault: missed. Not in time: timeout. Anything else: failed
//   a write     that may have been sent and has no answer: indeterminate, it may be stored
#pragma once

#include <string>
#include <string_view>

#include "harness/history/history.h"
#include "probes/http_engine.h"

namespace ernstfall {

struct Judgement {
  Outcome outcome = Outcome::failed;
  std::string detail;  // empty when there is nothing to say beyond the status
};

// A known file that takes longer than this is available, but not as it should be.
constexpr Nanos kSlowRead = std::chrono::seconds(2);

// GET of a page: 200, and the text is in it.
Judgement judge_page(const HttpResponse& response, std::string_view contains);
// GET of a file that we wrote: 200 and the same bytes; 425 and slow are degraded.
Judgement judge_known_file(const HttpResponse& response, std::size_t size, std::string_view sha256);
// PUT under a new name: 201, or 204.
Judgement judge_stored(const HttpResponse& response);

// For Sample::code.
std::int32_t code_of(const HttpResponse& response);
// What is worth saying about a status that should not be there: "no space left" for 507.
std::string status_words(int status);

}  // namespace ernstfall
