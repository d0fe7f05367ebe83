// rto: how long users were cut off, as an interval that the samples prove. Definition, assumptions
// and a drawing: docs/explanation/rto.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/history/history.h"
#include "harness/lang/text.h"
#include "harness/scenario/scenario.h"
#include "probes/checks/run_facts.h"

namespace ernstfall {

// One outage as one probe saw it. The service went away in [began_after, began_by] and came back
// for good in [ended_after, ended_by]; without ended_by it had not come back when the samples end.
struct Outage {
  TimeNs began_after = 0;
  TimeNs began_by = 0;
  TimeNs ended_after = 0;
  std::optional<TimeNs> ended_by;
  TimeNs first_bad_at = 0;            // start of the first bad sample
  const Sample* last_good = nullptr;  // before the failure; nullptr: there was none
  const Sample* first_bad = nullptr;
  const Sample* last_bad = nullptr;
  const Sample* first_good = nullptr;  // the lastingly good one; nullptr: not recovered
  std::size_t bad_samples = 0;

  TimeNs lower_ns() const { return ended_after > began_by ? ended_after - began_by : 0; }
  std::optional<TimeNs> upper_ns() const {
    if (!ended_by) return std::nullopt;
    return *ended_by - began_after;
  }
};

// Everything that one probe says about outages after `from`.
struct ProbeOutages {
  SourceId source = 0;
  std::vector<Outage> outages;  // in order of time
  std::size_t observed = 0;     // samples after `from` that are evidence
  std::size_t missed = 0;       // slots after `from` that are not
  bool good_before = false;     // there was a good sample before the first bad one
  TimeNs observed_until = 0;    // end of the last sample that is evidence
  TimeNs longest_gap_ns =
      0;  // longest stretch after `from` without evidence, when slots were missed
};

// Samples of one source in any order. `from`: earliest time of the fault's effect; samples that
// ended before it cannot have been hurt by it.
ProbeOutages find_outages(const std::vector<const Sample*>& samples, const Source& source,
                          std::optional<TimeNs> from, const Scenario& scenario);

struct RtoMeasurement {
  const Source* probe = nullptr;  // the deciding one; nullptr: no service probe has data
  bool outage_observed = false;
  std::optional<Outage> outage;  // the longest that began before the operator's restore steps
  // ms from the outage's bounds; nullopt upper: not recovered. Both nullopt: unknown.
  std::optional<double> lower_ms;
  std::optional<double> upper_ms;
  double period_ms = 0;
  TimeNs observed_until = 0;  // end of the deciding probe's last evidence
  std::size_t outages = 0;    // of the deciding probe, over the whole run
  Text problem;               // why there is no answer; empty when there is one
};

// Is this a source whose samples say whether users are served: a service probe through the ingress?
bool is_service_probe(const Source& source);

// Whether an outage began only after everything had recovered.
bool after_recovery(const Outage& outage, const RunFacts& facts);

RtoMeasurement measure_rto(const History& history, const Scenario& scenario, const RunFacts& facts);

}  // namespace ernstfall
