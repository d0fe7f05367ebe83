// measures: outage, redundancy, loss and phases of runs, as bounds.
#include "reports/measures.h"

#include <algorithm>
#include <limits>

namespace ernstfall {
namespace {

std::optional<Bounds> outage_of(const RunReport& report) {
  const RtoResult& rto = report.rto;
  if (!rto.lower_ms) return std::nullopt;
  if (rto.upper_ms) return Bounds{*rto.lower_ms, *rto.upper_ms};
  // Without an outage the missing upper bound says that nobody looked, not that it never ended.
  if (!rto.outage_observed) return std::nullopt;
  return Bounds{*rto.lower_ms, std::numeric_limits<double>::infinity()};
}

std::optional<Bounds> redundancy_of(const RunReport& report) {
  return report.rto.redundancy_ms;
}

std::optional<Bounds> loss_of(const RunReport& report) {
  const RpoResult& rpo = report.rpo;
  if (rpo.acknowledged == 0) return std::nullopt;
  return Bounds{static_cast<double>(rpo.lost),
                static_cast<double>(rpo.lost + rpo.stuck + rpo.unaudited)};
}

// By how much a milestone may have been earlier: a probe sees it at its next question.
double resolution_ms(const RunReport& report, const std::string& proof) {
  double period = 0;
  for (const ProbeSummary& probe : report.probes)
    if (proof.rfind(probe.name + ":", 0) == 0 || proof.rfind(probe.name + " ", 0) == 0)
      period = std::max(period, probe.period_ms);
  return period;
}

struct NamedPhase {
  std::string name;
  Bounds bounds;
};

std::vector<NamedPhase> phases_in(const RunReport& report) {
  std::vector<NamedPhase> phases;
  std::string from = "fault";
  double from_resolution = 0;
  for (const PhaseSpan& span : report.phases) {
    if (span.name == "baseline") continue;
    const double length = to_ms(span.end - span.begin);
    const double until_resolution = resolution_ms(report, span.proof.english());
    const std::string name = from + " -> " + span.name;
    const auto again = [&name](const NamedPhase& phase) { return phase.name == name; };
    // A name that comes twice means two nodes or faults: the first is compared.
    if (std::none_of(phases.begin(), phases.end(), again))
      phases.push_back(
          {name, {std::max(0.0, length - until_resolution), length + from_resolution}});
    from = span.name;
    from_resolution = until_resolution;
  }
  return phases;
}

template <typename Take>
MeasureValues gather(const std::string& name, MeasureKind kind,
                     const std::vector<const RunReport*>& base,
                     const std::vector<const RunReport*>& candidate, const Take& take) {
  MeasureValues values;
  values.name = name;
  values.kind = kind;
  const auto side = [&take](const std::vector<const RunReport*>& runs, std::vector<Bounds>& found,
                            std::size_t& missing) {
    for (const RunReport* run : runs) {
      if (const std::optional<Bounds> value = take(*run))
        found.push_back(*value);
      else
        ++missing;
    }
  };
  side(base, values.base, values.base_missing);
  side(candidate, values.candidate, values.candidate_missing);
  return values;
}

}  // namespace

std::vector<MeasureValues> measures_of(const std::vector<const RunReport*>& base,
                                       const std::vector<const RunReport*>& candidate) {
  std::vector<MeasureValues> all;
  all.push_back(gather("users cut off", MeasureKind::outage, base, candidate, outage_of));
  all.push_back(
      gather("redundancy restored", MeasureKind::redundancy, base, candidate, redundancy_of));
  all.push_back(gather("acknowledged writes lost", MeasureKind::loss, base, candidate, loss_of));
  std::vector<std::string> names;  // in the order of the first run that has them
  for (const auto* side : {&base, &candidate})
    for (const RunReport* run : *side)
      for (const NamedPhase& phase : phases_in(*run))
        if (std::find(names.begin(), names.end(), phase.name) == names.end())
          names.push_back(phase.name);
  for (const std::string& name : names)
    all.push_back(gather(name, MeasureKind::phase, base, candidate,
                         [&name](const RunReport& run) -> std::optional<Bounds> {
                           for (const NamedPhase& phase : phases_in(run))
                             if (phase.name == name) return phase.bounds;
                           return std::nullopt;
                         }));
  return all;
}

SampleSummary summary_of_values(const std::vector<Bounds>& values, std::size_t missing) {
  SampleSummary summary;
  summary.n = values.size();
  summary.missing = missing;
  if (values.empty()) return summary;
  std::vector<double> lower;
  std::vector<double> upper;
  for (const Bounds& value : values) {
    lower.push_back(value.lower);
    upper.push_back(value.upper);
  }
  std::sort(lower.begin(), lower.end());
  std::sort(upper.begin(), upper.end());
  summary.min = Bounds{lower.front(), upper.front()};
  summary.max = Bounds{lower.back(), upper.back()};
  summary.median = Bounds{*median(lower), *median(upper)};
  return summary;
}

}  // namespace ernstfall
