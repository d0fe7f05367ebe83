// assessment_markdown: an assessment for a wiki page or a merge request.
#include <fmt/core.h>

#include "reports/assessment_words.h"
#include "reports/markup.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

std::string md(Language language, const Text& text) {
  return escape_markdown(say(language, text));
}

std::string head_row(Language language, std::initializer_list<Msg> cells) {
  std::string names = "|";
  std::string line = "|";
  for (const Msg cell : cells) {
    names += " " + say(language, cell) + " |";
    line += "---|";
  }
  return names + "\n" + line + "\n";
}

std::string run_cell(const std::optional<RunRef>& run) {
  return run ? fmt::format("{} ({})", escape_markdown(run->folder), escape_markdown(run->scenario))
             : std::string();
}

std::string matrix_md(const Assessment& a, Language l) {
  std::string text =
      "\n## " + say(l, Msg::as_faults) + "\n\n" +
      head_row(l, {Msg::as_fault, Msg::as_outcome, Msg::as_cut_off, Msg::as_with_operator,
                   Msg::as_lost, Msg::as_invariants, Msg::as_reports});
  for (const NeedResult& result : a.needs) {
    const std::string note = pair_note_in(l, result);
    std::string runs;
    for (const RunRef& run : result.runs)
      runs += (runs.empty() ? "" : ", ") + escape_markdown(run.run_id);
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n",
                        escape_markdown(title_in(l, result.need)),
                        outcome_in(l, result.outcome) + (note.empty() ? "" : " (" + note + ")"),
                        cut_off_in(l, result), with_operator_in(l, result),
                        files_lost_in(l, result), copies_in(l, result), runs);
  }
  return text;
}

std::string rules_md(const Assessment& a, Language l) {
  std::string text = "\n## " + say(l, Msg::as_rules) + "\n";
  for (const RuleResult& result : a.rules) {
    const RuleEntry& entry = rule_entry(result.rule);
    text += fmt::format("\n### {}: {}\n\n{} ({}).\n\n", entry.id, state_in(l, result.state),
                        md(l, {entry.title, {}}),
                        say(l, Msg::as_needed_for, std::string(cluster_class_name(entry.needed))));
    text += head_row(l, {Msg::as_state, Msg::as_evidence, Msg::as_run});
    for (const Statement& statement : result.statements)
      text += fmt::format("| {} | {} | {} |\n", state_in(l, statement.state), md(l, statement.text),
                          run_cell(statement.run));
  }
  return text;
}

std::string gaps_md(const Assessment& a, Language l) {
  std::string text;
  for (const NextClass& next : a.next) {
    text += "\n## " + say(l, Msg::as_next, std::string(cluster_class_name(next.value))) + "\n";
    for (const Gap& gap : next.gaps) {
      text += fmt::format("\n**{}**: {}\n\n", rule_entry(gap.rule).id, md(l, gap.missing));
      for (const GapOption& option : gap.options)
        text += fmt::format("1. {}. {}: {}\n", md(l, option.what), say(l, Msg::as_trade_off),
                            md(l, option.trade_off));
    }
  }
  return text;
}

}  // namespace

std::string render_assessment_markdown(const Assessment& a, Language l) {
  std::string text = fmt::format("# {}: {}\n\n", escape_markdown(say(l, Msg::as_title, a.cluster)),
                                 class_word(a.cluster_class));
  text += escape_markdown(class_meaning_in(l, a.cluster_class));
  if (a.cluster_class == ClusterClass::unknown)
    text += " (" + say(l, Msg::as_at_most, class_word(a.at_most)) + ")";
  text += ".\n\n" + escape_markdown(why_in(l, a)) + "\n\n";
  text += fmt::format("* {}\n* {}: {}\n", runs_in(l, a), say(l, Msg::as_target_label),
                      escape_markdown(target_in(l, a)));
  text += "\n## " + say(l, Msg::as_single_points) + "\n\n";
  if (a.single_points.empty()) text += escape_markdown(no_single_points_in(l, a)) + "\n";
  for (const SinglePoint& point : a.single_points)
    text += fmt::format("* {}: {}\n", md(l, point.why), run_cell(point.run));
  text += matrix_md(a, l) + rules_md(a, l) + gaps_md(a, l);
  if (!a.left_out.empty()) text += "\n## " + say(l, Msg::as_left_out) + "\n\n";
  for (const std::string& line : left_out_in(l, a)) text += "* " + escape_markdown(line) + "\n";
  if (!a.differences.empty())
    text +=
        "\n## " + say(l, Msg::as_differences) + "\n\n" + say(l, Msg::as_differences_about) + "\n\n";
  for (const EnvironmentDifference& difference : a.differences)
    text += fmt::format("* {}: {}\n", escape_markdown(difference.key),
                        escape_markdown(difference.base));
  for (const std::string& line : {other_runs_in(l, a), repeats_in(l, a)})
    if (!line.empty()) text += "\n" + escape_markdown(line) + "\n";
  return text;
}

}  // namespace ernstfall
