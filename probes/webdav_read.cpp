// webdav_read: reads a file that the probe stored before, and compares every byte.
//
// A service that serves again, but forgot the file, has lost data and not its availability: that is
// one failed sample which says so, and the file is stored anew. Losses are counted by the ledger.
#include <atomic>

#include "harness/core/hash.h"
#include "probes/http_probe.h"
#include "probes/service_folder.h"
#include "probes/service_request.h"

namespace ernstfall {
namespace webdav_read {
namespace {

constexpr ParamSpec kParams[] = {
    {"size", ParamValue::Kind::bytes, "4KiB", false, "size of the file that is read"},
};
// So that one that grew is seen as differing and not as an endless answer.
constexpr std::size_t kRoomForMore = 64U << 10U;
constexpr Nanos kStoreAgain = std::chrono::seconds(2);

class WebdavReadProbe final : public Probe {
 public:
  WebdavReadProbe(const ProbeContext& context, SourceId source, const ProbeSpec& spec,
                  const ServiceConfig& service, HttpRequest get, std::string body)
      : context_(context),
        service_(service),
        slots_(context, source, spec),
        get_(std::move(get)),
        body_(std::move(body)),
        sha256_(sha256_hex(body_)) {}

  SourceId source() const override { return slots_.source(); }

  Status start() override {
    const Deadline deadline = Deadline::after(context_.cluster.scaled(kProbeStart));
    ERNSTFALL_CHECK(
        make_service_folder(context_.http, service_, context_.run_id, deadline, std::stop_token()));
    ERNSTFALL_CHECK(repeat_until_ok(context_.http, put_request(), judge_stored,
                                    "storing the known file", deadline));
    return repeat_until_ok(context_.http, get_, judge(), "reading the known file", deadline);
  }

  void fire(TimeNs scheduled) override {
    slots_.ask(scheduled, get_, judge());
    if (lost_->exchange(false)) store_again();
  }
  void stop() override { slots_.drain(); }

 private:
  HttpSlots::Judge judge() const {
    return [size = body_.size(), sha256 = sha256_, lost = lost_](const HttpResponse& response) {
      Judgement judgement = judge_known_file(response, size, sha256);
      const bool answered =
          response.completed() && (response.status == 404 || response.status == 200);
      if (answered && judgement.outcome == Outcome::failed) *lost = true;
      return judgement;
    };
  }

  HttpRequest put_request() const {
    HttpRequest put = get_;
    put.method = "PUT";
    put.body = body_;
    put.timeout = kStoreAgain;
    return put;
  }

  // The folder first: it may be as young as the file. What comes of it the next samples show.
  void store_again() {
    HttpRequest folder = get_;
    folder.method = "MKCOL";
    folder.url = webdav_url(service_, run_folder(context_.run_id) + "/");
    folder.timeout = kStoreAgain;
    (void)context_.http.submit(std::move(folder),
                               [&http = context_.http, put = put_request()](const HttpResponse&) {
                                 (void)http.submit(put, [](const HttpResponse&) {});
                               });
  }

  const ProbeContext context_;
  const ServiceConfig& service_;
  HttpSlots slots_;
  const HttpRequest get_;
  const std::string body_;
  const std::string sha256_;
  // Set on the engine's thread; an answer may come later than this probe lives.
  const std::shared_ptr<std::atomic<bool>> lost_ = std::make_shared<std::atomic<bool>>(false);
};

Result<std::unique_ptr<Probe>> make_webdav_read(const ProbeContext& context, const ProbeSpec& spec,
                                                const Node*) {
  ERNSTFALL_TRY(const ServiceConfig* const service, service_of(context.cluster, "webdav.read"));
  ERNSTFALL_TRY(const std::size_t size, body_size_of(kParams, spec.params));
  ERNSTFALL_TRY(const SourceId source, define_probe_source(context, spec, nullptr));
  const std::string name = fmt::format("known{}", source);
  ERNSTFALL_TRY(HttpRequest get,
                webdav_request(*service, "GET", run_folder(context.run_id) + "/" + name));
  get.max_body_bytes = size + kRoomForMore;
  return std::make_unique<WebdavReadProbe>(context, source, spec, *service, std::move(get),
                                           probe_body(context.run_id + " " + name, size));
}

}  // namespace
}  // namespace webdav_read

extern const ProbeType kWebdavRead;
const ProbeType kWebdavRead{"webdav.read",
                            "a known file of the user, read and compared byte by byte",
                            webdav_read::kParams,
                            10,
                            std::chrono::seconds(2),
                            false,
                            webdav_read::make_webdav_read};

}  // namespace ernstfall
