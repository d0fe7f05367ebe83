// http_probe: what the probes over HTTP share: a sample for every slot, a bound on what is in
// flight, and the run's folder at the service.
#pragma once

#include <functional>
#include <memory>

#include "probes/http_engine.h"
#include "probes/http_judgement.h"
#include "probes/probe.h"

namespace ernstfall {

// Asks once per slot and never blocks. Every slot gives exactly one sample.
class HttpSlots {
 public:
  using Judge = std::function<Judgement(const HttpResponse&)>;  // on the engine's thread

  HttpSlots(const ProbeContext& context, SourceId source, const ProbeSpec& spec);

  SourceId source() const { return source_; }
  // `request` gets the probe's timeout.
  void ask(TimeNs scheduled, HttpRequest request, Judge judge);
  // Waits until nothing is in flight; not longer than the timeout and a little.
  void drain();

 private:
  struct State;  // outlives this when an answer does

  HttpEngine& http_;
  const SourceId source_;
  const Nanos timeout_;
  const std::size_t max_in_flight_;
  const std::shared_ptr<State> state_;
};

// How long a probe may take to get ready; scaled by the cluster.
constexpr Nanos kProbeStart = std::chrono::seconds(15);

// Repeats a request until `judge` calls the answer ok, or the deadline passes: a service that boots
// refuses good credentials at first. Errc::unreachable says what the last answer was.
Status repeat_until_ok(HttpEngine& http, const HttpRequest& request, const HttpSlots::Judge& judge,
                       std::string_view what, Deadline deadline);

// The service, or Errc::usage: a probe of `name` needs one.
Result<const ServiceConfig*> service_of(const Cluster& cluster, std::string_view name);
// A parameter `size`, checked. Errc::usage.
Result<std::size_t> body_size_of(std::span<const ParamSpec> specs, const Params& params);
// Exactly `size` bytes that differ from those of every other tag.
std::string probe_body(std::string_view tag, std::size_t size);

}  // namespace ernstfall
