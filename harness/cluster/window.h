// window: a span of the week in which runs may begin: "Sat,Sun 22:00-06:00".
#pragma once

#include <array>
#include <ctime>
#include <string>

#include "harness/core/result.h"

namespace ernstfall {

struct Window {
  std::array<bool, 7> days{};  // of its begin; 0 is Sunday, as in std::tm
  int begin_minute = 0;        // of the day
  int end_minute = 0;          // not in it; at or before begin: on the next day
};

// "02:00-05:00", "Mon-Fri 01:00-04:00", "Sat,Sun 22:00-06:00". Errc::usage.
Result<Window> parse_window(const std::string& text);
bool contains(const Window& window, const std::tm& local);

}  // namespace ernstfall
