// html_data: thins samples to buckets and spans, and writes them as JSON.
#include "reports/html_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/core/text.h"
#include "harness/lang/messages.h"
#include "probes/checks/rto.h"
#include "probes/checks/samples.h"
#include "reports/markup.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

using OrderedJson = nlohmann::ordered_json;

struct Grid {
  TimeNs begin = 0;
  TimeNs width = 1;
  std::size_t count = 1;

  std::size_t bucket(TimeNs at) const {
    if (at <= begin) return 0;
    return std::min(static_cast<std::size_t>((at - begin) / width), count - 1);
  }
};

struct Span {
  TimeNs begin = 0;
  TimeNs end = 0;
  Outcome outcome = Outcome::ok;
  std::uint32_t samples = 0;
};

struct ProbeData {
  const Source* source = nullptr;
  std::vector<TimeNs> low;  // per bucket, of good answers; max() = none
  std::vector<TimeNs> high;
  std::vector<Span> spans;
  bool spans_merged = false;  // more changes than can be shown
};

constexpr TimeNs kNone = std::numeric_limits<TimeNs>::max();

void add_to_buckets(const Sample& sample, const Grid& grid, ProbeData& data) {
  if (!is_available(sample.outcome)) return;
  const TimeNs latency = sample.ended - sample.scheduled;
  const std::size_t bucket = grid.bucket(sample.scheduled);
  data.low[bucket] = std::min(data.low[bucket], latency);
  data.high[bucket] = std::max(data.high[bucket], latency);
}

// A slot lasts until the next one, so that a strip has no cracks.
std::vector<Span> spans_of(std::vector<const Sample*> samples, TimeNs period) {
  std::stable_sort(samples.begin(), samples.end(),
                   [](const Sample* a, const Sample* b) { return a->scheduled < b->scheduled; });
  std::vector<Span> spans;
  for (const Sample* sample : samples) {
    const TimeNs end = sample->scheduled + std::max<TimeNs>(period, 1);
    if (!spans.empty() && spans.back().outcome == sample->outcome &&
        sample->scheduled - spans.back().end <= period) {
      spans.back().end = end;
      ++spans.back().samples;
      continue;
    }
    if (!spans.empty()) spans.back().end = std::min(spans.back().end, sample->scheduled);
    spans.push_back({sample->scheduled, end, sample->outcome, 1});
  }
  return spans;
}

// Too many changes to draw: neighbours are joined under the worse of them, so no failure
// disappears.
std::vector<Span> join_spans(std::vector<Span> spans) {
  const auto badness = [](Outcome outcome) {
    switch (outcome) {
      case Outcome::failed:
        return 5;
      case Outcome::timeout:
        return 4;
      case Outcome::indeterminate:
        return 3;
      case Outcome::degraded:
        return 2;
      case Outcome::missed:
        return 1;
      case Outcome::ok:
        return 0;
    }
    return 0;
  };
  while (spans.size() > kMaxSpansPerProbe) {
    std::vector<Span> joined;
    for (std::size_t i = 0; i < spans.size(); i += 2) {
      Span span = spans[i];
      if (i + 1 < spans.size()) {
        span.end = spans[i + 1].end;
        span.samples += spans[i + 1].samples;
        if (badness(spans[i + 1].outcome) > badness(span.outcome))
          span.outcome = spans[i + 1].outcome;
      }
      joined.push_back(span);
    }
    spans = std::move(joined);
  }
  return spans;
}

Grid grid_for(const History& history) {
  TimeNs end = 1;
  TimeNs period = kNone;
  for (const Sample& sample : history.samples) end = std::max(end, sample.scheduled);
  for (const Source& source : history.sources)
    if (is_service_probe(source) && source.period_ns > 0)
      period = std::min(period, source.period_ns);
  Grid grid;
  grid.width = std::max<TimeNs>({end / static_cast<TimeNs>(kMaxBuckets) + 1, 1});
  if (period != kNone) grid.width = std::max(grid.width, period);
  grid.count = static_cast<std::size_t>(end / grid.width) + 1;
  return grid;
}

std::string latency_json(const std::vector<TimeNs>& values) {
  fmt::memory_buffer out;
  auto to = std::back_inserter(out);
  out.push_back('[');
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out.push_back(',');
    const bool none = values[i] == kNone || values[i] < 0;
    if (none)
      fmt::format_to(to, "null");
    else
      fmt::format_to(to, "{:.4g}", std::max(to_ms(values[i]), 0.001));
  }
  out.push_back(']');
  return fmt::to_string(out);
}

// [begin ms, end ms, outcome, samples]
std::string spans_json(const std::vector<Span>& spans) {
  fmt::memory_buffer out;
  out.push_back('[');
  for (std::size_t i = 0; i < spans.size(); ++i)
    fmt::format_to(std::back_inserter(out), "{}[{:.1f},{:.1f},{},{}]", i == 0 ? "" : ",",
                   to_ms(spans[i].begin), to_ms(spans[i].end), static_cast<int>(spans[i].outcome),
                   spans[i].samples);
  out.push_back(']');
  return fmt::to_string(out);
}

std::vector<ProbeData> thin(const History& history, const Grid& grid) {
  const auto by_source = samples_by_source(history);
  std::vector<ProbeData> probes;
  for (const Source& source : history.sources) {
    if (source.id >= by_source.size() || by_source[source.id].empty()) continue;
    ProbeData data;
    data.source = &source;
    if (is_service_probe(source)) {
      data.low.assign(grid.count, kNone);
      data.high.assign(grid.count, -1);
      for (const Sample* sample : by_source[source.id]) add_to_buckets(*sample, grid, data);
    }
    data.spans = spans_of(by_source[source.id], source.period_ns);
    data.spans_merged = data.spans.size() > kMaxSpansPerProbe;
    if (data.spans_merged) data.spans = join_spans(std::move(data.spans));
    probes.push_back(std::move(data));
  }
  return probes;
}

std::string probes_json(const std::vector<ProbeData>& probes) {
  std::string text = "[";
  for (const ProbeData& probe : probes) {
    if (text.size() > 1) text += ',';
    const OrderedJson head{{"name", probe.source->name},
                           {"node", probe.source->node},
                           {"service", is_service_probe(*probe.source)},
                           {"period", to_ms(probe.source->period_ns)},
                           {"merged", probe.spans_merged}};
    std::string object =
        script_json(head.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
    object.pop_back();
    text += object + ",\"spans\":" + spans_json(probe.spans);
    if (!probe.low.empty())
      text += ",\"low\":" + latency_json(probe.low) + ",\"high\":" + latency_json(probe.high);
    text += '}';
  }
  return text + "]";
}

constexpr std::size_t kMaxMarkBytes = 160;

}  // namespace

std::map<std::string, std::string> script_words(Language language) {
  std::map<std::string, std::string> words;
#define MESSAGE(id, english, german) words[english] = say(language, Msg::id);
#include "harness/lang/page.inc"
#undef MESSAGE
  return words;
}

std::string mark_in(Language language, const TimelineMark& mark) {
  return elide(say(language, mark.text), kMaxMarkBytes);
}

std::string timeline_json(const RunReport& report, const History& history, Language language) {
  const Grid grid = grid_for(history);
  OrderedJson head{
      {"duration", report.duration_s * 1000},
      {"bucket", to_ms(grid.width)},
      {"buckets", grid.count},
      {"down", report.rto.down_at ? OrderedJson(to_ms(*report.rto.down_at)) : OrderedJson(nullptr)},
      {"up", report.rto.up_at ? OrderedJson(to_ms(*report.rto.up_at)) : OrderedJson(nullptr)}};
  for (const FaultResult& fault : report.faults) {
    const auto begin = fault.effect_at ? fault.effect_at : fault.applied_at;
    if (!begin) continue;
    head["faults"].push_back(
        {{"name", say(language, {Msg::proof_fault, {fault.fault, fault.node}})},
         {"begin", to_ms(*begin)},
         {"end", fault.undone_at ? to_ms(*fault.undone_at) : report.duration_s * 1000}});
  }
  for (const PhaseSpan& phase : report.phases)
    head["phases"].push_back({{"name", say(language, step_text(phase.name))},
                              {"begin", to_ms(phase.begin)},
                              {"end", to_ms(phase.end)},
                              {"proof", say(language, phase.proof)}});
  for (const TimelineMark& mark : report.marks)
    head["marks"].push_back({{"at", to_ms(mark.at)},
                             {"lane", mark.lane},
                             {"text", mark_in(language, mark)},
                             {"severity", mark.severity}});
  if (language != Language::english) head["words"] = script_words(language);
  std::string text = script_json(head.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
  text.pop_back();
  return text + ",\"probes\":" + probes_json(thin(history, grid)) + "}";
}

}  // namespace ernstfall
