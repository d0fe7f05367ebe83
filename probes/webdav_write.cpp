// webdav_write: stores a small new file in every slot; no name is ever used twice, so that nothing
// that is there already can make a write look good.
#include "probes/http_probe.h"
#include "probes/service_folder.h"
#include "probes/service_request.h"

namespace ernstfall {
namespace webdav_write {
namespace {

constexpr ParamSpec kParams[] = {
    {"size", ParamValue::Kind::bytes, "4KiB", false, "size of each file"},
};

class WebdavWriteProbe final : public Probe {
 public:
  WebdavWriteProbe(const ProbeContext& context, SourceId source, const ProbeSpec& spec,
                   const ServiceConfig& service, HttpRequest put, std::size_t size)
      : context_(context),
        service_(service),
        slots_(context, source, spec),
        put_(std::move(put)),
        size_(size) {}

  SourceId source() const override { return slots_.source(); }

  Status start() override {
    const Deadline deadline = Deadline::after(context_.cluster.scaled(kProbeStart));
    ERNSTFALL_CHECK(
        make_service_folder(context_.http, service_, context_.run_id, deadline, std::stop_token()));
    return repeat_until_ok(context_.http, next_put(), judge_stored, "storing a file", deadline);
  }

  void fire(TimeNs scheduled) override { slots_.ask(scheduled, next_put(), judge_stored); }
  void stop() override { slots_.drain(); }

 private:
  // Called by start() before the schedule exists, and by the schedule's thread.
  HttpRequest next_put() {
    const std::string name = fmt::format("w{}-{}", slots_.source(), next_++);
    HttpRequest put = put_;
    put.url = webdav_url(service_, run_folder(context_.run_id) + "/" + name);
    put.body = probe_body(context_.run_id + " " + name, size_);
    return put;
  }

  const ProbeContext context_;
  const ServiceConfig& service_;
  HttpSlots slots_;
  const HttpRequest put_;
  const std::size_t size_;
  std::uint64_t next_ = 0;
};

Result<std::unique_ptr<Probe>> make_webdav_write(const ProbeContext& context, const ProbeSpec& spec,
                                                 const Node*) {
  ERNSTFALL_TRY(const ServiceConfig* const service, service_of(context.cluster, "webdav.write"));
  ERNSTFALL_TRY(const std::size_t size, body_size_of(kParams, spec.params));
  ERNSTFALL_TRY(HttpRequest put, webdav_request(*service, "PUT", run_folder(context.run_id)));
  ERNSTFALL_TRY(const SourceId source, define_probe_source(context, spec, nullptr));
  return std::make_unique<WebdavWriteProbe>(context, source, spec, *service, std::move(put), size);
}

}  // namespace
}  // namespace webdav_write

extern const ProbeType kWebdavWrite;
const ProbeType kWebdavWrite{"webdav.write",
                             "a small new file of the user, stored under a name of its own",
                             webdav_write::kParams,
                             10,
                             std::chrono::seconds(2),
                             false,
                             webdav_write::make_webdav_write};

}  // namespace ernstfall
