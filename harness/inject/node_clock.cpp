// node_clock: `date` on the node, between two readings of our own clock.
#include "harness/inject/node_clock.h"

#include <algorithm>
#include <charconv>

namespace ernstfall {
namespace {

std::int64_t our_steady_ns() {
  return std::chrono::duration_cast<Nanos>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Result<NodeClock> measure_node_clock(Remote& remote, int questions, Deadline deadline,
                                     const std::stop_token& stop) {
  NodeClock clock;
  for (int question = 0; question < questions; ++question) {
    const std::int64_t asked = our_steady_ns();
    ERNSTFALL_TRY(const std::string out, exec_ok(remote, {"date", "+%s%N"}, deadline, stop));
    const std::int64_t answered = our_steady_ns();
    const std::string_view digits = trim(out);
    std::int64_t node_ns = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), node_ns);
    if (ec != std::errc() || end != digits.data() + digits.size())
      return fail_at(Errc::protocol, remote.describe(), "date printed \"{}\"", elide(digits, 40));
    const bool first = question == 0;
    clock.ahead_min_ns =
        first ? node_ns - answered : std::max(clock.ahead_min_ns, node_ns - answered);
    clock.ahead_max_ns = first ? node_ns - asked : std::min(clock.ahead_max_ns, node_ns - asked);
    clock.round_trip_max = std::max(clock.round_trip_max, Nanos(answered - asked));
    if (clock.ahead_min_ns > clock.ahead_max_ns)
      return fail_at(Errc::protocol, remote.describe(), "the clock was set between two questions");
  }
  return clock;
}

}  // namespace ernstfall
