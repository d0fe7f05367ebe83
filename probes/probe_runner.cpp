// probe_runner: from the specs of a scenario to running probes, all of them or none.
#include <cmath>
#include <set>

#include "probes/probe.h"
#include "probes/schedule.h"

namespace ernstfall {
namespace {

constexpr double kMaxRateHz = 1000;

Nanos period_of(const ProbeSpec& spec) {
  return Nanos(std::llround(1e9 / spec.rate_hz));
}

Result<const ProbeType*> type_of(const ProbeSpec& spec) {
  if (const ProbeType* type = find_probe(spec.probe)) return type;
  std::vector<std::string> names;
  for (const ProbeType* type : all_probes()) names.emplace_back(type->name);
  const auto near = nearest_name(spec.probe, names);
  return fail(Errc::usage, "there is no probe \"{}\"{}", spec.probe,
              near ? fmt::format("; did you mean \"{}\"?", *near) : "");
}

// "node.reach" on prod is the source "node.reach@prod"; an id that names the node already stays.
std::string source_name(const ProbeSpec& spec, const Node* node) {
  std::string id = spec.id.empty() ? spec.probe : spec.id;
  if (node == nullptr) return id;
  const std::string suffix = "@" + spec.on;
  if (id.size() > suffix.size() &&
      id.compare(id.size() - suffix.size(), suffix.size(), suffix) == 0)
    id.resize(id.size() - suffix.size());
  return id + "@" + node->name;
}

Result<std::vector<const Node*>> nodes_of(const ProbeType& type, const ProbeSpec& spec,
                                          const Cluster& cluster) {
  if (!type.needs_node) return std::vector<const Node*>{nullptr};
  if (spec.on.empty())
    return fail(Errc::usage, "{} needs `on:`, a node, role:ROLE or \"*\"", type.name);
  ERNSTFALL_TRY(const std::vector<std::string> names, resolve_targets(spec.on, cluster));
  std::vector<const Node*> nodes;
  for (const std::string& name : names) {
    const Node* node = cluster.find_node(name);
    if (node != nullptr && (type.applies == nullptr || type.applies(cluster, *node)))
      nodes.push_back(node);
  }
  if (nodes.empty()) return fail(Errc::usage, "{} has nothing to watch on {}", type.name, spec.on);
  return nodes;
}

class Runner final : public ProbeRunner {
 public:
  explicit Runner(HistoryWriter& history) : history_(history) {}
  ~Runner() override { stop(); }
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  Status add(const ProbeContext& context, ProbeSpec spec) {
    ERNSTFALL_TRY(const ProbeType* const type, type_of(spec));
    if (spec.rate_hz <= 0) spec.rate_hz = type->default_rate_hz;
    if (spec.rate_hz > kMaxRateHz)
      return fail(Errc::usage, "{}: a rate of {} Hz is more than 1 kHz", spec.probe, spec.rate_hz);
    if (spec.timeout <= Nanos::zero()) spec.timeout = type->default_timeout;
    ERNSTFALL_TRY(const std::vector<const Node*> nodes, nodes_of(*type, spec, context.cluster));
    for (const Node* node : nodes) {
      ProbeSpec one = spec;
      one.id = source_name(spec, node);
      if (node != nullptr) one.on = node->name;
      if (!names_.insert(one.id).second)
        return fail(Errc::usage, "two probes are named \"{}\"; give one an id of its own", one.id);
      ERNSTFALL_TRY(auto probe, type->make(context, one, node));
      tasks_.push_back(task_of(*probe, period_of(one)));
      probes_.push_back(std::move(probe));
    }
    return {};
  }

  Status start() {
    for (const auto& probe : probes_) {
      // Counted first: a probe whose start failed half-way is stopped, too.
      ++started_;
      ERNSTFALL_CHECK(probe->start());
    }
    ERNSTFALL_TRY(schedule_, Schedule::start(history_.clock(), std::move(tasks_)));
    return {};
  }

  void stop() override {
    if (schedule_) schedule_->stop();
    for (; stopped_ < started_; ++stopped_) probes_[stopped_]->stop();
  }

 private:
  ScheduledTask task_of(Probe& probe, Nanos period) {
    return {period, [&probe](TimeNs slot) { probe.fire(slot); },
            [this, source = probe.source()](TimeNs slot, TimeNs noticed) {
              (void)history_.append(Sample{source, slot, noticed, noticed, Outcome::missed, 0,
                                           "this machine was late by more than a period"});
            }};
  }

  HistoryWriter& history_;
  std::set<std::string> names_;
  std::vector<ScheduledTask> tasks_;
  std::vector<std::unique_ptr<Probe>> probes_;
  std::size_t started_ = 0;
  std::size_t stopped_ = 0;
  std::unique_ptr<Schedule> schedule_;
};

}  // namespace

Result<SourceId> define_probe_source(const ProbeContext& context, const ProbeSpec& spec,
                                     const Node* node) {
  Source source;
  source.name = spec.id;
  source.kind = spec.probe;
  if (node != nullptr) source.node = node->name;
  source.period_ns = period_of(spec).count();
  source.timeout_ns = spec.timeout.count();
  return context.history.define_source(std::move(source));
}

Result<std::unique_ptr<ProbeRunner>> ProbeRunner::start(const ProbeContext& context,
                                                        const std::vector<ProbeSpec>& specs) {
  auto runner = std::make_unique<Runner>(context.history);
  for (const ProbeSpec& spec : specs) ERNSTFALL_CHECK(runner->add(context, spec));
  ERNSTFALL_CHECK(runner->start());
  return runner;
}

}  // namespace ernstfall
