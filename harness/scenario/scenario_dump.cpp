// scenario_dump: a Scenario as YAML that load_scenario() reads back to the same value, with every
// default written out.
#include <yaml-cpp/yaml.h>

#include "harness/core/units.h"
#include "harness/scenario/scenario.h"

namespace ernstfall {
namespace {

void pair(YAML::Emitter& out, std::string_view key, const std::string& value) {
  if (!value.empty())
    out << YAML::Key << std::string(key) << YAML::Value << YAML::DoubleQuoted << value;
}

void dump_list(YAML::Emitter& out, std::string_view key, const std::vector<std::string>& values) {
  if (values.empty()) return;
  out << YAML::Key << std::string(key) << YAML::Value << YAML::Flow << YAML::BeginSeq;
  for (const std::string& value : values) out << YAML::DoubleQuoted << value;
  out << YAML::EndSeq;
}

std::string frequency_literal(double hz) {
  return fmt::format("{}Hz", hz);
}

void dump_params(YAML::Emitter& out, const Params& params, const std::string& varied = {}) {
  if (params.empty() || (params.size() == 1 && params.count(varied) != 0)) return;
  out << YAML::Key << "with" << YAML::Value << YAML::BeginMap;
  for (const auto& [name, value] : params) {
    if (name == varied) continue;
    out << YAML::Key << name << YAML::Value << YAML::DoubleQuoted << value.text;
  }
  out << YAML::EndMap;
}

void dump_steps(YAML::Emitter& out, std::string_view key, const std::vector<OperatorStep>& steps) {
  out << YAML::Key << std::string(key) << YAML::Value << YAML::BeginSeq;
  for (const OperatorStep& step : steps) {
    out << YAML::BeginMap;
    pair(out, "name", step.name);
    pair(out, "on", step.on);
    dump_list(out, "run", step.run);
    pair(out, "timeout", duration_literal(step.timeout));
    out << YAML::Key << "attempts" << YAML::Value << step.attempts << YAML::EndMap;
  }
  out << YAML::EndSeq;
}

void dump_expect(YAML::Emitter& out, const Expectations& expect) {
  if (!expect.rto_max && !expect.lost_max && !expect.redundancy_max) return;
  out << YAML::Key << "expect" << YAML::Value << YAML::BeginMap;
  if (expect.rto_max) pair(out, "rto_max", duration_literal(*expect.rto_max));
  if (expect.lost_max) out << YAML::Key << "lost_max" << YAML::Value << *expect.lost_max;
  if (expect.redundancy_max) pair(out, "redundancy_max", duration_literal(*expect.redundancy_max));
  out << YAML::EndMap;
}

void dump_stop_when(YAML::Emitter& out, const StopConditions& stop) {
  out << YAML::Key << "stop_when" << YAML::Value << YAML::BeginMap;
  if (stop.service_down_for)
    pair(out, "service_down_for", duration_literal(*stop.service_down_for));
  if (stop.service_error_rate) {
    out << YAML::Key << "service_error_rate" << YAML::Value << YAML::BeginMap;
    pair(out, "above", fmt::format("{}%", stop.service_error_rate->above_percent));
    pair(out, "over", duration_literal(stop.service_error_rate->over));
    out << YAML::EndMap;
  }
  if (stop.metric) {
    out << YAML::Key << "metric" << YAML::Value << YAML::BeginMap;
    pair(out, "query", stop.metric->query);
    pair(out, stop.metric->above ? "above" : "below", fmt::format("{}", stop.metric->limit));
    pair(out, "for", duration_literal(stop.metric->lasts));
    out << YAML::EndMap;
  }
  out << YAML::Key << "split_brain" << YAML::Value << (stop.split_brain ? "true" : "false");
  out << YAML::EndMap;
}

void dump_faults(YAML::Emitter& out, const std::vector<FaultStep>& faults,
                 const std::optional<Threshold>& threshold) {
  out << YAML::Key << "faults" << YAML::Value << YAML::BeginSeq;
  int number = 0;
  for (const FaultStep& step : faults) {
    const bool varied = threshold && threshold->fault == ++number;
    out << YAML::BeginMap;
    pair(out, "fault", step.fault);
    pair(out, "on", step.on);
    pair(out, "hold", duration_literal(step.hold));
    if (step.at) pair(out, "at", duration_literal(*step.at));
    if (step.repeat > 1) {
      out << YAML::Key << "repeat" << YAML::Value << step.repeat;
      pair(out, "pause", duration_literal(step.pause));
    }
    dump_params(out, step.params, varied ? threshold->vary : std::string());
    out << YAML::EndMap;
  }
  out << YAML::EndSeq;
}

void dump_threshold(YAML::Emitter& out, const Threshold& threshold) {
  out << YAML::Key << "threshold" << YAML::Value << YAML::BeginMap;
  out << YAML::Key << "fault" << YAML::Value << threshold.fault;
  pair(out, "vary", threshold.vary);
  pair(out, "from", threshold.from.text);
  pair(out, "to", threshold.to.text);
  pair(out, "resolution", threshold.resolution);
  pair(out, "scale", threshold.log ? "log" : "linear");
  pair(out, "worse", threshold.more_is_worse ? "more" : "less");
  out << YAML::Key << "repeat" << YAML::Value << threshold.repeat;
  pair(out, "settle", duration_literal(threshold.settle));
  if (threshold.error_rate_percent || threshold.latency) {
    out << YAML::Key << "broken_when" << YAML::Value << YAML::BeginMap;
    if (threshold.error_rate_percent)
      pair(out, "error_rate", fmt::format("{}%", *threshold.error_rate_percent));
    if (threshold.latency) pair(out, "latency", duration_literal(*threshold.latency));
    out << YAML::EndMap;
  }
  out << YAML::EndMap;
}

void dump_soak(YAML::Emitter& out, const Soak& soak) {
  const auto range = [&out](std::string_view key, const NanosRange& value) {
    pair(out, key, duration_literal(value.min) + ".." + duration_literal(value.max));
  };
  out << YAML::Key << "soak" << YAML::Value << YAML::BeginMap;
  pair(out, "for", duration_literal(soak.lasts));
  out << YAML::Key << "pick" << YAML::Value << YAML::BeginSeq;
  for (const SoakPick& pick : soak.picks) {
    out << YAML::BeginMap;
    pair(out, "fault", pick.fault);
    pair(out, "on", pick.on);
    dump_params(out, pick.params);
    out << YAML::EndMap;
  }
  out << YAML::EndSeq;
  range("between", soak.between);
  range("hold", soak.hold);
  out << YAML::Key << "at_once" << YAML::Value << soak.at_once << YAML::EndMap;
}

void dump_probes(YAML::Emitter& out, const std::vector<ProbeSpec>& probes) {
  out << YAML::Key << "probes" << YAML::Value << YAML::BeginSeq;
  for (const ProbeSpec& probe : probes) {
    out << YAML::BeginMap;
    pair(out, "probe", probe.probe);
    pair(out, "id", probe.id);
    pair(out, "on", probe.on);
    if (probe.rate_hz > 0) pair(out, "rate", frequency_literal(probe.rate_hz));
    if (probe.timeout.count() > 0) pair(out, "timeout", duration_literal(probe.timeout));
    dump_params(out, probe.params);
    out << YAML::EndMap;
  }
  out << YAML::EndSeq;
}

}  // namespace

std::string dump_scenario(const Scenario& scenario) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  pair(out, "title", scenario.title);
  pair(out, "cause", scenario.cause);
  pair(out, "effect", scenario.effect);
  pair(out, "compare_with", scenario.compare_with);
  dump_list(out, "tags", scenario.tags);
  pair(out, "baseline", duration_literal(scenario.baseline));
  pair(out, "stable", duration_literal(scenario.stable));
  pair(out, "settle_max", duration_literal(scenario.settle_max));
  pair(out, "node_back_max", duration_literal(scenario.node_back_max));
  if (scenario.soak)
    dump_soak(out, *scenario.soak);
  else
    dump_faults(out, scenario.faults, scenario.threshold);
  if (scenario.threshold) dump_threshold(out, *scenario.threshold);
  if (scenario.repeat.early_end())
    pair(out, "repeat", fmt::format("{}..{}", scenario.repeat.at_least, scenario.repeat.at_most));
  else if (scenario.repeat.at_most > 1)
    out << YAML::Key << "repeat" << YAML::Value << scenario.repeat.at_most;
  dump_probes(out, scenario.probes);
  out << YAML::Key << "load" << YAML::Value << YAML::BeginSeq;
  for (const LoadSpec& load : scenario.loads) {
    out << YAML::BeginMap;
    pair(out, "load", load.load);
    pair(out, "rate", frequency_literal(load.rate_hz));
    pair(out, "size", fmt::format("{}B", load.size_bytes));
    pair(out, "timeout", duration_literal(load.timeout));
    dump_params(out, load.params);
    out << YAML::EndMap;
  }
  out << YAML::EndSeq;
  if (scenario.attended) {
    out << YAML::Key << "operator" << YAML::Value << YAML::BeginMap;
    pair(out, "reaction", duration_literal(scenario.attended->reaction));
    dump_steps(out, "steps", scenario.attended->steps);
    dump_steps(out, "restore", scenario.attended->restore);
    out << YAML::EndMap;
  }
  dump_expect(out, scenario.expect);
  dump_stop_when(out, scenario.stop_when);
  dump_list(out, "checks", scenario.checks);
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace ernstfall
