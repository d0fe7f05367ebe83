// stream_monitor: comparing polls with the states that a stream went through.
#include "probes/stream_monitor.h"

#include <algorithm>

#include "harness/core/units.h"

namespace ernstfall {
namespace {

constexpr std::size_t kMaxShown = 512;
constexpr std::size_t kMaxDoubts = 64;
// A poll is put together from several answers of the kernel: in the middle of a change it can show
// a state that never was. A stream that goes on talking is only deaf when this happens repeatedly.
constexpr int kMaxDisagreements = 3;
// A slow node takes its time for the first dump.
constexpr TimeNs kDumpPatience = 15 * kNsPerSecond;

}  // namespace

void StreamMonitor::opened(TimeNs at) {
  closed();
  open_ = true;
  opened_at_ = last_line_at_ = confirmed_at_ = at;
}

void StreamMonitor::closed() {
  open_ = dump_complete_ = false;
  disagreements_ = 0;
  state_ = {};
  shown_.clear();
  doubts_.clear();
}

void StreamMonitor::settle(TimeNs confirmed) {
  confirmed_at_ = std::max(confirmed_at_, confirmed);
  disagreements_ = 0;
}

std::optional<StreamStall> StreamMonitor::line(TimeNs at, std::string_view text) {
  if (!open_) return std::nullopt;
  const TimeNs line_before = std::exchange(last_line_at_, at);
  const auto event = parse_events2_line(text);
  if (!event) return std::nullopt;  // recorded as it is; the next poll tells whether we missed it
  if (event->skipped())
    return StreamStall{line_before, fmt::format("the kernel dropped {} messages of the stream",
                                                event->field("count"))};
  state_.apply(*event, resource_);
  if (event->end_of_dump()) dump_complete_ = true;
  if (!dump_complete_) return std::nullopt;
  std::string key = state_.comparison_key();
  if (!shown_.empty() && shown_.back().key == key) return std::nullopt;
  const auto matches = [&](const Doubt& doubt) { return doubt.key == key; };
  if (const auto first = std::remove_if(doubts_.begin(), doubts_.end(), matches);
      first != doubts_.end()) {
    doubts_.erase(first, doubts_.end());
    settle(at);
  }
  shown_.push_back({at, std::move(key)});
  if (shown_.size() > kMaxShown) shown_.pop_front();
  return std::nullopt;
}

void StreamMonitor::polled(TimeNs asked, TimeNs answered, const DrbdNodeState& state) {
  if (!open_ || !dump_complete_) return;
  const std::string key = state.comparison_key();
  // Newest first; each state lasted until the next one came.
  for (auto it = shown_.rbegin(); it != shown_.rend(); ++it) {
    const bool newest = it == shown_.rbegin();
    if (!newest && std::prev(it)->at < asked) break;
    if (it->key != key) continue;
    settle(newest ? last_line_at_ : it->at);
    return;
  }
  if (doubts_.size() < kMaxDoubts)
    doubts_.push_back({asked, answered + grace_, key, state.summary()});
}

std::optional<StreamStall> StreamMonitor::overdue(TimeNs now) {
  if (!open_) return std::nullopt;
  if (!dump_complete_ && now - opened_at_ > kDumpPatience + grace_)
    return StreamStall{opened_at_, "the stream never said what the state is"};
  while (!doubts_.empty() && doubts_.front().until <= now) {
    const Doubt doubt = std::move(doubts_.front());
    doubts_.pop_front();
    if (last_line_at_ < doubt.asked)
      return StreamStall{confirmed_at_,
                         fmt::format("a poll shows \"{}\", the stream is silent at \"{}\"",
                                     doubt.summary, state_.summary())};
    if (++disagreements_ >= kMaxDisagreements)
      return StreamStall{confirmed_at_,
                         fmt::format("{} polls in a row show what the stream does not, now \"{}\"",
                                     disagreements_, doubt.summary)};
  }
  return std::nullopt;
}

std::optional<TimeNs> StreamMonitor::unsettled_until() const {
  if (!open_ || doubts_.empty()) return std::nullopt;
  return doubts_.back().until;
}

}  // namespace ernstfall
