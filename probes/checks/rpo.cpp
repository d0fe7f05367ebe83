// rpo: folds the ledger entry by entry, and judges the losses against expect.lost_max.
#include "probes/checks/rpo.h"

#include <algorithm>
#include <map>
#include <utility>

#include "harness/lang/messages.h"
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
Text window_in_words(const RpoMeasurement& rpo, std::optional<TimeNs> effect) {
  if (!effect) return Msg::rpo_when_unknown;
  const TimeNs oldest = rpo.lost.front().acknowledged_at;
  const TimeNs youngest = rpo.lost.back().acknowledged_at;
  const auto acknowledged = [&rpo](Text when) -> Text {
    if (rpo.lost.size() == 1) return {Msg::rpo_one, {inner(std::move(when))}};
    return {Msg::rpo_all, {CountValue{rpo.lost.size()}, inner(std::move(when))}};
  };
  const DurationValue after = duration_value(Nanos(youngest - *effect));
  if (oldest > *effect) return acknowledged({Msg::rpo_after_cut, {after}});
  const DurationValue before = duration_value(Nanos(*effect - oldest));
  if (youngest <= *effect) return acknowledged({Msg::rpo_before_cut, {before}});
  return acknowledged({Msg::rpo_around_cut, {before, after}});
}

Msg found_message(LedgerStep found_as) {
  switch (found_as) {
    case LedgerStep::lost:
      return Msg::found_lost;
    case LedgerStep::unreadable:
      return Msg::found_unreadable;
    case LedgerStep::stuck:
      return Msg::found_stuck;
    default:
      return Msg::found_wrong;
  }
}

Evidence evidence_for(const History& history, const LostWrite& write,
                      std::optional<TimeNs> effect) {
  Text text(Msg::rpo_write,
            {std::to_string(write.seq), inner(Text(found_message(write.found_as)))});
  if (effect && write.acknowledged_at <= *effect) {
    text.id = Msg::rpo_write_before;
    text.values.emplace_back(duration_value(Nanos(*effect - write.acknowledged_at)));
  } else if (effect) {
    text.id = Msg::rpo_write_after;
    text.values.emplace_back(duration_value(Nanos(write.acknowledged_at - *effect)));
  }
  return {write.acknowledged_at, source_name(history, write.source), std::move(text)};
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
  const CountValue lost{rpo.lost.size()};
  const CountValue acknowledged{rpo.acknowledged};
  result.evidence = evidence_of(context.history, rpo, facts.effect_at());
  if (rpo.lost.size() > allowed) {
    result.verdict = Verdict::fail;
    result.message = {Msg::rpo_lost_when,
                      {lost, acknowledged, inner(window_in_words(rpo, facts.effect_at()))}};
    if (allowed > 0)
      result.message = {Msg::check_allowed_is, {inner(result.message), CountValue{allowed}}};
  } else if (!facts.effect_at()) {
    result.message = Msg::rpo_nothing;
  } else if (rpo.acknowledged_before_effect < kMinAcknowledged) {
    result.message = {
        Msg::rpo_few,
        {plain_number(rpo.acknowledged_before_effect), plain_number(kMinAcknowledged)}};
  } else if (rpo.unaudited > 0) {
    result.message = {Msg::rpo_unread, {CountValue{rpo.unaudited}, acknowledged}};
  } else if (rpo.stuck > 0) {
    result.message = {Msg::rpo_stuck, {CountValue{rpo.stuck}, acknowledged}};
  } else {
    result.verdict = Verdict::pass;
    result.message = {Msg::rpo_lost, {lost, acknowledged}};
    if (!rpo.lost.empty())
      result.message = {Msg::rpo_lost_allowed,
                        {inner(result.message), CountValue{allowed},
                         inner(window_in_words(rpo, facts.effect_at()))}};
  }
  return result;
}

}  // namespace
}  // namespace rpo_check

extern const CheckType kRpo;
const CheckType kRpo{"rpo", "no more acknowledged writes lost than expect.lost_max (default 0)",
                     rpo_check::applies, rpo_check::judge};

}  // namespace ernstfall
