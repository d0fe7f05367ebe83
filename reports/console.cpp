// console: the first screen of a report, 80 columns; answers before it explains.
#include <fmt/core.h>

#include <algorithm>

#include "harness/core/text.h"
#include "harness/core/units.h"
#include "harness/lang/messages.h"
#include "reports/render.h"
#include "reports/text_width.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

constexpr std::size_t kColumns = 80;

class Painter {
 public:
  Painter(bool colour, Language language) : colour_(colour), language_(language) {}
  std::string bold(std::string_view text) const { return paint("1", text); }
  std::string dim(std::string_view text) const { return paint("2", text); }
  std::string verdict(RunVerdict verdict) const {
    const std::string word = say(language_, verdict_text(verdict));
    switch (verdict) {
      case RunVerdict::pass:
        return paint("1;32", word);
      case RunVerdict::violated:
        return paint("1;31", word);
      case RunVerdict::inconclusive:
        return paint("1;33", word);
      case RunVerdict::dirty:
        return paint("1;37;41", word);
    }
    return {};
  }
  std::string check(Verdict verdict, std::size_t width) const {
    const Text text = verdict == Verdict::fail ? Text(Msg::check_fail_loud) : check_text(verdict);
    const std::string word = pad_right(say(language_, text), width);
    switch (verdict) {
      case Verdict::pass:
        return paint("32", word);
      case Verdict::fail:
        return paint("31", word);
      case Verdict::unknown:
        return paint("33", word);
    }
    return {};
  }

 private:
  std::string paint(std::string_view code, std::string_view text) const {
    return painted(colour_, code, text);
  }
  bool colour_;
  Language language_;
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
  if (limit.empty()) return line + "\n";
  line = pad_right(line, 58) + "  ";
  if (display_width(line) + display_width(limit) <= kColumns) return line + limit + "\n";
  while (line.back() == ' ') line.pop_back();
  return line + "\n" + std::string(27, ' ') + limit + "\n";
}

class RunConsole {
 public:
  RunConsole(const RunReport& report, bool colour, Language language)
      : report_(report), l_(language), paint_(colour, language) {}

  std::string text() const {
    std::string text = head() + "\n" + numbers() + "\n" + why();
    if (!report_.next_steps.empty()) {
      text += "\n" + word(Msg::rr_next) + "\n";
      for (std::size_t i = 0; i < report_.next_steps.size(); ++i)
        text += wrap(fmt::format("  {}. {}", i + 1, word(report_.next_steps[i])), kColumns, 5);
    }
    text += checks();
    if (const std::string phases = phase_table(); !phases.empty())
      text += "\n" + word(Msg::rr_time) + "\n" + phases;
    if (const std::string predicted = prediction_lines(); !predicted.empty())
      text += "\n" + word(Msg::rr_settings) + "\n" + predicted;
    return text + "\n" + paint_.dim(wrap(word(Msg::class_caveat), kColumns, 0));
  }

 private:
  std::string word(const Text& text) const { return say(l_, text); }

  std::string padded(const Text& text, std::size_t width) const {
    return pad_right(word(text), width);
  }

  std::string head() const {
    const std::string about =
        word({Msg::rr_seed,
              {report_.cluster, time_in(l_, report_.started_utc), std::to_string(report_.seed)}});
    return spread(paint_.bold(report_.title), display_width(report_.title), about) +
           spread(paint_.verdict(report_.verdict),
                  display_width(word(verdict_text(report_.verdict))),
                  word({Msg::rr_class, {class_word(report_.cluster_class)}}));
  }

  std::string allowed(const std::optional<double>& allowed_ms) const {
    if (!allowed_ms) return {};
    return word({Msg::rr_allowed, {inner(allowed_text(allowed_ms))}});
  }

  std::string numbers() const {
    std::string text = number_line(word(Msg::rr_cut_off), outage_in(l_, outage_value(report_.rto)),
                                   allowed(report_.rto_allowed_ms));
    text += number_line(word(Msg::rr_lost),
                        word(loss_text(report_.rpo)) + " (" + report_.evidence_level + ")",
                        word({Msg::rr_allowed, {CountValue{report_.lost_allowed}}}));
    if (report_.blocks)
      text += number_line(word(Msg::rr_blocks), word(loss_text(*report_.blocks)) + " (E5)",
                          report_.blocks->lost == 0 ? word(Msg::rr_below) : std::string());
    text += number_line(word(Msg::rr_redundancy), word(redundancy_text(report_)),
                        allowed(report_.redundancy_allowed_ms));
    if (report_.sibling) {
      const SiblingRun& sibling = *report_.sibling;
      text += number_line(
          "  " + word(sibling.attended ? Msg::rr_same_attended : Msg::rr_same_unattended),
          outage_in(l_, outage_value(sibling)), word(recovered_text(sibling.recovered_by)));
    }
    return text;
  }

  std::string why() const {
    std::string text = wrap(word({Msg::rr_why, {inner(report_.why)}}), kColumns, 5);
    if (!report_.journal_problem.empty())
      text += wrap(word({Msg::rr_dirty, {inner(report_.journal_problem)}}), kColumns, 7);
    if (!report_.aborted.empty())
      text += wrap(word({Msg::rr_aborted, {inner(recorded(report_.aborted))}}), kColumns, 9);
    return text;
  }

  std::string checks() const {
    const std::size_t width = l_ == Language::german ? 9 : 7;
    const std::string placeholder(width, '=');
    std::string text = "\n" + word(Msg::rr_checks) + "\n";
    for (const CheckResult& check : report_.checks)
      text += paint_prefix(wrap(fmt::format("  {} {} {}", placeholder, pad_right(check.name, 15),
                                            word(check.message)),
                                kColumns, width + 19),
                           placeholder, paint_.check(check.verdict, width));
    return text;
  }

  std::string phase_table() const {
    const std::size_t name_width = l_ == Language::german ? 22 : 21;
    std::string text;
    for (const PhaseSpan& phase : report_.phases) {
      if (phase.name == "baseline") continue;
      const std::string at = number_in(l_, to_seconds(phase.end), 1);
      std::string line = fmt::format("  {:>8} s {}{} {}", at, phase.unordered ? "~" : " ",
                                     padded(step_text(phase.name), name_width),
                                     pad_right("+" + word(took_text(phase)), 18));
      if (line.back() != ' ') line += ' ';
      text += line + elide(word(phase.proof), kColumns - 1 - display_width(line)) + "\n";
    }
    if (text.empty()) return text;
    if (std::any_of(report_.phases.begin(), report_.phases.end(),
                    [](const PhaseSpan& phase) { return phase.unordered; }))
      text += wrap("  ~ " + word(Msg::rr_swapped), kColumns, 4);
    if (const Text largest = largest_text(report_); !largest.empty())
      text += wrap("  " + word(largest), kColumns, 2);
    return text;
  }

  std::string prediction_lines() const {
    std::string text;
    for (const Prediction& prediction : report_.predictions) {
      if (!prediction.lower_ms) continue;
      text +=
          wrap("  " + padded(prediction.name, 31) + word(predicted_text(prediction)), kColumns, 33);
      if (!prediction.finding.empty()) text += wrap("  ! " + word(prediction.finding), kColumns, 4);
    }
    return text;
  }

  const RunReport& report_;
  Language l_;
  Painter paint_;
};

}  // namespace

std::string render_console(const RunReport& report, bool colour, Language language) {
  return RunConsole(report, colour, language).text();
}

}  // namespace ernstfall
