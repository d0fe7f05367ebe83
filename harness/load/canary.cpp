// canary: one thread that follows the volume from stretch to stretch, and the reading back.
#include "harness/load/canary.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <limits>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "harness/history/kinds.h"
#include "harness/load/group_sync.h"

namespace ernstfall {
namespace {

using nlohmann::json;

constexpr Nanos kReadTick = std::chrono::milliseconds(100);
constexpr std::size_t kMaxWhyBytes = 200;
// Later files are made while the cluster recovers.
constexpr std::uint64_t kLaterShare = 4;
constexpr int kMaxFirstRounds = 3;
constexpr Nanos kLifetimeMargin = std::chrono::minutes(2);

class LiveCanary final : public BlockCanary {
 public:
  LiveCanary(HistoryWriter& history, std::vector<CanaryNode> nodes, CanaryPlace place,
             const LoadSpec& spec, const CanarySettings& settings, std::uint64_t blocks,
             SourceId source)
      : history_(history),
        nodes_(std::move(nodes)),
        place_(std::move(place)),
        period_(std::llround(1e9 / spec.rate_hz)),
        settings_(settings),
        blocks_(blocks),
        source_(source),
        sync_(history) {}
  LiveCanary(const LiveCanary&) = delete;
  LiveCanary& operator=(const LiveCanary&) = delete;
  ~LiveCanary() override { stop(); }

  Status begin(const std::stop_token& stop) {
    ERNSTFALL_CHECK(sync_.start());
    thread_ = std::jthread([this](const std::stop_token& own) { follow(own); });
    const Deadline deadline = Deadline::after(settings_.begin);
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, stop, deadline.time(),
                        [this] { return !files_.empty() || rounds_ >= kMaxFirstRounds; });
    if (!files_.empty()) return {};
    if (stop.stop_requested()) return fail(Errc::cancelled, "stopped while the canary began");
    std::string why;
    for (const auto& [node, trouble] : trouble_)
      why += fmt::format("{}{}: {}", why.empty() ? "" : "; ", node, trouble);
    return fail(Errc::refused, "the block canary could not begin: {}",
                why.empty() ? "no node answered in time" : why);
  }

  void pause() override {
    std::unique_lock lock(mutex_);
    paused_ = true;
    stretch_stop_.request_stop();
    changed_.notify_all();
    changed_.wait(lock, [this] { return !writing_; });
  }

  void resume() override {
    const std::lock_guard lock(mutex_);
    paused_ = false;
    changed_.notify_all();
  }

  void stop() override {
    pause();
    if (thread_.joinable()) {
      thread_.request_stop();
      thread_.join();
    }
    if (const auto flushed = sync_.stop(); !flushed) note_error(flushed.error());
  }

  Status audit(Deadline deadline, const std::stop_token& stop) override;

  Status cleanup(Deadline deadline, const std::stop_token& stop) override {
    return remove_canary(nodes_, place_, deadline, stop);
  }

 private:
  struct Written {
    CanaryFile file;
    int stretch = 0;
  };

  void follow(const std::stop_token& stop);
  bool may_write(const std::stop_token& stop);
  bool write_stretch(const CanaryNode& node, const std::stop_token& stop);
  std::string take_lines(LineStream& stream, const CanaryNode& node, const CanaryFile& file,
                         const std::stop_token& stop);
  void take_ack(const CanaryAck& ack);
  // Errc::unreachable and the like: the node says nothing. Errc::refused: not mounted there.
  // Errc::corrupt: mounted, and not all of it can be read.
  Status read_back(const CanaryNode& node, const std::vector<Written>& written, int round,
                   Deadline deadline, const std::stop_token& stop);

  void event(std::string_view kind, const json& fields) {
    note(history_.append(Event{source_, history_.clock().now(), std::string(kind),
                               fields.dump(-1, ' ', false, json::error_handler_t::replace)}));
  }
  void note(const Status& status) {
    if (!status) note_error(status.error());
  }
  void note_error(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = error;
  }
  void note_trouble(const std::string& node, const std::string& text) {
    const std::lock_guard lock(mutex_);
    trouble_[node] = elide(text, kMaxWhyBytes);
  }

  HistoryWriter& history_;
  const std::vector<CanaryNode> nodes_;
  const CanaryPlace place_;
  const Nanos period_;
  const CanarySettings settings_;
  const std::uint64_t blocks_;  // of the first file
  const SourceId source_;
  GroupSync sync_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::vector<Written> files_;  // of which a block may have been written
  std::uint64_t next_seq_ = 0;
  int next_number_ = 0;
  int round_ = 0;
  bool paused_ = false;
  bool writing_ = false;
  std::stop_source stretch_stop_;
  int rounds_ = 0;                              // over all nodes, without a writer
  std::map<std::string, std::string> trouble_;  // why the last attempt on a node failed
  std::optional<Error> error_;

  std::size_t last_node_ = 0;  // of the thread alone
  std::jthread thread_;
};

// Waits while it is paused; true: a writer may begin, and pause() waits for it from now on.
bool LiveCanary::may_write(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [this] { return !paused_; })) return false;
  if (stop.stop_requested()) return false;
  if (files_.size() >= static_cast<std::size_t>(kMaxStretches)) {
    const int last = files_.back().stretch;
    lock.unlock();
    event(kinds::kCanaryEnd,
          {{"node", ""}, {"stretch", last}, {"why", "no more files: it writes nothing any more"}});
    return false;
  }
  stretch_stop_ = std::stop_source();
  writing_ = true;
  return true;
}

void LiveCanary::follow(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    bool wrote = false;
    for (std::size_t i = 0; i < nodes_.size() && !wrote; ++i) {
      const std::size_t index = (last_node_ + i) % nodes_.size();
      if (!may_write(stop)) return;
      wrote = write_stretch(nodes_[index], stop);
      if (wrote) last_node_ = index;
      const std::lock_guard lock(mutex_);
      writing_ = false;
      changed_.notify_all();
    }
    if (!wrote) {
      const std::lock_guard lock(mutex_);
      ++rounds_;
      changed_.notify_all();
    }
    if (!sleep_until(Deadline::after(settings_.again), stop)) return;
  }
}

// True: a writer was at work on this node.
bool LiveCanary::write_stretch(const CanaryNode& node, const std::stop_token& stop) {
  CanaryFile file;
  std::stop_token pause;
  {
    const std::lock_guard lock(mutex_);
    // A number is used once: nobody knows what an attempt without an answer left behind.
    file = {next_number_++, next_seq_, files_.empty() ? blocks_ : blocks_ / kLaterShare};
    pause = stretch_stop_.get_token();
  }
  std::stop_source both;
  const std::stop_callback on_stop(stop, [&both] { both.request_stop(); });
  const std::stop_callback on_pause(pause, [&both] { both.request_stop(); });
  const Nanos lifetime = period_ * static_cast<std::int64_t>(2 * file.blocks) + kLifetimeMargin;
  auto stream = node.remote->stream(canary_write(place_, file, period_, lifetime),
                                    Deadline::after(settings_.ask), both.get_token());
  if (!stream) {
    note_trouble(node.name, stream.error().what);
    return false;
  }
  const std::string why = take_lines(**stream, node, file, both.get_token());
  stream->reset();  // ends the writer, before anybody is told that it has ended
  bool wrote = false;
  int stretch = 0;
  {
    const std::lock_guard lock(mutex_);
    wrote = !files_.empty() && files_.back().file.number == file.number;
    if (wrote) stretch = files_.back().stretch;
  }
  if (wrote)
    event(kinds::kCanaryEnd, {{"node", node.name}, {"stretch", stretch}, {"why", why}});
  else
    note_trouble(node.name, why);
  return wrote;
}

// Until the writer ends; why, in words.
std::string LiveCanary::take_lines(LineStream& stream, const CanaryNode& node,
                                   const CanaryFile& file, const std::stop_token& stop) {
  bool begun = false;
  std::string last_words;
  const Deadline until_begun = Deadline::after(settings_.begin);
  while (true) {
    const auto line = stream.next_line(Deadline::after(kReadTick), stop);
    if (!line && line.error().code == Errc::timeout) {
      if (!begun && until_begun.expired()) return "its file was not made in time";
      continue;
    }
    if (!line) return line.error().code == Errc::cancelled ? "ended by the run" : line.error().what;
    if (!*line) return last_words.empty() ? "the writer ended: " + stream.summary() : last_words;
    if (const auto ack = parse_canary_ack(**line); ack && begun) {
      if (ack->seq >= file.first && ack->seq < file.first + file.blocks) take_ack(*ack);
    } else if (line->value().rfind("begin ", 0) == 0 && !begun) {
      begun = true;
      json fields{{"node", node.name}, {"device", line->value().substr(6)}};
      {
        const std::lock_guard lock(mutex_);
        files_.push_back({file, static_cast<int>(files_.size())});
        next_seq_ = file.first + file.blocks;
        fields["stretch"] = files_.back().stretch;
        changed_.notify_all();
      }
      fields["first"] = file.first;
      fields["blocks"] = file.blocks;
      event(kinds::kCanaryBegin, fields);
    } else {
      last_words = elide(**line, kMaxWhyBytes);  // "refused ...", "failed ...", "full", "nowhere"
    }
  }
}

void LiveCanary::take_ack(const CanaryAck& ack) {
  constexpr std::int64_t kMaxCode = std::numeric_limits<std::int32_t>::max();
  const auto took = static_cast<std::int32_t>(std::clamp<std::int64_t>(ack.took_us, 0, kMaxCode));
  note(history_.append(LedgerRecord{source_, ack.seq, LedgerStep::acknowledged,
                                    history_.clock().now(), took, std::to_string(ack.issued_us)}));
  sync_.request();
}

Status LiveCanary::read_back(const CanaryNode& node, const std::vector<Written>& written, int round,
                             Deadline deadline, const std::stop_token& stop) {
  std::vector<CanaryFile> files;
  for (const Written& one : written) files.push_back(one.file);
  const TimeNs asked = history_.clock().now();
  ERNSTFALL_TRY(const ExecResult result,
                node.remote->exec(canary_read(place_, files), deadline, stop));
  if (result.exit_code == kCanaryNowhere)
    return fail_at(Errc::refused, node.name, "{} is not mounted", place_.path);
  if (!result.ok() || result.truncated) {
    const std::string why = canary_refusal(result.out);
    return fail_at(Errc::corrupt, node.name, "{}", why.empty() ? result.summary() : why);
  }
  Status status;
  const std::vector<CanaryFound> all = parse_canary_found(result.out);
  for (const Written& one : written) {
    const auto it = std::find_if(all.begin(), all.end(),
                                 [&](const CanaryFound& f) { return f.number == one.file.number; });
    const CanaryFound found = it == all.end() ? CanaryFound{} : *it;
    json runs = json::array();
    for (const CanaryRun& run : found.runs) runs.push_back({run.state, run.from, run.to});
    event(kinds::kCanaryAudit, {{"node", node.name},
                                {"stretch", one.stretch},
                                {"first", one.file.first},
                                {"blocks", one.file.blocks},
                                {"asked_ns", asked},
                                {"how", found.how},
                                {"runs", std::move(runs)},
                                {"complete", found.complete},
                                {"round", round},
                                {"saw", found.saw}});
    if (!found.complete)
      status = fail_at(Errc::corrupt, node.name, "file {}: {}", one.file.number,
                       found.problem.empty() ? "no word on it" : found.problem);
  }
  return status;
}

Status LiveCanary::audit(Deadline deadline, const std::stop_token& stop) {
  std::vector<Written> written;
  {
    const std::lock_guard lock(mutex_);
    written = files_;
    if (error_) return tl::unexpected(*error_);
  }
  const Deadline found_until = deadline.at_most(settings_.find);
  while (true) {
    std::size_t read = 0;
    std::optional<Error> broken;
    std::string away;
    for (const CanaryNode& node : nodes_) {
      // Each look at a node is a round of its own: what one node holds says nothing of another.
      const Status status =
          read_back(node, written, round_++, deadline.at_most(4 * settings_.ask), stop);
      read += status ? 1 : 0;
      if (!status && status.error().code == Errc::corrupt)
        broken = status.error();
      else if (!status)
        away += (away.empty() ? "" : "; ") + to_string(status.error());
    }
    if (read > 0 && !broken) return {};
    if (stop.stop_requested()) return fail(Errc::cancelled, "stopped while reading back");
    if (!broken && !found_until.expired() &&
        sleep_until(found_until.at_most(settings_.again), stop))
      continue;
    const std::string why = broken ? to_string(*broken) : away;
    event(kinds::kCanaryUnread, {{"why", why}});
    return fail(Errc::timeout, "the blocks were not all read back: {}", why);
  }
}

}  // namespace

Result<std::unique_ptr<BlockCanary>> BlockCanary::start(
    HistoryWriter& history, std::vector<CanaryNode> nodes, const std::string& run_id,
    const std::string& name, const LoadSpec& spec, const CanarySettings& settings,
    const std::stop_token& stop) {
  ERNSTFALL_TRY(CanaryPlace place, canary_place(spec, run_id));
  ERNSTFALL_TRY(const ParamValue size,
                param_or_default(kCanaryBlock.params, spec.params, "file_size"));
  Source described;
  described.name = name;
  described.kind = std::string(kCanaryBlock.name);
  described.period_ns = std::llround(1e9 / spec.rate_hz);
  ERNSTFALL_TRY(const SourceId source, history.define_source(std::move(described)));
  auto canary = std::make_unique<LiveCanary>(
      history, std::move(nodes), std::move(place), spec, settings,
      static_cast<std::uint64_t>(size.number) / kCanaryBlockBytes, source);
  if (const auto begun = canary->begin(stop); !begun) {
    canary->stop();
    (void)canary->cleanup(Deadline::after(settings.ask), {});
    return tl::unexpected(begun.error());
  }
  return canary;
}

}  // namespace ernstfall
