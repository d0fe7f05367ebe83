// write_order: when blocks are lost, they are the last ones. A block that is gone while one is
// there that was issued after its acknowledgement means that the replica is no state that ever was.
#include <fmt/core.h>

#include "harness/core/units.h"
#include "probes/checks/canary.h"
#include "probes/checks/check.h"

namespace ernstfall {
namespace write_order {
namespace {

bool applies(const Cluster& cluster, const Scenario& scenario) {
  return cluster.drbd.has_value() && has_canary(scenario);
}

CheckResult judge(const CheckContext& context) {
  const RunFacts facts = read_facts(context.history);
  const CanaryMeasurement canary = measure_canary(context.history, facts);
  CheckResult result;
  if (!canary.out_of_order.empty()) {
    result.verdict = Verdict::fail;
    const OrderViolation& first = canary.out_of_order.front();
    result.message = fmt::format(
        "block {} was acknowledged and is lost, block {} was issued after that and is there{}; {} "
        "blocks are lost like this",
        first.lost.seq, first.present,
        first.other_stretch ? " (by a later writer: the volume went back in time and went on)" : "",
        format_count(canary.out_of_order.size()));
    for (const OrderViolation& violation : canary.out_of_order) {
      if (result.evidence.size() >= CheckResult::kMaxEvidence) break;
      result.evidence.push_back(
          {violation.lost.acknowledged_at, "canary.block",
           fmt::format("block {} is {} on {}, block {} is there", violation.lost.seq,
                       violation.lost.found_as, violation.lost.node, violation.present)});
    }
    return result;
  }
  result.message = canary_unknown(canary, facts);
  if (!result.message.empty()) return result;
  result.verdict = Verdict::pass;
  result.message = canary.lost.empty()
                       ? fmt::format("the order of {} acknowledged blocks is intact",
                                     format_count(canary.acknowledged))
                       : fmt::format("{} blocks are lost, and no later one is there",
                                     format_count(canary.lost.size()));
  return result;
}

}  // namespace
}  // namespace write_order

extern const CheckType kWriteOrder;
const CheckType kWriteOrder{"write-order",
                            "no acknowledged block is lost while one issued after it is there",
                            write_order::applies, write_order::judge};

}  // namespace ernstfall
