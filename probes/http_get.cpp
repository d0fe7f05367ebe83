// http_get: asks for a page of the service, through the ingress or at one node, as a browser would.
#include "probes/http_probe.h"
#include "probes/service_request.h"

namespace ernstfall {
namespace http_get {
namespace {

constexpr ParamSpec kParams[] = {
    {"path", ParamValue::Kind::text, "/status.php", false, "what to ask for"},
    {"contains", ParamValue::Kind::text, "", false, "text that must be in the answer"},
    {"direct", ParamValue::Kind::text, "", false,
     "node to ask past the ingress, by its URL in service.direct_urls"},
};

class HttpGetProbe final : public Probe {
 public:
  HttpGetProbe(const ProbeContext& context, SourceId source, const ProbeSpec& spec,
               HttpRequest request, std::string contains)
      : slots_(context, source, spec),
        request_(std::move(request)),
        contains_(std::move(contains)) {}

  SourceId source() const override { return slots_.source(); }
  void fire(TimeNs scheduled) override {
    slots_.ask(scheduled, request_, [contains = contains_](const HttpResponse& response) {
      return judge_page(response, contains);
    });
  }
  void stop() override { slots_.drain(); }

 private:
  HttpSlots slots_;
  const HttpRequest request_;
  const std::string contains_;
};

// The same page without the ingress: `resolve_address` belongs to the ingress.
Result<HttpRequest> direct_request(const ServiceConfig& service, const std::string& node,
                                   const std::string& path) {
  const auto found = service.direct_urls.find(node);
  if (found == service.direct_urls.end()) {
    std::vector<std::string> names;
    for (const auto& [name, url] : service.direct_urls) names.push_back(name);
    const auto near = nearest_name(node, names);
    return fail(Errc::usage, "direct: service.direct_urls has no \"{}\"{}", node,
                near ? fmt::format("; did you mean \"{}\"?", *near) : "");
  }
  HttpRequest request;
  request.url = join_url(found->second, path);
  request.ca_file = service.ca_file;
  return request;
}

Result<std::unique_ptr<Probe>> make_http_get(const ProbeContext& context, const ProbeSpec& spec,
                                             const Node*) {
  ERNSTFALL_TRY(const ServiceConfig* const service, service_of(context.cluster, "http.get"));
  ERNSTFALL_TRY(const ParamValue path, param_or_default(kParams, spec.params, "path"));
  ERNSTFALL_TRY(ParamValue contains, param_or_default(kParams, spec.params, "contains"));
  ERNSTFALL_TRY(const ParamValue direct, param_or_default(kParams, spec.params, "direct"));
  HttpRequest request = service_request(*service, path.text);
  const Node* node = nullptr;
  if (!direct.text.empty()) {
    ERNSTFALL_TRY(request, direct_request(*service, direct.text, path.text));
    // With its node the source is none of those that say whether users are served.
    node = context.cluster.find_node(direct.text);
    if (node == nullptr) return fail(Errc::usage, "direct: there is no node \"{}\"", direct.text);
  }
  ERNSTFALL_TRY(const SourceId source, define_probe_source(context, spec, node));
  return std::make_unique<HttpGetProbe>(context, source, spec, std::move(request),
                                        std::move(contains.text));
}

}  // namespace
}  // namespace http_get

extern const ProbeType kHttpGet;
const ProbeType kHttpGet{"http.get",
                         "a page of the service, over a connection of its own each time",
                         http_get::kParams,
                         10,
                         std::chrono::seconds(2),
                         false,
                         http_get::make_http_get};

}  // namespace ernstfall
