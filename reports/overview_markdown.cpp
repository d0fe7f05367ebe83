// overview_markdown: overview.md.
#include <fmt/core.h>

#include "harness/core/text.h"
#include "harness/lang/messages.h"
#include "reports/markup.h"
#include "reports/overview_words.h"

namespace ernstfall {
namespace {

namespace fs = std::filesystem;

class OverviewMarkdown {
 public:
  OverviewMarkdown(const Overview& overview, Language language, fs::path where)
      : o_(overview), l_(language), where_(std::move(where)) {}

  std::string text() const {
    std::string text = head() + mixed() + matrix();
    for (const OverviewScenario& row : o_.scenarios) text += section(row);
    return text + left_out() + clusters() + rest();
  }

 private:
  std::string word(Msg id) const { return escape_markdown(say(l_, id)); }
  static std::string cell(const OverviewCell& cell) { return escape_markdown(one_line(cell)); }

  std::string head_row(std::initializer_list<Msg> columns) const {
    std::string names = "|";
    std::string rule = "|";
    for (const Msg column : columns) {
      names += " " + word(column) + " |";
      rule += "---|";
    }
    return "\n" + names + "\n" + rule + "\n";
  }

  std::string link(const OverviewRun& run, const std::string& label) const {
    return fmt::format("[{}](<{}>)", escape_markdown(label), link_to(run, where_));
  }

  std::string head() const {
    std::string text =
        fmt::format("# {}: {}\n\n", verdict_in(l_, o_.outcome), escape_markdown(title_in(l_, o_)));
    if (const std::string span = span_in(l_, o_); !span.empty()) text += span + "\n\n";
    for (const std::string& line : headline_in(l_, o_)) text += escape_markdown(line) + "\n";
    if (const std::string alarm = dirty_alarm_in(l_, o_); !alarm.empty())
      text += "\n**" + escape_markdown(alarm) + "**\n";
    return text;
  }

  std::string mixed() const {
    std::string text;
    for (const std::string& line : mixed_in(l_, o_)) text += "* " + escape_markdown(line) + "\n";
    return text.empty() ? text : "\n## " + word(Msg::ov_mixed) + "\n\n" + text;
  }

  std::string name_of(const OverviewScenario& row) const {
    return escape_markdown(row_name_in(l_, o_, row));
  }

  std::string matrix() const {
    if (o_.scenarios.empty()) return {};
    std::string text =
        "\n## " + word(Msg::ov_matrix) + "\n" +
        head_row({Msg::ov_col_scenario, Msg::ov_col_fault, Msg::ov_col_outcome, Msg::ov_col_runs,
                  Msg::ov_col_outage, Msg::ov_col_lost, Msg::ov_col_redundancy, Msg::ov_col_largest,
                  Msg::ov_col_class, Msg::ov_col_newest});
    for (const OverviewScenario& row : o_.scenarios)
      text += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", name_of(row),
                          cell(faults_in(l_, row)), cell(outcome_in(l_, row)),
                          cell(counted_in(l_, row)), cell(outage_in(l_, row)),
                          cell(lost_in(l_, row)), cell(redundancy_in(l_, row)),
                          cell(largest_in(l_, row)), cell(class_in(l_, row)),
                          link(newest_of(row), started_in(l_, newest_of(row))));
    return text;
  }

  std::string section(const OverviewScenario& row) const {
    std::string text = fmt::format("\n## {}: {}\n\n", verdict_in(l_, row.outcome), name_of(row));
    for (const std::string& note : row_notes_in(l_, row)) text += escape_markdown(note) + "\n\n";
    if (!row.cause.empty())
      text += fmt::format("* {}: {}\n", word(Msg::ov_cause), escape_markdown(row.cause));
    if (!row.effect.empty())
      text += fmt::format("* {}: {}\n", word(Msg::ov_effect), escape_markdown(row.effect));
    return text + changes(row) + runs(row) + phases(row) + checks(row) + around(row);
  }

  std::string changes(const OverviewScenario& row) const {
    if (row.version_differences.empty()) return {};
    std::string text = "\n### " + word(Msg::ov_version_changes) + "\n" +
                       head_row({Msg::ov_setting, Msg::ov_before, Msg::ov_now});
    for (const EnvironmentDifference& difference : row.version_differences)
      text += fmt::format("| {} | {} | {} |\n", escape_markdown(difference.key),
                          escape_markdown(say(l_, recorded(difference.base))),
                          escape_markdown(say(l_, recorded(difference.candidate))));
    return text;
  }

  std::string runs(const OverviewScenario& row) const {
    std::string text = "\n### " + word(Msg::ov_runs) + "\n" +
                       head_row({Msg::ov_col_run, Msg::ov_col_started, Msg::ov_col_outcome,
                                 Msg::ov_col_outage, Msg::ov_col_lost, Msg::ov_col_redundancy,
                                 Msg::ov_col_class, Msg::ov_col_why_not});
    for (auto run = row.runs.rbegin(); run != row.runs.rend(); ++run)
      text += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", link(*run, run->run_id),
                          started_in(l_, *run), verdict_in(l_, *run),
                          escape_markdown(outage_in(l_, *run)), escape_markdown(lost_in(l_, *run)),
                          escape_markdown(redundancy_in(l_, *run)), class_in(l_, *run),
                          run->counts ? "" : escape_markdown(say(l_, run->why_not)));
    return text;
  }

  std::string phases(const OverviewScenario& row) const {
    if (row.phases.empty()) return {};
    std::string text = "\n### " + word(Msg::ov_phases) + "\n" +
                       head_row({Msg::ov_col_phase, Msg::ov_col_n, Msg::ov_col_min,
                                 Msg::ov_col_median, Msg::ov_col_max});
    for (const OverviewMeasure& phase : row.phases)
      text += fmt::format("| {} | {} | {} | {} | {} |\n", escape_markdown(say(l_, phase.name)),
                          phase.values.n, phase_in(l_, phase.values.min),
                          phase_in(l_, phase.values.median), phase_in(l_, phase.values.max));
    return text;
  }

  std::string checks(const OverviewScenario& row) const {
    if (row.checks.empty()) return {};
    std::string text = "\n### " + word(Msg::ov_checks) + "\n\n";
    for (const OverviewCheck& check : row.checks) {
      text += "* " + escape_markdown(counts_in(l_, check)) + "\n";
      for (const OverviewFinding& finding : check.findings) {
        text += fmt::format("  * {}: {}\n", escape_markdown(row.runs[finding.run].run_id),
                            escape_markdown(finding_in(l_, finding)));
        for (const Evidence& evidence : finding.evidence)
          text += "    * " + escape_markdown(evidence_in(l_, evidence)) + "\n";
      }
    }
    return text;
  }

  std::string around(const OverviewScenario& row) const {
    if (row.differences.empty()) return {};
    std::string text =
        "\n### " + word(Msg::ov_around) + "\n" + head_row({Msg::ov_setting, Msg::ov_values});
    for (const EnvironmentDifference& difference : row.differences)
      text += fmt::format("| {} | {} |\n", escape_markdown(difference.key),
                          escape_markdown(say(l_, recorded(difference.base))));
    return text + more(row.differences_more);
  }

  std::string more(std::size_t n) const {
    return n == 0 ? std::string()
                  : "\n" + escape_markdown(say(l_, {Msg::ov_and_more, {CountValue{n}}})) + "\n";
  }

  std::string left_out() const {
    std::string text = "\n## " + word(Msg::ov_left_out) + "\n\n";
    if (o_.left_out.empty()) return text + word(Msg::ov_left_out_none) + "\n";
    for (const OverviewLeftOut& run : o_.left_out)
      text += fmt::format(
          "* {} ({}): {}\n", escape_markdown(run.run_id),
          run.scenario.empty() ? word(Msg::ov_scenario_unknown) : escape_markdown(run.scenario),
          escape_markdown(say(l_, run.why)));
    return text;
  }

  std::string clusters() const {
    if (o_.clusters.empty()) return {};
    std::string text = "\n## " + word(Msg::ov_clusters) + "\n" +
                       head_row({Msg::ov_cluster, Msg::ov_col_runs, Msg::ov_versions});
    for (const OverviewCluster& cluster : o_.clusters)
      text += fmt::format(
          "| {} | {} | {} |\n", escape_markdown(cluster_name_in(l_, cluster.name)),
          say(l_, {Msg::ov_of, {CountValue{cluster.counted}, CountValue{cluster.runs}}}),
          escape_markdown(join(versions_in(l_, cluster), "; ")));
    for (const OverviewCluster& cluster : o_.clusters) {
      if (cluster.differences.empty()) continue;
      text += "\n" + escape_markdown(cluster_name_in(l_, cluster.name)) + ":\n" +
              head_row({Msg::ov_setting, Msg::ov_values});
      for (const EnvironmentDifference& difference : cluster.differences)
        text += fmt::format("| {} | {} |\n", escape_markdown(difference.key),
                            escape_markdown(say(l_, recorded(difference.base))));
      text += more(cluster.differences_more);
    }
    return text;
  }

  std::string rest() const {
    std::string text;
    if (!o_.suites.empty()) text += "\n## " + word(Msg::ov_suites) + "\n\n";
    for (const OverviewSuite& suite : o_.suites)
      text +=
          fmt::format("* [{}](<{}>)\n", escape_markdown(fs::path(suite.folder).filename().string()),
                      link_to(suite.page.empty() ? suite.folder : suite.page, where_));
    return text + "\n" + word(Msg::ov_said) + "\n";
  }

  const Overview& o_;
  Language l_;
  fs::path where_;
};

}  // namespace

std::string render_overview_markdown(const Overview& overview, Language language,
                                     const std::filesystem::path& where) {
  return OverviewMarkdown(overview, language, where).text();
}

}  // namespace ernstfall
