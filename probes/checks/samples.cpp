// samples: grouping by source, and a sample in words.
#include "probes/checks/samples.h"

#include "harness/lang/messages.h"

namespace ernstfall {

bool is_cut(const History& history) {
  return history.truncated || !history.damage.empty();
}

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

namespace {

Msg outcome_message(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok:
      return Msg::outcome_ok;
    case Outcome::degraded:
      return Msg::outcome_degraded;
    case Outcome::failed:
      return Msg::outcome_failed;
    case Outcome::timeout:
      return Msg::outcome_timeout;
    case Outcome::missed:
      return Msg::outcome_missed;
    case Outcome::indeterminate:
      return Msg::outcome_indeterminate;
  }
  return Msg::outcome_indeterminate;
}

}  // namespace

Text describe_sample(const Sample& sample) {
  Text text(outcome_message(sample.outcome));
  if (sample.code > 0) text = {Msg::sample_http, {inner(text), std::to_string(sample.code)}};
  if (sample.code < 0) text = {Msg::sample_curl, {inner(text), std::to_string(-sample.code)}};
  text = {Msg::sample_after, {inner(text), duration_value(Nanos(sample.ended - sample.scheduled))}};
  if (sample.detail.empty()) return text;
  return {Msg::labelled, {inner(text), inner(recorded(sample.detail))}};
}

std::string source_name(const History& history, SourceId id) {
  return id < history.sources.size() ? history.sources[id].name : "?";
}

}  // namespace ernstfall
