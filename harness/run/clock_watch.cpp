// clock_watch: a thread per node that mostly sleeps.
#include "harness/run/clock_watch.h"

#include <nlohmann/json.hpp>

#include "harness/history/kinds.h"

namespace ernstfall {
namespace {

constexpr Nanos kAskMax = std::chrono::seconds(20);  // scaled
// The shortest of them is kept: one that had to wait knows less.
constexpr int kQuestions = 5;

}  // namespace

ClockWatch::ClockWatch(const NodeSet& nodes, HistoryWriter& history, SourceId source, Nanos period)
    : nodes_(nodes), history_(history), source_(source), period_(period) {
  for (const Node& node : nodes_.cluster().nodes)
    if (Remote* remote = nodes_.remote(node.name))
      asked_[node.name].reader = std::make_unique<NodeClockReader>(*remote);
  for (auto& [node, asked] : asked_)
    threads_.emplace_back([this, name = node, where = &asked](const std::stop_token& stop) {
      watch(name, *where, stop);
    });
}

ClockWatch::~ClockWatch() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

void ClockWatch::ask_all(const std::string& why, Deadline deadline, const std::stop_token& stop) {
  std::vector<std::jthread> threads;
  for (auto& [node, asked] : asked_)
    threads.emplace_back(
        [&, name = node, where = &asked] { ask(name, *where, why, deadline, stop); });
}

void ClockWatch::ask_soon(const std::string& why) {
  const std::lock_guard lock(mutex_);
  ++round_;
  why_ = why;
  wake_.notify_all();
}

void ClockWatch::ask(const std::string& node, Asked& asked, const std::string& why,
                     Deadline deadline, const std::stop_token& stop) {
  const std::unique_lock<std::timed_mutex> lock(asked.mutex, deadline.time());
  if (!lock.owns_lock()) return;  // whoever asks it now says that it is silent
  const RunClock& clock = history_.clock();
  nlohmann::json text{{"node", node}, {"why", why}};
  const TimeNs began = clock.now();
  std::string_view kind = kinds::kClockAnswer;
  if (const auto reading = asked.reader->ask_best(kQuestions, deadline, stop)) {
    text["asked_ns"] = clock.at(reading->asked);
    text["answered_ns"] = clock.at(reading->answered);
    text["node_ns"] = reading->node_ns;
  } else {
    if (reading.error().code == Errc::cancelled) return;
    kind = kinds::kClockSilent;
    text["asked_ns"] = began;
    text["why"] = reading.error().what;
  }
  (void)history_.append(Event{source_, clock.now(), std::string(kind),
                              text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
}

void ClockWatch::watch(const std::string& node, Asked& asked, const std::stop_token& stop) {
  std::uint64_t seen = 0;
  while (!stop.stop_requested()) {
    std::string why = "every " + std::to_string(period_ / std::chrono::seconds(1)) + " s";
    {
      std::unique_lock lock(mutex_);
      const auto told = [&] { return round_ != seen; };
      wake_.wait_for(lock, stop, period_, told);
      if (told()) why = why_;
      seen = round_;
    }
    if (stop.stop_requested()) return;
    ask(node, asked, why, Deadline::after(nodes_.cluster().scaled(kAskMax)), stop);
  }
}

}  // namespace ernstfall
