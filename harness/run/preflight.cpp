// preflight: plans the faults, and refuses to start on a sick cluster.
#include "harness/run/preflight.h"

#include "harness/core/units.h"
#include "harness/run/guards.h"
#include "harness/run/run_folder.h"
#include "harness/run/runbook.h"
#include "harness/run/targets.h"
#include "harness/run/watch.h"

namespace ernstfall {
namespace {

constexpr std::uintmax_t kMinFreeBytes = 256ULL << 20U;

Status check_free_space(const std::filesystem::path& runs_root) {
  ERNSTFALL_CHECK(make_directories(runs_root));
  std::error_code ec;
  const auto space = std::filesystem::space(runs_root, ec);
  if (ec)
    return fail_at(Errc::io, runs_root.string(), "cannot ask for free space: {}", ec.message());
  if (space.available < kMinFreeBytes)
    return fail_at(Errc::io, runs_root.string(), "only {} free; a run needs {}",
                   format_bytes(space.available), format_bytes(kMinFreeBytes));
  return {};
}

Status check_health(const ClusterState& state, const Cluster& cluster) {
  std::string trouble;
  for (const auto& [node, why] : state.unreachable) trouble += "\n  " + node + ": " + why;
  for (const auto& [name, node] : state.nodes)
    if (const auto marks = node.sections.find("marks");
        marks != node.sections.end() && !marks->second.empty())
      trouble += "\n  " + name + ": left by an earlier run: " + std::string(trim(marks->second)) +
                 " (ernstfall heal)";
  for (const auto& [name, node] : state.nodes)
    if (!node.canaries.empty())
      trouble += "\n  " + name + ": left by an earlier run: " + node.canaries + " (ernstfall heal)";
  if (trouble.empty())
    if (const std::string why = redundancy_trouble(state, cluster); !why.empty())
      trouble += "\n  not every replica is up to date: " + why;
  if (trouble.empty()) return {};
  return fail(Errc::unreachable, "the cluster is not fit for a test now:{}", trouble);
}

}  // namespace

Result<PlannedStep> plan_step(const NodeSet& nodes, const FaultStep& step, std::uint64_t seed,
                              const std::stop_token& stop) {
  Executor executor(const_cast<NodeSet&>(nodes));
  const Cluster& cluster = nodes.cluster();
  PlannedStep planned{step, {}};
  ERNSTFALL_TRY(const std::vector<std::string> targets, choose_targets(nodes, step, seed, stop));
  for (const std::string& target : targets) {
    const Deadline deadline = Deadline::after(cluster.scaled(std::chrono::seconds(20)));
    ERNSTFALL_TRY(const std::string boot_id, executor.boot_id(target, deadline, stop));
    FaultTarget facts{*cluster.find_node(target), boot_id, &cluster, make_token(), {}};
    if (const auto source = nodes.remote(target)->control_path_source(deadline, stop)) {
      facts.control_source = *source;
    } else if (source.error().code != Errc::unsupported) {
      return tl::unexpected(source.error());
    }
    ERNSTFALL_TRY(FaultPlan plan, plan_fault(facts, step));
    for (const Observation& wanted : plan.preconditions)
      if (const auto yes = executor.look(wanted, deadline, stop); !yes)
        return fail_at(Errc::refused, step.on_place.empty() ? step.fault : step.on_place,
                       "{} cannot be applied: {}", step.fault, to_string(yes.error()));
    if (Power* power = nodes.power(target); power != nullptr) {
      ERNSTFALL_TRY(const bool on, power->is_on(deadline, stop));
      if (!on)
        return fail_at(Errc::unreachable, target,
                       "the node answers over SSH, but its power control says that it is off: "
                       "they speak of different machines");
    }
    planned.plans.push_back(std::move(plan));
  }
  return planned;
}

namespace {

// The schedule, and each of its faults planned once. What is refused now is no reason not to begin:
// it is asked again when its time comes.
Status plan_soak(const NodeSet& nodes, const Soak& soak, PreflightResult& result,
                 const std::stop_token& stop) {
  const Cluster& cluster = nodes.cluster();
  ERNSTFALL_TRY(const std::vector<SoakEntry> schedule, soak_schedule(soak, cluster, result.seed));
  std::map<std::string, std::string> known;  // fault, nodes and parameters -> why it is refused
  bool any = false;
  for (const SoakEntry& entry : schedule) {
    std::string key = entry.step.fault + "\n" + entry.step.on;
    for (const auto& [name, value] : entry.step.params) key += "\n" + name + "=" + value.text;
    auto it = known.find(key);
    if (it == known.end()) {
      auto planned = plan_step(nodes, entry.step, result.seed, stop);
      Status allowed;
      if (planned) allowed = check_last_copy(*planned, result.state, cluster);
      if (planned && allowed) allowed = check_blast_radius({*planned}, cluster);
      if (!planned) allowed = tl::unexpected(planned.error());
      if (!allowed && !is_skip(allowed.error())) return allowed;
      if (allowed) result.faults.push_back(std::move(*planned));
      it = known.emplace(key, allowed ? "" : to_string(allowed.error())).first;
    }
    any = any || it->second.empty();
    result.soak.push_back({entry, it->second});
  }
  if (any) return {};
  return fail(Errc::refused, "no fault of the soak's schedule for seed {} can be made now{}",
              result.seed, schedule.empty() ? "" : ": " + result.soak.front().refused);
}

}  // namespace

Result<PreflightResult> preflight(const NodeSet& nodes, const Scenario& scenario,
                                  const std::filesystem::path& runs_root, std::uint64_t seed,
                                  const std::stop_token& stop) {
  const Cluster& cluster = nodes.cluster();
  PreflightResult result;
  ERNSTFALL_CHECK(check_scenario_against_cluster(scenario, cluster));
  if (scenario.attended) {
    ERNSTFALL_TRY(result.operator_steps, runbook_actions(scenario.attended->steps, cluster));
    ERNSTFALL_TRY(result.restore_steps, runbook_actions(scenario.attended->restore, cluster));
  }
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ERNSTFALL_CHECK(check_window(cluster, *::localtime_r(&now, &local)));
  ERNSTFALL_CHECK(check_free_space(runs_root));
  if (const std::string run = find_unhealed_run(runs_root, cluster.name); !run.empty())
    return fail(Errc::unreachable,
                "an earlier run may have left this cluster broken; first run: ernstfall heal {}",
                shell_quote_word(run));
  result.state = observe_cluster(nodes, StateDepth::fingerprint,
                                 Deadline::after(cluster.scaled(std::chrono::seconds(20))), stop);
  ERNSTFALL_CHECK(check_health(result.state, cluster));
  for (const auto& [name, node] : result.state.nodes) {
    result.versions["kernel@" + name] = node.kernel;
    if (!node.drbd_version.empty()) result.versions["drbd@" + name] = node.drbd_version;
    for (const auto& [what, version] : node.versions) result.versions[what + "@" + name] = version;
  }
  for (const LoadSpec& load : scenario.loads) {
    if (!load.on_volume) continue;
    ERNSTFALL_TRY(std::string canary, check_canary(canary_nodes(nodes), load,
                                                   cluster.scaled(std::chrono::seconds(20)), stop));
    result.canaries.push_back(std::move(canary));
  }
  for (const FaultStep& step : scenario.faults) {
    ERNSTFALL_TRY(PlannedStep planned, plan_step(nodes, step, seed, stop));
    ERNSTFALL_CHECK(check_last_copy(planned, result.state, cluster));
    result.faults.push_back(std::move(planned));
  }
  ERNSTFALL_CHECK(check_blast_radius(result.faults, cluster));
  result.seed = seed;
  if (scenario.soak) ERNSTFALL_CHECK(plan_soak(nodes, *scenario.soak, result, stop));
  return result;
}

std::string describe_plan(const PreflightResult& result, const Scenario& scenario, Nanos dead_man) {
  std::string text;
  const auto add = [&text](std::string_view label, const std::string& line) {
    text += fmt::format("  {:<10}{}\n", label, line);
  };
  for (const std::string& canary : result.canaries) text += canary + "\n";
  if (!result.soak.empty())
    text += fmt::format("soak with seed {}: {} faults (moments as if only waiting took time)\n",
                        result.seed, result.soak.size());
  for (const PlannedEntry& planned : result.soak) {
    text += "  " + describe_entry(planned.entry) + "\n";
    if (!planned.refused.empty()) add("", "would be skipped now: " + planned.refused);
  }
  for (const PlannedStep& planned : result.faults)
    for (const FaultPlan& plan : planned.plans) {
      const FaultStep& step = planned.step;
      text += fmt::format(
          "{} on {}, held for {}{}{}: {}\n", plan.fault, plan.node, format_duration(step.hold),
          step.at ? ", at " + format_duration(*step.at) : "",
          step.repeat > 1
              ? fmt::format(", {} times with {} between", step.repeat, format_duration(step.pause))
              : "",
          plan.intended);
      for (const Action& action : plan.apply) add("apply", describe(action));
      for (const Observation& seen : plan.confirm) add("confirm", describe(seen));
      for (const Action& action : plan.undo) add("undo", describe(action));
      for (const Observation& seen : plan.undone) add("prove", describe(seen));
      if (plan.dead_man)
        add("dead-man",
            fmt::format("timer ernstfall-{} on {}, fires after {} without a heartbeat "
                        "of the harness{}",
                        plan.dead_man->token, plan.dead_man->node, format_duration(dead_man),
                        plan.dead_man->survives_reboot ? ", and at every boot" : ""));
      add("dead-man", fmt::format("local keeper, fires after {} without a heartbeat of the harness",
                                  format_duration(dead_man)));
    }
  if (scenario.attended) {
    text += fmt::format("operator, {} after the fault:\n",
                        format_duration(scenario.attended->reaction));
    for (const RemoteAction& step : result.operator_steps) add("run", describe(Action(step)));
    text += "operator, when redundancy is back:\n";
    for (const RemoteAction& step : result.restore_steps) add("restore", describe(Action(step)));
  }
  return text;
}

}  // namespace ernstfall
