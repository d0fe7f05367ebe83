// suite_console: a suite in 80 columns.
#include <fmt/core.h>

#include "harness/lang/messages.h"
#include "reports/suite_words.h"
#include "reports/text_width.h"
#include "reports/words.h"

namespace ernstfall {
namespace {

constexpr std::size_t kSuiteColumns = 80;

std::string_view colour_of(std::string_view css) {
  return css == "pass" ? "1;32" : css == "inconclusive" ? "1;33" : "1;31";
}

class SuiteConsole {
 public:
  SuiteConsole(const SuiteReport& report, bool colour, Language language)
      : r_(report), colour_(colour), l_(language) {}

  std::string text() const {
    std::string text = wrap(r_.title, kSuiteColumns, 0);
    text +=
        word({Msg::rr_seed, {r_.cluster, time_in(l_, r_.started_utc), std::to_string(r_.seed)}}) +
        "\n";
    text += painted(colour_, colour_of(suite_css(r_)), word(suite_word(r_))) + "\n";
    text += wrap(word(suite_headline(r_)), kSuiteColumns, 2);
    text += measure_table() + run_table() + "\n";
    for (const Text& remark : suite_remarks(r_))
      text += wrap("* " + word(remark), kSuiteColumns, 2);
    return text;
  }

 private:
  std::string word(const Text& text) const { return say(l_, text); }

  std::string run_line(const SuiteRunResult& run) const {
    std::string text = "  " + pad_right(r_.threshold ? run.level : fmt::format("{}", run.number),
                                        r_.threshold ? 12 : 4);
    text += pad_right(word(trial_text(run)), 16) + pad_right(word(outage_of(run)), 26);
    text += pad_right(word(error_rate_of(run)), 9) + word(p99_of(run)) + "\n";
    if (!run.why.empty()) text += wrap("      " + word(run.why), kSuiteColumns, 6);
    return text;
  }

  std::string run_table() const {
    if (r_.runs.empty()) return {};
    std::string text = "\n  " + pad_right(r_.threshold ? r_.threshold->vary : word(Msg::su_col_run),
                                          r_.threshold ? 12 : 4);
    text += pad_right("", 16) + pad_right(word(Msg::rr_cut_off), 26) +
            pad_right(word(Msg::su_col_bad), 9) + "p99\n";
    for (const SuiteRunResult* run : runs_by_level(r_)) text += run_line(*run);
    return text;
  }

  std::string measure_table() const {
    std::string text;
    for (const SuiteMeasure& measure : r_.measures) {
      if (measure.values.n == 0) continue;
      Text line(Msg::su_measure, {inner(measure_text(measure.name)), plain_number(measure.values.n),
                                  inner(measure_bound(measure, measure.values.min)),
                                  inner(measure_bound(measure, measure.values.median)),
                                  inner(measure_bound(measure, measure.values.max))});
      if (measure.values.missing > 0) {
        line.id = Msg::su_measure_missing;
        line.values.emplace_back(plain_number(measure.values.missing));
      }
      text += wrap("  " + word(line), kSuiteColumns, 6);
    }
    return text.empty() ? text : "\n" + text;
  }

  const SuiteReport& r_;
  bool colour_;
  Language l_;
};

}  // namespace

std::string render_suite_console(const SuiteReport& report, bool colour, Language language) {
  return SuiteConsole(report, colour, language).text();
}

}  // namespace ernstfall
