// milestones_journal: what the nodes' journals and the operator's steps prove.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <span>

#include "harness/core/text.h"
#include "harness/lang/messages.h"
#include "reports/milestones.h"

namespace ernstfall {
namespace {

// systemd.journal-fields, sd-messages.h: SD_MESSAGE_UNIT_STARTED.
constexpr std::string_view kUnitStarted = "39f53479d3a045ac8e11786248231fbf";
constexpr std::size_t kMaxProof = 90;

bool has(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}
bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

Milestone from_line(const Placement& placed, std::string_view name, const JournalLine& line) {
  return {placed.upper,
          placed.lower,
          placed.upper,
          std::string(name),
          fmt::format("journal@{}: {}", line.node, elide(line.message, kMaxProof)),
          line.node};
}

// The first line, or the last one before `until`, that `wanted` accepts and that was surely or
// maybe written after `after`.
template <typename Wanted>
std::optional<Milestone> find_line(const MilestoneInput& input, TimeNs after,
                                   std::optional<TimeNs> until, std::string_view name, bool last,
                                   const Wanted& wanted) {
  std::optional<Milestone> found;
  for (const JournalLine& line : input.journal) {
    if (!wanted(line) || line.arrived < after) continue;
    const auto placed = input.times.place(line, after);
    if (!placed || (until && placed->lower > *until)) continue;
    Milestone milestone = from_line(*placed, name, line);
    if (until) milestone.upper = milestone.at = std::min(milestone.upper, *until);
    if (!found || (last ? milestone.at > found->at : milestone.at < found->at)) found = milestone;
  }
  return found;
}

bool runs_kubernetes(const RunFacts& facts) {
  return std::any_of(facts.versions.begin(), facts.versions.end(),
                     [](const auto& version) { return version.first.rfind("k3s@", 0) == 0; });
}

Found kubernetes_line(const MilestoneInput& input, TimeNs effect, std::string_view name,
                      std::span<const std::string_view> words) {
  if (!runs_kubernetes(input.facts)) return {std::nullopt, Msg::gap_no_kubernetes};
  auto found = find_line(input, effect, std::nullopt, name, false, [&](const JournalLine& line) {
    return !line.kernel && line.unit.empty() &&
           std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return has(line.message, word); });
  });
  if (found) return {found, {}};
  return {std::nullopt, input.journal.empty() ? Msg::gap_no_journal : Msg::gap_journal_silent};
}

// A step of the runbook that does such a thing: it was done between its begin and its return.
template <typename Does>
std::optional<Milestone> by_operator(const MilestoneInput& input, std::string_view name,
                                     const Does& does) {
  if (!input.scenario.attended) return std::nullopt;
  std::optional<Milestone> found;
  for (const OperatorStep& step : input.scenario.attended->steps) {
    if (!does(step.run)) continue;
    for (const OperatorFacts& fact : input.facts.operator_steps) {
      if (fact.restore || fact.failed || !fact.end || fact.step != step.name) continue;
      if (found && found->at >= *fact.end) continue;
      found = Milestone{
          *fact.end, fact.begin, *fact.end, std::string(name), {Msg::proof_returned, {fact.step}},
          fact.node};
    }
  }
  return found;
}

bool names_any(const Argv& run, std::string_view word) {
  return std::any_of(run.begin(), run.end(),
                     [&](const std::string& part) { return has(part, word); });
}

// The units that the scenario is about; empty: it names none.
std::vector<std::string> named_units(const Scenario& scenario) {
  std::vector<std::string> units;
  for (const FaultStep& fault : scenario.faults)
    if (const auto unit = fault.params.find("unit"); unit != fault.params.end())
      units.push_back(unit->second.text);
  if (scenario.attended)
    for (const OperatorStep& step : scenario.attended->steps)
      for (const std::string& part : step.run)
        if (ends_with(part, ".service")) units.push_back(part);
  return units;
}

bool may_serve(const std::string& unit) {
  constexpr std::array<std::string_view, 6> kOthers{"systemd-", "ernstfall-", "user@",
                                                    "session-", "modprobe@",  "getty@"};
  return ends_with(unit, ".service") &&
         std::none_of(kOthers.begin(), kOthers.end(),
                      [&](std::string_view other) { return unit.rfind(other, 0) == 0; });
}

bool mounts_replica(const JournalLine& line) {
  if (line.kernel)
    return has(line.message, "drbd") &&
           (has(line.message, "mounted filesystem") || has(line.message, "Ending clean mount") ||
            has(line.message, "Ending recovery"));
  return line.id == kUnitStarted && ends_with(line.unit, ".mount");
}

}  // namespace

Found noticed_by_kubernetes(const MilestoneInput& input, TimeNs effect) {
  constexpr std::array<std::string_view, 2> kWords{"NodeNotReady", "status is now: NodeNotReady"};
  return kubernetes_line(input, effect, step::kKubernetes, kWords);
}

Found evicted_by_kubernetes(const MilestoneInput& input, TimeNs effect) {
  constexpr std::array<std::string_view, 2> kWords{"TaintManager is deleting pod",
                                                   "taint-eviction"};
  return kubernetes_line(input, effect, step::kEvicted, kWords);
}

Found mounted_on_node(const MilestoneInput& input, TimeNs after, std::optional<TimeNs> until) {
  if (auto found = find_line(input, after, until, step::kMounted, true, mounts_replica))
    return {found, {}};
  const auto mounts = [](const Argv& run) {
    return std::any_of(run.begin(), run.end(), [](const std::string& part) {
      return part == "mount" || ends_with(part, "/mount") || ends_with(part, ".mount");
    });
  };
  if (auto found = by_operator(input, step::kMounted, mounts)) return {found, {}};
  return {std::nullopt, input.journal.empty() ? Msg::gap_no_journal : Msg::gap_journal_mount};
}

Found started_on_node(const MilestoneInput& input, TimeNs after, std::optional<TimeNs> until) {
  const std::vector<std::string> named = named_units(input.scenario);
  const auto starts = [&](const JournalLine& line) {
    if (line.id != kUnitStarted || !may_serve(line.unit)) return false;
    return named.empty() || std::find(named.begin(), named.end(), line.unit) != named.end();
  };
  if (auto found = find_line(input, after, until, step::kStarted, true, starts)) return {found, {}};
  constexpr std::string_view kPod = "Observed pod startup";
  const auto pods = [&](const JournalLine& line) { return has(line.message, kPod); };
  if (auto found = find_line(input, after, until, step::kStarted, true, pods)) return {found, {}};
  const auto by_hand = [](const Argv& run) {
    return names_any(run, ".service") && names_any(run, "start");
  };
  if (auto found = by_operator(input, step::kStarted, by_hand)) return {found, {}};
  return {std::nullopt, input.journal.empty() ? Msg::gap_no_journal : Msg::gap_journal_start};
}

}  // namespace ernstfall
