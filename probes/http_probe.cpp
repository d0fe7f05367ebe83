// http_probe: slots in flight, counted in a state that an answer which comes late can still write
// to.
#include "probes/http_probe.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <mutex>

#include "probes/service_request.h"

namespace ernstfall {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A request ends a little after its timeout, and a slot is fired a little late.
constexpr std::size_t kInFlightMargin = 8;
constexpr Nanos kDrainMargin = seconds(2);
constexpr Nanos kRepeatPause = milliseconds(250);
constexpr Nanos kStartRequest = seconds(5);
constexpr std::size_t kMinBodyBytes = 64;
constexpr std::size_t kMaxBodyBytes = 1U << 20U;

std::size_t most_in_flight(const ProbeSpec& spec) {
  const double expected =
      std::ceil(std::chrono::duration<double>(spec.timeout).count() * spec.rate_hz);
  return static_cast<std::size_t>(
             std::clamp(expected, 1.0, static_cast<double>(HttpEngine::kMaxInFlight))) +
         kInFlightMargin;
}

}  // namespace

struct HttpSlots::State {
  explicit State(HistoryWriter& writer) : history(writer) {}

  void settle() {
    const std::lock_guard lock(mutex);
    --in_flight;
    changed.notify_all();
  }

  HistoryWriter& history;
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t in_flight = 0;
};

HttpSlots::HttpSlots(const ProbeContext& context, SourceId source, const ProbeSpec& spec)
    : http_(context.http),
      source_(source),
      timeout_(spec.timeout),
      max_in_flight_(most_in_flight(spec)),
      state_(std::make_shared<State>(context.history)) {}

void HttpSlots::ask(TimeNs scheduled, HttpRequest request, Judge judge) {
  const auto missed = [&](std::string_view why) {
    const TimeNs now = state_->history.clock().now();
    (void)state_->history.append(
        Sample{source_, scheduled, now, now, Outcome::missed, 0, std::string(why)});
  };
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->in_flight < max_in_flight_) {
      ++state_->in_flight;
    } else {
      missed("too many requests of this probe are in flight");
      return;
    }
  }
  request.timeout = timeout_;
  const bool accepted =
      http_.submit(std::move(request), [state = state_, source = source_, scheduled,
                                        judge = std::move(judge)](const HttpResponse& response) {
        const Judgement judgement = judge(response);
        (void)state->history.append(Sample{source, scheduled, response.started, response.ended,
                                           judgement.outcome, code_of(response),
                                           elide(judgement.detail, kMaxDetailBytes)});
        state->settle();
      });
  if (accepted) return;
  missed("too many HTTP requests are in flight");
  state_->settle();
}

void HttpSlots::drain() {
  std::unique_lock lock(state_->mutex);
  (void)state_->changed.wait_for(lock, timeout_ + kDrainMargin,
                                 [this] { return state_->in_flight == 0; });
}

Status repeat_until_ok(HttpEngine& http, const HttpRequest& request, const HttpSlots::Judge& judge,
                       std::string_view what, Deadline deadline) {
  std::string last;
  while (!deadline.expired()) {
    HttpRequest one = request;
    one.timeout = std::min(kStartRequest, deadline.remaining());
    const bool cut_short = one.timeout < kStartRequest;
    ERNSTFALL_TRY(const HttpResponse response, http.perform(std::move(one), std::stop_token()));
    const Judgement judgement = judge(response);
    if (judgement.outcome == Outcome::ok) return {};
    // The last one has only what is left of the time: its silence is no news.
    if (!response.completed() && cut_short && !last.empty()) break;
    last = response.completed() ? fmt::format("HTTP {}", response.status) : "no answer";
    if (!judgement.detail.empty()) last += ": " + judgement.detail;
    (void)sleep_until(deadline.at_most(kRepeatPause), std::stop_token());
  }
  return fail_at(Errc::unreachable, request.url, "{} does not work ({})", what,
                 last.empty() ? "no time was left to ask" : last);
}

Result<const ServiceConfig*> service_of(const Cluster& cluster, std::string_view name) {
  if (!cluster.service) return fail(Errc::usage, "{} needs a `service:` in the cluster file", name);
  return &*cluster.service;
}

Result<std::size_t> body_size_of(std::span<const ParamSpec> specs, const Params& params) {
  ERNSTFALL_TRY(const ParamValue size, param_or_default(specs, params, "size"));
  if (size.number < static_cast<double>(kMinBodyBytes) ||
      size.number > static_cast<double>(kMaxBodyBytes))
    return fail(Errc::usage, "size: {} is not between 64 B and 1 MiB", size.text);
  return static_cast<std::size_t>(size.number);
}

std::string probe_body(std::string_view tag, std::size_t size) {
  const std::string line = fmt::format("ernstfall {}\n", tag);
  std::string body;
  body.reserve(size + line.size());
  while (body.size() < size) body += line;
  body.resize(size);
  return body;
}

}  // namespace ernstfall
