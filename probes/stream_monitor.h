// stream_monitor: decides from polls whether an events2 stream still says everything.
//
// A stream that hangs looks like a cluster where nothing happens. So each poll's state must be one
// that the stream was in at some time since the poll was asked, or gets into within a grace: a
// change may reach us through the poll first. Otherwise the stream is deaf. Pure: no thread, no
// clock.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "harness/core/clock.h"
#include "harness/drbd/events2.h"

namespace ernstfall {

struct StreamStall {
  TimeNs since = 0;  // arrival of the last line that a poll confirmed
  std::string why;
};

class StreamMonitor {
 public:
  StreamMonitor(std::string resource, Nanos grace)
      : resource_(std::move(resource)), grace_(grace.count()) {}

  void opened(TimeNs at);
  void closed();
  // A line that arrived. A stall when it says itself that some were dropped.
  std::optional<StreamStall> line(TimeNs at, std::string_view text);
  // What a poll saw that was asked and answered at these times.
  void polled(TimeNs asked, TimeNs answered, const DrbdNodeState& state);
  // To be asked again and again: a stall once a grace has passed in silence.
  std::optional<StreamStall> overdue(TimeNs now);

  // When overdue() may next have something to say about a poll that disagreed.
  std::optional<TimeNs> unsettled_until() const;

 private:
  struct Shown {  // the stream's state from `at` on
    TimeNs at = 0;
    std::string key;
  };
  struct Doubt {  // a poll that the stream has not shown yet
    TimeNs asked = 0;
    TimeNs until = 0;
    std::string key;
    std::string summary;
  };

  void settle(TimeNs confirmed);

  std::string resource_;
  TimeNs grace_;
  bool open_ = false;
  bool dump_complete_ = false;
  TimeNs opened_at_ = 0;
  TimeNs last_line_at_ = 0;
  TimeNs confirmed_at_ = 0;
  int disagreements_ = 0;
  DrbdNodeState state_;
  std::deque<Shown> shown_;
  std::deque<Doubt> doubts_;
};

}  // namespace ernstfall
