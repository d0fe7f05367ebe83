// words: the sentences and numbers that every renderer says alike.
#pragma once

#include <string>
#include <string_view>

#include "harness/lang/text.h"
#include "reports/model.h"

namespace ernstfall {

std::string class_word(ClusterClass value);  // "BACKUP-LIKE": a name, the same in every language

Text verdict_text(RunVerdict verdict);             // "PASS", "VIOLATED" ...
Text check_text(Verdict verdict);                  // "pass", "fail", "unknown"
Text class_text(ClusterClass value);               // what the class means, one sentence
Text recovered_text(RecoveredBy value);            // "by itself", "by the operator" ...
Text attended_text(bool attended);                 // "attended", "unattended"
Text held_text(const std::string& outcome);        // of FaultResult
Text step_text(std::string_view name);             // of a phase or boundary: "noticed by DRBD"
Text measure_text(const std::string& name);        // "users cut off", "fault -> noticed by DRBD"
Text order_text(const PhaseSpan& phase);           // the same, and whether its order is not certain
Text lane_text(const std::string& lane);           // of TimelineMark
Text class_holds_text(const ClassReason& reason);  // "yes", "no", "not known"

OutageValue outage_value(const RtoResult& rto);
OutageValue outage_value(const SiblingRun& sibling);
Text outage_text(const OutageValue& outage);
Text allowed_text(const std::optional<double>& allowed_ms);  // "1 min 00.0 s", "no limit set"
Text loss_text(const RpoResult& rpo);                        // "0 of 1,204"
Text loss_text(const BlockResult& blocks);                   // "0 of 18,220, order intact"
// "net.loss on prod, mirror: began 3.1 ms ± 1.2 ms apart, by the nodes' clocks"
Text skew_text(const StartSkew& skew);
// "after 7 min 03.0 s ± 0.5 s", "never lost", "not seen"; `whole_at_end`: of a soak, which has no
// time.
Text redundancy_text(const std::optional<Bounds>& restored, bool whole_at_end);
Text redundancy_text(const RunReport& report);

// "6.3 s", or with its margin when it is wide: "6.3 s ± 0.2 s"
Text took_text(const PhaseSpan& phase);
// "largest: until noticed by DRBD; governed by DRBD: ping-int 10 s (default), ..."; empty: there is
// none
Text largest_text(const RunReport& report);
// "500 ms to 10.5 s; measured 6.2 s to 6.4 s: as predicted"
Text predicted_text(const Prediction& prediction);
// "ping-int = 10 s (default (drbd.conf(5)))"
Text inputs_text(const Prediction& prediction);
// "+5 min 00.0 s ± 0.1 s, 1 step"; "not known: never answered"
Text clock_text(const NodeClockSummary& clock);
// "prod redfish, dash lab; none: mirror"
Text power_text(const RunReport& report);

}  // namespace ernstfall
