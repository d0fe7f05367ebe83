// rpo: folds the ledger entry by entry, and judges the losses against expect.lost_max.
#include "probes/checks/rpo.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <utility>

#include "harness/core/units.h"
#include "probes/checks/canary.h"
#include "probes/checks/check.h"
#include "probes/checks/samples.h"

namespace ernstfall {
namespace {

// Fewer acknowledgements than this before the fault say nothing about what a fault destroys.
constexpr std::uint64_t kMinAcknowledged = 20;

struct Entry {
  std::optional<TimeNs> acknowledged_at;
  bool refused = false;
  std::optional<LedgerStep> audit;  // the last one wins: the audit reads again until it is sure
};

void take(Entry& entry, const LedgerRecord& record) {
  switch (record.step) {
    case LedgerStep::acknowledged:
      if (!entry.acknowledged_at) entry.acknowledged_at = record.at;
      break;
    case LedgerStep::refused:
      entry.refused = true;
      break;
    case LedgerStep::invoked:
    case LedgerStep::indeterminate:
      break;
    default:
      entry.audit = record.step;
  }
}

}  // namespace

RpoMeasurement measure_rpo(const History& history, const RunFacts& facts) {
  std::map<std::pair<SourceId, std::uint64_t>, Entry> entries;
  for (const LedgerRecord& record : history.ledger)
    if (!is_canary(history, record.source)) take(entries[{record.source, record.seq}], record);
  RpoMeasurement result;
  for (const auto& [key, entry] : entries) {
    if (!entry.acknowledged_at) {
      ++(entry.refused ? result.refused : result.indeterminate);
      continue;
    }
    ++result.acknowledged;
    if (facts.effect_at() && *entry.acknowledged_at <= *facts.effect_at())
      ++result.acknowledged_before_effect;
    if (!entry.audit)
      ++result.unaudited;
    else if (*entry.audit == LedgerStep::stuck)
      ++result.stuck;
    else if (*entry.audit != LedgerStep::found)
      result.lost.push_back({key.first, key.second, *entry.acknowledged_at, *entry.audit});
  }
  std::stable_sort(
      result.lost.begin(), result.lost.end(),
      [](const LostWrite& a, const LostWrite& b) { return a.acknowledged_at < b.acknowledged_at; });
  if (!result.lost.empty() && facts.effect_at())
    result.seconds =
        std::max(0.0, to_seconds(*facts.effect_at() - result.lost.front().acknowledged_at));
  else if (result.lost.empty() && result.unaudited == 0 && result.acknowledged > 0)
    result.seconds = 0;
  return result;
}

namespace rpo_check {
namespace {

bool applies(const Cluster& cluster, const Scenario& scenario) {
  return cluster.service.has_value() &&
         std::any_of(scenario.loads.begin(), scenario.loads.end(),
                     [](const LoadSpec& load) { return !load.on_volume; });
}

// "all 37 lost writes were acknowledged in the last 4.8 s before the cut"
std::string window_in_words(const RpoMeasurement& rpo, std::optional<TimeNs> effect) {
  if (!effect) return "when they were acknowledged relative to the fault is not known";
  const TimeNs oldest = rpo.lost.front().acknowledged_at;
  const TimeNs youngest = rpo.lost.back().acknowledged_at;
  const std::string subject =
      rpo.lost.size() == 1
          ? std::string("the lost write was acknowledged")
          : fmt::format("all {} lost writes were acknowledged", format_count(rpo.lost.size()));
  if (oldest > *effect)
    return fmt::format("{} after the cut, up to {} after it", subject,
                       format_duration(Nanos(youngest - *effect)));
  const std::string before = format_duration(Nanos(*effect - oldest));
  if (youngest <= *effect) return fmt::format("{} in the last {} before the cut", subject, before);
  return fmt::format("{} between {} before the cut and {} after it", subject, before,
                     format_duration(Nanos(youngest - *effect)));
}

Evidence evidence_for(const History& history, const LostWrite& write,
                      std::optional<TimeNs> effect) {
  std::string age;
  if (effect && write.acknowledged_at <= *effect)
    age =
        fmt::format(", {} before the cut", format_duration(Nanos(*effect - write.acknowledged_at)));
  else if (effect)
    age =
        fmt::format(", {} after the cut", format_duration(Nanos(write.acknowledged_at - *effect)));
  return {write.acknowledged_at, source_name(history, write.source),
          fmt::format("write {} was acknowledged{}, and is {} at the end", write.seq, age,
                      ledger_step_name(write.found_as))};
}

std::vector<Evidence> evidence_of(const History& history, const RpoMeasurement& rpo,
                                  std::optional<TimeNs> effect) {
  std::vector<Evidence> evidence;
  const std::size_t half = CheckResult::kMaxEvidence / 2;
  for (std::size_t i = 0; i < rpo.lost.size(); ++i)
    if (i < half || i + half >= rpo.lost.size())
      evidence.push_back(evidence_for(history, rpo.lost[i], effect));
  return evidence;
}

CheckResult judge(const CheckContext& context) {
  const RunFacts facts = read_facts(context.history);
  const RpoMeasurement rpo = measure_rpo(context.history, facts);
  const std::uint64_t allowed = context.scenario.expect.lost_max.value_or(0);
  CheckResult result;
  result.evidence = evidence_of(context.history, rpo, facts.effect_at());
  if (rpo.lost.size() > allowed) {
    result.verdict = Verdict::fail;
    result.message =
        fmt::format("{} of {} acknowledged writes are lost: {}", format_count(rpo.lost.size()),
                    format_count(rpo.acknowledged), window_in_words(rpo, facts.effect_at()));
    if (allowed > 0) result.message += fmt::format("; allowed are {}", format_count(allowed));
  } else if (!facts.effect_at()) {
    result.message = "nothing was injected, so there is no loss to measure";
  } else if (rpo.acknowledged_before_effect < kMinAcknowledged) {
    result.message = fmt::format("only {} writes were acknowledged before the fault; {} are needed",
                                 rpo.acknowledged_before_effect, kMinAcknowledged);
  } else if (rpo.unaudited > 0) {
    result.message = fmt::format("{} of {} acknowledged writes were never read back",
                                 format_count(rpo.unaudited), format_count(rpo.acknowledged));
  } else if (rpo.stuck > 0) {
    result.message = fmt::format(
        "{} of {} acknowledged writes are neither readable nor gone (still 425 at the end)",
        format_count(rpo.stuck), format_count(rpo.acknowledged));
  } else {
    result.verdict = Verdict::pass;
    result.message = fmt::format("{} of {} acknowledged writes are lost",
                                 format_count(rpo.lost.size()), format_count(rpo.acknowledged));
    if (!rpo.lost.empty())
      result.message += fmt::format(", allowed are {}: {}", format_count(allowed),
                                    window_in_words(rpo, facts.effect_at()));
  }
  return result;
}

}  // namespace
}  // namespace rpo_check

extern const CheckType kRpo;
const CheckType kRpo{"rpo", "no more acknowledged writes lost than expect.lost_max (default 0)",
                     rpo_check::applies, rpo_check::judge};

}  // namespace ernstfall
