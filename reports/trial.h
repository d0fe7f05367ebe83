// trial: what one run of a suite proves: it held, it broke, or nothing.
#pragma once

#include <optional>
#include <string>

#include "harness/lang/text.h"
#include "harness/scenario/scenario.h"
#include "harness/suite/search.h"
#include "reports/model.h"

namespace ernstfall {

// What users got while the fault was in effect: all samples of service probes that were scheduled
// from when the first fault was seen to take effect until the undo of the last one began. Those that
// we missed are not among them.
struct AnswersDuringFault {
  std::uint64_t good = 0;
  std::uint64_t bad = 0;
  std::optional<double> p99_ms;  // of good answers, from the scheduled time; none: no good answer

  std::optional<double> error_rate_percent() const;  // none: nobody asked
};
AnswersDuringFault answers_during_fault(const RunReport& report, const History& history);

struct Trial {
  TrialOutcome outcome = TrialOutcome::unclear;
  Text why;  // why it broke, or why it does not count; empty when it held
  AnswersDuringFault answers;
};

//   unclear  dirty; ended by the user; no steady state before it; the fault not seen to take
//   effect;
//            a history that is cut; otherwise inconclusive
//   broke    an expectation or a check violated (also when a stop condition ended the fault early);
//            of a threshold: more bad answers, or slower ones, than `broken_when` allows
//   held     everything else, and of a threshold somebody asked while the fault was in effect
// `threshold` is nullptr for repeats.
Trial judge_trial(const RunReport& report, const History& history, const Threshold* threshold);

}  // namespace ernstfall
