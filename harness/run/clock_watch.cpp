// clock_watch: a thread per node that mostly sleeps.
#include "harness/run/clock_watch.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "harness/history/kinds.h"

namespace ernstfall {
namespace {

constexpr Nanos kAskMax = std::chrono::seconds(20);  // scaled
// The service goes first.
const Argv& question() {
  static const Argv kQuestion{"nice", "-n", "19", "date", "+%s%N"};
  return kQuestion;
}

}  // namespace

std::set<std::string> polled_nodes(const Cluster& cluster, const Scenario& scenario) {
  std::set<std::string> polled;
  if (!cluster.drbd) return polled;
  for (const ProbeSpec& spec : scenario.probes) {
    if (spec.probe != "drbd.state") continue;
    const auto names = resolve_targets(spec.on, cluster);
    if (!names) continue;
    for (const std::string& node : cluster.drbd->nodes)
      if (std::find(names->begin(), names->end(), node) != names->end()) polled.insert(node);
  }
  return polled;
}

void ask_clock(Remote& remote, const std::string& node, const std::string& why,
               HistoryWriter& history, SourceId source, Deadline deadline,
               const std::stop_token& stop) {
  const RunClock& clock = history.clock();
  nlohmann::json text{{"node", node}, {"asked_ns", clock.now()}};
  const auto answer = exec_ok(remote, question(), deadline, stop);
  const TimeNs answered = clock.now();
  std::string_view kind = kinds::kClockSilent;
  if (answer) {
    const std::string_view said = trim(*answer);
    std::int64_t node_ns = 0;
    const auto [end, ec] = std::from_chars(said.data(), said.data() + said.size(), node_ns);
    if (ec == std::errc() && end == said.data() + said.size()) {
      kind = kinds::kClockAnswer;
      text["answered_ns"] = answered;
      text["node_ns"] = node_ns;
      text["why"] = why;
    } else {
      text["why"] = "date printed \"" + elide(said, 40) + "\"";
    }
  } else {
    if (answer.error().code == Errc::cancelled) return;
    text["why"] = answer.error().what;
  }
  (void)history.append(Event{source, answered, std::string(kind),
                             text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
}

ClockWatch::ClockWatch(const NodeSet& nodes, HistoryWriter& history, SourceId source,
                       std::set<std::string> polled, Nanos period)
    : nodes_(nodes),
      history_(history),
      source_(source),
      polled_(std::move(polled)),
      period_(period) {
  for (const Node& node : nodes_.cluster().nodes)
    threads_.emplace_back(
        [this, name = node.name](const std::stop_token& stop) { watch(name, stop); });
}

ClockWatch::~ClockWatch() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

void ClockWatch::ask_all(const std::string& why, Deadline deadline, const std::stop_token& stop) {
  std::vector<std::jthread> threads;
  for (const Node& node : nodes_.cluster().nodes)
    if (Remote* remote = nodes_.remote(node.name))
      threads.emplace_back([&, remote, name = node.name] {
        ask_clock(*remote, name, why, history_, source_, deadline, stop);
      });
}

void ClockWatch::ask_soon(const std::string& why) {
  const std::lock_guard lock(mutex_);
  ++round_;
  why_ = why;
  wake_.notify_all();
}

void ClockWatch::watch(const std::string& node, const std::stop_token& stop) {
  Remote* remote = nodes_.remote(node);
  if (remote == nullptr) return;
  std::uint64_t seen = 0;
  while (!stop.stop_requested()) {
    std::string why = "every " + std::to_string(period_ / std::chrono::seconds(1)) + " s";
    {
      std::unique_lock lock(mutex_);
      const auto told = [&] { return round_ != seen; };
      if (polled_.count(node) > 0)
        wake_.wait(lock, stop, told);
      else
        wake_.wait_for(lock, stop, period_, told);
      if (told()) why = why_;
      seen = round_;
    }
    if (stop.stop_requested()) return;
    ask_clock(*remote, node, why, history_, source_,
              Deadline::after(nodes_.cluster().scaled(kAskMax)), stop);
  }
}

}  // namespace ernstfall
