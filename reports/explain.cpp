// explain: why it came out as it did, what would close the gap, and what was not looked at.
#include <algorithm>
#include <array>

#include "harness/lang/messages.h"
#include "reports/classify.h"
#include "reports/protocol_advice.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

std::string victim_of(const RunReport& report) {
  return report.faults.empty() ? "the node" : report.faults.front().node;
}

// The same in a sentence.
Text victim_text(const RunReport& report) {
  return report.faults.empty() ? Text(Msg::the_node) : Text(report.faults.front().node);
}

// The DRBD node that holds the other copy.
std::string survivor_of(const RunReport& report, const Cluster& cluster) {
  if (!cluster.drbd) return {};
  for (const std::string& name : cluster.drbd->nodes)
    if (name != victim_of(report)) return name;
  return {};
}

// Whether the fault took a node away as a whole, and with it what runs there; else the node is
// still there, and promoting another one is no answer.
bool takes_node_away(const RunReport& report) {
  if (report.faults.empty()) return false;
  static constexpr std::array kWhole{"node.power-off", "node.power-cycle", "node.crash",
                                     "node.panic",     "node.reboot",      "node.freeze",
                                     "net.isolate",    "k8s.node-stop"};
  return std::find(kWhole.begin(), kWhole.end(), report.faults.front().fault) != kWhole.end();
}
bool held_the_data(const RunReport& report, const Cluster& cluster) {
  const Node* const node = cluster.find_node(victim_of(report));
  return node != nullptr &&
         std::find(node->roles.begin(), node->roles.end(), "drbd-primary") != node->roles.end();
}
// A promotion of the other copy would have helped.
bool promotion_helps(const RunReport& report, const Cluster& cluster) {
  return takes_node_away(report) && held_the_data(report, cluster) &&
         !survivor_of(report, cluster).empty();
}

Text waiting_for(const std::string& phase, const Text& victim) {
  if (phase == "power back") return Msg::wait_power;
  if (phase == "node reachable") return {Msg::wait_node, {inner(victim)}};
  if (phase == "promoted") return Msg::wait_promotion;
  if (phase == "service answers") return Msg::wait_service;
  if (phase == "noticed by DRBD") return Msg::wait_drbd;
  if (phase == "noticed by Kubernetes") return Msg::wait_kubernetes;
  if (phase == "evicted") return Msg::wait_eviction;
  if (phase == "mounted") return Msg::wait_mount;
  if (phase == "started") return Msg::wait_start;
  if (phase == "operator begins") return Msg::wait_reaction;
  if (phase == "operator done") return Msg::wait_steps;
  if (phase == "first failure") return Msg::wait_failure;
  return {Msg::wait_until, {inner(step_text(phase))}};
}

// "Of the outage 1 min 02.0 s were waiting for power, 30.0 s prod starting."
Text breakdown(const RunReport& report) {
  if (!report.rto.down_at || !report.rto.up_at) return {};
  struct Part {
    Text name;
    TimeNs ns;
  };
  std::vector<Part> parts;
  for (const PhaseSpan& phase : report.phases) {
    const TimeNs ns =
        std::min(phase.end, *report.rto.up_at) - std::max(phase.begin, *report.rto.down_at);
    if (ns <= 0 || phase.name == "baseline") continue;
    const Text name = waiting_for(phase.name, victim_text(report));
    const auto same = std::find_if(parts.begin(), parts.end(),
                                   [&](const Part& part) { return part.name == name; });
    if (same != parts.end())
      same->ns += ns;
    else
      parts.push_back({name, ns});
  }
  const TimeNs whole = *report.rto.up_at - *report.rto.down_at;
  std::erase_if(parts, [whole](const Part& part) { return part.ns < whole / 25; });
  if (parts.size() < 2) return {};
  std::vector<Text> list;
  for (const Part& part : parts)
    list.push_back({list.empty() ? Msg::part_first : Msg::part_next,
                    {duration_value(Nanos(part.ns)), inner(part.name)}});
  const Text last = list.back();
  list.pop_back();
  return {Msg::of_the_outage, {inner({Msg::and_last, {std::move(list), inner(last)}})}};
}

Text recovery_story(const RunReport& report, const RunFacts& facts, const Cluster& cluster) {
  const TextValue victim = inner(victim_text(report));
  const std::string survivor = survivor_of(report, cluster);
  const RtoResult& rto = report.rto;
  if (!rto.problem.empty()) return {Msg::why_unknown, {inner(rto.problem)}};
  if (!rto.outage_observed) return Msg::why_served;
  Text story;
  const bool power = !facts.faults.empty() && facts.faults.front().fault == "node.power-off";
  const bool promoted_in_time =
      std::any_of(report.phases.begin(), report.phases.end(), [&](const PhaseSpan& phase) {
        return phase.name == "promoted" &&
               (!facts.undo_begin_at() || phase.end < *facts.undo_begin_at());
      });
  // An outage that begins when the fault is over is not the fault's own.
  if (facts.undone_at() && rto.down_at && *rto.down_at > *facts.undone_at())
    return {Msg::why_afterwards, {duration_value(Nanos(*rto.down_at - *facts.undone_at()))}};
  switch (rto.recovered_by) {
    case RecoveredBy::undo:
      if (promotion_helps(report, cluster) && !promoted_in_time)
        story = {power ? Msg::why_nobody_promotes_power : Msg::why_nobody_promotes,
                 {survivor, victim}};
      else
        story = Msg::why_undo;
      break;
    case RecoveredBy::operator_steps:
      story = survivor.empty() ? Text(Msg::why_operator, {victim})
                               : Text(Msg::why_operator_on, {survivor, victim});
      break;
    case RecoveredBy::itself:
      story = Msg::why_itself;
      break;
    case RecoveredBy::nobody:
      story = Msg::why_nobody;
      break;
  }
  return sentences(story, breakdown(report));
}

Text soak_story(const RunReport& report) {
  const auto count = [&](std::string_view outcome) {
    const auto n =
        std::count_if(report.faults.begin(), report.faults.end(),
                      [&](const FaultResult& fault) { return fault.outcome == outcome; });
    return static_cast<std::uint64_t>(n);
  };
  Text others;
  for (const auto& [outcome, words] : {std::pair{"skipped", Msg::soak_skipped},
                                       {"not seen", Msg::soak_not_seen},
                                       {"cut short", Msg::soak_cut_short},
                                       {"dirty", Msg::soak_dirty}})
    if (const auto n = count(outcome); n > 0) others += {words, {plain_number(n)}};
  return {Msg::why_soak,
          {plain_number(report.faults.size()), plain_number(count("held")), inner(others)}};
}

// Whom the losses accuse.
Text blocks_story(const RunReport& report) {
  if (!report.blocks) return {};
  const BlockResult& blocks = *report.blocks;
  const CountValue lost{blocks.lost};
  const CountValue acknowledged{blocks.acknowledged};
  if (blocks.out_of_order > 0 && blocks.went_back)
    return {Msg::why_blocks_end, {lost, acknowledged}};
  if (blocks.out_of_order > 0) return {Msg::why_blocks_order, {CountValue{blocks.out_of_order}}};
  if (blocks.lost > 0) return {Msg::why_blocks_lost, {lost, acknowledged}};
  if (report.rpo.lost == 0 || blocks.unaudited > 0 || blocks.acknowledged == 0) return {};
  return {Msg::why_blocks_kept, {acknowledged}};
}

Text why(const RunReport& report, const RunFacts& facts, const Cluster& cluster) {
  for (const CheckResult& check : report.checks)
    if (check.verdict == Verdict::fail &&
        (check.name == "single-primary" || check.name == "no-split-brain"))
      return {Msg::why_apart, {inner(check.message)}};
  if (facts.baseline_ok && !*facts.baseline_ok)
    return {Msg::why_not_well, {inner(recorded(facts.baseline_why))}};
  if (facts.faults.empty()) return Msg::why_no_fault;
  if (report.soak) return soak_story(report);
  if (!facts.all_confirmed())
    return report.faults.front().problem.empty()
               ? Text(Msg::why_not_seen)
               : Text(Msg::why_not_seen_because, {inner(recorded(report.faults.front().problem))});
  Text text = recovery_story(report, facts, cluster);
  if (report.rpo.lost > 0)
    for (const CheckResult& check : report.checks)
      if (check.name == "rpo") text = sentences(text, {Msg::why_lost, {inner(check.message)}});
  return sentences(text, blocks_story(report));
}

bool drbd_before_nine(const RunReport& report) {
  return std::any_of(report.versions.begin(), report.versions.end(), [](const auto& version) {
    return version.first.rfind("drbd@", 0) == 0 && version.second.rfind("8.", 0) == 0;
  });
}

void suggest_recovery(RunReport& report, const Cluster& cluster) {
  const std::string survivor = survivor_of(report, cluster);
  if (survivor.empty()) return;
  const TextValue victim = inner(victim_text(report));
  const bool attended_known =
      report.sibling && report.sibling->attended && report.sibling->rto_upper_ms;
  if (report.rto.recovered_by == RecoveredBy::undo)
    report.next_steps.push_back(
        attended_known ? Text(Msg::next_runbook_at_hand,
                              {outage_value(*report.sibling), report.sibling->scenario})
                       : Text(Msg::next_write_runbook, {survivor}));
  report.next_steps.push_back(
      {drbd_before_nine(report) ? Msg::next_drbd_nine : Msg::next_quorum, {survivor, victim}});
  const Node* const away = cluster.find_node(victim_of(report));
  const bool no_power = away != nullptr && away->power.kind == PowerConfig::Kind::none;
  report.next_steps.push_back(
      {no_power ? Msg::next_promoter_no_power : Msg::next_promoter, {survivor, victim}});
}

// What an owner can do about a fault that leaves the node there.
void suggest_for_family(RunReport& report) {
  const std::string& fault = report.faults.front().fault;
  const auto begins = [&fault](std::string_view prefix) { return fault.rfind(prefix, 0) == 0; };
  if (begins("disk.fill") || begins("disk.inodes") || begins("disk.thin-full"))
    report.next_steps.push_back(Msg::next_full);
  else if (begins("disk."))
    report.next_steps.push_back(Msg::next_disk);
  else if (begins("net."))
    report.next_steps.push_back(Msg::next_net);
  else if (begins("unit.") && report.rto.recovered_by == RecoveredBy::undo)
    report.next_steps.push_back(Msg::next_unit);
  else if (begins("resource."))
    report.next_steps.push_back(Msg::next_resource);
}

bool promoted_twice(const RunReport& report) {
  return std::any_of(report.checks.begin(), report.checks.end(), [](const CheckResult& check) {
    return check.verdict == Verdict::fail &&
           (check.name == "single-primary" || check.name == "no-split-brain");
  });
}

// The setting that explains a loss, where one was recorded that does; true: it was.
bool suggest_protocol(RunReport& report, const Environment& settings) {
  if (!lost_acknowledged_data(report)) return false;
  const std::vector<EarlyProtocol> early = early_protocols(settings);
  for (const EarlyProtocol& one : early) report.next_steps.push_back(protocol_advice(one));
  return !early.empty();
}

void suggest(RunReport& report, const Cluster& cluster, const Environment& settings) {
  if (report.cluster_class == ClusterClass::unsafe) {
    report.next_steps.push_back(Msg::next_stop);
    if (!suggest_protocol(report, settings) || promoted_twice(report))
      report.next_steps.push_back(Msg::next_find_promoter);
    return;
  }
  const bool protocol = suggest_protocol(report, settings);
  if (report.cluster_class == ClusterClass::unknown) {
    for (const ClassReason& reason : report.class_reasons)
      if (!reason.known)
        report.next_steps.push_back(
            {Msg::next_evidence, {inner(reason.rule), inner(reason.evidence)}});
    return;
  }
  const bool drbd_kept_all = report.blocks && report.blocks->acknowledged > 0 &&
                             report.blocks->lost == 0 && report.blocks->unaudited == 0;
  if (report.rpo.lost > 0)
    report.next_steps.push_back(drbd_kept_all ? Msg::next_flush
                                : protocol    ? Msg::next_lost_again
                                              : Msg::next_lost);
  if (report.rto.outage_observed && report.cluster_class != ClusterClass::ha) {
    if (promotion_helps(report, cluster))
      suggest_recovery(report, cluster);
    else
      suggest_for_family(report);
  }
  for (const CheckResult& check : report.checks)
    if (check.name == "converged" && check.verdict == Verdict::fail)
      report.next_steps.push_back({Msg::next_redundancy, {inner(check.message)}});
}

void state_limits(RunReport& report, const RunFacts& facts, const Cluster& cluster,
                  const Scenario& scenario) {
  auto& list = report.not_measured;
  list.push_back(Msg::limit_other_faults);
  list.push_back(Msg::limit_one_run);
  if (cluster.drbd) list.push_back(Msg::limit_blocks);
  if (!report.blocks) list.push_back(Msg::limit_order);
  if (scenario.loads.empty() || report.rpo.acknowledged == 0)
    list.push_back(Msg::limit_no_ledger);
  else
    list.push_back(Msg::limit_changed);
  if (facts.metric_unknown > 0)
    list.push_back(facts.metric_unknown == 1
                       ? Text(Msg::limit_metric_once, {inner(recorded(facts.metric_unknown_why))})
                       : Text(Msg::limit_metric,
                              {plain_number(static_cast<std::uint64_t>(facts.metric_unknown)),
                               inner(recorded(facts.metric_unknown_why))}));
  if (scenario.soak) list.push_back(Msg::limit_soak);
  list.push_back(Msg::limit_kubernetes);
}

}  // namespace

void explain(RunReport& report, const RunFacts& facts, const Cluster& cluster,
             const Scenario& scenario, const Environment& settings) {
  report.why = why(report, facts, cluster);
  suggest(report, cluster, settings);
  state_limits(report, facts, cluster, scenario);
}

}  // namespace ernstfall
