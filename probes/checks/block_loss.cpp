// block_loss: no block that the replicated volume acknowledged is missing, torn or other than it
// was written. There is nothing to allow here: DRBD promised it.
#include "harness/core/text.h"
#include "harness/lang/messages.h"
#include "probes/checks/canary.h"
#include "probes/checks/check.h"

namespace ernstfall {
namespace block_loss {
namespace {

bool applies(const Cluster& cluster, const Scenario& scenario) {
  return cluster.drbd.has_value() && has_canary(scenario);
}

Msg found_message(const std::string& found_as) {
  if (found_as == "empty") return Msg::bl_empty;
  if (found_as == "torn") return Msg::bl_torn;
  if (found_as == "gone") return Msg::bl_gone;
  return Msg::bl_wrong;
}

Text block_text(const LostCanaryBlock& lost, std::optional<TimeNs> effect) {
  Text text(Msg::bl_block,
            {std::to_string(lost.seq), inner({found_message(lost.found_as), {lost.node}})});
  if (effect && lost.acknowledged_at <= *effect) {
    text.id = Msg::bl_block_before;
    text.values.emplace_back(duration_value(Nanos(*effect - lost.acknowledged_at)));
  } else if (effect) {
    text.id = Msg::bl_block_after;
    text.values.emplace_back(duration_value(Nanos(lost.acknowledged_at - *effect)));
  }
  if (lost.found_as != "wrong" || lost.saw.empty()) return text;
  return {Msg::with_note, {inner(std::move(text)), lost.saw}};
}

std::vector<Evidence> evidence_of(const CanaryMeasurement& canary, std::optional<TimeNs> effect) {
  std::vector<Evidence> evidence;
  const std::size_t half = CheckResult::kMaxEvidence / 2;
  for (std::size_t i = 0; i < canary.lost.size(); ++i)
    if (i < half || i + half >= canary.lost.size())
      evidence.push_back(
          {canary.lost[i].acknowledged_at, "canary.block", block_text(canary.lost[i], effect)});
  return evidence;
}

CheckResult judge(const CheckContext& context) {
  const RunFacts facts = read_facts(context.history);
  const CanaryMeasurement canary = measure_canary(context.history, facts);
  CheckResult result;
  if (!canary.lost.empty()) {
    result.verdict = Verdict::fail;
    result.evidence = evidence_of(canary, facts.effect_at());
    result.message = {Msg::bl_lost,
                      {CountValue{canary.lost.size()}, CountValue{canary.acknowledged},
                       std::to_string(canary.lost.front().seq)}};
    if (canary.torn > 0)
      result.message = {Msg::bl_lost_torn, {inner(result.message), CountValue{canary.torn}}};
    return result;
  }
  result.message = canary_unknown(canary, facts);
  if (!result.message.empty()) return result;
  result.verdict = Verdict::pass;
  result.message = {Msg::bl_none_lost, {CountValue{canary.acknowledged}, join(canary.nodes, ", ")}};
  if (canary.cached) result.message = {Msg::bl_cached, {inner(result.message)}};
  if (canary.last_before_effect && facts.effect_at())
    result.evidence.push_back(
        {*canary.last_before_effect,
         "canary.block",
         {Msg::bl_last_before,
          {duration_value(Nanos(*facts.effect_at() - *canary.last_before_effect))}}});
  return result;
}

}  // namespace
}  // namespace block_loss

extern const CheckType kBlockLoss;
const CheckType kBlockLoss{"block-loss",
                           "no block that the replicated volume acknowledged is missing or wrong",
                           block_loss::applies, block_loss::judge};

}  // namespace ernstfall
