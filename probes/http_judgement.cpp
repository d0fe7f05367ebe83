// http_judgement: the table of outcomes.
#include "probes/http_judgement.h"

#include <fmt/core.h>

#include "harness/core/hash.h"
#include "harness/core/units.h"

namespace ernstfall {
namespace {

Judgement no_answer(const HttpResponse& response) {
  if (response.our_fault) return {Outcome::missed, response.error};
  return {response.timed_out ? Outcome::timeout : Outcome::failed, response.error};
}

Judgement wrong_status(const HttpResponse& response) {
  return {Outcome::failed, status_words(response.status)};
}

}  // namespace

std::string status_words(int status) {
  switch (status) {
    case 401:
      return "the credentials were refused";
    case 403:
      return "forbidden";
    case 404:
      return "not there";
    case 409:
      return "conflict; the folder is not there";
    case 413:
      return "too large for the service";
    case 423:
      return "locked";
    case 425:
      return "still being processed";
    case 429:
      return "too many requests";
    case 500:
      return "error inside the service";
    case 502:
      return "the ingress got no answer";
    case 503:
      return "unavailable";
    case 504:
      return "the ingress got no answer in time";
    case 507:
      return "no space left";
    default:
      return status >= 300 && status < 400 ? "redirected" : "not the status that belongs here";
  }
}

std::int32_t code_of(const HttpResponse& response) {
  return response.completed() ? response.status : -response.curl_error;
}

Judgement judge_page(const HttpResponse& response, std::string_view contains) {
  if (!response.completed()) return no_answer(response);
  if (response.status != 200) return wrong_status(response);
  if (response.body.find(contains) == std::string::npos)
    return {Outcome::failed, fmt::format("the page does not contain {}", contains)};
  return {Outcome::ok, {}};
}

Judgement judge_known_file(const HttpResponse& response, std::size_t size,
                           std::string_view sha256) {
  if (!response.completed()) return no_answer(response);
  if (response.status == 425) return {Outcome::degraded, status_words(425)};
  if (response.status == 404) return {Outcome::failed, "the known file is gone"};
  if (response.status != 200) return wrong_status(response);
  if (response.body.size() != size)
    return {Outcome::failed, fmt::format("the known file differs: {} bytes instead of {}",
                                         response.body.size(), size)};
  if (sha256_hex(response.body) != sha256)
    return {Outcome::failed, "the known file differs: other bytes"};
  if (const Nanos took(response.ended - response.started); took > kSlowRead)
    return {Outcome::degraded, "slow: " + format_duration(took)};
  return {Outcome::ok, {}};
}

Judgement judge_stored(const HttpResponse& response) {
  if (!response.completed()) {
    // One that we cancelled ourselves says nothing about the service, sent or not.
    if (response.maybe_sent && !response.our_fault) return {Outcome::indeterminate, response.error};
    return no_answer(response);
  }
  if (response.status == 201 || response.status == 204) return {Outcome::ok, {}};
  return wrong_status(response);
}

}  // namespace ernstfall
