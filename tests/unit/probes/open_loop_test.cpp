// open_loop_test: a server that hangs delays no slot: the schedule keeps its grid, each slot has
// exactly one sample, and latencies count from the grid.
#include <algorithm>

#include "tests/mocks/http_server.h"
#include "tests/unit/probes/probe_testing.h"

namespace ernstfall {
namespace {

using mocks::HttpServer;
using probe_testing::ProbeBench;
using std::chrono::milliseconds;

constexpr double kRateHz = 50;
constexpr TimeNs kPeriodNs = 20 * kNsPerMs;
constexpr Nanos kTimeout = milliseconds(500);
constexpr std::size_t kTimeouts = 60;

// Slots whose question was asked while the one before was still without an answer.
std::size_t asked_while_waiting(const std::vector<Sample>& samples) {
  std::size_t count = 0;
  for (std::size_t i = 1; i < samples.size(); ++i)
    if (samples[i].outcome != Outcome::missed && samples[i - 1].outcome != Outcome::missed &&
        samples[i].started < samples[i - 1].ended)
      ++count;
  return count;
}

class OpenLoop : public ProbeBench {
 protected:
  // All samples of a run against a server that never answers, in order of schedule.
  std::vector<Sample> run_against_silence() {
    HttpServer::Answer silence;
    silence.fault = HttpServer::Answer::Fault::hang;
    HttpServer server([silence](const HttpServer::Received&) { return silence; });
    cluster_.service->url = server.url();
    const auto runner = start({spec("http.get", kRateHz, kTimeout)});
    EXPECT_TRUE(runner.has_value());
    EXPECT_TRUE(history_.wait_for([](const std::vector<Sample>& samples) {
      return std::count_if(samples.begin(), samples.end(), [](const Sample& sample) {
               return sample.outcome == Outcome::timeout;
             }) >= static_cast<std::ptrdiff_t>(kTimeouts);
    }));
    (*runner)->stop();
    std::vector<Sample> samples = recorded().samples;
    std::sort(samples.begin(), samples.end(),
              [](const Sample& a, const Sample& b) { return a.scheduled < b.scheduled; });
    return samples;
  }
};

TEST_F(OpenLoop, AServerThatHangsDelaysNoSlot) {
  const std::vector<Sample> samples = run_against_silence();
  ASSERT_GE(samples.size(), kTimeouts);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const Sample& sample = samples[i];
    // On the grid to the nanosecond, none left out, none twice.
    ASSERT_EQ(sample.scheduled, samples[0].scheduled + static_cast<TimeNs>(i) * kPeriodNs);
    EXPECT_GE(sample.started, sample.scheduled);
    if (sample.outcome == Outcome::missed) continue;
    EXPECT_EQ(sample.outcome, Outcome::timeout);
    EXPECT_GE(sample.ended - sample.scheduled, kTimeout.count());
  }
  // With 25 periods to the timeout nearly all of them; a closed loop has none.
  EXPECT_GE(asked_while_waiting(samples), kTimeouts / 2);
}

TEST_F(OpenLoop, AClosedLoopWouldBeSeen) {
  // Planted: each question waits for the answer before it.
  std::vector<Sample> closed(kTimeouts);
  for (std::size_t i = 0; i < closed.size(); ++i) {
    closed[i].started = static_cast<TimeNs>(i) * kTimeout.count();
    closed[i].ended = closed[i].started + kTimeout.count();
    closed[i].outcome = Outcome::timeout;
  }
  EXPECT_EQ(asked_while_waiting(closed), 0U);
}

}  // namespace
}  // namespace ernstfall
