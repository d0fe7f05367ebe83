// webdav_read: reads a file that the probe stored before, and compares every byte.
#include "harness/core/hash.h"
#include "probes/http_probe.h"
#include "probes/service_folder.h"
#include "probes/service_request.h"

namespace ernstfall {
namespace {

constexpr ParamSpec kParams[] = {
    {"size", ParamValue::Kind::bytes, "4KiB", false, "size of the file that is read"},
};
// So that one that grew is seen as differing and not as an endless answer.
constexpr std::size_t kRoomForMore = 64U << 10U;

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
    HttpRequest put = get_;
    put.method = "PUT";
    put.body = body_;
    ERNSTFALL_CHECK(
        repeat_until_ok(context_.http, put, judge_stored, "storing the known file", deadline));
    return repeat_until_ok(context_.http, get_, judge(), "reading the known file", deadline);
  }

  void fire(TimeNs scheduled) override { slots_.ask(scheduled, get_, judge()); }
  void stop() override { slots_.drain(); }

 private:
  HttpSlots::Judge judge() const {
    return [size = body_.size(), sha256 = sha256_](const HttpResponse& response) {
      return judge_known_file(response, size, sha256);
    };
  }

  const ProbeContext context_;
  const ServiceConfig& service_;
  HttpSlots slots_;
  const HttpRequest get_;
  const std::string body_;
  const std::string sha256_;
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

extern const ProbeType kWebdavRead;
const ProbeType kWebdavRead{"webdav.read",
                            "a known file of the user, read and compared byte by byte",
                            kParams,
                            10,
                            std::chrono::seconds(2),
                            false,
                            make_webdav_read};

}  // namespace ernstfall
