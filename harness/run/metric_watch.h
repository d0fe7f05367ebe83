// metric_watch: asks Prometheus once a second whether a value is on the wrong side of a limit.
//
// Only answers count: when Prometheus does not answer, or has no data, the run goes on and it is
// said, in the progress and in the history; a time without answers is a break in "for so long
// without a break".
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "harness/cluster/cluster.h"
#include "harness/history/history.h"
#include "harness/run/progress.h"
#include "harness/scenario/scenario.h"
#include "probes/http_engine.h"

namespace ernstfall {

// Of several series the one nearest to the wrong side; nullopt: no data. Errc::usage: Prometheus
// does not understand the query; Errc::unreachable: it did not answer, or not as Prometheus does.
Result<std::optional<double>> ask_metric(HttpEngine& http, const PrometheusConfig& prometheus,
                                         const MetricCondition& condition,
                                         const std::stop_token& stop);
// Before a run: it answers and understands the query. No data is fine: many queries have some only
// when something is wrong.
Status check_metric(const PrometheusConfig& prometheus, const MetricCondition& condition,
                    const std::stop_token& stop);

class MetricWatch {
 public:
  static Result<std::unique_ptr<MetricWatch>> start(const PrometheusConfig& prometheus,
                                                    const MetricCondition& condition,
                                                    HistoryWriter& history, SourceId run_source,
                                                    Progress& progress,
                                                    Nanos period = std::chrono::seconds(1));
  // Why the fault must end now; empty: it may go on.
  std::string trouble() const;

 private:
  MetricWatch(PrometheusConfig prometheus, MetricCondition condition, HistoryWriter& history,
              SourceId run_source, Progress& progress)
      : prometheus_(std::move(prometheus)),
        condition_(std::move(condition)),
        history_(history),
        run_source_(run_source),
        progress_(progress) {}
  void ask(const std::stop_token& stop);
  void take(TimeNs asked, std::optional<double> value, const std::string& why);

  const PrometheusConfig prometheus_;
  const MetricCondition condition_;
  HistoryWriter& history_;
  const SourceId run_source_;
  Progress& progress_;
  std::unique_ptr<HttpEngine> http_;
  mutable std::mutex mutex_;
  bool known_ = true;
  std::optional<TimeNs> wrong_since_;
  std::string trouble_;
  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace ernstfall
