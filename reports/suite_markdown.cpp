// suite_markdown: suite.md and threshold.md.
#include <fmt/core.h>

#include "harness/lang/messages.h"
#include "reports/markup.h"
#include "reports/suite_words.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

class SuiteMarkdown {
 public:
  SuiteMarkdown(const SuiteReport& report, Language language) : r_(report), l_(language) {}

  std::string text() const {
    std::string text = fmt::format("# {}: {}\n\n", word(suite_word(r_)), escape_markdown(r_.title));
    text += fmt::format("**{}**\n\n", cell(suite_headline(r_)));
    text += word({Msg::rr_seed,
                  {escape_markdown(r_.cluster), time_in(l_, r_.started_utc),
                   std::to_string(r_.seed)}}) +
            " · " + escape_markdown(r_.suite_id) + "\n\n";
    if (r_.threshold) text += varied(*r_.threshold) + "\n\n";
    for (const Text& remark : suite_remarks(r_)) text += "* " + cell(remark) + "\n";
    return text + measures() + runs();
  }

 private:
  std::string word(const Text& text) const { return say(l_, text); }
  std::string cell(const Text& text) const { return escape_markdown(say(l_, text)); }

  std::string varied(const ThresholdReport& threshold) const {
    return word({threshold.more_is_worse ? Msg::su_varied_more : Msg::su_varied_less,
                 {escape_markdown(threshold.vary), escape_markdown(word(threshold.fault)),
                  word(threshold.log ? Msg::su_log : Msg::su_linear),
                  escape_markdown(threshold.resolution)}});
  }

  std::string measures() const {
    std::string rows;
    for (const SuiteMeasure& measure : r_.measures)
      rows += fmt::format("| {} | {} | {} | {} | {} | {} |\n", cell(measure_text(measure.name)),
                          measure.values.n, measure.values.missing,
                          word(measure_bound(measure, measure.values.min)),
                          word(measure_bound(measure, measure.values.median)),
                          word(measure_bound(measure, measure.values.max)));
    if (rows.empty()) return {};
    return fmt::format("\n## {}\n\n| | n | {} | {} | {} | {} |\n|---|---|---|---|---|---|\n",
                       word(Msg::su_numbers), word(Msg::su_col_without), word(Msg::su_col_min),
                       word(Msg::su_col_median), word(Msg::col_max)) +
           rows;
  }

  std::string runs() const {
    std::string text = fmt::format(
        "\n## {}\n\n| {} | {} | {} | {} | p99 | {} | {} | {} |\n"
        "|---|---|---|---|---|---|---|---|\n",
        word(Msg::su_runs), r_.threshold ? escape_markdown(r_.threshold->vary) : "n",
        word(Msg::col_outcome), word(Msg::rr_cut_off), word(Msg::su_col_bad_answers),
        word(Msg::su_col_lost), word(Msg::su_col_why), word(Msg::su_col_run));
    for (const SuiteRunResult* run : runs_by_level(r_))
      text += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n",
                          r_.threshold ? escape_markdown(run->level) : std::to_string(run->number),
                          word(trial_text(*run)), word(outage_of(*run)), word(error_rate_of(*run)),
                          word(p99_of(*run)), word(lost_of(*run)), cell(run->why),
                          escape_markdown(run->run_id));
    return text;
  }

  const SuiteReport& r_;
  Language l_;
};

}  // namespace

std::string render_suite_markdown(const SuiteReport& report, Language language) {
  return SuiteMarkdown(report, language).text();
}

}  // namespace ernstfall
