// outage: a time without service, in words that promise no more than its bounds.
#include <fmt/core.h>

#include <cmath>

#include "harness/core/units.h"
#include "harness/lang/messages.h"

namespace ernstfall {
namespace {

// The middle is shown to a tenth of a second, so the margin grows by what rounding moved it, and is
// rounded up: the words must not promise more than the interval.
std::string interval(double lower_ms, double upper_ms) {
  const double middle = (lower_ms + upper_ms) / 2;
  const double half = (upper_ms - lower_ms) / 2;
  if (middle < 1000) return fmt::format("{:.0f} ms ± {:.0f} ms", middle, std::ceil(half + 0.5));
  const double shown = std::round(middle / 100) * 100;
  const double tenths = std::ceil((half + std::abs(shown - middle)) / 100 - 1e-9);
  return fmt::format(
      "{} ± {}", format_duration_ms(middle),
      tenths < 600 ? fmt::format("{:.1f} s", tenths / 10) : format_duration_ms(tenths * 100));
}

}  // namespace

std::string outage_in(Language language, const OutageValue& outage) {
  if (!outage.lower_ms) return say(language, Msg::unknown);
  if (!outage.upper_ms)
    return outage.observed ? say(language, {Msg::outage_open, {DurationValue{*outage.lower_ms}}})
                           : say(language, Msg::unknown);
  if (!outage.observed)
    return *outage.upper_ms > 0
               ? say(language, {Msg::outage_none_seen, {DurationValue{*outage.upper_ms}}})
               : say(language, Msg::outage_none);
  return figure_in(language, interval(*outage.lower_ms, *outage.upper_ms));
}

}  // namespace ernstfall
