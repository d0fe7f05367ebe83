// words: the sentences and numbers that every renderer says alike.
#include "reports/words.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>

#include "harness/core/text.h"
#include "harness/core/units.h"

namespace ernstfall {

std::string_view verdict_word(RunVerdict verdict) {
  switch (verdict) {
    case RunVerdict::pass:
      return "PASS";
    case RunVerdict::violated:
      return "VIOLATED";
    case RunVerdict::inconclusive:
      return "INCONCLUSIVE";
    case RunVerdict::dirty:
      return "DIRTY";
  }
  return "INCONCLUSIVE";
}

std::string class_word(ClusterClass value) {
  std::string word(cluster_class_name(value));
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return word;
}

std::string_view class_in_words(ClusterClass value) {
  switch (value) {
    case ClusterClass::ha:
      return "it came through by itself, with every acknowledged write and its redundancy back";
    case ClusterClass::data_ha:
      return "no acknowledged write was lost, but a person had to act before users were served";
    case ClusterClass::backup_like:
      return "the second copy did not shorten the outage, or acknowledged writes were lost";
    case ClusterClass::unsafe:
      return "two nodes wrote apart, or acknowledged blocks were lost: the copies cannot be "
             "trusted";
    case ClusterClass::unknown:
      return "the evidence does not carry a class";
  }
  return "";
}

std::string_view recovered_in_words(RecoveredBy value) {
  switch (value) {
    case RecoveredBy::nobody:
      return "not recovered";
    case RecoveredBy::itself:
      return "by itself";
    case RecoveredBy::operator_steps:
      return "by the operator";
    case RecoveredBy::undo:
      return "only when the fault was taken away";
  }
  return "";
}

std::string outage_in_words(std::optional<double> lower_ms, std::optional<double> upper_ms,
                            bool outage_observed) {
  if (!lower_ms) return "unknown";
  if (!upper_ms)
    return outage_observed ? "at least " + format_duration_ms(*lower_ms) + ", not recovered"
                           : "unknown";
  if (!outage_observed)
    return *upper_ms > 0 ? "no outage seen (room for " + format_duration_ms(*upper_ms) + ")"
                         : "not at all";
  // The middle is shown to a tenth of a second, so the margin grows by what rounding moved it, and
  // is rounded up: the words must not promise more than the interval.
  const double middle = (*lower_ms + *upper_ms) / 2;
  const double half = (*upper_ms - *lower_ms) / 2;
  if (middle < 1000) return fmt::format("{:.0f} ms ± {:.0f} ms", middle, std::ceil(half + 0.5));
  const double shown = std::round(middle / 100) * 100;
  const double tenths = std::ceil((half + std::abs(shown - middle)) / 100 - 1e-9);
  return fmt::format(
      "{} ± {}", format_duration_ms(middle),
      tenths < 600 ? fmt::format("{:.1f} s", tenths / 10) : format_duration_ms(tenths * 100));
}

std::string outage_in_words(const RtoResult& rto) {
  return outage_in_words(rto.lower_ms, rto.upper_ms, rto.outage_observed);
}

std::string allowed_in_words(const RunReport& report) {
  return report.rto_allowed_ms ? format_duration_ms(*report.rto_allowed_ms) : "no limit set";
}

std::string loss_in_words(const RpoResult& rpo) {
  if (rpo.acknowledged == 0) return "unknown";
  std::string words = format_count(rpo.lost) + " of " + format_count(rpo.acknowledged);
  if (rpo.unaudited > 0) words += fmt::format(" ({} not read back)", format_count(rpo.unaudited));
  if (rpo.stuck > 0) words += fmt::format(" ({} stuck)", format_count(rpo.stuck));
  return words;
}

std::string loss_in_words(const BlockResult& blocks) {
  if (blocks.acknowledged == 0) return "unknown";
  std::string words = format_count(blocks.lost) + " of " + format_count(blocks.acknowledged);
  if (blocks.torn > 0) words += fmt::format(" ({} torn)", format_count(blocks.torn));
  if (blocks.unaudited > 0)
    return words + fmt::format(" ({} not read back)", format_count(blocks.unaudited));
  return words + (blocks.out_of_order > 0 ? ", order violated" : ", order intact");
}

std::string skew_in_words(const StartSkew& skew) {
  return fmt::format("{} on {}: began {:.1f} ms ± {:.1f} ms apart, by {}", skew.fault,
                     join(skew.nodes, ", "), to_ms(skew.skew_ns), to_ms(skew.uncertainty_ns),
                     skew.by_nodes ? "the nodes' clocks" : "our commands and their return");
}

std::string redundancy_in_words(const RtoResult& rto) {
  if (!rto.redundancy_restored_ms) return "not seen";
  return "after " + format_duration_ms(*rto.redundancy_restored_ms);
}

std::string_view class_caveat() {
  return "One scenario bounds the class for this fault only; a cluster is as good as its worst "
         "fault.";
}

std::string power_in_words(const RunReport& report) {
  std::vector<std::string> with;
  std::vector<std::string> without;
  for (const NodePower& power : report.power)
    if (power.kind == "none")
      without.push_back(power.node);
    else
      with.push_back(power.node + " " + power.kind);
  std::string text = join(with, ", ");
  if (!without.empty()) text += (text.empty() ? "none: " : "; none: ") + join(without, ", ");
  return text;
}

std::string took_in_words(const PhaseSpan& phase) {
  const TimeNs took = phase.end - phase.begin;
  const std::string text = format_duration(Nanos(took));
  // What the digits show already needs no bounds.
  const TimeNs shown = took >= kNsPerSecond ? kNsPerSecond / 10 : kNsPerSecond / 100;
  if (phase.upper_ns - phase.lower_ns <= shown) return text;
  const TimeNs margin = std::max(phase.upper_ns - took, took - phase.lower_ns);
  return fmt::format("{} ± {}", text, format_duration(Nanos(margin)));
}

std::string largest_in_words(const RunReport& report) {
  const RecoverySteps& recovery = report.recovery;
  if (recovery.largest.empty()) return {};
  std::string text = "largest: until " + recovery.largest;
  if (!recovery.or_largest.empty())
    text += ", or within the bounds " + join(recovery.or_largest, ", ");
  if (!recovery.largest_governed_by.empty())
    text += "; governed by " + recovery.largest_governed_by;
  return text;
}

std::string predicted_in_words(const Prediction& prediction) {
  const auto range = [](std::optional<double> lower, std::optional<double> upper) {
    if (!upper) return "at least " + format_duration_ms(lower.value_or(0));
    return format_duration_ms(lower.value_or(0)) + " to " + format_duration_ms(*upper);
  };
  if (!prediction.lower_ms) return "not predicted: " + prediction.why;
  const std::string expected = range(prediction.lower_ms, prediction.upper_ms);
  if (!prediction.measured_upper_ms) return expected + "; not measured: " + prediction.why;
  return fmt::format("{}; measured {}: {}", expected,
                     range(prediction.measured_lower_ms, prediction.measured_upper_ms),
                     prediction.verdict);
}

std::string inputs_in_words(const Prediction& prediction) {
  std::string text;
  for (const Prediction::Input& input : prediction.inputs)
    text += fmt::format("{}{} = {} ({})", text.empty() ? "" : "; ", input.name,
                        input.value.empty() ? "not recorded" : input.value, input.from);
  return text;
}

std::string clock_in_words(const NodeClockSummary& clock) {
  if (!clock.offset)
    return clock.silent > 0 ? "not known: it never answered" : "not known: nobody asked";
  const std::int64_t middle = clock.offset->middle_ns();
  std::string text =
      fmt::format("{}{} ± {}", middle < 0 ? "-" : "+", format_duration(Nanos(std::abs(middle))),
                  format_duration(Nanos(clock.offset->uncertainty_ns())));
  if (clock.drift)
    text +=
        fmt::format(", drift {:.0f} to {:.0f} ppm", clock.drift->lower_ppm, clock.drift->upper_ppm);
  for (const ClockStep& step : clock.steps) {
    const std::int64_t by = step.by.middle_ns();
    text += fmt::format("; set {} by {} ± {} between {:.1f} s and {:.1f} s",
                        by < 0 ? "back" : "forward", format_duration(Nanos(std::abs(by))),
                        format_duration(Nanos(step.by.uncertainty_ns())), to_seconds(step.from),
                        to_seconds(step.until));
  }
  return text;
}

}  // namespace ernstfall
