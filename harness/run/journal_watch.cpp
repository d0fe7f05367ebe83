// journal_watch: one stream per node, filtered here: a filter there would cost the node more.
#include "harness/run/journal_watch.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <span>

#include "harness/core/text.h"
#include "harness/history/kinds.h"

namespace ernstfall {
namespace {

using nlohmann::json;

constexpr Nanos kReadTick = std::chrono::milliseconds(500);
constexpr Nanos kOpenMax = std::chrono::seconds(30);  // scaled
constexpr Nanos kFirstBackoff = std::chrono::seconds(2);
constexpr Nanos kMaxBackoff = std::chrono::seconds(15);
constexpr std::size_t kMaxMessage = 300;
constexpr std::size_t kReplayed = 400;  // lines of this boot after a lost stream

std::string text_of(const json& line, const char* key) {
  const auto it = line.find(key);
  // Journald gives bytes that are no UTF-8 as a list of numbers.
  return it != line.end() && it->is_string() ? it->get<std::string>() : std::string();
}

std::optional<std::int64_t> micros_of(const json& line, const char* key) {
  const std::string text = text_of(line, key);
  if (text.empty() || text.size() > 18 ||
      !std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; }))
    return std::nullopt;
  return std::stoll(text);
}

bool contains_any(const std::string& text, std::span<const std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

// What a recovery is made of; everything else stays on the node.
bool tells(const std::string& message, const std::string& unit, bool kernel) {
  static constexpr std::array<std::string_view, 5> kKernel{"drbd", "EXT4-fs", "XFS", "BTRFS",
                                                           "Out of memory"};
  static constexpr std::array<std::string_view, 6> kPods{"NodeNotReady",         "NodeReady",
                                                         "TaintManager",         "taint-eviction",
                                                         "Observed pod startup", "is not ready"};
  if (kernel) return contains_any(message, kKernel);
  if (unit.empty()) return contains_any(message, kPods);
  static constexpr std::array<std::string_view, 5> kOthers{"ernstfall-", "user@", "session-",
                                                           "run-", "user-"};
  const bool ours = std::none_of(kOthers.begin(), kOthers.end(),
                                 [&](std::string_view p) { return unit.rfind(p, 0) == 0; });
  const auto ends = [&unit](std::string_view end) {
    return unit.size() > end.size() && unit.compare(unit.size() - end.size(), end.size(), end) == 0;
  };
  return ours && (ends(".service") || ends(".mount"));
}

}  // namespace

std::vector<std::string> journal_nodes(const Cluster& cluster, const Scenario& scenario) {
  std::set<std::string> wanted;
  // Whom a word means that only the running cluster can resolve is among the others.
  const auto add = [&](const std::string& on) {
    if (const auto names = resolve_targets(on, cluster))
      wanted.insert(names->begin(), names->end());
  };
  if (cluster.drbd) wanted.insert(cluster.drbd->nodes.begin(), cluster.drbd->nodes.end());
  if (scenario.attended)
    for (const OperatorStep& step : scenario.attended->steps) add(step.on);
  for (const FaultStep& fault : scenario.faults) add(fault.on);
  std::vector<std::string> names;
  for (const Node& node : cluster.nodes)
    if (wanted.count(node.name) > 0 || node.has_role("service") || node.has_role("control"))
      names.push_back(node.name);
  return names;
}

Argv journal_command(bool kubernetes, bool again) {
  Argv argv{
      "nice", "-n", "19",   "journalctl", "-q",
      "-f",   "-o", "json", "--no-pager", "--output-fields=MESSAGE,MESSAGE_ID,UNIT,_TRANSPORT"};
  if (again)
    argv.insert(argv.end(), {"-b", "-n", std::to_string(kReplayed)});
  else
    argv.insert(argv.end(), {"-n", "0"});
  argv.insert(argv.end(), {"SYSLOG_IDENTIFIER=systemd", "+", "_TRANSPORT=kernel"});
  if (kubernetes)
    argv.insert(argv.end(),
                {"+", "_SYSTEMD_UNIT=k3s.service", "+", "_SYSTEMD_UNIT=k3s-agent.service"});
  return argv;
}

std::optional<std::string> take_journal_line(std::string_view line) {
  const json entry = json::parse(line, nullptr, false);
  if (!entry.is_object()) return std::nullopt;
  const auto realtime = micros_of(entry, "__REALTIME_TIMESTAMP");
  const auto monotonic = micros_of(entry, "__MONOTONIC_TIMESTAMP");
  if (!realtime || !monotonic) return std::nullopt;
  const std::string message = text_of(entry, "MESSAGE");
  const std::string unit = text_of(entry, "UNIT");
  const bool kernel = text_of(entry, "_TRANSPORT") == "kernel";
  if (!tells(message, unit, kernel)) return std::nullopt;
  return json{{"realtime_us", *realtime},
              {"monotonic_us", *monotonic},
              {"boot", text_of(entry, "_BOOT_ID")},
              {"id", text_of(entry, "MESSAGE_ID")},
              {"unit", unit},
              {"kernel", kernel},
              {"message", elide(message, kMaxMessage)}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<std::unique_ptr<JournalWatch>> JournalWatch::start(const NodeSet& nodes,
                                                          HistoryWriter& history,
                                                          const std::vector<std::string>& names,
                                                          const std::set<std::string>& kubernetes) {
  std::unique_ptr<JournalWatch> watch(new JournalWatch(history));
  for (const std::string& name : names) {
    Remote* remote = nodes.remote(name);
    if (remote == nullptr) continue;
    ERNSTFALL_TRY(const SourceId source,
                  history.define_source({0, "journal@" + name, "node.journal", name, 0, 0}));
    watch->threads_.emplace_back(
        [self = watch.get(), remote, source, k3s = kubernetes.count(name) > 0,
         open_max = nodes.cluster().scaled(kOpenMax)](const std::stop_token& stop) {
          self->watch(*remote, source, k3s, open_max, stop);
        });
  }
  return watch;
}

JournalWatch::~JournalWatch() {
  for (std::jthread& thread : threads_) thread.request_stop();
}

void JournalWatch::watch(Remote& remote, SourceId source, bool kubernetes, Nanos open_max,
                         const std::stop_token& stop) {
  const auto record = [&](std::string_view kind, std::string text) {
    (void)history_.append(
        Event{source, history_.clock().now(), std::string(kind), std::move(text)});
  };
  const auto closed = [&](const std::string& why) {
    record(kinds::kJournalClosed,
           json{{"why", why}}.dump(-1, ' ', false, json::error_handler_t::replace));
  };
  // By boot, the clock of the last line: what is said again after a lost stream is not news.
  std::map<std::string, std::int64_t> heard;
  std::size_t lines = 0;
  bool again = false;
  std::string trouble;
  Nanos backoff = kFirstBackoff;
  while (!stop.stop_requested()) {
    auto stream = remote.stream({.argv = journal_command(kubernetes, again)},
                                Deadline::after(open_max), stop);
    if (stream) {
      record(kinds::kJournalOpen, "{}");
      const SteadyTime since = std::chrono::steady_clock::now();
      const std::map<std::string, std::int64_t> before = heard;
      again = true;
      while (!stop.stop_requested()) {
        const auto line = (*stream)->next_line(Deadline::after(kReadTick), stop);
        if (!line && line.error().code == Errc::timeout) continue;
        if (!line || !*line) {
          if (line || line.error().code != Errc::cancelled)
            closed(line ? "the command ended: " + (*stream)->summary() : line.error().what);
          break;
        }
        const auto taken = take_journal_line(**line);
        if (!taken) continue;
        const json fields = json::parse(*taken);
        const std::string boot = fields["boot"].get<std::string>();
        const auto at = fields["monotonic_us"].get<std::int64_t>();
        if (const auto old = before.find(boot); old != before.end() && at <= old->second) continue;
        heard[boot] = at;
        record(kinds::kJournalLine, *taken);
        if (++lines >= kMaxLines) return closed("more lines than are kept of one node");
      }
      if (std::chrono::steady_clock::now() - since > kMaxBackoff) backoff = kFirstBackoff;
      trouble.clear();
    } else if (stream.error().code == Errc::unsupported) {
      return closed(stream.error().what);
    } else if (stream.error().code != Errc::cancelled && trouble != stream.error().what) {
      // A node that stays away says so once.
      trouble = stream.error().what;
      closed(trouble);
    }
    (void)sleep_until(Deadline::after(backoff), stop);
    backoff = std::min(backoff * 2, kMaxBackoff);
  }
}

}  // namespace ernstfall
