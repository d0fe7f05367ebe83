// overview_chart: bars in pixels from the bottom and percent from the left, so that text keeps its
// size whatever the width of the page is.
#include "reports/overview_chart.h"

#include <fmt/core.h>

#include <algorithm>

#include "harness/core/text.h"
#include "harness/lang/messages.h"
#include "reports/markup.h"
#include "reports/overview_words.h"

namespace ernstfall {
namespace {

constexpr double kFloor = 138;           // y of the axis, px
constexpr double kPlot = 104;            // height of the tallest bar, px
constexpr double kBarsPercent = 84;      // of the width; the rest is for labels
constexpr double kSlotPercent = 9;       // the widest
constexpr std::size_t kMaxSigns = 24;    // more would overlap on a phone
constexpr std::size_t kMaxInWords = 12;  // for who cannot see it; more are read from the table
constexpr double kAllowedInScale = 2.5;  // times the tallest bar

class OutageChart {
 public:
  OutageChart(const OverviewScenario& row, Language language) : row_(row), l_(language) {
    for (const OverviewRun& run : row.runs) {
      any_ = any_ || run.outage.lower_ms.has_value();
      tallest_ms_ = std::max(tallest_ms_, top_of(run));
      // The newest run's limit: older ones may have had another.
      if (run.outage_allowed_ms) allowed_ms_ = run.outage_allowed_ms;
    }
    allowed_fits_ =
        allowed_ms_ && (tallest_ms_ <= 0 || *allowed_ms_ <= kAllowedInScale * tallest_ms_);
    scale_ms_ = std::max({tallest_ms_, allowed_fits_ ? *allowed_ms_ : 0.0, 1.0});
    slot_ = std::min(kBarsPercent / static_cast<double>(row.runs.size()), kSlotPercent);
  }

  std::string html() const {
    const std::string title = html_tag("h3", "", escape_html(say(l_, Msg::ov_chart)));
    if (!any_) return title + html_tag("p", "caption", escape_html(say(l_, Msg::ov_chart_none)));
    std::string marks =
        fmt::format("<line class=\"axis\" x1=\"0\" x2=\"100%\" y1=\"{0}\" y2=\"{0}\"/>", kFloor);
    marks += scale_lines();
    for (std::size_t i = 0; i < row_.runs.size(); ++i) marks += bar(i);
    return title +
           fmt::format(
               "<div class=\"chart\"><svg role=\"img\" aria-label=\"{}\">{}</svg>{}</div>{}",
               escape_html(in_words()), marks, ends(),
               html_tag("p", "caption", escape_html(legend())));
  }

 private:
  static double top_of(const OverviewRun& run) {
    return run.outage.upper_ms.value_or(run.outage.lower_ms.value_or(0));
  }
  double y_of(double ms) const { return kFloor - kPlot * std::min(ms / scale_ms_, 1.0); }

  std::string line_at(std::string_view css, double ms) const {
    const double y = y_of(ms);
    return fmt::format(
        "<line class=\"{0}\" x1=\"0\" x2=\"100%\" y1=\"{1:.1f}\" y2=\"{1:.1f}\"/><text x=\"99.4%\" "
        "y=\"{2:.1f}\" text-anchor=\"end\">{3}</text>",
        css, y, y - 4, escape_html(duration_in(l_, ms)));
  }

  std::string scale_lines() const {
    std::string lines;
    if (allowed_fits_) lines += line_at("allowed", *allowed_ms_);
    const bool apart = !allowed_fits_ || std::abs(y_of(tallest_ms_) - y_of(*allowed_ms_)) > 15;
    if (tallest_ms_ > 0 && apart) lines += line_at("top", tallest_ms_);
    return lines;
  }

  static std::string_view css_of(const OverviewRun& run) {
    if (!run.counts) return "out";
    return run.verdict == RunVerdict::violated ? "violated" : "pass";
  }
  static std::string_view sign_of(const OverviewRun& run) {
    if (!run.outage.lower_ms) return "?";
    if (run.verdict == RunVerdict::dirty) return "⚠";
    if (!run.outage.upper_ms && run.outage.observed) return "↑";
    if (!run.counts) return "?";
    return run.verdict == RunVerdict::violated ? "✕" : "✓";
  }
  std::string said_of(const OverviewRun& run) const {
    return fmt::format("{}: {} ({})", started_in(l_, run), outage_in(l_, run), verdict_in(l_, run));
  }

  std::string bar(std::size_t i) const {
    const OverviewRun& run = row_.runs[i];
    const double x = static_cast<double>(i) * slot_ + slot_ * 0.19;
    const double width = slot_ * 0.62;
    const double lower = run.outage.lower_ms.value_or(0);
    const double top = top_of(run);
    std::string shapes;
    const auto rect = [&](std::string_view more, double from_ms, double to_ms, double at_least) {
      const double height = std::max(y_of(from_ms) - y_of(to_ms), at_least);
      if (height > 0)
        shapes += fmt::format(
            "<rect class=\"{}{}\" x=\"{:.2f}%\" width=\"{:.2f}%\" y=\"{:.1f}\" height=\"{:.1f}\"/>",
            css_of(run), more, x, width, y_of(from_ms) - height, height);
    };
    if (run.outage.lower_ms) {
      rect("", 0, lower, 2);
      if (top > lower) rect(" open", lower, top, 0);
    }
    if (row_.runs.size() <= kMaxSigns)
      shapes += fmt::format(
          "<text class=\"sign\" x=\"{:.2f}%\" y=\"{:.1f}\" aria-hidden=\"true\">"
          "{}</text>",
          x + width / 2, std::min(y_of(top), kFloor - 2) - 5, sign_of(run));
    return fmt::format("<g><title>{}</title>{}</g>", escape_html(said_of(run)), shapes);
  }

  std::string in_words() const {
    std::vector<std::string> said;
    if (row_.runs.size() <= kMaxInWords)
      for (const OverviewRun& run : row_.runs) said.push_back(said_of(run));
    return say(l_, {Msg::ov_chart_alt,
                    {CountValue{row_.runs.size()},
                     said.empty() ? say(l_, Msg::ov_chart_see_table) : join(said, "; ")}});
  }

  std::string ends() const {
    return fmt::format(
        "<div class=\"ends\"><span>{}: {}</span><span>{}: {}</span></div>",
        escape_html(say(l_, Msg::ov_chart_oldest)), escape_html(started_in(l_, row_.runs.front())),
        escape_html(say(l_, Msg::ov_chart_newest)), escape_html(started_in(l_, row_.runs.back())));
  }

  std::string legend() const {
    std::string text = say(l_, Msg::ov_chart_legend);
    if (allowed_ms_)
      text += " " + say(l_, {allowed_fits_ ? Msg::ov_chart_allowed : Msg::ov_chart_allowed_above,
                             {DurationValue{*allowed_ms_}}});
    return text;
  }

  const OverviewScenario& row_;
  Language l_;
  bool any_ = false;
  double tallest_ms_ = 0;
  std::optional<double> allowed_ms_;
  bool allowed_fits_ = false;
  double scale_ms_ = 1;
  double slot_ = kSlotPercent;
};

}  // namespace

std::string overview_chart_shared() {
  return "<svg width=\"0\" height=\"0\" style=\"position:absolute\" aria-hidden=\"true\"><defs>"
         "<pattern id=\"out\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" "
         "patternTransform=\"rotate(45)\"><line class=\"hatch\" x1=\"0\" y1=\"0\" x2=\"0\" "
         "y2=\"5\"/></pattern></defs></svg>";
}

std::string overview_chart(const OverviewScenario& row, Language language) {
  return row.runs.size() < 2 ? std::string() : OutageChart(row, language).html();
}

}  // namespace ernstfall
