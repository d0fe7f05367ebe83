// metric_watch: instant queries by Prometheus's HTTP API, and the streak of wrong answers.
#include "harness/run/metric_watch.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/core/units.h"
#include "harness/history/kinds.h"

namespace ernstfall {
namespace {

using Json = nlohmann::json;

constexpr Nanos kAskPrometheusMax = std::chrono::seconds(2);

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string query_url(const PrometheusConfig& prometheus, const std::string& query) {
  std::string base = prometheus.url;
  while (!base.empty() && base.back() == '/') base.pop_back();
  return base + "/api/v1/query?query=" + percent_encoded(query);
}

// "value" of a series or of a scalar: [time, "text"]. NaN is no value.
std::optional<double> value_of(const Json& pair) {
  if (!pair.is_array() || pair.size() != 2 || !pair[1].is_string()) return std::nullopt;
  const auto& text = pair[1].get_ref<const std::string&>();
  const char* from = text.data() + (text.rfind('+', 0) == 0 ? 1 : 0);
  double value = 0;
  const auto [end, ec] = std::from_chars(from, text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || std::isnan(value))
    return std::nullopt;
  return value;
}

Result<std::optional<double>> worst_of(const Json& answer, const MetricCondition& condition) {
  const Json data = answer.value("data", Json::object());
  const std::string type = data.is_object() ? data.value("resultType", "") : "";
  const Json result = data.is_object() ? data.value("result", Json()) : Json();
  std::optional<double> worst;
  if (type == "scalar") {
    worst = value_of(result);
  } else if (type == "vector" && result.is_array()) {
    for (const Json& series : result) {
      const auto value =
          series.is_object() ? value_of(series.value("value", Json())) : std::nullopt;
      if (value && (!worst || (condition.above ? *value > *worst : *value < *worst))) worst = value;
    }
  } else {
    return fail(Errc::usage, "the query gives a {}; expected an instant vector or a scalar",
                type.empty() ? "result of no known type" : type);
  }
  return worst;
}

std::string limit_in_words(const MetricCondition& condition) {
  return fmt::format("{} {}", condition.above ? "above" : "below", condition.limit);
}

}  // namespace

Result<std::optional<double>> ask_metric(HttpEngine& http, const PrometheusConfig& prometheus,
                                         const MetricCondition& condition,
                                         const std::stop_token& stop) {
  HttpRequest request;
  request.url = query_url(prometheus, condition.query);
  request.timeout = kAskPrometheusMax;
  ERNSTFALL_TRY(const HttpResponse response, http.perform(std::move(request), stop));
  if (!response.completed())
    return fail_at(Errc::unreachable, prometheus.url, "Prometheus did not answer: {}",
                   response.error);
  try {
    const Json answer = Json::parse(response.body, nullptr, false);
    const std::string status = answer.is_object() ? answer.value("status", "") : "";
    if (status == "success" && response.status == 200) return worst_of(answer, condition);
    const std::string why = answer.is_object() ? answer.value("error", "") : "";
    // 400: it cannot be parsed; 422: it cannot be carried out.
    if (status == "error" && (response.status == 400 || response.status == 422))
      return fail_at(Errc::usage, condition.place, "Prometheus does not take the query: {}",
                     elide(why, 200));
    return fail_at(Errc::unreachable, prometheus.url, "HTTP {}{}", response.status,
                   why.empty() ? ", and no answer of a Prometheus" : ": " + elide(why, 200));
  } catch (const Json::exception& error) {
    return fail_at(Errc::unreachable, prometheus.url, "no answer of a Prometheus: {}",
                   error.what());
  }
}

Status check_metric(const PrometheusConfig& prometheus, const MetricCondition& condition,
                    const std::stop_token& stop) {
  const RunClock clock;
  ERNSTFALL_TRY(const auto http, HttpEngine::start(clock));
  if (const auto asked = ask_metric(*http, prometheus, condition, stop); !asked)
    return fail(asked.error().code, "the stop condition \"metric\" would be blind: {}",
                to_string(asked.error()));
  return {};
}

Result<std::unique_ptr<MetricWatch>> MetricWatch::start(const PrometheusConfig& prometheus,
                                                        const MetricCondition& condition,
                                                        HistoryWriter& history, SourceId run_source,
                                                        Progress& progress, Nanos period) {
  std::unique_ptr<MetricWatch> watch(
      new MetricWatch(prometheus, condition, history, run_source, progress));
  ERNSTFALL_TRY(watch->http_, HttpEngine::start(history.clock()));
  watch->thread_ = std::jthread([self = watch.get(), period](const std::stop_token& stop) {
    do {
      self->ask(stop);
    } while (sleep_until(Deadline::after(period), stop));
  });
  return watch;
}

void MetricWatch::ask(const std::stop_token& stop) {
  const TimeNs asked = history_.clock().now();
  const auto value = ask_metric(*http_, prometheus_, condition_, stop);
  if (stop.stop_requested()) return;
  if (!value)
    take(asked, std::nullopt, to_string(value.error()));
  else
    take(asked, *value, *value ? "" : "Prometheus has no data for it now");
}

void MetricWatch::take(TimeNs asked, std::optional<double> value, const std::string& why) {
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    changed = value.has_value() != known_;
    known_ = value.has_value();
    const bool wrong =
        value && (condition_.above ? *value > condition_.limit : *value < condition_.limit);
    if (!wrong) wrong_since_.reset();
    if (wrong && !wrong_since_) wrong_since_ = asked;
    trouble_.clear();
    if (wrong && Nanos(asked - *wrong_since_) >= condition_.lasts)
      trouble_ = fmt::format("metric: {} is {}, {} for {}", condition_.query, *value,
                             limit_in_words(condition_), format_duration(condition_.lasts));
  }
  if (!changed) return;
  const Json text{{"known", value.has_value()}, {"why", why}};
  (void)history_.append(Event{run_source_, history_.clock().now(), std::string(kinds::kMetric),
                              text.dump(-1, ' ', false, Json::error_handler_t::replace)});
  if (value)
    progress_.note("the stop condition \"metric\" has a value again");
  else
    progress_.warn("the stop condition \"metric\" is blind, and the run goes on: " + why);
}

std::string MetricWatch::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

}  // namespace ernstfall
