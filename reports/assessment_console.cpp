// assessment_console: an assessment in 80 columns; answers before it explains.
#include <fmt/core.h>

#include <algorithm>

#include "reports/assessment_words.h"
#include "reports/text_width.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

constexpr std::size_t kAssessColumns = 80;

class AssessmentPage {
 public:
  AssessmentPage(const Assessment& assessment, Language language, bool colour)
      : a_(assessment), language_(language), colour_(colour) {}

  std::string text() const {
    return head() + single_points() + matrix() + rules() + gaps() + rest();
  }

 private:
  std::string paint(std::string_view code, std::string_view text) const {
    return painted(colour_, code, text);
  }
  std::string heading(const std::string& text) const { return "\n" + paint("1", text) + "\n"; }
  std::string_view colour_of(RuleState state) const {
    return state == RuleState::met ? "32" : state == RuleState::not_met ? "1;31" : "33";
  }

  std::string head() const {
    std::string_view code = "1;33";
    if (a_.cluster_class == ClusterClass::unsafe) code = "1;31";
    if (a_.cluster_class == ClusterClass::ha || a_.cluster_class == ClusterClass::data_ha)
      code = "1;32";
    std::string text = paint("1", say(language_, Msg::as_title, a_.cluster)) + "\n";
    text += say(language_, Msg::as_class) + ": " + paint(code, class_word(a_.cluster_class));
    if (a_.cluster_class == ClusterClass::unknown)
      text += " (" + say(language_, Msg::as_at_most, class_word(a_.at_most)) + ")";
    text += "\n" + wrap(class_meaning_in(language_, a_.cluster_class), kAssessColumns, 0);
    text += "\n" + wrap(say(language_, Msg::as_why) + ": " + why_in(language_, a_), kAssessColumns,
                        say(language_, Msg::as_why).size() + 2);
    text += wrap(runs_in(language_, a_), kAssessColumns, 2);
    return text + wrap(say(language_, Msg::as_target_label) + ": " + target_in(language_, a_),
                       kAssessColumns, 2);
  }

  std::string source(const RunRef& run) const { return fmt::format(" [{}]", run.folder); }

  std::string single_points() const {
    std::string text = heading(say(language_, Msg::as_single_points) + ":");
    if (a_.single_points.empty()) return text + "  " + no_single_points_in(language_, a_) + "\n";
    for (const SinglePoint& point : a_.single_points)
      text += wrap("  " + say(language_, point.why) + source(point.run), kAssessColumns, 4);
    return text;
  }

  std::string matrix() const {
    std::string text = heading(say(language_, Msg::as_faults) + ":");
    for (const NeedResult& result : a_.needs) {
      std::string how = outcome_in(language_, result.outcome);
      if (const std::string note = pair_note_in(language_, result); !note.empty())
        how += " (" + note + ")";
      if (const std::string cut = cut_off_in(language_, result); !cut.empty())
        how += " · " + say(language_, Msg::as_cut_off) + " " + cut;
      if (const std::string with = with_operator_in(language_, result); !with.empty())
        how += " · " + say(language_, Msg::as_with_operator) + " " + with;
      if (const std::string lost = files_lost_in(language_, result); !lost.empty())
        how += " · " + say(language_, Msg::as_lost) + " " + lost;
      if (!result.safe)
        how += " · " + say(language_, Msg::as_invariants) + " " + copies_in(language_, result);
      text += wrap("  " + pad_right(title_in(language_, result.need), 38) + " " + how,
                   kAssessColumns, 41);
    }
    return text;
  }

  // What is missing for many faults in the same way is said once, for all of them.
  static std::vector<Statement> grouped(const std::vector<Statement>& statements) {
    std::vector<Statement> shown;
    for (const Statement& statement : statements) {
      const Msg id = statement.text.id;
      const bool of_run = id == Msg::ev_unreadable;
      const bool joins = of_run || id == Msg::ev_no_run || id == Msg::ev_no_unattended_run ||
                         id == Msg::ev_left_out || id == Msg::ev_no_canary;
      const auto same = std::find_if(shown.begin(), shown.end(), [&](const Statement& other) {
        return joins && other.text.id == id &&
               (!of_run || other.run->folder == statement.run->folder);
      });
      if (same == shown.end()) {
        shown.push_back(statement);
        if (joins && !of_run) shown.back().run = std::nullopt;
        continue;
      }
      auto& titles = std::get<std::vector<Text>>(same->text.values.front());
      const Text& title = std::get<std::vector<Text>>(statement.text.values.front()).front();
      const bool known = std::any_of(titles.begin(), titles.end(), [&](const Text& other) {
        return say(Language::english, other) == say(Language::english, title);
      });
      if (!known) titles.push_back(title);
    }
    return shown;
  }

  // Everything that is not met or not tested; of what is met, how often, or by which way.
  std::string rules() const {
    std::string text = heading(say(language_, Msg::as_rules) + ":");
    for (const RuleResult& result : a_.rules) {
      const RuleEntry& entry = rule_entry(result.rule);
      const std::string state = state_in(language_, result.state);
      const std::string word = pad_right(state, 14);
      text += paint_prefix(wrap(fmt::format("  {} {}: {} ({})", "==============", entry.id,
                                            say(language_, entry.title),
                                            say(language_, Msg::as_needed_for,
                                                std::string(cluster_class_name(entry.needed)))),
                                kAssessColumns, 17),
                           "==============", paint(colour_of(result.state), word));
      std::size_t met = 0;
      const auto shown = grouped(result.statements);
      // One way of several is enough: then which one it was has to be read.
      const bool by_one_way = result.state == RuleState::met &&
                              std::any_of(shown.begin(), shown.end(), [](const Statement& other) {
                                return other.state != RuleState::met;
                              });
      for (const Statement& statement : shown) {
        if (statement.state == RuleState::met && !by_one_way) {
          ++met;
          continue;
        }
        const std::string_view sign = statement.state == RuleState::met       ? "✓ "
                                      : statement.state != RuleState::not_met ? "? "
                                      : by_one_way                            ? "– "
                                                                              : "✕ ";
        text += wrap(std::string(17, ' ') + std::string(sign) + say(language_, statement.text) +
                         (statement.run ? source(*statement.run) : ""),
                     kAssessColumns, 19);
      }
      if (met > 0)
        text +=
            wrap(std::string(17, ' ') + "✓ " + say(language_, {Msg::as_and_met, {CountValue{met}}}),
                 kAssessColumns, 19);
    }
    return text;
  }

  std::string gaps() const {
    std::string text;
    for (const NextClass& next : a_.next) {
      text +=
          heading(say(language_, Msg::as_next, std::string(cluster_class_name(next.value))) + ":");
      for (const Gap& gap : next.gaps) {
        text += wrap(fmt::format("  {}: {}", rule_entry(gap.rule).id, say(language_, gap.missing)),
                     kAssessColumns, 4);
        int number = 0;
        for (const GapOption& option : gap.options) {
          text += wrap(fmt::format("    {}. {}", ++number, say(language_, option.what)),
                       kAssessColumns, 7);
          text += wrap(fmt::format("       {}: {}", say(language_, Msg::as_trade_off),
                                   say(language_, option.trade_off)),
                       kAssessColumns, 7);
        }
      }
    }
    return text;
  }

  std::string rest() const {
    std::string text;
    if (!a_.left_out.empty()) text += heading(say(language_, Msg::as_left_out) + ":");
    for (const std::string& line : left_out_in(language_, a_))
      text += wrap("  " + line, kAssessColumns, 4);
    if (!a_.differences.empty()) {
      text += heading(say(language_, Msg::as_differences) + ":");
      for (const EnvironmentDifference& difference : a_.differences)
        text += wrap("  " + difference.key + ": " + difference.base, kAssessColumns, 4);
    }
    text += "\n";
    if (const std::string others = other_runs_in(language_, a_); !others.empty())
      text += wrap(others, kAssessColumns, 2);
    if (const std::string repeats = repeats_in(language_, a_); !repeats.empty())
      text += wrap(repeats, kAssessColumns, 2);
    return text;
  }

  const Assessment& a_;
  Language language_;
  bool colour_;
};

}  // namespace

std::string render_assessment_console(const Assessment& assessment, Language language,
                                      bool colour) {
  return AssessmentPage(assessment, language, colour).text();
}

}  // namespace ernstfall
