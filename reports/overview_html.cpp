// overview_html: an overview as one offline page, in the look of report.html, without scripts: the
// matrix first, then one section per row, each on a page of its own when printed.
#include <fmt/core.h>

#include "harness/core/text.h"
#include "harness/lang/messages.h"
#include "reports/assets.h"
#include "reports/markup.h"
#include "reports/overview_chart.h"
#include "reports/overview_words.h"

namespace ernstfall {
namespace {

namespace fs = std::filesystem;

// Colour is never alone: each outcome has its own sign and word. None: a run that cannot be read.
std::string verdict_badge(std::optional<RunVerdict> verdict, const std::string& word) {
  std::string_view css = "unknown";
  std::string_view sign = "?";
  if (verdict == RunVerdict::pass) {
    css = "pass";
    sign = "✓";
  } else if (verdict == RunVerdict::violated) {
    css = "fail";
    sign = "✕";
  } else if (verdict == RunVerdict::dirty) {
    css = "dirty";
    sign = "⚠";
  }
  return fmt::format("<span class=\"badge {}\"><b aria-hidden=\"true\">{}</b> {}</span>", css, sign,
                     escape_html(word));
}

class OverviewHtml {
 public:
  OverviewHtml(const Overview& overview, Language language, fs::path where)
      : o_(overview),
        l_(language),
        where_(std::move(where)),
        anchors_(overview_anchors(overview)) {}

  std::string body() const {
    std::string html = overview_chart_shared() + header() + matrix();
    for (std::size_t i = 0; i < o_.scenarios.size(); ++i) html += section(i);
    return html + left_out() + clusters() + rest();
  }

 private:
  std::string word(Msg id) const { return escape_html(say(l_, id)); }

  std::string page_link(const OverviewRun& run, const std::string& label) const {
    return fmt::format("<a href=\"{}\">{}</a>", escape_html(link_to(run, where_)),
                       escape_html(label));
  }

  static std::string notes_html(const std::vector<std::string>& notes) {
    std::string html;
    for (const std::string& note : notes) html += html_tag("span", "note", escape_html(note));
    return html;
  }

  std::string header() const {
    std::string html = html_tag("div", "brand", "<b>Ernstfall</b>") +
                       html_tag("h1", "", escape_html(title_in(l_, o_)));
    if (const std::string span = span_in(l_, o_); !span.empty())
      html += html_tag("p", "span", escape_html(span));
    std::string meaning;
    for (const std::string& line : headline_in(l_, o_))
      meaning += "<p>" + escape_html(line) + "</p>";
    html += fmt::format(
        "<div class=\"verdicts\"><span class=\"verdict {}\">{}</span><div "
        "class=\"meaning\">{}</div>"
        "</div>",
        run_verdict_name(o_.outcome), escape_html(verdict_in(l_, o_.outcome)), meaning);
    if (const std::string alarm = dirty_alarm_in(l_, o_); !alarm.empty())
      html += html_tag("p", "alarm", "⚠ " + escape_html(alarm));
    std::string mixed;
    for (const std::string& line : mixed_in(l_, o_)) mixed += "<li>" + escape_html(line) + "</li>";
    if (!mixed.empty())
      html += html_tag("div", "alarm mixed",
                       html_tag("h2", "", word(Msg::ov_mixed)) + "<ul>" + mixed + "</ul>");
    return html_tag("header", "", html);
  }

  std::string name_of(const OverviewScenario& row) const {
    return escape_html(row_name_in(l_, o_, row));
  }

  // With the column's name, which a narrow page shows beside it.
  std::string cell_html(Msg column, const std::string& main, const std::vector<std::string>& notes,
                        std::string_view css = "n") const {
    return fmt::format(
        "<td role=\"cell\" class=\"{}\" data-label=\"{}\"><span class=\"main\">{}</span>"
        "{}</td>",
        css, word(column), main, notes_html(notes));
  }
  std::string cell_html(Msg column, const OverviewCell& cell) const {
    return cell_html(column, escape_html(cell.main), cell.notes);
  }

  // What tells rows of one scenario apart.
  std::vector<std::string> apart_in(const OverviewScenario& row) const {
    std::vector<std::string> notes;
    if (std::string version = row_version_in(l_, row); !version.empty())
      notes.push_back(std::move(version));
    if (o_.clusters.size() > 1) notes.push_back(cluster_name_in(l_, row.cluster));
    return notes;
  }

  std::string matrix_row(std::size_t i) const {
    const OverviewScenario& row = o_.scenarios[i];
    const OverviewCell outcome = outcome_in(l_, row);
    const OverviewRun& newest = newest_of(row);
    return fmt::format(
               "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\"><a "
               "href=\"#{}\">{}</a>{}</th>",
               anchors_[i], escape_html(row.scenario),
               notes_html(apart_in(row)) + notes_html(row_notes_in(l_, row))) +
           cell_html(Msg::ov_col_outcome, verdict_badge(row.outcome, outcome.main), outcome.notes) +
           cell_html(Msg::ov_col_fault, faults_in(l_, row)) +
           cell_html(Msg::ov_col_runs, counted_in(l_, row)) +
           cell_html(Msg::ov_col_outage, outage_in(l_, row)) +
           cell_html(Msg::ov_col_lost, lost_in(l_, row)) +
           cell_html(Msg::ov_col_redundancy, redundancy_in(l_, row)) +
           // What governs it is in the scenario's own section; here it would take five lines.
           cell_html(Msg::ov_col_largest, escape_html(largest_in(l_, row).main), {}) +
           cell_html(Msg::ov_col_class, class_in(l_, row)) +
           cell_html(Msg::ov_col_newest, page_link(newest, started_in(l_, newest)), {}) + "</tr>";
  }

  std::string matrix() const {
    if (o_.scenarios.empty()) return {};
    std::string rows;
    for (std::size_t i = 0; i < o_.scenarios.size(); ++i) rows += matrix_row(i);
    std::string html =
        html_table(l_, say(l_, Msg::ov_matrix_caption),
                   {Msg::ov_col_scenario, Msg::ov_col_outcome, Msg::ov_col_fault, Msg::ov_col_runs,
                    Msg::ov_col_outage, Msg::ov_col_lost, Msg::ov_col_redundancy,
                    Msg::ov_col_largest, Msg::ov_col_class, Msg::ov_col_newest},
                   rows);
    // Laid out as cards on a narrow page, it stays a table for who listens to it.
    const std::string plain = "<table>";
    html.replace(html.find(plain), plain.size(), "<table role=\"table\">");
    return "<section class=\"matrix\" id=\"matrix\">" + html_tag("h2", "", word(Msg::ov_matrix)) +
           html + "</section>";
  }

  std::string section(std::size_t i) const {
    const OverviewScenario& row = o_.scenarios[i];
    std::string html = "<h2>" + verdict_badge(row.outcome, verdict_in(l_, row.outcome)) + " " +
                       name_of(row) + "</h2>";
    for (const std::string& note : row_notes_in(l_, row))
      html += html_tag("p", "why", escape_html(note));
    html += facts(row) + changes(row) + overview_chart(row, l_) + runs(row) + phases(row) +
            checks(row) + around(row);
    html +=
        fmt::format("<p class=\"caption back\"><a href=\"#matrix\">{}</a></p>", word(Msg::ov_back));
    return fmt::format("<section class=\"page\" id=\"{}\">{}</section>", anchors_[i], html);
  }

  std::string facts(const OverviewScenario& row) const {
    std::string html;
    const auto fact = [&](Msg label, const std::string& value) {
      if (!value.empty())
        html += fmt::format("<dt>{}</dt><dd>{}</dd>", word(label), escape_html(value));
    };
    fact(Msg::ov_cause, row.cause);
    fact(Msg::ov_effect, row.effect);
    fact(Msg::ov_col_fault, one_line(faults_in(l_, row)));
    fact(Msg::ov_col_largest, one_line(largest_in(l_, row)));
    return "<dl>" + html + "</dl>";
  }

  std::string changes(const OverviewScenario& row) const {
    if (row.version_differences.empty()) return {};
    std::string rows;
    for (const EnvironmentDifference& difference : row.version_differences)
      rows +=
          fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>",
                      escape_html(difference.key), escape_html(say(l_, recorded(difference.base))),
                      escape_html(say(l_, recorded(difference.candidate))));
    return html_tag("h3", "", word(Msg::ov_version_changes)) +
           html_table(l_, say(l_, Msg::ov_version_changes_caption),
                      {Msg::ov_setting, Msg::ov_before, Msg::ov_now}, rows);
  }

  std::string runs(const OverviewScenario& row) const {
    std::string rows;
    for (auto run = row.runs.rbegin(); run != row.runs.rend(); ++run)
      rows += fmt::format(
          "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>"
          "<td>{}</td><td>{}</td></tr>",
          page_link(*run, run->run_id), escape_html(started_in(l_, *run)),
          verdict_badge(run->verdict, verdict_in(l_, *run)), escape_html(outage_in(l_, *run)),
          escape_html(lost_in(l_, *run)), escape_html(redundancy_in(l_, *run)), class_in(l_, *run),
          run->counts ? "" : escape_html(say(l_, run->why_not)));
    return html_tag("h3", "", word(Msg::ov_runs)) +
           html_table(
               l_, say(l_, Msg::ov_runs_caption, row.scenario),
               {Msg::ov_col_run, Msg::ov_col_started, Msg::ov_col_outcome, Msg::ov_col_outage,
                Msg::ov_col_lost, Msg::ov_col_redundancy, Msg::ov_col_class, Msg::ov_col_why_not},
               rows);
  }

  std::string phases(const OverviewScenario& row) const {
    if (row.phases.empty()) return {};
    std::string rows;
    for (const OverviewMeasure& phase : row.phases)
      rows += fmt::format(
          "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
          escape_html(say(l_, phase.name)), phase.values.n,
          escape_html(phase_in(l_, phase.values.min)),
          escape_html(phase_in(l_, phase.values.median)),
          escape_html(phase_in(l_, phase.values.max)));
    return html_tag("h3", "", word(Msg::ov_phases)) +
           html_table(l_, say(l_, Msg::ov_phases_caption),
                      {Msg::ov_col_phase, Msg::ov_col_n, Msg::ov_col_min, Msg::ov_col_median,
                       Msg::ov_col_max},
                      rows);
  }

  std::string finding(const OverviewScenario& row, const OverviewFinding& found) const {
    std::string evidence;
    for (const Evidence& item : found.evidence)
      evidence += "<li>" + escape_html(evidence_in(l_, item)) + "</li>";
    const OverviewRun& run = row.runs[found.run];
    return html_tag("div", "finding",
                    page_link(run, run.run_id) + ": " + escape_html(finding_in(l_, found)) +
                        (evidence.empty() ? "" : "<ul>" + evidence + "</ul>"));
  }

  std::string checks(const OverviewScenario& row) const {
    std::string html = html_tag("h3", "", word(Msg::ov_checks));
    if (row.counts.unreadable == row.runs.size())
      return html + html_tag("p", "", word(Msg::ov_checks_unread));
    if (row.checks.empty()) return html + html_tag("p", "", word(Msg::ov_checks_none));
    for (const OverviewCheck& check : row.checks) {
      const bool failed = check.failed > 0;
      std::string findings;
      for (const OverviewFinding& found : check.findings) findings += finding(row, found);
      const std::size_t more = check.failed + check.unknown - check.findings.size();
      if (more > 0)
        findings += html_tag("p", "finding",
                             escape_html(say(l_, {Msg::ov_findings_more, {CountValue{more}}})));
      html += fmt::format(
          "<details class=\"check\"{}><summary><span class=\"badge {}\"><b aria-hidden=\"true\">{}"
          "</b> {}</span><span class=\"message\">{}</span></summary>{}</details>",
          failed ? " open" : "", failed ? "fail" : "unknown", failed ? "✕" : "?",
          word(failed ? Msg::ov_check_fail : Msg::ov_check_unknown),
          escape_html(counts_in(l_, check)), findings);
    }
    return html;
  }

  std::string settings(const std::vector<EnvironmentDifference>& differences, std::size_t more,
                       const std::string& caption) const {
    std::string rows;
    for (const EnvironmentDifference& difference : differences)
      rows +=
          fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escape_html(difference.key),
                      escape_html(say(l_, recorded(difference.base))));
    std::string html = html_table(l_, caption, {Msg::ov_setting, Msg::ov_values}, rows);
    if (more > 0)
      html +=
          html_tag("p", "caption", escape_html(say(l_, {Msg::ov_and_more, {CountValue{more}}})));
    return html;
  }

  std::string around(const OverviewScenario& row) const {
    if (row.differences.empty()) return {};
    return html_tag("h3", "", word(Msg::ov_around)) +
           settings(row.differences, row.differences_more, say(l_, Msg::ov_around_caption));
  }

  std::string left_out() const {
    std::string html = html_tag("h2", "", word(Msg::ov_left_out));
    if (o_.left_out.empty())
      return html_tag("section", "limits page",
                      html + "<p>" + word(Msg::ov_left_out_none) + "</p>");
    std::string rows;
    for (const OverviewLeftOut& run : o_.left_out)
      rows += fmt::format(
          "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>", escape_html(run.run_id),
          run.scenario.empty() ? word(Msg::ov_scenario_unknown) : escape_html(run.scenario),
          escape_html(say(l_, run.why)));
    return html_tag(
        "section", "limits page",
        html + html_table(l_, say(l_, Msg::ov_left_out_caption),
                          {Msg::ov_col_run, Msg::ov_col_scenario, Msg::ov_col_why_not}, rows));
  }

  std::string clusters() const {
    std::string rows;
    std::string mixed;
    for (const OverviewCluster& cluster : o_.clusters) {
      const std::string name = cluster_name_in(l_, cluster.name);
      std::string versions;
      for (const std::string& version : versions_in(l_, cluster))
        versions += "<li>" + escape_html(version) + "</li>";
      rows += fmt::format(
          "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>", escape_html(name),
          escape_html(
              say(l_, {Msg::ov_of, {CountValue{cluster.counted}, CountValue{cluster.runs}}})),
          versions.empty() ? word(Msg::unknown) : "<ul>" + versions + "</ul>");
      if (!cluster.differences.empty())
        mixed += html_tag("h3", "", escape_html(name)) + settings(cluster.differences,
                                                                  cluster.differences_more,
                                                                  say(l_, Msg::ov_around_caption));
    }
    if (rows.empty()) return {};
    return html_tag("section", "clusters",
                    html_tag("h2", "", word(Msg::ov_clusters)) +
                        html_table(l_, say(l_, Msg::ov_clusters_caption),
                                   {Msg::ov_cluster, Msg::ov_col_runs, Msg::ov_versions}, rows) +
                        mixed);
  }

  std::string rest() const {
    std::string html;
    std::string list;
    for (const OverviewSuite& suite : o_.suites)
      list +=
          fmt::format("<li><a href=\"{}\">{}</a></li>",
                      escape_html(link_to(suite.page.empty() ? suite.folder : suite.page, where_)),
                      escape_html(fs::path(suite.folder).filename().string()));
    if (!list.empty()) html += html_tag("h2", "", word(Msg::ov_suites)) + "<ul>" + list + "</ul>";
    return html_tag("section", "limits", html + html_tag("p", "caption", word(Msg::ov_said)));
  }

  const Overview& o_;
  Language l_;
  fs::path where_;
  std::vector<std::string> anchors_;
};

}  // namespace

std::string render_overview_html(const Overview& overview, Language language,
                                 const std::filesystem::path& where) {
  std::string html =
      html_head(verdict_in(language, overview.outcome) + ": " + title_in(language, overview),
                language_code(language));
  html += "<style>";
  html += assets::kReportCss;
  html += assets::kOverviewCss;
  html += "</style></head><body><main class=\"overview\">" +
          OverviewHtml(overview, language, where).body() + "</main><footer>" +
          escape_html(say(language, Msg::ov_loads_nothing)) + "</footer></body></html>\n";
  return html;
}

}  // namespace ernstfall
