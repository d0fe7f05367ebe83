// drbd_state: follows a node's DRBD through its event stream, and polls beside it to know that the
// stream is not deaf.
#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <system_error>
#include <thread>

#include "harness/history/kinds.h"
#include "probes/probe.h"
#include "probes/stream_monitor.h"

namespace ernstfall {
namespace drbd_state {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Nanos kReadTick = milliseconds(100);
constexpr Nanos kOpenTimeout = seconds(10);
constexpr Nanos kFirstBackoff = milliseconds(500);
constexpr Nanos kMaxBackoff = seconds(5);
constexpr std::size_t kMaxDumpBytes = 64U << 10U;
constexpr std::size_t kMaxLineBytes = 4096;
constexpr std::size_t kMaxDetailBytes = 200;

constexpr ParamSpec kParams[] = {
    {"grace", ParamValue::Kind::duration, "3s", false,
     "how long the stream may be behind a poll before it counts as deaf"},
};

struct Versions {
  std::string utils;
  std::string kernel;
};

Versions parse_versions(const std::string& out) {
  Versions versions;
  for (const std::string& line : split(out, '\n')) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string value(trim(std::string_view(line).substr(equals + 1)));
    if (line.compare(0, equals, "DRBDADM_VERSION") == 0) versions.utils = value;
    if (line.compare(0, equals, "DRBD_KERNEL_VERSION") == 0) versions.kernel = value;
  }
  return versions;
}

class DrbdStateProbe final : public Probe {
 public:
  DrbdStateProbe(HistoryWriter& history, Remote& remote, SourceId source, std::string resource,
                 Nanos timeout, Nanos grace)
      : history_(history),
        remote_(remote),
        source_(source),
        resource_(std::move(resource)),
        timeout_(timeout),
        monitor_(resource_, grace) {}
  ~DrbdStateProbe() override { stop(); }
  DrbdStateProbe(const DrbdStateProbe&) = delete;
  DrbdStateProbe& operator=(const DrbdStateProbe&) = delete;

  SourceId source() const override { return source_; }

  Status start() override {
    try {
      reader_ = std::jthread([this](const std::stop_token& stop) { read_streams(stop); });
      poller_ = std::jthread([this](const std::stop_token& stop) { answer_slots(stop); });
    } catch (const std::system_error& error) {
      return fail(Errc::io, "no thread to watch DRBD: {}", error.what());
    }
    return {};
  }

  void fire(TimeNs scheduled) override {
    {
      const std::lock_guard lock(mutex_);
      if (!slot_) {
        slot_ = scheduled;
        changed_.notify_all();
        return;
      }
    }
    const TimeNs now = history_.clock().now();
    (void)history_.append(Sample{source_, scheduled, now, now, Outcome::missed, 0,
                                 "the poll before has no answer yet"});
  }

  void stop() override {
    poller_.request_stop();
    if (poller_.joinable()) poller_.join();
    if (reader_.joinable()) {
      wait_until_settled();
      reader_.request_stop();
      reader_.join();
    }
  }

 private:
  // --- stream -----------------------------------------------------------------------------------

  void read_streams(const std::stop_token& stop) {
    Nanos backoff = kFirstBackoff;
    while (!stop.stop_requested()) {
      const SteadyTime begin = std::chrono::steady_clock::now();
      if (const auto stream = open_stream(stop)) follow(*stream, stop);
      const bool lasted = std::chrono::steady_clock::now() - begin > kOpenTimeout + kMaxBackoff;
      if (lasted) backoff = kFirstBackoff;
      (void)sleep_until(Deadline::after(backoff), stop);
      backoff = std::min(backoff * 2, kMaxBackoff);
    }
  }

  std::unique_ptr<LineStream> open_stream(const std::stop_token& stop) {
    const Deadline deadline = Deadline::after(kOpenTimeout);
    const auto version = remote_.exec({.argv = {"drbdadm", "--version"}}, deadline, stop);
    if (!version) return not_open(version.error());
    auto stream = remote_.stream(
        {.argv = {"drbdsetup", "events2", "--timestamps", "--statistics", resource_}}, deadline,
        stop);
    if (!stream) return not_open(stream.error());
    const Versions versions = parse_versions(version->out);
    const std::lock_guard lock(mutex_);
    trouble_.clear();
    const TimeNs now = record(kinds::kDrbdStreamOpen,
                              json{{"utils", versions.utils}, {"kernel", versions.kernel}}.dump(
                                  -1, ' ', false, json::error_handler_t::replace));
    monitor_.opened(now);
    return std::move(*stream);
  }

  // A node that stays away says so once, not twice a second.
  std::nullptr_t not_open(const Error& error) {
    if (error.code == Errc::cancelled) return nullptr;
    const std::lock_guard lock(mutex_);
    if (trouble_ != error.what) record_closed(error.what);
    trouble_ = error.what;
    return nullptr;
  }

  void follow(LineStream& stream, const std::stop_token& stop) {
    while (true) {
      const auto line = stream.next_line(Deadline::after(kReadTick), stop);
      const std::lock_guard lock(mutex_);
      std::optional<StreamStall> stall;
      if (line && *line) {
        const TimeNs now = record(kinds::kDrbdLine, elide(**line, kMaxLineBytes));
        stall = monitor_.line(now, **line);
      } else if (line || line.error().code != Errc::timeout) {
        if (!line && line.error().code == Errc::cancelled) return;
        monitor_.closed();
        record_closed(line ? "the command ended: " + stream.summary() : line.error().what);
        changed_.notify_all();
        return;
      }
      if (!stall) stall = monitor_.overdue(history_.clock().now());
      changed_.notify_all();
      if (!stall) continue;
      monitor_.closed();
      record(kinds::kDrbdStreamStalled,
                   json{{"since_ns", stall->since}, {"why", stall->why}}.dump(
                       -1, ' ', false, json::error_handler_t::replace));
      return;
    }
  }

  // A poll that disagreed just before the end must not stay undecided: the checks would trust a
  // stream that may be deaf.
  void wait_until_settled() {
    std::unique_lock lock(mutex_);
    const auto until = monitor_.unsettled_until();
    if (!until) return;
    changed_.wait_until(lock, history_.clock().steady(*until) + 5 * kReadTick,
                        [this] { return !monitor_.unsettled_until(); });
  }

  // --- polls ------------------------------------------------------------------------------------

  void answer_slots(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return slot_.has_value(); })) {
      const TimeNs scheduled = *slot_;
      lock.unlock();
      poll(scheduled, stop);
      lock.lock();
      slot_.reset();
    }
  }

  void poll(TimeNs scheduled, const std::stop_token& stop) {
    Sample sample{source_, scheduled, history_.clock().now(), 0, Outcome::failed, 0, {}};
    RemoteCommand command{.argv = {"drbdsetup", "events2", "--now", "--statistics", resource_}};
    command.max_output_bytes = kMaxDumpBytes;
    const auto result = remote_.exec(command, Deadline::after(timeout_), stop);
    const std::lock_guard lock(mutex_);
    sample.ended = history_.clock().now();
    if (!result) {
      if (result.error().code == Errc::timeout) sample.outcome = Outcome::timeout;
      if (result.error().code == Errc::cancelled) sample.outcome = Outcome::missed;
      sample.detail = result.error().what;
    } else if (!result->ok()) {
      sample.code = result->exit_code;
      sample.detail = result->summary();
    } else {
      take_dump(*result, sample);
    }
    sample.detail = elide(sample.detail, kMaxDetailBytes);
    (void)history_.append(sample);
  }

  void take_dump(const ExecResult& result, Sample& sample) {
    const auto state = parse_events2_dump(result.out, resource_);
    if (!state) {
      sample.detail = state.error().what;
      return;
    }
    if (state->observed()) sample.outcome = Outcome::ok;
    sample.detail = state->observed() ? state->summary() : "resource " + resource_ + " is not up";
    // Each one, a kilobyte: the last one of a run is what "converged" is judged by.
    (void)record(kinds::kDrbdPoll, result.out);
    monitor_.polled(sample.started, sample.ended, *state);
  }

  // --- history; mutex_ is held, so that times never run backwards
  // ------------------------------------

  TimeNs record(std::string_view kind, std::string text) {
    const TimeNs now = history_.clock().now();
    (void)history_.append(Event{source_, now, std::string(kind), std::move(text)});
    return now;
  }

  void record_closed(const std::string& why) {
    (void)record(kinds::kDrbdStreamClosed,
                 json{{"why", why}}.dump(-1, ' ', false, json::error_handler_t::replace));
  }

  HistoryWriter& history_;
  Remote& remote_;
  const SourceId source_;
  const std::string resource_;
  const Nanos timeout_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  StreamMonitor monitor_;
  std::optional<TimeNs> slot_;  // the poll that is asked, or about to be
  std::string trouble_;         // why the stream could not be opened, when that was recorded
  std::jthread reader_;
  std::jthread poller_;
};

bool runs_drbd(const Cluster& cluster, const Node& node) {
  return cluster.drbd && std::find(cluster.drbd->nodes.begin(), cluster.drbd->nodes.end(),
                                   node.name) != cluster.drbd->nodes.end();
}

Result<std::unique_ptr<Probe>> make_drbd_state(const ProbeContext& context, const ProbeSpec& spec,
                                               const Node* node) {
  if (node == nullptr || !runs_drbd(context.cluster, *node))
    return fail(Errc::usage, "{} does not run a DRBD resource of this cluster", spec.on);
  Remote* const remote = context.remote(node->name);
  if (remote == nullptr) return fail(Errc::usage, "{} cannot be reached by SSH", node->name);
  ERNSTFALL_TRY(const ParamValue grace, param_or_default(kParams, spec.params, "grace"));
  ERNSTFALL_TRY(const SourceId source, define_probe_source(context, spec, node));
  return std::make_unique<DrbdStateProbe>(
      context.history, *remote, source, context.cluster.drbd->resource, spec.timeout,
      context.cluster.scaled(Nanos(static_cast<std::int64_t>(grace.number))));
}

}  // namespace
}  // namespace drbd_state

extern const ProbeType kDrbdState;
const ProbeType kDrbdState{"drbd.state",
                           "DRBD's own event stream, with polls that prove it is complete",
                           drbd_state::kParams,
                           0.5,
                           std::chrono::seconds(5),
                           true,
                           drbd_state::make_drbd_state,
                           drbd_state::runs_drbd};

}  // namespace ernstfall
