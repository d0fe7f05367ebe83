// metric_watch_test: Prometheus's answers, right, wrong, empty and none at all.
#include "harness/run/metric_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "harness/history/kinds.h"
#include "tests/mocks/http_server.h"
#include "tests/mocks/sim_injection.h"
#include "tests/mocks/temp_folder.h"

namespace ernstfall {
namespace {

using mocks::HttpServer;
using ::testing::Contains;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

std::string vector_of(const std::vector<std::string>& values) {
  std::string series;
  for (const std::string& value : values)
    series += std::string(series.empty() ? "" : ",") +
              R"({"metric":{"node":"prod"},"value":[1795403525.123,")" + value + R"("]})";
  return R"({"status":"success","data":{"resultType":"vector","result":[)" + series + "]}}";
}

class MetricTest : public ::testing::Test {
 protected:
  void answers(const std::string& body, int status = 200) {
    const std::lock_guard lock(mutex_);
    answer_ = {status, body};
  }
  Result<std::optional<double>> ask() {
    const auto http = *HttpEngine::start(clock_);
    return ask_metric(*http, {server_.url("/prom/"), ""}, condition_, {});
  }
  std::unique_ptr<MetricWatch> watch() {
    return *MetricWatch::start({server_.url("/"), ""}, condition_, *history_, source_, progress_,
                               20ms);
  }
  // Until the watch says it, or for as long as `patience`.
  static std::string trouble_within(const MetricWatch& watch, Nanos patience) {
    const Deadline deadline = Deadline::after(patience);
    while (watch.trouble().empty() && !deadline.expired()) sleep_until(deadline.at_most(5ms), {});
    return watch.trouble();
  }
  std::vector<nlohmann::json> said() {
    EXPECT_TRUE(history_->close());
    std::vector<nlohmann::json> events;
    const auto history = read_history(folder_.path() / "history");
    for (const Event& event : history->events)
      if (event.kind == kinds::kMetric) events.push_back(nlohmann::json::parse(event.text));
    return events;
  }

  std::mutex mutex_;
  HttpServer::Answer answer_{200, vector_of({"1"})};
  HttpServer server_{[this](const HttpServer::Received&) {
    const std::lock_guard lock(mutex_);
    return answer_;
  }};
  MetricCondition condition_{"rate(x{a=\"b c\"}[1m]) > 0", true, 5, 100ms, "s.yaml:3:1"};
  const RunClock clock_;
  testing_support::TempFolder folder_;
  sim::QuietProgress progress_;
  std::unique_ptr<HistoryWriter> history_ =
      *HistoryWriter::create(folder_.path() / "history", "run", clock_);
  SourceId source_ = *history_->define_source({0, "run", "run", "", 0, 0});
};

TEST_F(MetricTest, AsksAnInstantQueryAndTakesTheWorstSeries) {
  answers(vector_of({"1", "7.5", "NaN", "-3"}));
  EXPECT_EQ(ask().value(), 7.5);
  condition_.above = false;
  EXPECT_EQ(ask().value(), -3);
  EXPECT_EQ(server_.received().front().target,
            "/prom/api/v1/query?query=rate%28x%7Ba%3D%22b%20c%22%7D%5B1m%5D%29%20%3E%200");
  answers(R"({"status":"success","data":{"resultType":"scalar","result":[1,"+Inf"]}})");
  EXPECT_GT(ask().value().value(), 1e300);
}

TEST_F(MetricTest, NoDataIsNoValueAndNoError) {
  for (const auto& body : {vector_of({}), vector_of({"NaN"})}) {
    answers(body);
    const auto value = ask();
    ASSERT_TRUE(value) << to_string(value.error());
    EXPECT_FALSE(value->has_value());
  }
}

TEST_F(MetricTest, AQueryThatCannotBeIsAUsageError) {
  answers(R"({"status":"error","errorType":"bad_data","error":"parse error: unclosed"})", 400);
  auto value = ask();
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, Errc::usage);
  EXPECT_THAT(value.error().what, HasSubstr("unclosed"));
  answers(R"({"status":"success","data":{"resultType":"matrix","result":[]}})");
  EXPECT_EQ(ask().error().code, Errc::usage);
}

TEST_F(MetricTest, WhoIsNoPrometheusDidNotAnswer) {
  for (const char* body : {"<html>", "[]", R"({"status":7})", R"({"status":"success"})"}) {
    answers(body);
    EXPECT_FALSE(ask()) << body;
  }
  answers(vector_of({"9"}), 503);
  EXPECT_EQ(ask().error().code, Errc::unreachable);
  const Status blind = check_metric({"http://127.0.0.1:1", ""}, condition_, {});
  ASSERT_FALSE(blind);
  EXPECT_EQ(blind.error().code, Errc::unreachable);
  EXPECT_THAT(blind.error().what, HasSubstr("blind"));
}

TEST_F(MetricTest, AWrongValueEndsTheFaultOnlyAfterItsTime) {
  condition_.lasts = 300ms;
  answers(vector_of({"6"}));
  const auto begun = std::chrono::steady_clock::now();
  const auto metric = watch();
  EXPECT_THAT(trouble_within(*metric, 10s), HasSubstr("is 6, above 5 for 300 ms"));
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 300ms);
}

TEST_F(MetricTest, AValueAtTheLimitIsRight) {
  answers(vector_of({"5"}));
  const auto metric = watch();
  EXPECT_EQ(trouble_within(*metric, 400ms), "");
}

// Never in silence, and never the end of a run by itself.
TEST_F(MetricTest, ABlindConditionIsSaidAndEndsNothing) {
  condition_.lasts = 0ms;
  answers("gone", 500);
  {
    const auto metric = watch();
    const Deadline deadline = Deadline::after(10s);
    while (progress_.warnings().empty() && !deadline.expired())
      sleep_until(deadline.at_most(5ms), {});
    EXPECT_EQ(metric->trouble(), "");
    answers(vector_of({"6"}));
    EXPECT_THAT(trouble_within(*metric, 10s), HasSubstr("above 5")) << "it looks again";
  }
  EXPECT_THAT(progress_.warnings(), Contains(HasSubstr("blind")));
  const auto events = said();
  ASSERT_EQ(events.size(), 2U) << "said once when it changes";
  EXPECT_EQ(events[0]["known"], false);
  EXPECT_THAT(events[0]["why"].get<std::string>(), HasSubstr("500"));
  EXPECT_EQ(events[1]["known"], true);
}

// Planted: wrong, then no data, then wrong again, never long enough without a break.
TEST_F(MetricTest, ATimeWithoutDataIsABreak) {
  std::atomic<int> count = 0;
  HttpServer flapping([&count](const HttpServer::Received&) {
    return HttpServer::Answer{200, ++count % 3 == 0 ? vector_of({}) : vector_of({"9"})};
  });
  condition_.lasts = 2s;
  const auto metric =
      *MetricWatch::start({flapping.url("/"), ""}, condition_, *history_, source_, progress_, 20ms);
  EXPECT_EQ(trouble_within(*metric, 3s), "");
  EXPECT_GT(count, 10);
}

}  // namespace
}  // namespace ernstfall
