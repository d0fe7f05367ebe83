// assessment_html: an assessment as one offline page, in the look of report.html, without scripts.
#include <fmt/core.h>

#include <filesystem>

#include "reports/assessment_words.h"
#include "reports/assets.h"
#include "reports/markup.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

// Colour is never alone: each state has its own sign and word.
std::string state_badge(Language language, RuleState state) {
  const std::string_view css = state == RuleState::met       ? "pass"
                               : state == RuleState::not_met ? "fail"
                                                             : "unknown";
  const std::string_view sign = state == RuleState::met       ? "✓"
                                : state == RuleState::not_met ? "✕"
                                                              : "?";
  return fmt::format("<span class=\"badge {}\"><b aria-hidden=\"true\">{}</b> {}</span>", css, sign,
                     state_in(language, state));
}

std::string outcome_badge_in(Language language, const NeedResult& result) {
  const NeedOutcome outcome = result.outcome;
  const RuleState state =
      outcome == NeedOutcome::served || outcome == NeedOutcome::by_itself   ? RuleState::met
      : outcome == NeedOutcome::untested || outcome == NeedOutcome::unclear ? RuleState::untested
                                                                            : RuleState::not_met;
  // Nobody asks a pair of faults whether users were served again.
  const bool fails = state == RuleState::not_met && !result.need.is_pair();
  const std::string_view css = state == RuleState::met ? "pass" : fails ? "fail" : "unknown";
  const std::string_view sign = state == RuleState::met       ? "✓"
                                : fails                       ? "✕"
                                : state == RuleState::not_met ? "–"
                                                              : "?";
  const std::string note = pair_note_in(language, result);
  return fmt::format("<span class=\"badge wide {}\"><b aria-hidden=\"true\">{}</b> {}</span>{}",
                     css, sign, outcome_in(language, outcome),
                     note.empty() ? "" : html_tag("div", "caption", escape_html(note)));
}

class AssessmentHtml {
 public:
  AssessmentHtml(const Assessment& assessment, Language language, std::filesystem::path base)
      : a_(assessment), l_(language), base_(std::move(base)) {}

  std::string body() const {
    return header() + single_points() + matrix() + rules() + gaps() + rest();
  }

 private:
  std::string word(Msg id) const { return escape_html(say(l_, id)); }
  std::string text(const Text& text) const { return escape_html(say(l_, text)); }
  std::string heading(Msg id) const { return html_tag("h2", "", word(id)); }

  // To the run's own page, or to its folder where it has none; relative where the folders are
  // together, so that both can be moved.
  std::string link(const RunRef& run, std::string_view label) const {
    const std::filesystem::path folder = run.folder;
    const std::filesystem::path page = run.has_page ? folder / "report.html" : folder;
    const std::filesystem::path relative = base_.empty() ? page : page.lexically_proximate(base_);
    return fmt::format("<a href=\"{}\">{}</a>", escape_html(relative.generic_string()),
                       escape_html(label.empty() ? std::string_view(run.run_id) : label));
  }

  std::string header() const {
    const std::string_view css = a_.cluster_class == ClusterClass::unsafe    ? "violated"
                                 : a_.cluster_class == ClusterClass::ha      ? "pass"
                                 : a_.cluster_class == ClusterClass::data_ha ? "pass"
                                 : a_.cluster_class == ClusterClass::unknown ? "inconclusive"
                                                                             : "between";
    std::string meaning = class_meaning_in(l_, a_.cluster_class);
    if (a_.cluster_class == ClusterClass::unknown)
      meaning += " (" + say(l_, Msg::as_at_most, class_word(a_.at_most)) + ")";
    const std::string html =
        html_tag("div", "brand", "<b>Ernstfall</b> " + escape_html(runs_in(l_, a_))) +
        html_tag("h1", "", text({Msg::as_title, {a_.cluster}})) +
        fmt::format(
            "<div class=\"verdicts\"><span class=\"verdict {}\">{}</span><span "
            "class=\"meaning\">{}</span></div>",
            css, class_word(a_.cluster_class), escape_html(meaning)) +
        html_tag("p", "why", escape_html(why_in(l_, a_))) +
        html_tag("p", "caption",
                 word(Msg::as_target_label) + ": " + escape_html(target_in(l_, a_)));
    return html_tag("header", "", html);
  }

  std::string single_points() const {
    std::string list;
    for (const SinglePoint& point : a_.single_points)
      list += fmt::format("<li>{} {}</li>", text(point.why), link(point.run, point.run.scenario));
    return html_tag("section", "points",
                    heading(Msg::as_single_points) +
                        (list.empty() ? html_tag("p", "", escape_html(no_single_points_in(l_, a_)))
                                      : "<ul>" + list + "</ul>"));
  }

  std::string matrix() const {
    std::string rows;
    for (const NeedResult& result : a_.needs) {
      std::string runs;
      for (const RunRef& run : result.runs)
        runs += (runs.empty() ? "" : ", ") + link(run, run.scenario);
      rows += fmt::format(
          "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>"
          "<td>{}</td></tr>",
          escape_html(title_in(l_, result.need)), outcome_badge_in(l_, result),
          escape_html(cut_off_in(l_, result)), escape_html(with_operator_in(l_, result)),
          escape_html(files_lost_in(l_, result)), copies_in(l_, result), runs);
    }
    return html_tag(
        "section", "matrix",
        heading(Msg::as_faults) +
            html_table(l_, say(l_, Msg::as_matrix_caption),
                       {Msg::as_fault, Msg::as_outcome, Msg::as_cut_off, Msg::as_with_operator,
                        Msg::as_lost, Msg::as_invariants, Msg::as_reports},
                       rows));
  }

  std::string rules() const {
    std::string html = heading(Msg::as_rules);
    for (const RuleResult& result : a_.rules) {
      const RuleEntry& entry = rule_entry(result.rule);
      std::string rows;
      for (const Statement& statement : result.statements)
        rows += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
                            state_badge(l_, statement.state), text(statement.text),
                            statement.run ? link(*statement.run, statement.run->scenario) : "");
      html += fmt::format(
          "<details class=\"rule\"{}><summary>{} <b>{}</b> {} <span class=\"caption\">{}: "
          "{}</span></summary>{}</details>",
          result.state == RuleState::met ? "" : " open", state_badge(l_, result.state), entry.id,
          word(entry.title), word(Msg::as_class),
          text({Msg::as_needed_for, {std::string(cluster_class_name(entry.needed))}}),
          html_table(l_, say(l_, Msg::as_evidence_caption, std::string(entry.id)),
                     {Msg::as_state, Msg::as_evidence, Msg::as_run}, rows));
    }
    return html_tag("section", "rules", html);
  }

  std::string gaps() const {
    std::string html;
    for (const NextClass& next : a_.next) {
      std::string part =
          html_tag("h2", "", text({Msg::as_next, {std::string(cluster_class_name(next.value))}}));
      for (const Gap& gap : next.gaps) {
        part += fmt::format("<h3>{} {}</h3><p>{}</p>", state_badge(l_, gap.state),
                            rule_entry(gap.rule).id, text(gap.missing));
        std::string options;
        for (const GapOption& option : gap.options)
          options +=
              fmt::format("<li>{}<br><span class=\"caption\">{}: {}</span></li>", text(option.what),
                          word(Msg::as_trade_off), text(option.trade_off));
        if (!options.empty()) part += "<ol>" + options + "</ol>";
      }
      html += html_tag("section", "next", part);
    }
    return html;
  }

  std::string rest() const {
    std::string html;
    std::string list;
    for (const std::string& line : left_out_in(l_, a_))
      list += "<li>" + escape_html(line) + "</li>";
    if (!list.empty()) html += heading(Msg::as_left_out) + "<ul>" + list + "</ul>";
    if (!a_.differences.empty()) {
      std::string rows;
      for (const EnvironmentDifference& difference : a_.differences)
        rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
                            escape_html(difference.key), escape_html(difference.base));
      html += heading(Msg::as_differences) + html_table(l_, say(l_, Msg::as_differences_about),
                                                        {Msg::as_setting, Msg::as_values}, rows);
    }
    for (const std::string& line : {other_runs_in(l_, a_), repeats_in(l_, a_)})
      if (!line.empty()) html += html_tag("p", "caption", escape_html(line));
    html += html_tag("p", "caption", word(Msg::as_runs_words));
    return html_tag("section", "limits", html);
  }

  const Assessment& a_;
  Language l_;
  std::filesystem::path base_;
};

}  // namespace

std::string render_assessment_html(const Assessment& assessment, Language language,
                                   const std::filesystem::path& where) {
  std::string html = html_head(class_word(assessment.cluster_class) + ": " +
                                   say(language, Msg::as_title, assessment.cluster),
                               language_code(language));
  html += "<style>";
  html += assets::kReportCss;
  html += "</style></head><body><main>" + AssessmentHtml(assessment, language, where).body() +
          "</main><footer>" + escape_html(say(language, Msg::as_loads_nothing)) +
          "</footer></body></html>\n";
  return html;
}

}  // namespace ernstfall
