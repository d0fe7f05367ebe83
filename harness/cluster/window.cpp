// window: parsing of days and hours.
#include "harness/cluster/window.h"

#include <algorithm>

#include "harness/core/text.h"

namespace ernstfall {
namespace {

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr int kMinutesOfDay = 24 * 60;

Result<std::size_t> day_of(std::string_view name) {
  const auto day = std::find(kDays.begin(), kDays.end(), name);
  if (day == kDays.end())
    return fail(Errc::usage, "\"{}\" is no day; expected Mon, Tue, Wed, Thu, Fri, Sat or Sun",
                name);
  return static_cast<std::size_t>(day - kDays.begin());
}

Result<int> minute_of(std::string_view text) {
  int hour = 0;
  int minute = 0;
  char colon = 0;
  char rest = 0;
  if (text.size() != 5 ||
      std::sscanf(std::string(text).c_str(), "%2d%c%2d%c", &hour, &colon, &minute, &rest) != 3 ||
      colon != ':' || hour < 0 || hour > 23 || minute < 0 || minute > 59)
    return fail(Errc::usage, "\"{}\" is no time of day; write it like 02:00", text);
  return hour * 60 + minute;
}

Status add_days(const std::string& text, Window& window) {
  for (const std::string& part : split(text, ',')) {
    const std::size_t dash = part.find('-');
    ERNSTFALL_TRY(std::size_t day, day_of(part.substr(0, dash)));
    std::size_t last = day;
    if (dash != std::string::npos) {
      ERNSTFALL_TRY(last, day_of(part.substr(dash + 1)));
    }
    for (;; day = (day + 1) % kDays.size()) {
      window.days.at(day) = true;
      if (day == last) break;
    }
  }
  return {};
}

}  // namespace

Result<Window> parse_window(const std::string& text) {
  Window window;
  const std::vector<std::string> words = split(trim(text), ' ');
  if (words.size() == 2) {
    ERNSTFALL_CHECK(add_days(words[0], window));
  } else if (words.size() == 1) {
    window.days.fill(true);
  } else {
    return fail(Errc::usage, "\"{}\" is no window; write it like \"Sat,Sun 02:00-05:00\"", text);
  }
  const std::string& hours = words.back();
  const std::size_t dash = hours.find('-');
  if (dash == std::string::npos)
    return fail(Errc::usage, "\"{}\" has no end; write it like 02:00-05:00", hours);
  ERNSTFALL_TRY(window.begin_minute, minute_of(std::string_view(hours).substr(0, dash)));
  ERNSTFALL_TRY(window.end_minute, minute_of(std::string_view(hours).substr(dash + 1)));
  return window;
}

bool contains(const Window& window, const std::tm& local) {
  const int now = local.tm_hour * 60 + local.tm_min;
  const auto today = static_cast<std::size_t>(local.tm_wday);
  const auto yesterday = (today + kDays.size() - 1) % kDays.size();
  const bool over_midnight = window.end_minute <= window.begin_minute;
  const int end = over_midnight ? kMinutesOfDay : window.end_minute;
  if (window.days.at(today) && now >= window.begin_minute && now < end) return true;
  return over_midnight && window.days.at(yesterday) && now < window.end_minute;
}

}  // namespace ernstfall
