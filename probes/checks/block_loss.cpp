// block_loss: no block that the replicated volume acknowledged is missing, torn or other than it
// was written. There is nothing to allow here: DRBD promised it.
#include <fmt/core.h>

#include "harness/core/text.h"
#include "harness/core/units.h"
#include "probes/checks/canary.h"
#include "probes/checks/check.h"

namespace ernstfall {
namespace block_loss {
namespace {

bool applies(const Cluster& cluster, const Scenario& scenario) {
  return cluster.drbd.has_value() && has_canary(scenario);
}

std::string in_words(const std::string& found_as) {
  if (found_as == "empty") return "was never written";
  if (found_as == "torn") return "is there in part only";
  if (found_as == "gone") return "is gone with its file";
  return "holds something else";
}

std::string when(TimeNs at, std::optional<TimeNs> effect) {
  if (!effect) return "";
  if (at <= *effect)
    return fmt::format(" {} before the fault", format_duration(Nanos(*effect - at)));
  return fmt::format(" {} after the fault", format_duration(Nanos(at - *effect)));
}

std::vector<Evidence> evidence_of(const CanaryMeasurement& canary, std::optional<TimeNs> effect) {
  std::vector<Evidence> evidence;
  const std::size_t half = CheckResult::kMaxEvidence / 2;
  for (std::size_t i = 0; i < canary.lost.size(); ++i) {
    if (i >= half && i + half < canary.lost.size()) continue;
    const LostCanaryBlock& lost = canary.lost[i];
    std::string text =
        fmt::format("block {} was acknowledged{}, and {} on {}", lost.seq,
                    when(lost.acknowledged_at, effect), in_words(lost.found_as), lost.node);
    if (lost.found_as == "wrong" && !lost.saw.empty()) text += " (" + lost.saw + ")";
    evidence.push_back({lost.acknowledged_at, "canary.block", std::move(text)});
  }
  return evidence;
}

CheckResult judge(const CheckContext& context) {
  const RunFacts facts = read_facts(context.history);
  const CanaryMeasurement canary = measure_canary(context.history, facts);
  CheckResult result;
  if (!canary.lost.empty()) {
    result.verdict = Verdict::fail;
    result.evidence = evidence_of(canary, facts.effect_at());
    result.message = fmt::format(
        "{} of {} acknowledged blocks are lost, the first is block {}{}",
        format_count(canary.lost.size()), format_count(canary.acknowledged),
        canary.lost.front().seq,
        canary.torn > 0 ? fmt::format("; {} of them are torn", format_count(canary.torn)) : "");
    return result;
  }
  result.message = canary_unknown(canary, facts);
  if (!result.message.empty()) return result;
  result.verdict = Verdict::pass;
  result.message = fmt::format("0 of {} acknowledged blocks are lost, read on {}{}",
                               format_count(canary.acknowledged), join(canary.nodes, ", "),
                               canary.cached ? " (through its cache)" : "");
  if (canary.last_before_effect)
    result.evidence.push_back({*canary.last_before_effect, "canary.block",
                               fmt::format("the last acknowledgement before the fault arrived{}",
                                           when(*canary.last_before_effect, facts.effect_at()))});
  return result;
}

}  // namespace
}  // namespace block_loss

extern const CheckType kBlockLoss;
const CheckType kBlockLoss{"block-loss",
                           "no block that the replicated volume acknowledged is missing or wrong",
                           block_loss::applies, block_loss::judge};

}  // namespace ernstfall
