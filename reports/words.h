// words: the sentences and numbers that every renderer says alike.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reports/model.h"

namespace ernstfall {

std::string_view verdict_word(RunVerdict verdict);       // "PASS", "VIOLATED" ...
std::string class_word(ClusterClass value);              // "BACKUP-LIKE" ...
std::string_view class_in_words(ClusterClass value);     // what the class means, one sentence
std::string_view recovered_in_words(RecoveredBy value);  // "by itself", "by the operator" ...

// "5 min 41.2 s ± 0.1 s", "at least 2 min 10.0 s, not recovered", "not at all", "unknown"
std::string outage_in_words(const RtoResult& rto);
std::string outage_in_words(std::optional<double> lower_ms, std::optional<double> upper_ms,
                            bool outage_observed);
std::string allowed_in_words(const RunReport& report);
std::string loss_in_words(const RpoResult& rpo);       // "0 of 1,204"
std::string loss_in_words(const BlockResult& blocks);  // "0 of 18,220, order intact"
// "net.loss on prod, mirror: began 3.1 ms ± 1.2 ms apart, by the nodes' clocks"
std::string skew_in_words(const StartSkew& skew);
std::string redundancy_in_words(const RtoResult& rto);  // "after 7 min 03.0 s", "not restored"

// "6.3 s", or with its bounds when they are wide: "6.3 s (4.1 s to 6.5 s)"
std::string took_in_words(const PhaseSpan& phase);
// "largest: noticed by DRBD; governed by DRBD: ping-int 10 s (default), ..."; empty: there is none
std::string largest_in_words(const RunReport& report);
// "500 ms to 10.5 s; measured 6.2 s to 6.4 s: as predicted"
std::string predicted_in_words(const Prediction& prediction);
// "ping-int = 10 s (default (drbd.conf(5)))"
std::string inputs_in_words(const Prediction& prediction);
// "+5 min 00.0 s ± 0.1 s, 1 step"; "not known: never answered"
std::string clock_in_words(const NodeClockSummary& clock);

// "prod redfish, dash lab; none: mirror"
std::string power_in_words(const RunReport& report);

// The one sentence that keeps a reader from taking one fault for all faults.
std::string_view class_caveat();

}  // namespace ernstfall
