// ledger: a schedule that sends writes, a book that records them, and the way back to read them.
#include "harness/load/ledger.h"

#include <algorithm>
#include <cmath>

#include "harness/load/ledger_audit.h"
#include "harness/load/ledger_book.h"
#include "probes/http_judgement.h"
#include "probes/schedule.h"
#include "probes/service_folder.h"
#include "probes/service_request.h"

namespace ernstfall {
namespace {

constexpr double kMaxRateHz = 1000;
constexpr std::uint64_t kMaxBodyBytes = 16U << 20U;
constexpr std::size_t kMaxDetailBytes = 200;
constexpr Nanos kStartMax = std::chrono::seconds(15);  // scaled
constexpr Nanos kDrainMargin = std::chrono::seconds(2);
// A write ends a little after its timeout, and a slot is fired a little late.
constexpr std::size_t kInFlightMargin = 8;

std::size_t most_in_flight(const LoadSpec& spec) {
  const double expected =
      std::ceil(std::chrono::duration<double>(spec.timeout).count() * spec.rate_hz);
  // A quarter of the engine at most: the probes must find room while this load hangs.
  return static_cast<std::size_t>(
             std::clamp(expected, 1.0, static_cast<double>(HttpEngine::kMaxInFlight / 4))) +
         kInFlightMargin;
}

Status check_spec(const LoadSpec& spec) {
  if (!(spec.rate_hz > 0) || spec.rate_hz > kMaxRateHz)
    return fail(Errc::usage, "{}: the rate must be above 0 and at most {} Hz", spec.load,
                kMaxRateHz);
  if (spec.timeout <= Nanos::zero())
    return fail(Errc::usage, "{}: the timeout must be above 0", spec.load);
  if (spec.size_bytes > kMaxBodyBytes)
    return fail(Errc::usage, "{}: entries are at most 16 MiB", spec.load);
  return {};
}

class WebdavLedger final : public Ledger {
 public:
  WebdavLedger(HistoryWriter& history, HttpEngine& http, const ServiceConfig& service,
               std::string run_id, std::string writer, const LoadSpec& spec, SourceId source,
               HttpRequest request)
      : history_(history),
        http_(http),
        service_(service),
        run_id_(std::move(run_id)),
        writer_(std::move(writer)),
        spec_(spec),
        source_(source),
        request_(std::move(request)),
        book_(std::make_shared<LedgerBook>(history, source, most_in_flight(spec))) {}
  WebdavLedger(const WebdavLedger&) = delete;
  WebdavLedger& operator=(const WebdavLedger&) = delete;
  ~WebdavLedger() override {
    if (schedule_) schedule_->stop();
    (void)book_->close();
  }

  Status begin(Nanos period) {
    ERNSTFALL_CHECK(book_->start());
    std::vector<ScheduledTask> tasks;
    tasks.push_back({period, [this](TimeNs slot) { write(slot); },
                     [this](TimeNs slot, TimeNs) {
                       book_->missed(slot, "this machine was late by more than a period");
                     }});
    ERNSTFALL_TRY(schedule_, Schedule::start(history_.clock(), std::move(tasks)));
    return {};
  }

  void stop() override {
    schedule_->stop();
    (void)book_->wait_until_idle(Deadline::after(spec_.timeout + kDrainMargin));
  }

  Status audit(Deadline deadline, const std::stop_token& stop) override {
    const auto request = [this](std::uint64_t seq) {
      HttpRequest get = request_for("GET", seq);
      get.fresh_connection = false;  // the audit is about files, not about what users meet
      get.max_body_bytes = spec_.size_bytes + (64U << 10U);  // an error page in its place, too
      return get;
    };
    const LedgerAudit audit{history_, http_,
                            source_,  spec_.timeout,
                            request,  [this](std::uint64_t seq) { return body_of(seq); }};
    const Status read_back = audit.run(book_->entries_to_audit(), deadline, stop);
    // A record of a write that the history could not take is as bad as one that was not audited.
    const Status recorded = book_->close();
    return recorded ? read_back : recorded;
  }

  Status cleanup(Deadline deadline, const std::stop_token& stop) override {
    return remove_service_folder(http_, service_, run_id_, deadline, stop);
  }

 private:
  std::string body_of(std::uint64_t seq) const {
    return ledger_body(run_id_, writer_, seq, spec_.size_bytes);
  }

  HttpRequest request_for(std::string_view method, std::uint64_t seq) const {
    HttpRequest request = request_;
    request.method = method;
    request.url = webdav_url(service_, fmt::format("{}/{}-{}", run_folder(run_id_), writer_, seq));
    return request;
  }

  void write(TimeNs slot) {
    const auto seq = book_->begin();
    if (!seq) return book_->missed(slot, seq.error().what);
    HttpRequest put = request_for("PUT", *seq);
    put.body = body_of(*seq);
    put.timeout = spec_.timeout;
    const bool sent =
        http_.submit(std::move(put), [book = book_, number = *seq](const HttpResponse& response) {
          book->end(number, step_of_answer(response), response.ended, code_of(response),
                    elide(response.error, kMaxDetailBytes));
        });
    if (sent) return;
    constexpr std::string_view kFull = "too many HTTP requests are in flight";
    book_->end(*seq, LedgerStep::refused, history_.clock().now(), 0, std::string(kFull));
    book_->missed(slot, kFull);
  }

  HistoryWriter& history_;
  HttpEngine& http_;
  const ServiceConfig& service_;
  const std::string run_id_;
  const std::string writer_;
  const LoadSpec spec_;
  const SourceId source_;
  const HttpRequest request_;  // with credentials
  const std::shared_ptr<LedgerBook> book_;
  std::unique_ptr<Schedule> schedule_;
};

}  // namespace

const CatalogueEntry kLedgerWebdav{
    "ledger.webdav",
    "unique files of the user; each acknowledged one is read back at the end",
    {},
    false};

Result<std::unique_ptr<Ledger>> Ledger::start(HistoryWriter& history, HttpEngine& http,
                                              const Cluster& cluster, const std::string& run_id,
                                              const std::string& writer, const LoadSpec& spec,
                                              const std::stop_token& stop) {
  if (!cluster.service)
    return fail(Errc::usage, "{} needs a `service:` in the cluster file", spec.load);
  ERNSTFALL_CHECK(check_spec(spec));
  ERNSTFALL_TRY(HttpRequest request, webdav_request(*cluster.service, "PUT", ""));
  ERNSTFALL_CHECK(make_service_folder(http, *cluster.service, run_id,
                                      Deadline::after(cluster.scaled(kStartMax)), stop));
  Source described;
  described.name = writer;
  described.kind = std::string(kLedgerWebdav.name);
  described.period_ns = std::llround(1e9 / spec.rate_hz);
  described.timeout_ns = spec.timeout.count();
  const Nanos period(described.period_ns);
  ERNSTFALL_TRY(const SourceId source, history.define_source(std::move(described)));
  auto ledger = std::make_unique<WebdavLedger>(history, http, *cluster.service, run_id, writer,
                                               spec, source, std::move(request));
  ERNSTFALL_CHECK(ledger->begin(period));
  return ledger;
}

}  // namespace ernstfall
