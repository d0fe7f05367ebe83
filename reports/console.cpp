// console: the first screen of a report, 80 columns; answers before it explains.
#include <fmt/core.h>

#include <algorithm>

#include "harness/core/text.h"
#include "harness/core/units.h"
#include "reports/render.h"
#include "reports/text_width.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

constexpr std::size_t kColumns = 80;

class Painter {
 public:
  explicit Painter(bool colour) : colour_(colour) {}
  std::string bold(std::string_view text) const { return paint("1", text); }
  std::string dim(std::string_view text) const { return paint("2", text); }
  std::string verdict(RunVerdict verdict) const {
    switch (verdict) {
      case RunVerdict::pass:
        return paint("1;32", verdict_word(verdict));
      case RunVerdict::violated:
        return paint("1;31", verdict_word(verdict));
      case RunVerdict::inconclusive:
        return paint("1;33", verdict_word(verdict));
      case RunVerdict::dirty:
        return paint("1;37;41", verdict_word(verdict));
    }
    return {};
  }
  std::string check(Verdict verdict) const {
    switch (verdict) {
      case Verdict::pass:
        return paint("32", "pass   ");
      case Verdict::fail:
        return paint("31", "FAIL   ");
      case Verdict::unknown:
        return paint("33", "unknown");
    }
    return {};
  }

 private:
  std::string paint(std::string_view code, std::string_view text) const {
    return colour_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
  }
  bool colour_;
};

// `left` and `right` on one line, right-aligned; `left_shown` is left as printed, with its colours.
std::string spread(const std::string& left_shown, std::size_t left_width,
                   const std::string& right) {
  const std::size_t used = left_width + display_width(right);
  if (used + 2 > kColumns) return left_shown + "\n" + right + "\n";
  return left_shown + std::string(kColumns - used, ' ') + right + "\n";
}

std::string number_line(std::string_view label, const std::string& value,
                        const std::string& limit) {
  std::string line = pad_right(label, 27) + value;
  if (!limit.empty()) line = pad_right(line, 58) + "  " + limit;
  return line + "\n";
}

std::string numbers(const RunReport& report) {
  std::string text =
      number_line("users cut off", outage_in_words(report.rto),
                  report.rto_allowed_ms ? "allowed " + allowed_in_words(report) : std::string());
  text += number_line("acknowledged writes lost",
                      loss_in_words(report.rpo) + " (" + report.evidence_level + ")",
                      "allowed " + format_count(report.lost_allowed));
  if (report.blocks)
    text += number_line("acknowledged blocks lost", loss_in_words(*report.blocks) + " (E5)",
                        report.blocks->lost == 0 ? "below the service" : "");
  text += number_line("redundancy restored", redundancy_in_words(report.rto),
                      report.redundancy_allowed_ms
                          ? "allowed " + format_duration_ms(*report.redundancy_allowed_ms)
                          : std::string());
  if (report.sibling) {
    const SiblingRun& sibling = *report.sibling;
    text += number_line(
        sibling.attended ? "  the same, attended" : "  the same, unattended",
        outage_in_words(sibling.rto_lower_ms, sibling.rto_upper_ms, sibling.outage_observed),
        std::string(recovered_in_words(sibling.recovered_by)));
  }
  return text;
}

std::string phase_table(const RunReport& report) {
  std::string text;
  for (const PhaseSpan& phase : report.phases) {
    if (phase.name == "baseline") continue;
    const std::string proof = elide(phase.proof, 25);
    text +=
        fmt::format("  {:>8.1f} s {}{} {}{}\n", to_seconds(phase.end), phase.unordered ? "~" : " ",
                    pad_right(phase.name, 21), pad_right("+" + took_in_words(phase), 18), proof);
  }
  if (text.empty()) return text;
  for (const PhaseSpan& phase : report.phases)
    if (phase.unordered) {
      text += "  ~ may have come before the line above: the bounds overlap\n";
      break;
    }
  if (const std::string largest = largest_in_words(report); !largest.empty())
    text += wrap("  " + largest, kColumns, 2);
  return text;
}

std::string prediction_lines(const RunReport& report) {
  std::string text;
  for (const Prediction& prediction : report.predictions) {
    if (!prediction.lower_ms) continue;
    text +=
        wrap("  " + pad_right(prediction.name, 31) + predicted_in_words(prediction), kColumns, 33);
    if (!prediction.finding.empty()) text += wrap("  ! " + prediction.finding, kColumns, 4);
  }
  return text;
}

}  // namespace

std::string render_console(const RunReport& report, bool colour) {
  const Painter paint(colour);
  const std::string about =
      fmt::format("{} · {} · seed {}", report.cluster, short_time(report.started_utc), report.seed);
  std::string text = spread(paint.bold(report.title), display_width(report.title), about);
  text += spread(paint.verdict(report.verdict), verdict_word(report.verdict).size(),
                 "class: " + class_word(report.cluster_class));
  text += "\n" + numbers(report) + "\n";
  text += wrap("why: " + report.why, kColumns, 5);
  if (!report.journal_problem.empty())
    text +=
        wrap("DIRTY: " + report.journal_problem + "; finish it with: ernstfall heal", kColumns, 7);
  if (!report.aborted.empty()) text += wrap("aborted: " + report.aborted, kColumns, 9);
  if (!report.next_steps.empty()) {
    text += "\nwhat would close the gap:\n";
    for (std::size_t i = 0; i < report.next_steps.size(); ++i)
      text += wrap(fmt::format("  {}. {}", i + 1, report.next_steps[i]), kColumns, 5);
  }
  text += "\nchecks:\n";
  for (const CheckResult& check : report.checks)
    text += paint_prefix(
        wrap(fmt::format("  {} {} {}", "=======", pad_right(check.name, 15), check.message),
             kColumns, 26),
        "=======", paint.check(check.verdict));
  if (const std::string phases = phase_table(report); !phases.empty())
    text += "\nwhere the time went:\n" + phases;
  if (const std::string predicted = prediction_lines(report); !predicted.empty())
    text += "\nby the cluster's own settings:\n" + predicted;
  return text + "\n" + paint.dim(wrap(std::string(class_caveat()), kColumns, 0));
}

}  // namespace ernstfall
