// outage_bounds_test: a server is away for 3.000 s by its own clock, and what is reported from real
// probes at 10 Hz and at 100 Hz must contain the truth, within one period.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "probes/checks/rto.h"
#include "probes/checks/samples.h"
#include "tests/mocks/http_server.h"
#include "tests/unit/probes/probe_testing.h"

namespace ernstfall {
namespace {

using mocks::HttpServer;
using probe_testing::ProbeBench;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Nanos kAway = seconds(3);
constexpr Nanos kStable = milliseconds(500);

// How long the server was away, by its own readings of the steady clock around each switch.
struct Truth {
  TimeNs shortest = 0;
  TimeNs longest = 0;
};

// What this machine added around the switches, where it counts: slots fired late, answers that took
// time, slots not asked at all.
TimeNs slack_of(const std::vector<const Sample*>& samples, TimeNs period,
                const std::vector<TimeNs>& switches) {
  TimeNs late = 0;
  TimeNs took = 0;
  TimeNs missed = 0;
  for (const Sample* sample : samples) {
    const bool near = std::any_of(switches.begin(), switches.end(), [&](TimeNs at) {
      return std::abs(sample->scheduled - at) <= 5 * period;
    });
    if (!near) continue;
    if (sample->outcome == Outcome::missed) {
      missed += period;
      continue;
    }
    late = std::max(late, sample->started - sample->scheduled);
    took = std::max(took, sample->ended - sample->started);
  }
  return late + took + missed;
}

// Empty when the report is true and as narrow as it must be.
std::string complaint(const Outage& outage, const Truth& truth, TimeNs period, TimeNs slack) {
  if (!outage.upper_ns()) return "not recovered";
  const TimeNs lower = outage.lower_ns();
  const TimeNs upper = *outage.upper_ns();
  if (lower > truth.longest) return fmt::format("lower {} ms is too long", to_ms(lower));
  if (upper < truth.shortest) return fmt::format("upper {} ms is too short", to_ms(upper));
  const double off = std::abs(static_cast<double>(lower + upper) / 2 -
                              static_cast<double>(truth.shortest + truth.longest) / 2);
  const TimeNs allowed = period + slack + (truth.longest - truth.shortest);
  if (off > static_cast<double>(allowed))
    return fmt::format("off by {} ms, allowed are {}", off / 1e6, to_ms(allowed));
  if (upper - lower > 2 * (period + slack))
    return fmt::format("an interval of {} ms is too wide", to_ms(upper - lower));
  return "";
}

class OutageBounds : public ProbeBench {
 protected:
  OutageBounds() : server_([](const HttpServer::Received&) { return HttpServer::Answer{}; }) {
    cluster_.service->url = server_.url();
    scenario_.stable = kStable;
    scenario_.baseline = seconds(1);
  }

  // From baseline to stable again; false when the samples did not come.
  bool run_outage() {
    ProbeSpec slow = spec("http.get", 10, seconds(2));
    slow.id = "slow";
    ProbeSpec fast = spec("http.get", 100, seconds(2));
    fast.id = "fast";
    auto runner = start({slow, fast});
    if (!runner) return false;
    if (!good_for(clock_.now(), seconds(1))) return false;
    gone_ = server_.go_away();
    (void)sleep_until(Deadline::at(gone_.not_before + kAway), std::stop_token());
    back_ = server_.come_back();
    const bool recovered = good_for(clock_.at(back_.not_after), 2 * kStable);
    (*runner)->stop();
    return recovered;
  }

  Truth truth() const {
    return {(back_.not_before - gone_.not_after).count(),
            (back_.not_after - gone_.not_before).count()};
  }

  HttpServer server_;
  Scenario scenario_;
  HttpServer::Moment gone_;
  HttpServer::Moment back_;

 private:
  // Waits until each probe was good over `length` from `begin` on.
  bool good_for(TimeNs begin, Nanos length) {
    return history_.wait_for([&](const std::vector<Sample>& samples) {
      bool reached[2] = {false, false};
      for (const Sample& sample : samples)
        if (is_available(sample.outcome) && sample.started > begin + length.count())
          reached[sample.source] = true;
      return reached[0] && reached[1];
    });
  }
};

// A copy in which everything from `begin` on happened `by` later: a clock or a loop that drifts.
std::vector<Sample> shifted(const std::vector<const Sample*>& samples, TimeNs begin, TimeNs by) {
  std::vector<Sample> copy;
  for (const Sample* sample : samples) {
    copy.push_back(*sample);
    if (sample->scheduled < begin) continue;
    copy.back().scheduled += by;
    copy.back().started += by;
    copy.back().ended += by;
  }
  return copy;
}

std::vector<const Sample*> pointers(const std::vector<Sample>& samples) {
  std::vector<const Sample*> out;
  for (const Sample& sample : samples) out.push_back(&sample);
  return out;
}

TEST_F(OutageBounds, ContainThreeSecondsAtTenAndAtAHundredHertz) {
  ASSERT_TRUE(run_outage());
  const History history = recorded();
  ASSERT_EQ(history.sources.size(), 2U);
  const auto by_source = samples_by_source(history);
  const TimeNs effect = clock_.at(gone_.not_before);
  for (const Source& source : history.sources) {
    SCOPED_TRACE(source.name);
    const auto& samples = by_source[source.id];
    const TimeNs slack = slack_of(samples, source.period_ns, {effect, clock_.at(back_.not_before)});
    // With the fault's effect known, as in a run, and from the samples alone.
    for (const std::optional<TimeNs> from : {std::optional<TimeNs>(effect), {}}) {
      const ProbeOutages found = find_outages(samples, source, from, scenario_);
      ASSERT_EQ(found.outages.size(), 1U);
      const Outage& outage = found.outages[0];
      EXPECT_EQ(complaint(outage, truth(), source.period_ns, slack), "");
      ASSERT_TRUE(outage.upper_ns());
      std::cout << fmt::format(
          "{:3.0f} Hz{}: away {:.3f} ms, reported [{:.3f}, {:.3f}] ms, slack {:.3f} ms\n",
          1e9 / static_cast<double>(source.period_ns), from ? ", effect known" : "",
          to_ms(truth().longest), to_ms(outage.lower_ns()), to_ms(*outage.upper_ns()),
          to_ms(slack));
    }
    // Planted defects: half-way through the outage the samples' times jump.
    for (const TimeNs sign : {1, -1}) {
      const TimeNs by = sign * (4 * source.period_ns + 2 * slack);
      const auto wrong = shifted(samples, effect + kAway.count() / 2, by);
      const ProbeOutages found = find_outages(pointers(wrong), source, effect, scenario_);
      ASSERT_EQ(found.outages.size(), 1U);
      EXPECT_NE(complaint(found.outages[0], truth(), source.period_ns, slack), "");
    }
  }
}

}  // namespace
}  // namespace ernstfall
