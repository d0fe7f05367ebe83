// explain: why it came out as it did, what would close the gap, and what was not looked at.
#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "harness/core/units.h"
#include "reports/classify.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

std::string victim_of(const RunReport& report) {
  return report.faults.empty() ? "the node" : report.faults.front().node;
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

std::string waiting_for(const std::string& phase, const std::string& victim) {
  if (phase == "power back") return "waiting for power";
  if (phase == "node reachable") return victim + " starting";
  if (phase == "promoted") return "waiting to be promoted";
  if (phase == "service answers") return "the service starting";
  if (phase == "noticed by DRBD") return "DRBD noticing";
  if (phase == "noticed by Kubernetes") return "Kubernetes noticing";
  if (phase == "evicted") return "waiting for the eviction";
  if (phase == "mounted") return "mounting";
  if (phase == "started") return "the unit or pod starting";
  if (phase == "operator begins") return "the operator's reaction";
  if (phase == "operator done") return "the operator's steps";
  if (phase == "first failure") return "before the first failure";
  return "until " + phase;
}

// "Of the outage 1 min 02.0 s were waiting for power, 30.0 s prod starting."
std::string breakdown(const RunReport& report) {
  if (!report.rto.down_at || !report.rto.up_at) return {};
  struct Part {
    std::string name;
    TimeNs ns;
  };
  std::vector<Part> parts;
  for (const PhaseSpan& phase : report.phases) {
    const TimeNs ns =
        std::min(phase.end, *report.rto.up_at) - std::max(phase.begin, *report.rto.down_at);
    if (ns <= 0 || phase.name == "baseline") continue;
    const std::string name = waiting_for(phase.name, victim_of(report));
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
  std::string text = "Of the outage ";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += i + 1 == parts.size() ? " and " : ", ";
    text += fmt::format("{} {} {}", format_duration(Nanos(parts[i].ns)), i == 0 ? "were" : "",
                        parts[i].name);
    if (i > 0) text.replace(text.rfind("  "), 2, " ");
  }
  return text + ".";
}

std::string recovery_story(const RunReport& report, const RunFacts& facts, const Cluster& cluster) {
  const std::string victim = victim_of(report);
  const std::string survivor = survivor_of(report, cluster);
  const RtoResult& rto = report.rto;
  if (!rto.problem.empty()) return "How long users were cut off is not known: " + rto.problem + ".";
  if (!rto.outage_observed) return "Users were served the whole time.";
  std::string story;
  const bool power = !facts.faults.empty() && facts.faults.front().fault == "node.power-off";
  const bool promoted_in_time =
      std::any_of(report.phases.begin(), report.phases.end(), [&](const PhaseSpan& phase) {
        return phase.name == "promoted" &&
               (!facts.undo_begin_at() || phase.end < *facts.undo_begin_at());
      });
  // An outage that begins when the fault is over is not the fault's own.
  if (facts.undone_at() && rto.down_at && *rto.down_at > *facts.undone_at())
    return fmt::format(
        "Users were served while the fault was there, and cut off {} after it was gone: by what "
        "follows it (a resync, a restart), not by the fault itself.",
        format_duration(Nanos(*rto.down_at - *facts.undone_at())));
  switch (rto.recovered_by) {
    case RecoveredBy::undo:
      if (promotion_helps(report, cluster) && !promoted_in_time)
        story = fmt::format(
            "Nobody promotes {} while {} is away, so the service stayed down until {}.", survivor,
            victim, power ? victim + " had power again" : "the fault was taken away");
      else
        story = "The service came back only after the fault was taken away.";
      break;
    case RecoveredBy::operator_steps:
      story = fmt::format("The operator's runbook brought the service back{} while {} was away.",
                          survivor.empty() ? "" : " on " + survivor, victim);
      break;
    case RecoveredBy::itself:
      story = "The service came back by itself, before the harness undid anything.";
      break;
    case RecoveredBy::nobody:
      story = "The service had not come back when the run ended.";
      break;
  }
  if (const std::string parts = breakdown(report); !parts.empty()) story += " " + parts;
  return story;
}

std::string soak_story(const RunReport& report) {
  const auto count = [&](std::string_view outcome) {
    return std::count_if(report.faults.begin(), report.faults.end(),
                         [&](const FaultResult& fault) { return fault.outcome == outcome; });
  };
  std::string text =
      fmt::format("Of {} faults {} held for their whole time", report.faults.size(), count("held"));
  for (const auto& [outcome, words] : {std::pair{"skipped", "skipped"},
                                       {"not seen", "not seen to take effect"},
                                       {"cut short", "cut short"},
                                       {"dirty", "not proven undone"}})
    if (const auto n = count(outcome); n > 0) text += fmt::format(", {} {}", n, words);
  return text + ".";
}

// Whom the losses accuse.
std::string blocks_story(const RunReport& report) {
  if (!report.blocks) return {};
  const BlockResult& blocks = *report.blocks;
  if (blocks.out_of_order > 0 && blocks.went_back)
    return fmt::format(
        " DRBD itself lost the last {} of {} acknowledged blocks, and the volume went on without "
        "them.",
        format_count(blocks.lost), format_count(blocks.acknowledged));
  if (blocks.out_of_order > 0)
    return fmt::format(
        " DRBD lost {} acknowledged blocks and kept later ones: what is on the "
        "volume never was its state.",
        format_count(blocks.out_of_order));
  if (blocks.lost > 0)
    return fmt::format(" DRBD itself lost {} of {} acknowledged blocks.", format_count(blocks.lost),
                       format_count(blocks.acknowledged));
  if (report.rpo.lost == 0 || blocks.unaudited > 0 || blocks.acknowledged == 0) return {};
  return fmt::format(
      " DRBD did not lose them: all {} blocks that it acknowledged are there, so the "
      "service acknowledged what was not on the disk yet.",
      format_count(blocks.acknowledged));
}

std::string why(const RunReport& report, const RunFacts& facts, const Cluster& cluster) {
  for (const CheckResult& check : report.checks)
    if (check.verdict == Verdict::fail &&
        (check.name == "single-primary" || check.name == "no-split-brain"))
      return "The copies wrote apart from each other: " + check.message + ".";
  if (facts.baseline_ok && !*facts.baseline_ok)
    return "The cluster was not well before the fault (" + facts.baseline_why +
           "), so this run proves nothing.";
  if (facts.faults.empty()) return "No fault was injected, so this run proves nothing.";
  if (report.soak) return soak_story(report);
  if (!facts.all_confirmed())
    return "The fault was not seen to take effect" +
           (report.faults.front().problem.empty() ? ""
                                                  : " (" + report.faults.front().problem + ")") +
           ", so this run proves nothing.";
  std::string text = recovery_story(report, facts, cluster);
  if (report.rpo.lost > 0)
    for (const CheckResult& check : report.checks)
      if (check.name == "rpo") text += " Writes were lost: " + check.message + ".";
  return text + blocks_story(report);
}

bool drbd_before_nine(const RunReport& report) {
  return std::any_of(report.versions.begin(), report.versions.end(), [](const auto& version) {
    return version.first.rfind("drbd@", 0) == 0 && version.second.rfind("8.", 0) == 0;
  });
}

void suggest_recovery(RunReport& report, const Cluster& cluster) {
  const std::string survivor = survivor_of(report, cluster);
  if (survivor.empty()) return;
  const std::string victim = victim_of(report);
  const bool attended_known =
      report.sibling && report.sibling->attended && report.sibling->rto_upper_ms;
  if (report.rto.recovered_by == RecoveredBy::undo)
    report.next_steps.push_back(
        attended_known
            ? fmt::format(
                  "keep the runbook at hand: with it users were cut off {} ({})",
                  outage_in_words(report.sibling->rto_lower_ms, report.sibling->rto_upper_ms,
                                  report.sibling->outage_observed),
                  report.sibling->scenario)
            : fmt::format("write the runbook that promotes {} and rehearse it as an attended "
                          "scenario: that is class data-ha",
                          survivor));
  report.next_steps.push_back(fmt::format(
      "{}give DRBD a quorum: a third, diskless node makes automatic promotion of {} safe although "
      "{} "
      "cannot be asked, and without fencing it",
      drbd_before_nine(report) ? "move to DRBD 9 (8.4 has no quorum) and " : "", survivor, victim));
  const Node* const away = cluster.find_node(victim);
  report.next_steps.push_back(fmt::format(
      "then let something promote {}: drbd-reactor's promoter, or a cluster manager that can cut "
      "{}'s power first{}",
      survivor, victim,
      away != nullptr && away->power.kind == PowerConfig::Kind::none
          ? " (the cluster file names no power control for it)"
          : ""));
}

// What an owner can do about a fault that leaves the node there.
void suggest_for_family(RunReport& report) {
  const std::string& fault = report.faults.front().fault;
  const auto begins = [&fault](std::string_view prefix) { return fault.rfind(prefix, 0) == 0; };
  if (begins("disk.fill") || begins("disk.inodes") || begins("disk.thin-full"))
    report.next_steps.push_back(
        "a full volume is full on every replica, and promoting another one does not help: alert on "
        "free space early, limit what may fill it (quota, a volume of its own), and see that the "
        "service works again once there is room");
  else if (begins("disk."))
    report.next_steps.push_back(
        "let DRBD give up a disk that fails (on-io-error detach) or hangs (disk-timeout), so that "
        "the node goes on with the other copy");
  else if (begins("net."))
    report.next_steps.push_back(
        "with protocol C a write waits for the slowest replica: look at DRBD's timeout, "
        "ping-timeout and ko-count, which say how long it waits for a link like this");
  else if (begins("unit.") && report.rto.recovered_by == RecoveredBy::undo)
    report.next_steps.push_back(
        "let systemd start the service again: Restart=on-failure with a RestartSec and a start "
        "limit that fit, and a watchdog for one that hangs");
  else if (begins("resource."))
    report.next_steps.push_back(
        "give the service its share: CPUWeight, MemoryMin and IOWeight of its unit, limits for "
        "everything else");
}

void suggest(RunReport& report, const Cluster& cluster) {
  if (report.cluster_class == ClusterClass::unsafe) {
    report.next_steps.push_back("stop: compare the two copies before anything is written again");
    report.next_steps.push_back(
        "find who promoted the second node: the evidence of the failed check "
        "names the moment");
    return;
  }
  if (report.cluster_class == ClusterClass::unknown) {
    for (const ClassReason& reason : report.class_reasons)
      if (!reason.known)
        report.next_steps.push_back(
            fmt::format("get the evidence for \"{}\" ({})", reason.rule, reason.evidence));
    return;
  }
  const bool drbd_kept_all = report.blocks && report.blocks->acknowledged > 0 &&
                             report.blocks->lost == 0 && report.blocks->unaudited == 0;
  if (report.rpo.lost > 0 && drbd_kept_all)
    report.next_steps.push_back(
        "make the service flush before it answers 201: DRBD kept every block that it acknowledged");
  else if (report.rpo.lost > 0)
    report.next_steps.push_back(
        "find out who forgot the lost writes: DRBD (protocol must be C on every connection) or the "
        "service (it must flush before it answers 201)");
  if (report.rto.outage_observed && report.cluster_class != ClusterClass::ha) {
    if (promotion_helps(report, cluster))
      suggest_recovery(report, cluster);
    else
      suggest_for_family(report);
  }
  for (const CheckResult& check : report.checks)
    if (check.name == "converged" && check.verdict == Verdict::fail)
      report.next_steps.push_back("repair the redundancy first: " + check.message);
}

void state_limits(RunReport& report, const RunFacts& facts, const Cluster& cluster,
                  const Scenario& scenario) {
  auto& list = report.not_measured;
  list.push_back(
      "any other fault than this one: one scenario bounds the class, it does not prove it");
  list.push_back("whether a second run gives the same numbers: this is one run");
  if (cluster.drbd)
    list.push_back(
        "the blocks themselves: no generation identifiers (E1), online verify (E2), hashes "
        "(E3) or file system check of the replica (E4) were taken");
  if (!report.blocks)
    list.push_back("order of writes on the replicated volume: no block canary was running");
  if (scenario.loads.empty() || report.rpo.acknowledged == 0)
    list.push_back("lost writes: no ledger of acknowledged writes was kept");
  else
    list.push_back(
        "writes that were changed after they were acknowledged: the ledger writes each "
        "file once");
  if (facts.metric_unknown > 0)
    list.push_back(
        fmt::format("the stop condition \"metric\" all the time: it had no value {} {} ({})",
                    facts.metric_unknown, facts.metric_unknown == 1 ? "time" : "times",
                    facts.metric_unknown_why));
  if (scenario.soak)
    list.push_back("how long users were cut off by each fault: a soak judges invariants");
  list.push_back("Kubernetes: pods and nodes as the API server sees them were not watched");
}

}  // namespace

void explain(RunReport& report, const RunFacts& facts, const Cluster& cluster,
             const Scenario& scenario) {
  report.why = why(report, facts, cluster);
  suggest(report, cluster);
  state_limits(report, facts, cluster, scenario);
}

}  // namespace ernstfall
