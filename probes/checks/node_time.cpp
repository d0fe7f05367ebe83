// node_time: gathers readings of the nodes' clocks from a history.
#include "probes/checks/node_time.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/core/text.h"
#include "harness/history/kinds.h"

namespace ernstfall {
namespace {

using ClockJson = nlohmann::json;

constexpr std::int64_t kMicro = 1000;

std::optional<std::int64_t> whole(const ClockJson& json, const char* key) {
  const auto it = json.find(key);
  if (it == json.end() || !it->is_number_integer()) return std::nullopt;
  return it->get<std::int64_t>();
}

std::string words(const ClockJson& json, const char* key) {
  const auto it = json.find(key);
  return it != json.end() && it->is_string() ? it->get<std::string>() : std::string();
}

std::optional<std::int64_t> digits(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Days since 1970-01-01 of a Gregorian date (H. Hinnant, "chrono-compatible low-level date
// algorithms").
std::int64_t days_from_civil(std::int64_t year, std::int64_t month, std::int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719468;
}

// The first and the last stamp of a dump.
std::optional<std::pair<std::int64_t, std::int64_t>> stamps_of(std::string_view dump) {
  while (!dump.empty() && dump.back() == '\n') dump.remove_suffix(1);
  const std::size_t last = dump.rfind('\n');
  const auto first_stamp = parse_drbd_stamp(dump.substr(0, dump.find(' ')));
  const std::string_view tail = last == std::string_view::npos ? dump : dump.substr(last + 1);
  const auto last_stamp = parse_drbd_stamp(tail.substr(0, tail.find(' ')));
  if (!first_stamp || !last_stamp) return std::nullopt;
  return std::pair(*first_stamp, *last_stamp);
}

}  // namespace

std::optional<std::int64_t> parse_drbd_stamp(std::string_view stamp) {
  // 2026-11-23T04:55:04.433412+00:00
  if (stamp.size() != 32 || stamp[4] != '-' || stamp[7] != '-' || stamp[10] != 'T' ||
      stamp[13] != ':' || stamp[16] != ':' || stamp[19] != '.' || stamp[29] != ':')
    return std::nullopt;
  const auto part = [&](std::size_t at, std::size_t length) {
    return digits(stamp.substr(at, length));
  };
  const auto year = part(0, 4), month = part(5, 2), day = part(8, 2), hour = part(11, 2),
             minute = part(14, 2), second = part(17, 2), micro = part(20, 6),
             zone_hour = part(27, 2), zone_minute = part(30, 2);
  if (!year || !month || !day || !hour || !minute || !second || !micro || !zone_hour ||
      !zone_minute)
    return std::nullopt;
  if (stamp[26] != '+' && stamp[26] != '-') return std::nullopt;
  const std::int64_t zone = (*zone_hour * 60 + *zone_minute) * (stamp[26] == '-' ? -60 : 60);
  const std::int64_t seconds =
      ((days_from_civil(*year, *month, *day) * 24 + *hour) * 60 + *minute) * 60 + *second - zone;
  return seconds * kNsPerSecond + *micro * kMicro;
}

std::vector<JournalLine> journal_lines(const History& history) {
  std::vector<JournalLine> lines;
  for (const Event& event : history.events) {
    if (event.kind != kinds::kJournalLine || event.source >= history.sources.size()) continue;
    const ClockJson json = ClockJson::parse(event.text, nullptr, false);
    if (!json.is_object()) continue;
    JournalLine line;
    line.node = history.sources[event.source].node;
    line.arrived = event.at;
    line.realtime_ns = whole(json, "realtime_us").value_or(0) * kMicro;
    line.monotonic_ns = whole(json, "monotonic_us").value_or(0) * kMicro;
    line.boot = words(json, "boot");
    line.id = words(json, "id");
    line.unit = words(json, "unit");
    line.message = words(json, "message");
    line.kernel = json.value("kernel", ClockJson(false)) == true;
    lines.push_back(std::move(line));
  }
  return lines;
}

NodeTimes::NodeTimes(const History& history) : wall_base_ns_(history.header.wall_base_unix_ns) {
  for (const Sample& sample : history.samples) {
    if (sample.source >= history.sources.size() || sample.outcome == Outcome::missed ||
        history.sources[sample.source].kind != "drbd.state")
      continue;
    polls_[sample.source].emplace_back(sample.ended, sample.started);
  }
  for (auto& [source, polls] : polls_) std::sort(polls.begin(), polls.end());
  for (const Event& event : history.events) {
    end_ = std::max(end_, event.at);
    if (event.source >= history.sources.size()) continue;
    const std::string& node = history.sources[event.source].node;
    if (event.kind == kinds::kClockAnswer || event.kind == kinds::kClockOffset ||
        event.kind == kinds::kClockSilent) {
      const ClockJson json = ClockJson::parse(event.text, nullptr, false);
      if (!json.is_object()) continue;
      const std::string about = words(json, "node");
      const auto asked = whole(json, "asked_ns");
      const auto answered = whole(json, "answered_ns");
      const auto said = whole(json, "node_ns");
      if (event.kind == kinds::kClockSilent) {
        ++silent_[about];
      } else if (event.kind == kinds::kClockAnswer && asked && answered && said) {
        wall_[about].add(*asked, *answered, *said - wall_base_ns_);
      } else if (const auto offset = whole(json, "offset_ns")) {
        const std::int64_t margin = whole(json, "uncertainty_ns").value_or(0);
        wall_[about].add_bounds(event.at, {*offset - margin, *offset + margin});
      }
    } else if (event.kind == kinds::kDrbdLine) {
      const std::string_view text = event.text;
      if (const auto stamp = parse_drbd_stamp(text.substr(0, text.find(' '))))
        wall_[node].add(std::nullopt, event.at, *stamp - wall_base_ns_, kMicro);
    } else if (event.kind == kinds::kDrbdPoll) {
      const auto stamps = stamps_of(event.text);
      const auto asked = poll_asked(event);
      if (!stamps || !asked) continue;
      // Its first line was printed after we asked, its last one before it arrived.
      wall_[node].add(*asked, event.at, stamps->first - wall_base_ns_, kMicro);
      wall_[node].add(std::nullopt, event.at, stamps->second - wall_base_ns_, kMicro);
    } else if (event.kind == kinds::kJournalLine) {
      const ClockJson json = ClockJson::parse(event.text, nullptr, false);
      if (const auto at = json.is_object() ? whole(json, "realtime_us") : std::nullopt)
        wall_[node].add(std::nullopt, event.at, *at * kMicro - wall_base_ns_, kMicro);
    }
  }
  add_journal(history);
}

// The clock that counts since boot is known through the wall clock where that one is clear, and
// then says the rest.
void NodeTimes::add_journal(const History& history) {
  for (const JournalLine& line : journal_lines(history)) {
    if (line.boot.empty()) continue;
    ClockModel& model = since_boot_[{line.node, line.boot}];
    std::optional<TimeNs> not_before;
    const auto wall = wall_.find(line.node);
    if (wall != wall_.end()) {
      const auto placed =
          wall->second.place(line.realtime_ns - wall_base_ns_, -end_ - kNsPerSecond, line.arrived);
      if (placed && !placed->ambiguous) not_before = placed->lower;
    }
    model.add(not_before, line.arrived, line.monotonic_ns, kMicro);
  }
}

std::optional<TimeNs> NodeTimes::poll_asked(const Event& event) const {
  const auto polls = polls_.find(event.source);
  if (polls == polls_.end()) return std::nullopt;
  auto next = std::upper_bound(polls->second.begin(), polls->second.end(),
                               std::pair(event.at, std::numeric_limits<TimeNs>::max()));
  if (next == polls->second.begin()) return std::nullopt;
  return std::prev(next)->second;
}

std::optional<Placement> NodeTimes::place(std::string_view node, std::int64_t unix_ns,
                                          TimeNs not_before, TimeNs not_after) const {
  const auto model = wall_.find(node);
  if (model == wall_.end()) return std::nullopt;
  return model->second.place(unix_ns - wall_base_ns_, not_before, not_after);
}

std::optional<Placement> NodeTimes::place(const JournalLine& line, TimeNs not_before) const {
  const auto wall = place(line.node, line.realtime_ns, not_before, line.arrived);
  const auto model = since_boot_.find({line.node, line.boot});
  if (model == since_boot_.end()) return wall;
  const auto boot = model->second.place(line.monotonic_ns, not_before, line.arrived);
  if (!boot) return wall;
  if (!wall) return boot;
  const Placement both{std::max(wall->lower, boot->lower), std::min(wall->upper, boot->upper),
                       boot->ambiguous};
  return both.lower <= both.upper ? both : *boot;
}

std::optional<ClockBounds> NodeTimes::offset_at(std::string_view node, TimeNs at) const {
  const auto model = wall_.find(node);
  return model == wall_.end() ? std::nullopt : model->second.offset_at(at);
}

std::vector<NodeClockSummary> NodeTimes::summaries() const {
  constexpr int kLooks = 50;
  std::vector<NodeClockSummary> all;
  std::map<std::string, const ClockModel*> nodes;
  for (const auto& [node, model] : wall_)
    if (!node.empty()) nodes[node] = &model;
  for (const auto& [node, count] : silent_) nodes.try_emplace(node, nullptr);
  for (const auto& [node, model] : nodes) {
    NodeClockSummary summary;
    summary.node = node;
    if (const auto silent = silent_.find(node); silent != silent_.end())
      summary.silent = silent->second;
    for (int i = 0; model != nullptr && i <= kLooks; ++i) {
      const TimeNs at = end_ / kLooks * i;
      const auto offset = model->offset_at(at);
      if (!offset) continue;
      summary.uncertainty_max_ns = std::max(summary.uncertainty_max_ns, offset->uncertainty_ns());
      if (summary.offset && summary.offset->uncertainty_ns() <= offset->uncertainty_ns()) continue;
      summary.offset = offset;
      summary.offset_at = at;
    }
    if (model != nullptr) {
      summary.round_trips = model->round_trips();
      summary.one_way = model->one_way();
      summary.drift = model->drift();
      ClockCourse course = model->course();
      summary.rates = std::move(course.rates);
      summary.steps = std::move(course.steps);
    }
    all.push_back(std::move(summary));
  }
  return all;
}

}  // namespace ernstfall
