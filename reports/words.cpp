// words: the sentences and numbers that every renderer says alike.
#include "reports/words.h"

#include <algorithm>
#include <cctype>
#include <cmath>

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
      return "two nodes wrote apart from each other: the copies can no longer be trusted";
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

}  // namespace ernstfall
