// samples: grouping by source, and a sample in words.
#include "probes/checks/samples.h"

#include <fmt/core.h>

#include "harness/core/units.h"

namespace ernstfall {

std::vector<std::vector<const Sample*>> samples_by_source(const History& history) {
  std::vector<std::size_t> counts(history.sources.size(), 0);
  for (const Sample& sample : history.samples)
    if (sample.source < counts.size()) ++counts[sample.source];
  std::vector<std::vector<const Sample*>> groups(history.sources.size());
  for (std::size_t i = 0; i < groups.size(); ++i) groups[i].reserve(counts[i]);
  for (const Sample& sample : history.samples)
    if (sample.source < groups.size()) groups[sample.source].push_back(&sample);
  return groups;
}

std::string describe_sample(const Sample& sample) {
  std::string text(outcome_name(sample.outcome));
  if (sample.code > 0) text += fmt::format(" (HTTP {})", sample.code);
  if (sample.code < 0) text += fmt::format(" (curl error {})", -sample.code);
  text += fmt::format(" after {}", format_duration(Nanos(sample.ended - sample.scheduled)));
  if (!sample.detail.empty()) text += ": " + sample.detail;
  return text;
}

std::string source_name(const History& history, SourceId id) {
  return id < history.sources.size() ? history.sources[id].name : "?";
}

}  // namespace ernstfall
