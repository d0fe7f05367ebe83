// write_order: when blocks are lost, they are the last ones. A block that is gone while one is
// there that was issued after its acknowledgement means that the replica is no state that ever was.
#include "harness/lang/messages.h"
#include "probes/checks/canary.h"
#include "probes/checks/check.h"

namespace ernstfall {
namespace write_order {
namespace {

bool applies(const Cluster& cluster, const Scenario& scenario) {
  return cluster.drbd.has_value() && has_canary(scenario);
}

// As the node's own script names it.
Text state_text(const std::string& found_as) {
  for (const Msg id : {Msg::canary_empty, Msg::canary_torn, Msg::canary_gone, Msg::found_wrong})
    if (Text(id) == found_as) return id;
  return found_as;
}

CheckResult judge(const CheckContext& context) {
  const RunFacts facts = read_facts(context.history);
  const CanaryMeasurement canary = measure_canary(context.history, facts);
  CheckResult result;
  if (!canary.out_of_order.empty()) {
    result.verdict = Verdict::fail;
    const OrderViolation& first = canary.out_of_order.front();
    result.message = {first.other_stretch ? Msg::wo_broken_later : Msg::wo_broken,
                      {std::to_string(first.lost.seq), std::to_string(first.present),
                       CountValue{canary.out_of_order.size()}}};
    for (const OrderViolation& violation : canary.out_of_order) {
      if (result.evidence.size() >= CheckResult::kMaxEvidence) break;
      result.evidence.push_back(
          {violation.lost.acknowledged_at,
           "canary.block",
           {Msg::wo_block,
            {std::to_string(violation.lost.seq), inner(state_text(violation.lost.found_as)),
             violation.lost.node, std::to_string(violation.present)}}});
    }
    return result;
  }
  result.message = canary_unknown(canary, facts);
  if (!result.message.empty()) return result;
  result.verdict = Verdict::pass;
  result.message = canary.lost.empty() ? Text(Msg::wo_intact, {CountValue{canary.acknowledged}})
                                       : Text(Msg::wo_end_lost, {CountValue{canary.lost.size()}});
  return result;
}

}  // namespace
}  // namespace write_order

extern const CheckType kWriteOrder;
const CheckType kWriteOrder{"write-order",
                            "no acknowledged block is lost while one issued after it is there",
                            write_order::applies, write_order::judge};

}  // namespace ernstfall
