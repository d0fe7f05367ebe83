// node_time: every node's clock over a whole run, and where a node's own timestamps lie on our
// axis.
//
// Readings come from what the history holds anyway: answers of the clock watch, DRBD's polls (their
// lines carry the node's time, between our question and its answer), and as lower bounds every line
// of a stream. Nothing here trusts NTP, and a clock that is set moves nothing.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/history/history.h"
#include "probes/checks/clock_model.h"

namespace ernstfall {

// A line of a node's journal, as kinds::kJournalLine.
struct JournalLine {
  std::string node;
  TimeNs arrived = 0;
  std::int64_t realtime_ns = 0;   // since 1970
  std::int64_t monotonic_ns = 0;  // since its boot
  std::string boot;
  std::string id;
  std::string unit;
  std::string message;
  bool kernel = false;
};
std::vector<JournalLine> journal_lines(const History& history);  // in order of arrival

// "2026-11-23T04:55:04.433412+00:00" -> ns since 1970.
std::optional<std::int64_t> parse_drbd_stamp(std::string_view stamp);

// How often a node was asked, and what its clock did.
struct NodeClockSummary {
  std::string node;
  std::size_t round_trips = 0;
  std::size_t one_way = 0;
  std::size_t silent = 0;             // the clock watch asked and got no answer
  std::optional<ClockBounds> offset;  // where it is known best: node's clock minus ours
  TimeNs offset_at = 0;
  std::int64_t uncertainty_max_ns = 0;  // over the readings' time
  std::optional<ClockModel::Drift> drift;
  std::vector<ClockRate> rates;
  std::vector<ClockStep> steps;
};

class NodeTimes {
 public:
  explicit NodeTimes(const History& history);

  // When the node's clock said `unix_ns`; it was between the two. nullopt: not known, or the stamp
  // contradicts them.
  std::optional<Placement> place(std::string_view node, std::int64_t unix_ns, TimeNs not_before,
                                 TimeNs not_after) const;
  // By its wall clock and by the clock that counts since its boot, which nobody sets.
  std::optional<Placement> place(const JournalLine& line, TimeNs not_before) const;
  std::optional<ClockBounds> offset_at(std::string_view node, TimeNs at) const;
  // When the poll whose dump arrived with `event` was asked.
  std::optional<TimeNs> poll_asked(const Event& event) const;

  std::vector<NodeClockSummary> summaries() const;

 private:
  void add_journal(const History& history);

  std::int64_t wall_base_ns_ = 0;
  TimeNs end_ = 0;
  std::map<std::string, ClockModel, std::less<>> wall_;
  std::map<std::pair<std::string, std::string>, ClockModel> since_boot_;  // by node and boot id
  std::map<std::string, std::size_t> silent_;
  // Of each source that polls: when a poll ended and when it was asked, in order.
  std::map<SourceId, std::vector<std::pair<TimeNs, TimeNs>>> polls_;
};

}  // namespace ernstfall
