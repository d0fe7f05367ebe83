// overview_console: an overview in 80 columns; answers before it explains.
#include <fmt/core.h>

#include "harness/core/text.h"
#include "harness/lang/messages.h"
#include "reports/overview_words.h"
#include "reports/text_width.h"

namespace ernstfall {
namespace {

constexpr std::size_t kOverviewColumns = 80;

class OverviewPage {
 public:
  OverviewPage(const Overview& overview, Language language, bool colour)
      : o_(overview), l_(language), colour_(colour) {}

  std::string text() const { return head() + mixed() + rows() + left_out() + rest(); }

 private:
  std::string paint(std::string_view code, std::string_view text) const {
    return painted(colour_, code, text);
  }
  std::string heading(Msg id) const { return "\n" + paint("1", say(l_, id) + ":") + "\n"; }
  static std::string_view colour_of(RunVerdict outcome) {
    switch (outcome) {
      case RunVerdict::pass:
        return "1;32";
      case RunVerdict::inconclusive:
        return "1;33";
      case RunVerdict::violated:
      case RunVerdict::dirty:
        break;
    }
    return "1;31";
  }

  std::string head() const {
    std::string text = paint("1", title_in(l_, o_));
    if (const std::string span = span_in(l_, o_); !span.empty()) text += " · " + span;
    text += "\n" + paint(colour_of(o_.outcome), verdict_in(l_, o_.outcome)) + "\n";
    for (const std::string& line : headline_in(l_, o_)) text += wrap(line, kOverviewColumns, 0);
    if (const std::string alarm = dirty_alarm_in(l_, o_); !alarm.empty())
      text += wrap("! " + alarm, kOverviewColumns, 2);
    return text;
  }

  std::string mixed() const {
    std::string text;
    for (const std::string& line : mixed_in(l_, o_)) text += wrap("  " + line, kOverviewColumns, 4);
    return text.empty() ? text : heading(Msg::ov_mixed) + text;
  }

  std::string line(Msg label, const std::string& value) const {
    return wrap("    " + say(l_, label) + ": " + value, kOverviewColumns, 6);
  }

  // What held needs no more; the page has it all.
  std::string in_short(const OverviewScenario& row) const {
    const auto part = [this](Msg label, const OverviewCell& cell) {
      return say(l_, label) + ": " + cell.main;
    };
    return wrap("    " + join(std::vector<std::string>{part(Msg::ov_col_outage, outage_in(l_, row)),
                                                       part(Msg::ov_col_lost, lost_in(l_, row)),
                                                       part(Msg::ov_col_class, class_in(l_, row)),
                                                       part(Msg::ov_col_runs, counted_in(l_, row))},
                              " · "),
                kOverviewColumns, 6);
  }

  std::string row(const OverviewScenario& row) const {
    const std::string verdict = verdict_in(l_, row.outcome);
    const std::string name = row_name_in(l_, o_, row);
    std::string text =
        "\n" + paint_prefix(wrap("  ========== " + name, kOverviewColumns, 4),
                            "==========", paint(colour_of(row.outcome), pad_right(verdict, 14)));
    if (row.outcome == RunVerdict::pass) return text + in_short(row);
    text += wrap("    " + one_line(faults_in(l_, row)), kOverviewColumns, 6);
    text += line(Msg::ov_col_runs,
                 counted_in(l_, row).main + " (" + join(outcome_in(l_, row).notes, ", ") + ")");
    text += line(Msg::ov_col_outage, one_line(outage_in(l_, row)));
    text += line(Msg::ov_col_lost, one_line(lost_in(l_, row)));
    text += line(Msg::ov_col_redundancy, one_line(redundancy_in(l_, row)));
    text += line(Msg::ov_col_largest, one_line(largest_in(l_, row)));
    text += line(Msg::ov_col_class, one_line(class_in(l_, row)));
    for (const OverviewCheck& check : row.checks)
      text += wrap("    " + counts_in(l_, check) + ". " + finding_in(l_, check.findings.front()),
                   kOverviewColumns, 6);
    return text + line(Msg::ov_col_newest, newest_of(row).folder);
  }

  std::string rows() const {
    std::string text;
    if (!o_.scenarios.empty()) text += heading(Msg::ov_matrix);
    for (const OverviewScenario& scenario : o_.scenarios) text += row(scenario);
    return text;
  }

  std::string left_out() const {
    if (o_.left_out.empty()) return "\n" + say(l_, Msg::ov_left_out_none) + "\n";
    std::string text = heading(Msg::ov_left_out);
    for (const OverviewLeftOut& run : o_.left_out)
      text += wrap("  " + run.run_id + ": " + say(l_, run.why), kOverviewColumns, 4);
    return text;
  }

  std::string rest() const {
    std::string text;
    for (const OverviewCluster& cluster : o_.clusters)
      text += wrap(
          "  " + cluster_name_in(l_, cluster.name) + ": " + join(versions_in(l_, cluster), "; "),
          kOverviewColumns, 4);
    if (!text.empty()) text = heading(Msg::ov_clusters) + text;
    if (!o_.suites.empty()) text += heading(Msg::ov_suites);
    for (const OverviewSuite& suite : o_.suites) text += "  " + suite.folder + "\n";
    return text;
  }

  const Overview& o_;
  Language l_;
  bool colour_;
};

}  // namespace

std::string render_overview_console(const Overview& overview, Language language, bool colour) {
  return OverviewPage(overview, language, colour).text();
}

}  // namespace ernstfall
