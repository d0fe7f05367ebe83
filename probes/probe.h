// probe: observes, on a fixed schedule of its own, and records every observation.
//
//   Schedule thread --slot k at base + k*period--> Probe::fire(slot)   never blocks
//                                                    |  (engine threads do the waiting)
//                                                    v
//                                            HistoryWriter::append(Sample)
//
// Open loop: a slow answer never delays the next question. A slot that could not be asked (too many
// in flight, or we were late by more than a period) is recorded as missed. Latency counts from the
// scheduled time. Adding a probe: one file with `const ProbeType kX{...}` and a line in
// catalog.inc.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/cluster/cluster.h"
#include "harness/history/history.h"
#include "harness/remote/remote.h"
#include "harness/scenario/scenario.h"

namespace ernstfall {

// What a sample's detail may take in the history, bytes; longer text is elided.
inline constexpr std::size_t kMaxDetailBytes = 200;

class HttpEngine;   // probes/http_engine.h
class ReachEngine;  // probes/reach_engine.h

// What a probe may use. Everything outlives the probes.
struct ProbeContext {
  HistoryWriter& history;
  const Cluster& cluster;
  std::string run_id;
  HttpEngine& http;
  ReachEngine& reach;
  std::function<Remote*(std::string_view node)> remote;  // nullptr: no such node
};

class Probe {
 public:
  virtual ~Probe() = default;
  virtual SourceId source() const = 0;
  // Asks once; returns at once. Called by the schedule thread, in order of slots.
  virtual void fire(TimeNs scheduled) = 0;
  // Anything that runs beside the schedule (event streams).
  virtual Status start() { return {}; }
  // Called after the last fire(); returns when nothing of it is running any more.
  virtual void stop() {}
};

struct ProbeType {
  std::string_view name;
  std::string_view summary;
  std::span<const ParamSpec> params;
  double default_rate_hz;
  Nanos default_timeout;
  bool needs_node;
  // One per target node; `node` is nullptr when !needs_node.
  // `spec` comes with id (the name of the source), rate and timeout filled in.
  Result<std::unique_ptr<Probe>> (*make)(const ProbeContext&, const ProbeSpec&, const Node* node);
  // Whether it makes sense on that node: "*" and "role:" pass over the others. nullptr: on every
  // one.
  bool (*applies)(const Cluster&, const Node&) = nullptr;
};

// The source of samples that `spec`, as given to make(), stands for.
Result<SourceId> define_probe_source(const ProbeContext& context, const ProbeSpec& spec,
                                     const Node* node);

std::span<const ProbeType* const> all_probes();
const ProbeType* find_probe(std::string_view name);

// Whether every probe of a node finds something to watch on its targets, without reaching one.
// Targets must be resolvable. All problems at once, each with its place.
Status check_probe_targets(const Scenario& scenario, const Cluster& cluster);

// Runs a set of probes; owns the schedule thread. stop() drains what is in flight.
class ProbeRunner {
 public:
  static Result<std::unique_ptr<ProbeRunner>> start(const ProbeContext& context,
                                                    const std::vector<ProbeSpec>& specs);
  virtual ~ProbeRunner() = default;
  virtual void stop() = 0;
};

}  // namespace ernstfall
