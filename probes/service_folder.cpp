// service_folder: MKCOL and DELETE, repeated.
#include "probes/service_folder.h"

#include <algorithm>
#include <initializer_list>

#include "probes/http_judgement.h"
#include "probes/service_request.h"

namespace ernstfall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Nanos kPause = milliseconds(250);

Status repeat(HttpEngine& http, const HttpRequest& request, Nanos longest,
              std::initializer_list<int> good, Deadline deadline, const std::stop_token& stop) {
  std::string last = "no time was left to ask";
  while (!deadline.expired()) {
    HttpRequest one = request;
    one.timeout = std::max(deadline.at_most(longest).remaining(), Nanos(kNsPerMs));
    ERNSTFALL_TRY(const HttpResponse response, http.perform(std::move(one), stop));
    if (response.completed() && std::find(good.begin(), good.end(), response.status) != good.end())
      return {};
    last = response.completed()
               ? fmt::format("HTTP {}: {}", response.status, status_words(response.status))
               : response.error;
    if (!sleep_until(deadline.at_most(kPause), stop))
      return fail_at(Errc::cancelled, request.url, "stopped; the last answer was: {}", last);
  }
  return fail_at(Errc::unreachable, request.url, "{} does not work ({})", request.method, last);
}

}  // namespace

Status make_service_folder(HttpEngine& http, const ServiceConfig& service,
                           const std::string& run_id, Deadline deadline,
                           const std::stop_token& stop) {
  // With the slash that names a collection: without it Apache redirects instead of answering.
  ERNSTFALL_TRY(const HttpRequest request,
                webdav_request(service, "MKCOL", run_folder(run_id) + "/"));
  return repeat(http, request, seconds(5), {201, 405}, deadline, stop);
}

Status remove_service_folder(HttpEngine& http, const ServiceConfig& service,
                             const std::string& run_id, Deadline deadline,
                             const std::stop_token& stop) {
  ERNSTFALL_TRY(const HttpRequest request,
                webdav_request(service, "DELETE", run_folder(run_id) + "/"));
  // Thousands of files take their time, and to begin again takes it again.
  return repeat(http, request, deadline.remaining(), {200, 204, 404}, deadline, stop);
}

}  // namespace ernstfall
